"""The markdown report keeps its order and structure, whatever the models said."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
import scenes
from hostile import ATTACKS, comparison, single
from hypothesis import given, settings
from hypothesis import strategies as st
from made import CORRECT, ones, probe, run
from rendered import PARSER, check_harmless
from rich.cells import cell_len

from fteval.records import Comparison, DriftLine, MetricChange, RunRecord
from fteval.reports.markdown import markdown
from fteval.reports.terminal import terminal
from fteval.stats.compare import compare, conclude


def structure(report: str) -> list[str]:
    """Types of all blocks, in order."""
    return [token.type for token in PARSER.parse(report)]


@cache
def plain_structure(several: bool) -> list[str]:
    return structure(markdown.render(comparison("plain", several=several)))


@pytest.mark.parametrize("text", ATTACKS)
@pytest.mark.parametrize("several", [False, True])
def test_hostile_text_changes_nothing_of_the_structure(text: str, several: bool) -> None:
    report = markdown.render(comparison(text, several=several))
    check_harmless(report)
    assert structure(report) == plain_structure(several)


@pytest.mark.parametrize("text", ATTACKS)
def test_hostile_text_in_a_single_run(text: str) -> None:
    report = markdown.render(*single(text))
    check_harmless(report)
    assert structure(report) == structure(markdown.render(*single("plain")))


@settings(max_examples=20)
@given(st.one_of(st.text(st.characters(), max_size=80), st.text("`~|\\<>[]()!@#&*_:/\n\r -=a1", max_size=40)))
def test_any_text_changes_nothing_of_the_structure(text: str) -> None:
    report = markdown.render(comparison(text))
    check_harmless(report)
    assert structure(report) == plain_structure(False)


def test_an_answer_of_5_mb_is_cut_and_counted() -> None:
    started = time.monotonic()
    report = markdown.render(comparison("words and words " * 312_500))
    assert len(report) < 100_000 and "of 5,000,000 characters not shown" in report
    assert time.monotonic() - started < 20


def test_the_report_is_read_from_the_verdict_down() -> None:
    report = markdown.render(scenes.lost())
    lines = report.split("\n")
    assert lines[0] == "<!-- fteval:report comparison=c1 -->"
    assert lines[2] == ("### ❌ fteval: do not ship `sft`: facts.correct lost 73.3 pp, more than the 2.0 pp allowed")
    places = [
        report.index(part)
        for part in (
            "Better on iso_date.correct +100.0 pp. Worse on facts.correct −73.3 pp.",
            "> ⚠ look here",
            "| Gate | Rule |",
            "| Metric (samples scored) |",
            "How the answers changed",
            "How this was measured",
        )
    ]
    assert places == sorted(places)
    # 220 of 300 pairs that changed one way: Tango (1998) at t of 299 degrees of freedom, by scipy's brentq, has −68.0
    # as its upper end; Gaffke's is the wider one.
    assert "| ▼ `facts.correct` (300) | 93.3 % | 20.0 % | **−73.3 pp** [−78.0, −67.8] | 0 / 220 / 80 |" in report
    assert "| max_drop 2.0 pp |" in report
    assert "`fteval run`" in report


def test_all_that_a_report_can_have_stands_in_its_order() -> None:
    report = markdown.render(scenes.everything())
    check_harmless(report)
    places = [
        report.index(part)
        for part in (
            "### ❌ fteval: do not ship `support-sft-v7`: safety.correct lost 58.6 pp",
            "> ⚠ ",
            "| Gate | Rule |",
            "max_drop 2.0 pp · against anchor v2 |",
            "max_drop 5.0 pp · automatic |",
            "max_drop 5.0 pp · advisory |",
            "- automatic: comes with every gate on a graded metric",
            "| Metric (samples scored) |",
            "(400 in 80 groups)",
            "Noise floor (the base against itself, another batch order): 4 of 400 answers to general.correct,",
            "16 % of the uncertainty of triage.correct is sampling noise: more samples would help, more repeats would",
            "- Since anchor v2: general.correct −2.8 pp",
            "Slices, where to look, never gates",
            "got worse, ",
            "CANDIDATE",
            "How the answers changed",
            "at most 1 release in 40 passes",
        )
    ]
    assert places == sorted(places)
    assert "(a baseline file keeps digests, not texts)" in report


def test_what_stopped_early_says_so_and_has_no_interval() -> None:
    report = markdown.render(scenes.everything())
    (gate, row) = [line for line in report.split("\n") if line.startswith("|") and "`safety.correct`" in line]
    assert "stopped early after 34 of 1,000" in gate and "exaggerated by stopping" in gate
    assert "■ `safety.correct` (stopped early after 111 of 1,000)" in row and "exaggerated by stopping" in row
    assert "[" not in gate and "[" not in row


@pytest.mark.parametrize(
    ("q", "sign"),
    [(0.2, "≈"), (0.04, "▼"), (None, "▼")],  # without q the interval decides
)
def test_a_slice_stands_out_only_when_the_number_of_slices_is_counted_in(q: float | None, sign: str) -> None:
    change = MetricChange("facts", CORRECT, 0.9, 0.5, -0.4, -0.5, -0.3, 50, 0, 20, 50, 50, 0, 0, {"language": "de"})
    whole = scenes.lost()
    result = replace(whole.candidates[0], slices=(replace(change, q_value=q),))
    report = markdown.render(replace(whole, candidates=(result,)))
    assert f"| {sign} `facts.correct [language=de]` (50) |" in report
    assert f"{int(sign == '▼')} of 1 stand out as worse" in report


def test_a_part_of_the_samples_is_said_before_anything_else() -> None:
    base = run(probe(ones(60, 60)), subset=True, warnings=("of the base",))
    other = run(probe(ones(60, 60)), ref="x", warnings=("another",))
    report = markdown.render(conclude("c1", base, compare(base, [("x", other)])))
    (first, *_) = re.findall(r"> ⚠ (.*)", report)
    assert first.startswith("**SUBSET**: only a part of the samples was run")


def test_the_config_may_let_too_little_evidence_pass_and_the_report_says_so() -> None:
    assert "lets that pass with a warning" in markdown.render(replace(scenes.open_(), exit_code=0))
    assert "lets that pass" not in markdown.render(scenes.open_())


@pytest.mark.parametrize(
    ("share", "advice"),
    [
        (0.62, "62 % of the uncertainty of facts.correct is sampling noise: more repeats would help."),
        (0.08, "8 % of the uncertainty of facts.correct is sampling noise: more samples would help, more repeats"),
    ],
)
def test_the_noise_split_says_what_would_help(share: float, advice: str) -> None:
    whole = scenes.lost()
    changes = tuple(replace(c, noise=share) for c in whole.candidates[0].changes)
    assert advice in markdown.render(replace(whole, candidates=(replace(whole.candidates[0], changes=changes),)))


def test_a_slow_loss_since_the_anchor_is_an_alarm() -> None:
    line = DriftLine("v2", "facts", CORRECT, -0.03, -0.05, -0.01, 0.9975, 400, True)
    whole = scenes.lost()
    report = markdown.render(replace(whole, candidates=(replace(whole.candidates[0], drift=(line,)),)))
    assert "- ⚠️ Since anchor v2: facts.correct −3.0 pp [−5.0, −1.0]" in report and "a slow loss, ALARM" in report


def test_several_candidates_stand_in_one_table_and_are_judged_together() -> None:
    report = markdown.render(scenes.crowd())
    check_harmless(report)
    assert "(best of 3 candidates)" in report.split("\n")[2]
    assert "Judged together (Holm over 3 candidates)" in report
    (row,) = (line for line in report.split("\n") if line.startswith("| `candidate-1` |"))
    assert re.search(r"▲ \+8\.3 pp \[.*\] \| ▼ −10\.0 pp \[.*\] \| ❌ do not ship", row)
    assert report.count("<summary>❌ do not ship candidate-1") == 1  # folded: the chosen one stands open


def test_denominators_say_what_is_missing() -> None:
    base = run(probe(ones(420, 300)))
    other = run(probe([None] * 8 + ones(412, 300), unscored={"correct": 8}), ref="x")
    report = markdown.render(conclude("c1", base, compare(base, [("x", other)])))
    assert "`facts.correct` (412 of 420)" in report
    assert "not judged: facts.correct 8 of 420 (base: 0)" in report


def test_words_that_claim_too_much_are_not_used() -> None:
    report = markdown.render(scenes.open_())
    # 191 samples pass 2 points when nothing at all changed; 1,298 where as many do as 60 unchanged ones leave open.
    assert "cannot tell about `x`" in report and "about 191 to 1298 samples would tell" in report
    assert "No change shown on facts.correct." in report


@pytest.mark.parametrize("scene", [scenes.lost, scenes.calm, scenes.open_, scenes.crowd, scenes.everything])
def test_no_word_is_a_statisticians(scene: Callable[[], Comparison]) -> None:
    for report in (markdown.render(scene()), terminal.render(scene())):
        assert not re.search(
            r"no regression|no difference|significan|p-value|\b[pq] ?[<=>] ?0?\.", report, re.IGNORECASE
        )


def test_a_saved_comparison_without_columns_reads_the_same() -> None:
    whole = comparison("plain")
    slim = replace(
        whole,
        base=replace(whole.base, probes=()),
        candidates=tuple(replace(c, run=replace(c.run, probes=())) for c in whole.candidates),
    )
    assert markdown.render(slim) == markdown.render(whole)


def test_a_single_run_has_no_verdict() -> None:
    record: RunRecord = run(probe(ones(148, 15)), ref="nano")
    report = markdown.render(record)
    assert "no verdict" in report and "ship" not in report
    # Wilson: 15 of 148 is 6.2 to 16.0 % (Newcombe 1998) with z, 6.2 to 16.1 % with t of 147 degrees of freedom.
    assert "| `facts.correct` (148) | 10.1 % | [6.2, 16.1] |  |" in report


def test_a_gate_has_one_short_sentence_and_its_whole_reason_folded() -> None:
    report = markdown.render(scenes.open_())
    (row,) = [line for line in report.split("\n") if line.startswith("| `facts.correct` | max_drop")]
    # 191 unchanged samples pass 2 points; 1,298 where as many change as 60 unchanged ones leave open.
    short = "no answer changed, but so few samples do not exclude a loss of 2.0 pp; 191 to 1,298 samples would tell"
    assert row.endswith(f"| ❓ inconclusive: {short} |")
    fold = report[report.index("The gates' reasons in full") :]
    assert "about 191 to 1298 samples would tell if the models are equally good (60 now)" in fold


def test_a_gates_interval_is_said_once() -> None:
    report = markdown.render(scenes.lost())
    (row,) = [line for line in report.split("\n") if line.startswith("| `facts.correct` | max_drop")]
    assert "[−78.0, −67.8]" in row and "the change is between" not in row


def test_what_did_not_change_is_folded_away() -> None:
    report = markdown.render(scenes.everything())
    before, after = report.split("<details><summary>2 more metrics show no change</summary>")
    assert "`general.words`" in before and "`triage.words`" not in before
    assert "`triage.words`" in after.split("</details>")[0]


@pytest.mark.parametrize("text", ["a word " * 150, "日本語" * 300, "x" * 1000, "    indented " * 60])
def test_a_long_answer_wraps_and_loses_nothing(text: str) -> None:
    report = markdown.render(comparison(text))
    fenced = [token.content for token in PARSER.parse(report) if token.type == "fence"]
    assert fenced
    for lines in (content.split("\n") for content in fenced):
        assert max(map(cell_len, lines)) <= 100
        (start,) = [i for i, line in enumerate(lines) if line.startswith("CANDIDATE")]
        rest = next((i for i in range(start + 1, len(lines)) if lines[i][:1].strip()), len(lines))
        shown = "".join(line[11:] for line in lines[start:rest])
        assert re.sub(r"\s", "", shown).startswith(re.sub(r"\s", "", text)[:400])


def test_a_wrapped_line_is_indented_by_what_it_began_with_only() -> None:
    report = markdown.render(comparison("eleven wor " * 30))
    (start, *_) = [i for i, line in enumerate(report.split("\n")) if line.startswith("CANDIDATE  eleven")]
    assert report.split("\n")[start + 1].startswith(" " * 11 + "eleven")

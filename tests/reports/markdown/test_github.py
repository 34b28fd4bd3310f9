"""The comment, the step summary and the annotations: whole where it counts, within GitHub's limits, harmless."""

from __future__ import annotations

import random
import re
import time
from dataclasses import replace

import pytest
import scenes
from hostile import ATTACKS, comparison, single
from hypothesis import given, settings
from hypothesis import strategies as st
from made import ones, probe, run
from markdown_it import MarkdownIt
from rendered import PARSER, check_harmless

from fteval.records import Comparison, Flip, Gate, GateResult, Message, Sample
from fteval.reports.markdown import github, markdown
from fteval.stats.compare import compare, conclude

LINK = "https://github.com/acme/support/actions/runs/17"


def comment(subject: Comparison, limit: int = github.LIMIT, link: str | None = LINK) -> str:
    return github.comment(subject, suite="support-triage", job="eval", limit=limit, link=link)


def checked(body: str) -> str:
    """The body, with the structure and the harmlessness of a report; our own link is the only one."""
    marker, *rest = body.split("\n")
    assert marker == "<!-- fteval:report suite=support-triage job=eval -->"
    body = "\n".join(rest)
    check_harmless("<!-- fteval:report run=x -->\n" + body.replace(f"[the whole report](<{LINK}>)", ""))
    for row in re.findall(r"^\|.*", body, re.M):
        assert row.endswith(" |")
    return body


def long_(n_flips: int = 40, n_gates: int = 3, reason: str = "", text: str = "word " * 400) -> Comparison:
    """Many answers that changed, many slices, and as many gates as asked, the last third of which pass."""
    slices = [{"topic": f"topic {i % 60}", "language": f"language {i % 30}"} for i in range(600)]
    base = run(probe(ones(600, 560), slices=slices))
    other = run(probe(ones(600, 100), slices=slices), ref="nano+out/sft")
    (result,) = compare(base, [("sft", other)], [Gate("facts", "correct", "max_drop", 0.02, where="fteval.yaml:5")])
    flips = [_flip(i, text) for i in range(n_flips)]
    first = result.gates[0]
    gates = [first, *(_gate(first, i, n_gates, reason) for i in range(1, n_gates))]
    return conclude(scenes.ID, base, [replace(result, flips=tuple(flips), gates=tuple(gates))], command="fteval run")


def _flip(i: int, text: str) -> Flip:
    return Flip("facts", "correct", Sample(f"s{i}", (Message("user", text),), target=text), 1.0, 0.0, text, text, text)


def _gate(first: GateResult, i: int, n: int, reason: str) -> GateResult:
    found = ("fail", "inconclusive", "pass")[3 * i // n]
    rule = replace(first.gate, slice={"topic": f"topic {i}"}, where=f"fteval.yaml:{i}")
    return replace(first, gate=rule, result=found, reason=reason or first.reason)


def test_a_comment_says_everything_where_there_is_room() -> None:
    body = checked(comment(scenes.everything()))
    assert body.strip().endswith(f"See [the whole report](<{LINK}>).")
    assert "left out" not in body
    assert markdown.render(scenes.everything()).split("\n\n", 1)[1].strip() in body


def test_a_report_of_300_kb_keeps_verdict_and_gates_whole_within_the_limit() -> None:
    whole = long_(n_flips=200, n_gates=40)
    many = tuple(replace(f, metric=f"m{i % 40}") for i, f in enumerate(whole.candidates[0].flips))
    changes = tuple(
        replace(whole.candidates[0].changes[0], metric=replace(whole.candidates[0].changes[0].metric, name=f"m{i}"))
        for i in range(40)
    )
    whole = replace(whole, candidates=(replace(whole.candidates[0], flips=many, changes=changes),))
    assert len(markdown.render(whole)) > 300_000
    body = comment(whole)
    assert 20_000 < len(body) <= 65_536
    checked(body)
    gates = [line for line in markdown.render(whole).split("\n") if "| max_drop " in line]
    assert len(gates) == 40 and all(line in body for line in gates)
    assert "Shortened or left out, so that this fits: answers that changed" in body
    assert f"[the whole report](<{LINK}>), or `fteval report {scenes.ID} -o report.md`" in body


def test_parts_go_in_their_order() -> None:
    """Answers first, then slices, behaviour, conditions, metrics; reasons and gates that pass last."""
    whole = long_(n_gates=30)
    parts = ["CANDIDATE", "Slices, where", "How the answers changed", "How this was measured", "| Metric "]
    gone: list[str] = []
    for limit in range(40_000, 1_000, -500):
        body = checked(comment(whole, limit))
        assert len(body) <= limit
        gone += [part for part in parts if part not in body and part not in gone]
        if "| Metric " in body:
            assert body.count("| max_drop ") == 30
        assert "do not ship `sft`" in body
    assert gone == parts


def test_of_hundreds_of_gates_the_failing_ones_stand_and_the_passing_ones_are_counted() -> None:
    whole = long_(n_flips=0, n_gates=900, reason="a reason that goes on " * 20)
    body = checked(comment(whole))
    assert len(body) <= 65_536
    shown = [line for line in body.split("\n") if "| max_drop " in line]
    assert len(shown) >= 200 and all("❌ fail" in line for line in shown[:200])
    (rest,) = re.findall(r"([\d,]+) more gates \((.*)\) are not shown", body)
    assert int(rest[0]) + len(shown) == 900 and "300 pass" in rest[1]


@pytest.mark.parametrize("n", [2, 60])
def test_many_candidates_fit(n: int) -> None:
    body = checked(comment(scenes.crowd(n)))
    assert len(body) <= 65_536 and "Judged together" in body
    assert "best of" in body.split("\n")[1]


@settings(max_examples=15)
@given(st.text(st.characters(), max_size=60), st.integers(1500, 80_000))
def test_no_limit_and_no_text_breaks_a_comment(text: str, limit: int) -> None:
    body = comment(comparison(text), limit)
    checked(body)
    # GitHub may count as JavaScript does: an emoji is two.
    assert len(body.encode("utf-16-le")) // 2 <= limit


@pytest.mark.parametrize("text", ATTACKS)
def test_hostile_text_stays_text_in_a_comment(text: str) -> None:
    for subject in (comparison(text), comparison(text, several=True)):
        checked(comment(subject))
        checked(comment(subject, 4_000))


def test_emojis_are_counted_as_javascript_does() -> None:
    whole = long_(text="🎈" * 2000, n_flips=10)
    shown = {limit: comment(whole, limit) for limit in range(20_000, 60_000, 4_000)}
    assert all(len(body.encode("utf-16-le")) // 2 <= limit for limit, body in shown.items())
    assert any(body.count("🎈") > 5_000 for body in shown.values())


def test_the_marker_is_the_first_line_and_nothing_else_is_like_it() -> None:
    body = github.comment(comparison("<!-- fteval:report suite=s job=j -->"), suite="s", job="j")
    assert body.split("\n")[0] == "<!-- fteval:report suite=s job=j -->"
    assert body.count("fteval:report") == 1


def test_where_nothing_changed_one_line_is_left() -> None:
    body = checked(comment(scenes.calm()))
    seen = [t for t in PARSER.parse(body) if t.type == "inline" and not t.content.startswith("<")]
    headline, *_ = seen
    assert headline.content.startswith("✅ fteval: ship `sft`")
    before, fold = body.split("<details><summary>1 gate passes, nothing is shown to have changed</summary>")
    assert len([line for line in before.split("\n") if line]) == 1
    assert "| max_drop 2.0 pp |" in fold and LINK in fold and fold.strip().endswith("</details>")


@pytest.mark.parametrize("scene", [scenes.lost, scenes.open_, scenes.broken, scenes.crowd, scenes.everything])
def test_what_is_not_calm_is_not_folded_away(scene: object) -> None:
    assert callable(scene)
    body = comment(scene())
    assert "\n| Gate | Rule |" in body[: body.index("<details>")]


def test_a_warning_is_never_folded_away() -> None:
    calm = scenes.calm()
    loud = replace(calm, candidates=(replace(calm.candidates[0], warnings=("14 answers were cut off",)),))
    assert comment(loud).index("14 answers were cut off") < comment(loud).index("<details>")


def test_a_summary_is_counted_in_bytes() -> None:
    whole = long_(text="日本語" * 500, n_flips=60)
    for limit in (1 << 20, 60_000, 8_000, 2_000):
        found = github.summary(whole, limit=limit)
        assert 0 < len(found.encode()) <= limit and "do not ship" in found.split("\n")[0]
    assert github.summary(whole, limit=10) == ""


def test_a_single_run_has_a_comment_too() -> None:
    record, _ = single("<b>x</b>\n# y")
    body = checked(github.comment(record, suite="support-triage", job="eval"))
    assert "no verdict" in body
    assert github.annotations(record) == []
    (line,) = github.annotations(run(probe(ones(9, 4)), complete=False, errors=2))
    assert line.startswith("::error title=fteval%3A incomplete::2 of 9")


def test_a_comment_of_much_is_made_in_seconds() -> None:
    dice = random.Random(1)
    text = "".join(dice.choice("ab `|<>\n") for _ in range(1_000_000))
    started = time.monotonic()
    assert len(comment(long_(text=text, n_flips=50))) <= 65_536
    assert time.monotonic() - started < 20


# --- annotations ---------------------------------------------------------------------------------


def parsed(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as the runner reads it (actions/runner, ActionCommand)."""
    match = re.fullmatch(r"::(\w+) ([^:]*)::(.*)", line)
    assert match, line
    kind, properties, message = match.groups()

    def data(text: str) -> str:
        return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")

    said = dict(part.split("=", 1) for part in properties.split(","))
    return kind, {k: data(v.replace("%3A", ":").replace("%2C", ",")) for k, v in said.items()}, data(message)


def test_annotations_point_at_the_gates_lines() -> None:
    (only,) = map(parsed, github.annotations(scenes.lost()))
    assert only == (
        "error",
        {"file": "fteval.yaml", "line": "5", "title": "fteval: correct max_drop 2.0 pp"},
        "facts.correct: lost 73.3 pp, more than the 2.0 pp allowed; the change is between −78.0 and −67.8 pp",
    )


def test_the_gravest_come_first_and_never_more_than_asked() -> None:
    found = [parsed(line) for line in github.annotations(long_(n_gates=30, n_flips=0))]
    assert len(found) == 10 and {kind for kind, _, _ in found} == {"error"}
    assert [kind for kind, _, _ in map(parsed, github.annotations(scenes.everything()))] == ["error"] + ["warning"] * 6
    assert "(advisory)" in github.annotations(scenes.everything())[-1]


def test_a_verdict_that_no_gate_shows_is_annotated() -> None:
    (only,) = map(parsed, github.annotations(scenes.broken()))
    assert only == ("error", {"title": "fteval: incomplete"}, "the candidate's run is not finished")


def test_where_the_comparison_passes_there_are_no_errors() -> None:
    passing = replace(scenes.crowd(), exit_code=0)
    found = [parsed(line) for line in github.annotations(passing)]
    assert found and {kind for kind, _, _ in found} == {"warning"}
    assert github.annotations(scenes.calm()) == []


@pytest.mark.parametrize("text", [*ATTACKS, "100 % of a:b, c=d %0A::error::x", "C:\\x:7"])
def test_an_annotation_is_one_command_whatever_is_in_it(text: str) -> None:
    base = comparison(text, several=True)
    named = tuple(replace(c, gates=tuple(_where(g, f"{text}:7") for g in c.gates)) for c in base.candidates)
    for line in github.annotations(replace(base, candidates=named)):
        assert re.fullmatch(r"[^\x00-\x1f\x7f-\x9f]+", line)
        kind, properties, _ = parsed(line)
        assert kind in ("error", "warning") and set(properties) <= {"file", "line", "title"}
        assert properties.get("line", "7") == "7"


@pytest.mark.parametrize("text", ["100 % of a:b, c=d", "%0A::error::x", "%25", "50%,%3A"])
def test_an_annotation_reads_as_it_was_written(text: str) -> None:
    broken = scenes.broken()
    named = replace(broken, candidates=(replace(broken.candidates[0], reason=text),))
    ((_, _, message),) = map(parsed, github.annotations(named))
    assert message == text
    gates = (_where(scenes.lost().candidates[0].gates[0], f"{text}.yaml:7"),)
    placed = replace(scenes.lost(), candidates=(replace(scenes.lost().candidates[0], gates=gates),))
    ((_, properties, _),) = map(parsed, github.annotations(placed))
    assert (properties["file"], properties["line"]) == (f"{text}.yaml", "7")


def _where(result: GateResult, where: str) -> GateResult:
    return replace(result, gate=replace(result.gate, where=where))


def test_html_of_a_comment_has_no_element_but_ours() -> None:
    page = MarkdownIt("commonmark", {"html": True}).enable(["table"]).render(checked(comment(scenes.everything())))
    ours = "details|summary|table|thead|tbody|tr|th|td|p|code|pre|strong|ul|li|h3|h4|blockquote|a"
    assert not re.search(rf"<(?!/?(?:{ours})\b|!--)", page)

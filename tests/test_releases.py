"""Accepting, holding against, and the history of releases, through the real command line on replayed outputs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fteval import cli, releases
from fteval.errors import UserError
from fteval.stats import difference, mean

Run = Callable[..., tuple[int, str, str]]
BASELINE, HISTORY = "evals/baseline/h.json", "evals/baseline/h.history.jsonl"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)  # these tests may themselves run in CI
    return tmp_path


@pytest.fixture
def fteval(here: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    def call(*args: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = cli.call(list(args))
        out, err = capfd.readouterr()
        return code, out, err

    return call


def write(path: str, rows: list[dict[str, Any]]) -> None:
    Path(path).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def holdout(n: int = 200, path: str = "h.jsonl", **of_row: Any) -> None:
    write(path, [{"id": f"q{i}", "prompt": f"What is {i} plus {i}?", "target": str(2 * i), **of_row} for i in range(n)])


def outputs(path: str, wrong: range | set[int], n: int = 200) -> str:
    """Outputs that are right but for some samples; returns their model ref."""
    write(path, [{"id": f"q{i}", "output": f"It is {2 * i + (i in wrong)}."} for i in range(n)])
    return f"replay:{path}"


@pytest.fixture
def measure(fteval: Run) -> Callable[..., str]:
    """Runs outputs with some wrong ones through the hold-out; returns the run's id."""

    def run(wrong: range | set[int], name: str = "model", *more: str, n: int = 200, score: str = "contains") -> str:
        ref = outputs(f"{name}.jsonl", wrong, n)
        code, out, err = fteval("run", "--model", ref, "--holdout", "h.jsonl", "--score", score, "--json", *more)
        found = json.loads(out)
        assert code in (0, 1, 3, 4), err
        return str(found["run"] if "run" in found else found["candidates"][0]["run"])

    return run


def scores(wrong: range | set[int], n: int = 200) -> list[float]:
    return [float(i not in wrong) for i in range(n)]


def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(HISTORY).read_text().splitlines()]


# --- accepted, and held against --------------------------------------------------------------------


def test_an_accepted_run_stands_for_its_model_in_a_later_comparison(fteval: Run, here: Path, measure: Any) -> None:
    holdout()
    measure(range(10), "old")
    assert fteval("baseline", "accept", "latest")[0] == 0
    outputs("new.jsonl", range(110))
    command = ["run", "--model", "replay:new.jsonl", "--holdout", "h.jsonl", "--score", "contains", "--json"]
    by_run = json.loads(fteval(*command, "--against", "replay:old.jsonl")[1])
    code, out, _ = fteval(*command, "--against", "baseline")
    by_file = json.loads(out)
    assert code == 1
    assert by_file["base"]["run"] == "baseline:h"
    assert by_file["base"]["ref"] == "replay:old.jsonl"
    assert by_file["base"]["digest"] == by_run["base"]["digest"]
    for part in ("metrics", "gates"):
        assert by_file["candidates"][0][part] == by_run["candidates"][0][part]
    (metric,) = by_file["candidates"][0]["metrics"]
    assert (metric["base"], metric["candidate"], metric["worse"], metric["n_paired"]) == (0.95, 0.45, 100, 200)


def test_the_file_keeps_scores_and_digests_and_no_text(fteval: Run, here: Path, measure: Any) -> None:
    holdout(20, slices={"language": "en"})
    run = measure({3}, n=20)
    assert fteval("baseline", "accept", run)[0] == 0
    text = Path(BASELINE).read_text()
    kept = json.loads(text)
    assert "It is" not in text and "What is" not in text
    assert (kept["run"], kept["ref"], kept["planned"], kept["scored"]) == (run, "replay:model.jsonl", 20, 20)
    manifest = json.loads((here / ".fteval" / "runs" / run / "manifest.json").read_text())
    assert kept["suite_digest"] == manifest["plan"]["suite"]
    assert (kept["engine"], kept["sampling"]) == (manifest["plan"]["engine"], manifest["plan"]["sampling"])
    assert [s["scores"]["contains"] for s in sorted(kept["samples"], key=lambda s: int(s["id"][1:]))] == scores({3}, 20)
    assert {len(s["outputs"]) for s in kept["samples"]} == {1}
    assert kept["samples"][0]["slices"] == {"language": "en"}


def test_the_outputs_digest_changes_with_the_answer_and_only_with_it(fteval: Run, here: Path, measure: Any) -> None:
    holdout(20)
    found = []
    for wrong in ({3}, {3, 7}, {3}):
        fteval("baseline", "accept", measure(wrong, n=20), "--force", "test")
        found.append({s["id"]: s["outputs"] for s in json.loads(Path(BASELINE).read_text())["samples"]})
    assert {i for i in found[0] if found[0][i] != found[1][i]} == {"q7"}
    assert found[0] == found[2]


def test_of_two_answers_to_one_prompt_the_first_counts_as_in_the_scores(fteval: Run, here: Path, measure: Any) -> None:
    from fteval.runs.journal import lines as journal

    holdout(20)
    run = measure(set(), n=20)
    fteval("baseline", "accept", run)
    before = json.loads(Path(BASELINE).read_text())["samples"]
    generations = here / ".fteval" / "runs" / run / "generations.jsonl"
    first = next(journal.read(generations))
    again = {key: value for key, value in first.items() if key not in ("crc", "v")}
    with generations.open("ab") as file:
        file.write(journal.encode({**again, "text": "another answer"}))
    code, _, err = fteval("baseline", "accept", run)
    assert code == 0, err
    assert json.loads(Path(BASELINE).read_text())["samples"] == before


def test_a_missing_baseline_is_a_usage_error_with_the_command_that_makes_one(fteval: Run, here: Path) -> None:
    holdout(5)
    outputs("a.jsonl", set(), 5)
    code, _, err = fteval("run", "--model", "replay:a.jsonl", "--against", "baseline", "--holdout", "h.jsonl")
    assert code == 2
    assert "no baseline of suite 'h'" in err and "fteval baseline accept" in err
    with pytest.raises(UserError, match="no anchor 'v1' of suite 'h'") as caught:
        releases.load_anchor("v1", Path(), "h")
    assert "--anchor v1" in str(caught.value.fix)


def test_a_baseline_of_another_suite_is_a_usage_error(fteval: Run, here: Path, measure: Any) -> None:
    holdout(20)
    measure(set(), n=20)
    fteval("baseline", "accept", "latest")
    holdout(21)
    outputs("b.jsonl", set(), 21)
    command = ("run", "--model", "replay:b.jsonl", "--against", "baseline", "--holdout", "h.jsonl")
    code, _, err = fteval(*command, "--score", "contains")
    assert code == 2
    assert "another suite" in err and "fteval baseline accept" in err


def test_a_file_under_another_suites_name_is_not_taken_for_its_baseline(fteval: Run, here: Path, measure: Any) -> None:
    holdout(20)
    measure(set(), n=20)
    fteval("baseline", "accept", "latest")
    os.rename(BASELINE, "evals/baseline/other.json")
    with pytest.raises(UserError, match="suite 'h', wanted 'other'"):
        releases.load("baseline", Path(), "other")
    assert releases.load("baseline:evals/baseline/other.json", Path(), "other").id == "baseline:h"


@pytest.mark.parametrize("command", [["run", "--model", "replay:model.jsonl", "--against", "baseline", "--holdout",
                                      "h.jsonl", "--score", "contains"], ["baseline", "show"]])  # fmt: skip
def test_a_damaged_baseline_stops_what_rests_on_it(fteval: Run, here: Path, measure: Any, command: list[str]) -> None:
    holdout(20)
    measure(set(), n=20)
    fteval("baseline", "accept", "latest")
    Path(BASELINE).write_text(Path(BASELINE).read_text()[:500])
    code, _, err = fteval(*command)
    assert code == 3
    assert "h.json" in err and "fteval baseline accept" in err and "Traceback" not in err


def test_a_comparison_names_its_chosen_candidates_run(fteval: Run, here: Path, measure: Any) -> None:
    holdout()
    for name, wrong in (("base", range(100)), ("good", range(0)), ("worse", range(90))):
        outputs(f"{name}.jsonl", wrong)
    Path("fteval.yaml").write_text(
        "version: 1\nbase: replay:base.jsonl\nsuite: sums\n"
        "candidates:\n  good: {model: 'replay:good.jsonl'}\n  worse: {model: 'replay:worse.jsonl'}\n"
        "probes:\n  h: {use: holdout, data: h.jsonl, score: contains}\n"
        "gates:\n  - {probe: h, metric: contains, min_gain: 20pp}\n"
    )
    code, _, err = fteval("run", "-q")
    assert code == 0, err
    code, out, err = fteval("baseline", "accept", "latest")
    assert code == 0, err
    kept = json.loads(Path("evals/baseline/sums.json").read_text())  # named by the config's suite
    assert kept["ref"] == "replay:good.jsonl"
    assert "verdict of its newest comparison: ship" in out


# --- refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["true", "1", "yes", "True"])
def test_ci_does_not_accept_baselines(
    fteval: Run, here: Path, measure: Any, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    holdout(20)
    measure(set(), n=20)
    monkeypatch.setenv("CI", value)
    code, _, err = fteval("baseline", "accept", "latest", "--force", "because")
    assert code == 2
    assert "CI" in err
    assert not Path("evals").exists()


@pytest.mark.parametrize("value", ["", "0", "false", "False"])
def test_ci_that_is_said_to_be_off_is_none(
    fteval: Run, here: Path, measure: Any, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    holdout(20)
    measure(set(), n=20)
    monkeypatch.setenv("CI", value)
    assert fteval("baseline", "accept", "latest")[0] == 0


def test_a_run_that_is_not_whole_is_refused_even_by_force(fteval: Run, here: Path, measure: Any) -> None:
    holdout(20)
    part = measure(set(), "part", "-n", "10", n=20)
    broken = measure(set(), "broken", n=19)  # one sample has no output
    for run, said in ((part, "--limit"), (broken, "1 of 20 answers are in error")):
        code, _, err = fteval("baseline", "accept", run, "--force", "because")
        assert code == 2
        assert said in err
    assert not Path("evals").exists()


def test_a_run_that_stopped_early_is_refused(fteval: Run, here: Path, measure: Any) -> None:
    holdout(400)
    outputs("base.jsonl", range(0), 400)
    run = measure(range(300), "bad", "--against", "replay:base.jsonl", "--sequential", n=400)
    code, _, err = fteval("baseline", "accept", run, "--force", "because")
    assert code == 2
    assert "stopped after" in err and "of 400" in err


def test_a_run_that_another_scorer_judged_since_is_refused(fteval: Run, here: Path, measure: Any) -> None:
    holdout(20)
    run = measure(set(), n=20)
    # What `fteval score RUN` leaves behind when the probe has another version by then.
    from fteval.evals.holdout import Holdout
    from fteval.runs.asking.rescore import rescore
    from fteval.runs.journal.store import Store

    rescore(Store(Path(".fteval")), run, {"h": Holdout(score=("exact",))})
    code, _, err = fteval("baseline", "accept", run)
    assert code == 2
    assert "judged anew" in err


@pytest.mark.parametrize(("wrong", "result"), [(range(100), "fail"), (range(4), "inconclusive")])
def test_a_gate_against_the_run_is_named_and_overridden_only_with_a_reason(
    fteval: Run, here: Path, measure: Any, wrong: range, result: str
) -> None:
    holdout()
    measure(set(), "old")
    fteval("baseline", "accept", "latest")
    before = Path(BASELINE).read_bytes(), Path(HISTORY).read_bytes()
    run = measure(wrong, "new", "--against", "baseline")
    code, _, err = fteval("baseline", "accept", run)
    assert code == 2
    assert "gate h.contains max_drop" in err and result in err and "--force" in err
    for blank in ("", "  "):
        assert fteval("baseline", "accept", run, "--force", blank)[0] == 2
    assert (Path(BASELINE).read_bytes(), Path(HISTORY).read_bytes()) == before
    code, out, _ = fteval("baseline", "accept", run, "--force", "known gap | see #12")
    assert code == 0
    assert "BY FORCE: known gap" in out
    assert json.loads(Path(BASELINE).read_text())["reason"] == "known gap | see #12"
    assert lines()[-1]["forced"] == "known gap | see #12"
    assert fteval("history", "-o", "h.md")[0] == 0
    assert "FORCED: known gap \\| see" in Path("h.md").read_text()
    assert "known gap" in fteval("baseline", "show")[1]


def test_the_newest_comparison_of_the_run_counts(fteval: Run, here: Path, measure: Any) -> None:
    holdout()
    bad = measure(range(100), "bad")
    measure(set(), "good", "--against", "replay:bad.jsonl")  # as a base it is not judged
    assert fteval("baseline", "accept", bad)[0] == 0
    worse = measure(range(150), "worse")
    fteval("compare", bad, worse)
    assert fteval("baseline", "accept", worse)[0] == 2
    worst = measure(range(200), "worst")
    fteval("compare", worst, worse)
    assert fteval("baseline", "accept", worse)[0] == 0


@pytest.mark.parametrize(("what", "said"), [("nonesuch", "nonesuch"), ("../../etc", "etc"), ("", "no run ''")])
def test_a_run_that_is_not_there_is_named(fteval: Run, here: Path, measure: Any, what: str, said: str) -> None:
    holdout(5)
    measure(set(), n=5)
    code, _, err = fteval("baseline", "accept", what)
    assert (code, said in err) == (2, True)


# --- anchors ---------------------------------------------------------------------------------------


def test_an_anchor_is_made_once(fteval: Run, here: Path, measure: Any) -> None:
    holdout()
    measure(set(), "one")
    assert fteval("baseline", "accept", "latest", "--anchor", "v1")[0] == 0
    path = Path("evals/baseline/h@v1.json")
    before = path.read_bytes()
    assert not Path(BASELINE).exists()
    two = measure({1}, "two")
    code, _, err = fteval("baseline", "accept", two, "--anchor", "v1")
    assert code == 2
    assert "exists" in err and path.read_bytes() == before
    assert fteval("baseline", "accept", two, "--anchor", "v1", "--force", "new suite owner")[0] == 0
    assert (json.loads(path.read_text())["reason"], json.loads(path.read_text())["run"]) == ("new suite owner", two)
    assert [(line["anchor"], line["forced"]) for line in lines()] == [("v1", None), ("v1", "new suite owner")]


@pytest.mark.parametrize("name", ["../x", "a b", "", "a/b", "x" * 65, "-x", "a@b"])
def test_an_anchor_has_a_name_that_the_config_takes(fteval: Run, here: Path, measure: Any, name: str) -> None:
    holdout(5)
    measure(set(), n=5)
    assert fteval("baseline", "accept", "latest", "--anchor", name)[0] == 2
    assert not Path("evals").exists()


def test_losses_too_small_for_each_step_add_up_against_the_anchor(fteval: Run, here: Path, measure: Any) -> None:
    holdout()
    first = measure(range(0), "r0")
    fteval("baseline", "accept", first)
    fteval("baseline", "accept", first, "--anchor", "v1")
    lost = [range(4 * k) for k in range(1, 6)]
    for k, wrong in enumerate(lost, start=1):
        assert fteval("baseline", "accept", measure(wrong, f"r{k}"))[0] == 0
    found = [line for line in lines() if line["anchor"] is None]
    for k, line in enumerate(found[1:], start=1):
        (point,) = line["anchored"]
        assert point["step"]["difference"] == pytest.approx(-0.02 * k)  # 4 of 200 more each time
        assert point["step"]["level"] == pytest.approx(1 - 0.05 / 20)
        expected = difference(scores(range(0)), scores(lost[k - 1]), level=1 - 0.05 / 20)
        assert (point["step"]["low"], point["step"]["high"]) == pytest.approx((expected.low, expected.high), abs=1e-12)
        step = line["points"][0]["step"]
        assert step["difference"] == pytest.approx(-0.02)
        assert step["low"] < 0 <= step["high"] + 0.005  # no single step is a shown loss worth a gate
    assert found[-1]["anchored"][0]["step"]["high"] < 0
    shown = " ".join(fteval("history")[1].split())
    assert "since anchor v1: −2.0, −4.0, −6.0, −8.0, −10.0 pp, now −10.0 pp" in shown
    assert "WORSE than the anchor" in shown


def test_a_gate_against_an_anchor_is_judged_on_the_pinned_scores(fteval: Run, here: Path, measure: Any) -> None:
    holdout()
    fteval("baseline", "accept", measure(range(0), "r0"), "--anchor", "v1")
    Path("fteval.yaml").write_text(
        "version: 1\nbase: replay:r1.jsonl\ncandidates:\n  r2: {model: 'replay:r2.jsonl'}\n"
        "probes:\n  h: {use: holdout, data: h.jsonl, score: contains}\n"
        "gates:\n  - {probe: h, metric: contains, max_drop: 5pp, anchor: v1}\n"
    )
    outputs("r1.jsonl", range(40))
    outputs("r2.jsonl", range(40))
    code, out, err = fteval("run", "--json")
    assert code == 1, err  # as good as its base, and 20 pp worse than the anchor
    (gate, *_) = json.loads(out)["candidates"][0]["gates"]
    assert gate["difference"] == pytest.approx(-0.2)


def test_a_candidate_with_its_bases_outputs_does_not_pass_against_an_anchor_by_that(
    fteval: Run, here: Path, measure: Any
) -> None:
    # 23 of 600 lost against the anchor: Tango's interval for 23 losses and no gain is −5.7 to −2.6 pp.
    holdout(600)
    fteval("baseline", "accept", measure(range(60), "v1", n=600), "--anchor", "v1")
    Path("fteval.yaml").write_text(
        "version: 1\nbase: replay:v6.jsonl\ncandidates:\n  same: {model: 'replay:v6b.jsonl'}\n"
        "probes:\n  h: {use: holdout, data: h.jsonl, score: contains}\n"
        "gates:\n  - {probe: h, metric: contains, max_drop: 3pp}\n"
        "  - {probe: h, metric: contains, max_drop: 3pp, anchor: v1}\n"
    )
    for name in ("v6", "v6b"):
        outputs(f"{name}.jsonl", range(83), 600)
    code, out, _ = fteval("run", "--json")
    assert (code, json.loads(out)["verdict"]) == (4, "cannot_tell")


def test_a_baseline_that_was_drawn_otherwise_decides_nothing_unless_allowed(
    fteval: Run, here: Path, measure: Any
) -> None:
    holdout(400)
    fteval("baseline", "accept", measure(range(4), "old", "--max-tokens", "64", n=400))
    outputs("new.jsonl", range(4), 400)
    text = "version: 1\ncandidates:\n  new: {model: 'replay:new.jsonl'}\n"
    text += "probes:\n  h: {use: holdout, data: h.jsonl, score: contains}\n"
    for more, expected in (("", 3), ("allow: [sampling]\n", 0)):
        Path("fteval.yaml").write_text(text + more)
        code, out, err = fteval("run", "--against", "baseline", "--json")
        assert code == expected, out + err
        reason = json.loads(out)["candidates"][0]["reason"]
        assert "sampling.max_tokens 64 and 256" in reason  # above the verdict, allowed or not
        assert ("was not asked as" in reason) == (code == 3)


# --- history ---------------------------------------------------------------------------------------


def test_a_line_says_what_the_run_scored_and_how_it_differs_from_the_one_before(
    fteval: Run, here: Path, measure: Any
) -> None:
    from scipy.stats import binomtest

    holdout()
    old, new = range(20), range(15, 50)
    first = measure(old, "old")
    fteval("baseline", "accept", first)
    second = measure(new, "new")
    fteval("baseline", "accept", second)
    one, two = lines()
    assert (one["run"], one["replaced"], two["run"], two["replaced"]) == (first, None, second, first)
    (point,) = two["points"]
    # Wilson's interval is scipy's but for Student's t (199 degrees of freedom) in the place of the normal.
    wilson = binomtest(165, 200).proportion_ci(method="wilson")
    assert point["value"] == pytest.approx(165 / 200)
    assert (point["low"], point["high"]) == pytest.approx((wilson.low, wilson.high), abs=0.001)
    expected = mean(scores(new))
    assert (point["low"], point["high"], point["n"]) == pytest.approx((expected.low, expected.high, 200), abs=1e-12)
    # By hand: 15 got better (0..14), 30 got worse (20..49).
    assert point["step"]["difference"] == pytest.approx((15 - 30) / 200)
    paired = difference(scores(old), scores(new))
    assert (point["step"]["low"], point["step"]["high"]) == pytest.approx((paired.low, paired.high), abs=1e-12)
    assert one["points"][0]["step"] is None and one["suite"] == two["suite"] and one["probes"] == two["probes"]


def test_paraphrases_count_as_one_in_the_history_too(fteval: Run, here: Path, measure: Any) -> None:
    write("h.jsonl", [{"id": f"q{i}", "prompt": f"Say {i}?", "target": str(2 * i), "group": str(i // 4)}
                      for i in range(200)])  # fmt: skip
    groups = [str(i // 4) for i in range(200)]
    for wrong in (range(0), range(40)):
        fteval("baseline", "accept", measure(wrong))
    paired = difference(scores(range(0)), scores(range(40)), groups)
    step = lines()[1]["points"][0]["step"]
    assert (step["low"], step["high"]) == pytest.approx((paired.low, paired.high), abs=1e-12)
    assert paired.low < difference(scores(range(0)), scores(range(40))).low  # 10 groups say less than 40 samples


def test_the_line_breaks_where_the_suite_or_the_scorer_changed(fteval: Run, here: Path, measure: Any) -> None:
    holdout()
    fteval("baseline", "accept", measure(range(10)))
    fteval("baseline", "accept", measure(range(12)))
    holdout(201)
    fteval("baseline", "accept", measure(range(12), n=201))
    rows = [json.loads(line) for line in Path("h.jsonl").read_text().splitlines()]
    rows[5]["prompt"] = "What is five and five?"
    write("h.jsonl", rows[1:])
    fteval("baseline", "accept", measure(range(12), n=201))
    fteval("baseline", "accept", measure(range(12), n=201, score="number"))
    assert [line["breaks"].get("h") for line in lines()] == [
        None,
        None,
        "suite changed (1 added)",
        "suite changed (1 removed, 1 edited)",
        "scorer changed",
    ]
    assert [line["points"][0]["step"] is None for line in lines()] == [True, False, True, True, True]
    shown = fteval("history")[1]
    assert shown.count("not comparable with the one before: suite changed") == 2
    head = next(line for line in shown.splitlines() if line.startswith("h  h.contains"))
    assert [len(part) for part in head.split("  ")[-1].split(" × ")] == [2, 1, 1]


def test_accepting_a_run_again_adds_no_line(fteval: Run, here: Path, measure: Any) -> None:
    holdout(20)
    fteval("baseline", "accept", measure({1}, n=20))
    run = measure({1, 2}, n=20)
    for _ in range(2):
        assert fteval("baseline", "accept", run)[0] == 0
    assert [line["run"] for line in lines()][1:] == [run]
    assert lines()[1]["points"][0]["step"]["difference"] == pytest.approx(-1 / 20)  # still against the first


def test_an_accept_that_was_cut_off_is_made_good_by_the_same_command(fteval: Run, here: Path, measure: Any) -> None:
    holdout(20)
    fteval("baseline", "accept", measure({1}, n=20))
    first = Path(BASELINE).read_bytes()
    run = measure({1, 2}, n=20)
    fteval("baseline", "accept", run)
    whole = lines()
    Path(BASELINE).write_bytes(first)  # as if it had stopped between the two files
    assert fteval("baseline", "accept", run)[0] == 0
    again = lines()
    assert [{**line, "time": ""} for line in again] == [{**line, "time": ""} for line in whole]
    assert json.loads(Path(BASELINE).read_text())["run"] == run


def test_a_damaged_baseline_can_be_replaced_and_the_line_breaks(fteval: Run, here: Path, measure: Any) -> None:
    holdout(20)
    fteval("baseline", "accept", measure({1}, n=20))
    Path(BASELINE).write_text("{")
    assert fteval("baseline", "accept", measure({2}, n=20))[0] == 0
    assert lines()[1]["breaks"] == {"h": "the one before was damaged"}
    Path(BASELINE).unlink()
    assert fteval("baseline", "accept", measure({3}, n=20))[0] == 0
    assert lines()[2]["breaks"] == {"h": "the one before is gone"}


def test_a_newer_baseline_or_a_damaged_history_is_not_overwritten(fteval: Run, here: Path, measure: Any) -> None:
    holdout(20)
    fteval("baseline", "accept", measure({1}, n=20))
    run = measure({2}, n=20)
    kept = Path(BASELINE).read_text()
    Path(BASELINE).write_text(kept.replace('"v": 1', '"v": 2'))
    assert fteval("baseline", "accept", run)[0] == 2
    assert '"v": 2' in Path(BASELINE).read_text()
    Path(BASELINE).write_text(kept)
    history = Path(HISTORY).read_bytes() + b"{\n"
    Path(HISTORY).write_bytes(history)
    assert fteval("baseline", "accept", run)[0] == 3
    assert (Path(BASELINE).read_text(), Path(HISTORY).read_bytes()) == (kept, history)


def test_a_file_in_the_folders_place_is_named(fteval: Run, here: Path, measure: Any) -> None:
    holdout(20)
    run = measure({1}, n=20)
    Path("evals").write_text("a file")
    code, _, err = fteval("baseline", "accept", run)
    assert code == 2
    assert "evals" in err and "Traceback" not in err
    assert Path("evals").read_text() == "a file"


@pytest.mark.parametrize("limit", [100, 3000])  # the history does not fit; the history does, the baseline does not
def test_a_full_disk_leaves_the_baseline_as_it_was(fteval: Run, here: Path, measure: Any, limit: int) -> None:
    holdout(20)
    fteval("baseline", "accept", measure({1}, n=20))
    before = Path(BASELINE).read_bytes()
    run = measure({2}, n=20)
    code = (
        "import resource, signal, sys\nsys.dont_write_bytecode = True\nfrom fteval import cli\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        f"sys.exit(cli.call(['baseline', 'accept', '{run}']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "cannot write" in done.stderr
    assert Path(BASELINE).read_bytes() == before
    assert fteval("baseline", "accept", run)[0] == 0  # the same command makes good what is missing
    assert [line["run"] for line in lines()][1:] == [run]
    assert sorted(os.listdir("evals/baseline")) == ["h.history.jsonl", "h.json"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_named(fteval: Run, here: Path, measure: Any) -> None:
    holdout(20)
    run = measure({1}, n=20)
    folder = Path("evals/baseline")
    folder.mkdir(parents=True)
    folder.chmod(0o500)
    try:
        code, _, err = fteval("baseline", "accept", run)
        assert (code, str(folder) in err, list(folder.iterdir())) == (3, True, [])
    finally:
        folder.chmod(0o700)


def test_history_and_show_need_no_store_no_engine_and_no_statistics(fteval: Run, here: Path, measure: Any) -> None:
    holdout(20)
    fteval("baseline", "accept", measure({1}, n=20))
    fteval("baseline", "accept", measure({2}, n=20))
    os.rename(".fteval", "elsewhere")
    for command in ("['history', '-o', 'h.md']", "['history', '--json']", "['baseline', 'show']"):
        code = (
            f"import sys\nfrom fteval import cli\nassert cli.call({command}) == 0\n"
            "heavy = {'torch','transformers','trl','openai','scipy','pydantic'} & set(sys.modules)\n"
            "assert not heavy, heavy"
        )
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert not Path(".fteval").exists()


def test_nothing_accepted_is_said_with_what_to_do(fteval: Run, here: Path) -> None:
    for command in (["history"], ["baseline", "show"]):
        code, _, err = fteval(*command)
        assert code == 2
        assert "fteval baseline accept" in err


def test_the_files_lie_beside_the_config(fteval: Run, here: Path, measure: Any) -> None:
    Path("sub").mkdir()
    holdout(20)
    Path("sub/fteval.yaml").write_text("version: 1\nprobes:\n  h: {use: holdout, data: ../h.jsonl, score: contains}\n")
    run = measure(set(), n=20)
    assert fteval("baseline", "accept", run, "-c", "sub/fteval.yaml")[0] == 0
    assert Path("sub", BASELINE).is_file() and not Path(BASELINE).exists()
    assert fteval("history", "-c", "sub/fteval.yaml")[0] == 0
    assert fteval("history", "-c", "sub/none.yaml")[0] == 2


# --- shown -----------------------------------------------------------------------------------------


def test_show_diff_says_what_a_run_would_change(fteval: Run, here: Path, measure: Any) -> None:
    holdout()
    fteval("baseline", "accept", measure(range(10), "old"))
    rows = [json.loads(line) for line in Path("h.jsonl").read_text().splitlines()]
    rows[100]["target"] = "201"
    rows[150]["id"] = "q999"
    write("h.jsonl", rows)
    answers = [{"id": r["id"], "output": f"It is {2 * i + (i in range(5, 40))}."} for i, r in enumerate(rows)]
    write("new.jsonl", answers)
    fteval("run", "--model", "replay:new.jsonl", "--holdout", "h.jsonl", "--score", "contains", "-q")
    before = Path(BASELINE).read_bytes()
    code, out, err = fteval("baseline", "show", "--diff", "latest")
    assert code == 0, err
    # By hand: 200 less one edited and one renamed; 0..4 gained, 10..39 lost, the answers of these 35 changed.
    assert "198 samples in common, 35 of them answered in other words" in out
    assert "1 added: q999" in out and "1 removed: q150" in out and "1 edited: q100" in out
    assert "5 / 30" in out
    old = [float(i >= 10) for i in range(200) if i not in (100, 150)]
    new = [float(i not in range(5, 40)) for i in range(200) if i not in (100, 150)]
    d = difference(old, new)
    expected = f"{100 * d.estimate:+.1f} pp [{100 * d.low:+.1f}, {100 * d.high:+.1f}]".replace("-", "−")
    assert expected in out
    assert Path(BASELINE).read_bytes() == before


def test_show_diff_of_another_scorer_compares_no_score(fteval: Run, here: Path, measure: Any) -> None:
    holdout(20)
    fteval("baseline", "accept", measure(set(), n=20))
    run = measure(set(), n=20, score="number")
    code, out, _ = fteval("baseline", "show", "--diff", run)
    assert code == 0
    assert "scorer changed" in out and "difference" not in out


def test_several_repeats_keep_their_noise(fteval: Run, here: Path) -> None:
    holdout(10)
    write("m.jsonl", [{"id": f"q{i}", "outputs": [str(2 * i), "no", str(2 * i)]} for i in range(10)])
    fteval("run", "--model", "replay:m.jsonl", "--holdout", "h.jsonl", "--score", "contains", "--repeats", "3", "-q")
    code, _, err = fteval("baseline", "accept", "latest")
    assert code == 0, err
    (p,) = releases.load("baseline", Path(), "h").probes
    assert p.scores["contains"][0] == pytest.approx(2 / 3)
    # By hand: the scores 1, 0, 1 have variance 1/3; of their mean a third of that.
    assert p.within["contains"] == pytest.approx(1 / 9)

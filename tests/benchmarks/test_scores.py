"""Scores from elsewhere: compared and gated without a probe's code; what they mean is said and never guessed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from fteval import cli

Put = Callable[..., str]
Run = Callable[..., tuple[int, Any, str]]
SHARE = ("--set", "better=higher", "--set", "unit=share")


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Put:
    monkeypatch.chdir(tmp_path)

    def made(name: str, rows: list[Any]) -> str:
        Path(name).write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows))
        return f"replay:{name}"

    return made


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def called(*args: str) -> tuple[int, Any, str]:
        code = cli.call(["run", *args, "--json"])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out.strip() else None, err

    return called


def rows(values: list[Any], **more: Any) -> list[dict[str, Any]]:
    return [{"id": f"q{i}", "score": value, **more} for i, value in enumerate(values)]


def test_what_failed_in_both_files_is_planned_and_missing(put: Put, run: Run) -> None:
    failed = [{"id": f"x{i}", "error": "no answer"} for i in range(40)]
    base, same = (put(f"{name}.jsonl", rows([1] * 200) + failed) for name in ("base", "same"))
    _, found, _ = run("--model", same, "--against", base, *SHARE)
    (metric,) = found["candidates"][0]["metrics"]
    assert (metric["planned"], metric["scored"]) == (240, 200)
    assert found["verdict"] == "incomplete"


def test_two_files_of_scores_are_enough_for_a_verdict(put: Put, run: Run) -> None:
    base = put("base.jsonl", rows([1] * 150 + [0] * 50))
    worse = put("worse.jsonl", rows([1] * 110 + [0] * 90))
    code, found, _ = run("--model", worse, "--against", base, *SHARE)
    (metric,) = found["candidates"][0]["metrics"]
    assert (code, found["verdict"]) == (1, "do_not_ship")
    assert (metric["probe"], metric["metric"], metric["n_paired"], metric["worse"]) == ("scores", "score", 200, 40)
    assert metric["difference"] == pytest.approx(-40 / 200)
    assert run("--model", put("same.jsonl", rows([1] * 151 + [0] * 49)), "--against", base, *SHARE)[0] == 0


def test_an_unbounded_metric_has_student_s_interval_and_its_own_unit(put: Put, run: Run) -> None:
    old, new = [3, 4, 5, 2, 4, 3, 5, 4, 2, 3] * 6, [4, 4, 4, 3, 4, 4, 5, 5, 2, 3] * 6
    args = ("--against", put("b.jsonl", rows(old)), "--set", "better=higher", "--set", "unit=points")
    _, found, _ = run("--model", put("c.jsonl", rows(new)), *args, "--set", "bounds=none")
    metric = found["candidates"][0]["metrics"][0]
    differences = [b - a for a, b in zip(old, new, strict=True)]
    low, high = stats.t.interval(0.95, len(differences) - 1, stats.tmean(differences), stats.sem(differences))
    assert (metric["low"], metric["high"]) == (pytest.approx(low), pytest.approx(high))


def test_groups_count_once(put: Put, run: Run) -> None:
    scores = [i % 2 for i in range(60)]
    grouped = [{**row, "group": i // 2} for i, row in enumerate(rows(scores))]
    _, found, _ = run("--model", put("c.jsonl", rows(scores[1:] + [0])), "--against", put("b.jsonl", grouped), *SHARE)
    assert found["candidates"][0]["metrics"][0]["n_groups"] == 30


UNSAID = {
    "nothing": ((), "which way is 'score' better"),
    "no unit": (("--set", "better=higher"), "in which unit is 'score'"),
    "no bounds": (("--set", "better=lower", "--set", "unit=seconds"), "within which bounds"),
    "no such way": (("--set", "better=up", "--set", "unit=share"), "'better' is 'higher' or 'lower', found 'up'"),
    "no bounds at all": ((*SHARE[:2], "--set", "unit=points", "--set", "bounds=5..1"), "two numbers, 1..5, or none"),
}


@pytest.mark.parametrize("said", UNSAID)
def test_what_a_file_cannot_say_is_asked_for(put: Put, run: Run, said: str) -> None:
    args, words = UNSAID[said]
    code, _, err = run("--model", put("c.jsonl", rows([1, 0])), "--against", put("b.jsonl", rows([1, 0])), *args)
    assert code == 2 and words in err and "Traceback" not in err


REFUSED = {
    "true": (rows([True]), "'score' is true: a score is a number"),
    "NaN": (['{"id": "q0", "score": NaN}'], "write null where there is no score"),
    "text": (rows(["good"]), "'score' is 'good'"),
    "two rows of an id": (rows([1]) + rows([0]), "id 'q0' is on line 1 already"),
    "outside": (rows([1, 7]), "c.jsonl:2"),
    "both": ([{"id": "q0", "score": 1, "scores": {"a": 1}}], "both 'score' and 'scores'"),
    "no id": ([{"score": 1}], "none of 'id', 'prompt' and 'messages'"),
    "a list": ([{"id": "q0", "scores": [1]}], "an object of numbers"),
    "another metric": ([{"id": "q0", "scores": {"taste": 1}}], "no score 'score' in c.jsonl; both have: none"),
    "outputs": ([{"id": "q0", "output": "x"}], "c.jsonl has outputs and no scores"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_score_is_an_error_with_its_line(put: Put, run: Run, what: str) -> None:
    given, words = REFUSED[what]
    code, _, err = run("--model", put("c.jsonl", given), "--against", put("b.jsonl", rows([1, 0])), *SHARE)
    assert code == 2 and words in err and "Traceback" not in err


def test_what_one_file_lacks_is_missing_and_never_a_zero(put: Put, run: Run) -> None:
    base = put("b.jsonl", rows([1] * 100))
    code, found, _ = run("--model", put("c.jsonl", rows([1] * 97)), "--against", base, *SHARE)
    metric = found["candidates"][0]["metrics"][0]
    assert (code, found["verdict"], metric["errors"], metric["n_paired"]) == (3, "incomplete", 3, 97)
    code, found, _ = run("--model", put("d.jsonl", rows([1] * 104)), "--against", base, *SHARE)
    assert (code, found["candidates"][0]["metrics"][0]["planned"]) == (3, 104)
    _, found, _ = run("--model", put("e.jsonl", rows([None] * 2 + [1] * 98)), "--against", base, *SHARE)
    metric = found["candidates"][0]["metrics"][0]
    assert (metric["unscored"], metric["errors"], metric["candidate"]) == (2, 0, 1.0)


def test_the_same_id_of_another_question_is_no_pair(put: Put, run: Run) -> None:
    base = put("b.jsonl", [{**row, "prompt": f"Question {i}?"} for i, row in enumerate(rows([1] * 50))])
    other = put("c.jsonl", [{**row, "prompt": f"Another {i}?"} for i, row in enumerate(rows([1] * 50))])
    code, found, _ = run("--model", other, "--against", base, *SHARE)
    assert (code, found["verdict"]) == (3, "incomplete")
    assert "to other prompts than the base's" in found["candidates"][0]["reason"]


def test_a_config_says_it_once_for_several_metrics(put: Put, run: Run) -> None:
    given = {"base": (4, 0.1), "new": (3, 0.1)}
    for name, (rating, toxic) in given.items():
        held = [{"id": i, "scores": {"rating": rating - i % 2, "toxic": toxic, "other": i}} for i in range(80)]
        put(f"{name}.jsonl", held)
    Path("fteval.yaml").write_text(
        "version: 1\nbase: replay:base.jsonl\ncandidates: {new: {model: replay:new.jsonl}}\n"
        "probes:\n  panel: {use: scores, better: {rating: higher, toxic: lower}, "
        "unit: {rating: points, toxic: share}, bounds: {rating: 1..5}}\n"
        "gates:\n  - {probe: panel, metric: rating, max_drop: 0.5}\n  - {probe: panel, metric: toxic, max_drop: 5pp}\n"
    )
    code, found, _ = run("-c", "fteval.yaml")
    gates = {g["metric"]: g["result"] for g in found["candidates"][0]["gates"] if not g["metric"].endswith("collapsed")}
    assert (code, gates) == (1, {"rating": "fail", "toxic": "pass"})
    assert [m["metric"] for m in found["candidates"][0]["metrics"]] == ["rating", "toxic"]


def test_what_fteval_score_writes_is_saved_scores(put: Put, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    texts = ["A dog runs.", "Fish swim in ponds and in salty ocean bays.", "Hens."]
    put("o.jsonl", [{"id": i, "prompt": "Tell me about animals.", "output": text} for i, text in enumerate(texts)])
    assert cli.call(["score", "o.jsonl", "--probe", "lipogram", "--set", "letters=e", "--json"]) == 0
    Path("s.jsonl").write_text(capsys.readouterr().out)
    code, found, _ = run("--model", "replay:s.jsonl", "--set", "better=compliant:higher", "--set", "unit=share")
    (metric,) = found["metrics"]
    assert (code, metric["metric"], metric["scored"], metric["value"]) == (0, "compliant", 3, pytest.approx(1 / 3))


def test_a_saved_run_of_scores_is_judged_anew(put: Put, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--model", put("c.jsonl", rows([1, 0, 0])), *SHARE)[0] == 0
    (kept,) = Path(".fteval/runs").iterdir()
    assert cli.call(["score", kept.name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["metrics"][0]["value"] == pytest.approx(1 / 3)


def test_a_pipe_and_a_folder_are_told(put: Put, run: Run) -> None:
    source, sink = os.pipe()
    os.close(sink)
    code, _, err = run("--model", f"replay:/dev/fd/{source}", "--probe", "scores", *SHARE)
    os.close(source)
    assert code == 2 and "scores are read more than once" in err
    Path("logs").mkdir()
    code, _, err = run("--model", "replay:logs", "--probe", "laziness")
    assert code == 2 and "replay:lm-eval:logs" in err


def test_a_model_has_no_saved_scores(put: Put, run: Run) -> None:
    base = put("b.jsonl", rows([1, 0]))
    code, _, err = run("--model", "nano", "--against", base, "--probe", "scores", *SHARE)
    assert code == 2 and "nano is a model" in err

"""A model as judge from the command line, behind a real server: the verdict, the report, and what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import judging
import pytest
from servers import faults
from servers.fake import Server
from servers.model import Model

from fteval import cli

N = 40


def folder(tmp_path: Path, server: Server, *, gate: str = "metric: preferred, min_gain: 10pp", **more: str) -> Path:
    """A config whose candidate is better than its base, by what a judge says that counts "good"."""
    rows = [{"id": f"q{i}", "prompt": f"Say something good of number {i}."} for i in range(N)]
    (tmp_path / "holdout.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name, text in (("base", "It is good"), ("better", "It is good good good")):
        said = [{"id": row["id"], "output": f"{text}, number {i}."} for i, row in enumerate(rows)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in said))
    (tmp_path / "rubric.md").write_text("An answer is the better the more often it says that something is good.\n")
    settings = {"model": f'"{server.ref}"', "rubric": "rubric.md", "pairwise": "true", **more}
    told = ", ".join(f"{key}: {value}" for key, value in settings.items())
    (tmp_path / "fteval.yaml").write_text(
        'version: 1\nbase: replay:base.jsonl\ncandidates:\n  better: {model: "replay:better.jsonl"}\nstore: store\n'
        "server: {max_retries: 0, give_up_after: 2}\n"
        f"probes:\n  quality: {{use: judge, data: holdout.jsonl, {told}}}\n"
        f"gates:\n  - {{probe: quality, {gate}}}\n"
    )
    return tmp_path / "fteval.yaml"


def server(judge: Callable[[str], str] = judging.competent) -> Server:
    return Server(Model(answers=judging.Replies(judge)))


def test_a_gate_on_what_a_judge_prefers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with server() as running:
        config = folder(tmp_path, running)
        assert cli.call(["run", "-c", str(config), "-o", str(tmp_path / "r.md")]) == 0
        assert "quality.preferred gained 50.0 pp" in capsys.readouterr().out
        report = " ".join((tmp_path / "r.md").read_text().split())
        assert "passed: a verdict within 512 tokens in 8 of 8" in report
        assert "empty loses in 8 of 8" in report
        assert "both agree on 100 % of the pairs, the first one shown is chosen in 50 %" in report
        running.forget()
        assert cli.call(["run", "-c", str(config)]) == 0
        judged = [seen for seen in running.completions if seen.prompt.startswith("You judge")]
        assert not judged, "the server says the same to fixed prompts, so that its replies are reused"
    capsys.readouterr()
    assert cli.call(["gate", "latest", "-c", str(config)]) == 0, "nobody is asked again"
    assert cli.call(["score", "latest", "--store", str(tmp_path / "store")]) == 0


def test_a_gate_on_a_judge_that_failed_its_tests_is_incomplete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with server(judging.first_shown) as running:
        assert cli.call(["run", "-c", str(folder(tmp_path, running)), "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    (candidate,) = told["candidates"]
    assert told["verdict"] == "incomplete" and candidate["gates"][0]["result"] == "incomplete"
    assert any("is no judge here" in text and "self-tests" in text for text in candidate["warnings"])
    (one,) = candidate["judges"]["probes"]
    assert one["counts"] is False and {test["law"] for test in one["self_tests"] if test["failed"]} >= {"empty loses"}


def test_a_judge_that_is_gone_stops_the_run_and_it_goes_on_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with server() as running:
        config = folder(tmp_path, running)
        running.every = faults.hangs()
        patient = config.read_text()
        config.write_text(patient.replace("max_retries: 0", "max_retries: 0, timeout: 0.2"))
        assert cli.call(["run", "-c", str(config)]) == 3
        assert "Traceback" not in capsys.readouterr().err
        running.every = None
        config.write_text(patient)
        assert cli.call(["run", "-c", str(config)]) == 0


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"model": "null"}, "probe 'quality' has no judge"),
        ({"model": '"replay:base.jsonl"'}, "is measured here"),
        ({"rubric": "missing.md"}, "cannot read"),
        ({"votes": "0"}, "votes must be from 1"),
        ({"jugde": "x"}, "jugde"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_asked(
    tmp_path: Path, more: dict[str, str], wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with server() as running:
        assert cli.call(["run", "-c", str(folder(tmp_path, running, **more))]) == 2
        assert wrong in capsys.readouterr().err and not running.completions


def test_replies_made_elsewhere_are_scored_without_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = [judging.verdict("A"), judging.verdict("B")]
    rows = [{"prompt": "Say x.", "output": "x", "base": "y", "replies": said}, {"prompt": "Say x.", "output": "z"}]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = ["score", str(tmp_path / "rows.jsonl"), "--probe", "judge", "--set", "pairwise=true", "--json"]
    assert cli.call(command) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["scores"]["preferred"] == 1 and second["scores"]["preferred"] is None
    assert "no judge was asked" in second["reasons"]["preferred"]


def test_a_judge_is_asked_about_outputs_made_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"id": f"q{i}", "prompt": f"Say {i}.", "output": f"good {i}", "base": "bad"} for i in range(8)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for judge, found in ((judging.competent, {1.0}), (judging.first_shown, {None})):
        with server(judge) as running:
            settings = ["--set", "pairwise=true", "--set", f"model={running.ref}"]
            code = cli.call(["score", str(tmp_path / "rows.jsonl"), "--probe", "judge", *settings, "--json", "-q"])
        judged = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert {row["scores"]["preferred"] for row in judged} == found and code == (0 if found == {1.0} else 3)


def test_accepted_scores_stand_for_a_base_whose_answers_were_marked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)  # a job accepts no baselines
    with server() as running:
        config = folder(tmp_path, running, gate="metric: score, min_gain: 10pp", pairwise="false")
        assert cli.call(["run", "-c", str(config), "--json"]) == 0
        base = json.loads(capsys.readouterr().out)["base"]["run"]
        accepted = ["baseline", "accept", base, "--store", str(tmp_path / "store")]
        assert cli.call(accepted) == 0, capsys.readouterr().err
        assert cli.call(["run", "-c", str(config), "--against", "baseline"]) == 0, capsys.readouterr()
        with_pairs = config.read_text().replace("pairwise: false", "pairwise: true").replace("score", "preferred")
        config.write_text(with_pairs)
        capsys.readouterr()
        assert cli.call(["run", "-c", str(config), "--against", "baseline"]) == 2

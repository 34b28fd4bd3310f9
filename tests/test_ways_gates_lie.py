"""Nineteen ways in which gates of other projects have lied, each with the test that it cannot happen here.

 1  the base is at 0 or 1, so that nothing can fall         here
 2  the scorer changed, the accepted scores did not         here; runs/asking/test_sources.py: any helper of a probe
 3  answers cut off at the limit measure the limit          here; evals/test_laziness.py, stats/test_compare.py
 4  nobody looks for too many refusals                      here; evals/test_cases.py: labelled refusals and none
 5  a name written is not the name read, up is down         here
 6  an adapter without effect passes as its base            here; engines/test_preflight.py
 7  the loss was over no token                              trainers/test_sft.py: a template that ends no answer, rows
                                                            that are cut before theirs, weights that did not change
 8  the judge fails and a fallback passes                   here; records/test_reasoning.py: no answer, no value
 9  a pull request accepts its own baseline                 here: --yardstick; test_releases.py: refused in CI, damaged
                                                            by an editor, forced ones say so for good
10  accepted scores are of other samples, ids come twice    here; releases/test_baseline.py, data/test_read.py
11  an adapter without its alpha is given another           here
12  the checkpoint's generation_config decides              engines/test_generate.py, test_server_capabilities.py
13  answers are cached without the model                    here; runs/asking/test_identity.py: every field
14  nothing was forgotten, the form was overwritten         here
15  another harness, other numbers                          here: no probe is the same in another version or setting
16  contamination is found by construction                  here: planted, and clean
17  one side was asked with examples, the other without     here; test_releases.py: another sampling
18  a bootstrap, a normal approximation, at few samples     here; stats/test_error_table.py, stats/test_acceptance.py
19  a judge prefers itself, the longer, a colon             here; runs/asking/test_reference.py
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny

from fteval import cli
from fteval.stats import difference

Run = Callable[..., tuple[int, dict[str, Any], str]]
N = 300


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)
    return tmp_path


@pytest.fixture
def fteval(here: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Exit code, verdict.json (empty where there is none), and stderr."""

    def call(*args: str) -> tuple[int, dict[str, Any], str]:
        capfd.readouterr()
        code = cli.call([*args, "--json"] if args[0] in ("run", "gate", "compare") else list(args))
        out, err = capfd.readouterr()
        found: dict[str, Any] = json.loads(out) if out.startswith("{") else {}
        return code, found, err

    return call


def write(name: str, rows: Iterable[dict[str, Any]]) -> str:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return f"replay:{name}"


def holdout(n: int = N) -> None:
    write("h.jsonl", ({"id": f"q{i}", "prompt": f"Name the town number {i}.", "target": f"Town{i}x"} for i in range(n)))


def answers(name: str, right: Callable[[int], bool], says: str = "It is Town{}x.", n: int = N, **of_row: Any) -> str:
    rows = ({"id": f"q{i}", "output": says.format(i) if right(i) else "I do not know.", **of_row} for i in range(n))
    return write(name, rows)


def config(gates: str, probes: str = "h: {use: holdout, data: h.jsonl, score: contains}", more: str = "") -> None:
    Path("fteval.yaml").write_text(
        "version: 1\nbase: replay:base.jsonl\ncandidates: {mine: {model: 'replay:mine.jsonl'}}\n"
        f"probes: {{{probes}}}\ngates: [{gates}]\n{more}"
    )


def always(_: int) -> bool:
    return True


def never(_: int) -> bool:
    return False


# 1
@pytest.mark.parametrize(
    ("right", "gate"),
    [(never, "max_drop: 2pp"), (always, "min_gain: 2pp")],
)
def test_a_base_that_leaves_no_room_decides_nothing(fteval: Run, right: Callable[[int], bool], gate: str) -> None:
    holdout()
    answers("base.jsonl", right)
    answers("mine.jsonl", right, "Town{}x")
    config(f"{{probe: h, metric: contains, {gate}}}")
    code, found, _ = fteval("run")
    assert (code, found["verdict"]) == (3, "incomplete")


# 2, 10, 15
def test_accepted_scores_of_another_scorer_setting_or_of_other_samples_are_not_held_against(fteval: Run) -> None:
    holdout()
    ref = answers("base.jsonl", always)
    Path("mine.py").write_text("def close(output, target):\n    return float(target in output)\n")
    scored = ("--holdout", "h.jsonl", "--score", "mine.py:close", "--allow-code")
    assert fteval("run", "--model", ref, *scored)[0] == 0
    assert fteval("baseline", "accept", "latest")[0] == 0
    again = answers("mine.jsonl", always, "Town{}x")
    assert fteval("run", "--model", again, "--against", "baseline", *scored)[1]["verdict"] == "ship"
    Path("mine.py").write_text("def close(output, target):\n    return 1.0\n")
    code, found, err = fteval("run", "--model", again, "--against", "baseline", *scored)
    assert (code, found) == (2, {})
    assert "is of another suite" in err
    Path("mine.py").write_text("def close(output, target):\n    return float(target in output)\n")
    holdout(N - 1)
    assert fteval("run", "--model", again, "--against", "baseline", *scored)[0] == 2


# 3
def test_answers_that_the_limit_cut_off_ship_nothing_without_a_word(fteval: Run) -> None:
    holdout()
    answers("base.jsonl", never, finish_reason="length")
    answers("mine.jsonl", never, "no", finish_reason="length")
    config("{probe: h, metric: contains, max_drop: 2pp}")
    code, found, _ = fteval("run")
    assert code == 3
    assert any("cut off at max_tokens: h 300 of 300" in text for text in found["candidates"][0]["warnings"])


# 4
def test_a_model_that_refuses_what_its_base_answers_fails(fteval: Run) -> None:
    write("h.jsonl", ({"id": f"q{i}", "prompt": f"Describe the animal with number {i}."} for i in range(N)))
    said = "It is a large animal with grey fur that lives near the river and eats grass all day."
    answers("base.jsonl", always, said)
    answers("mine.jsonl", lambda i: i % 4 > 0, said)
    refusal = "I'm sorry, but I can't help with that request."
    rows = [json.loads(line) for line in Path("mine.jsonl").read_text().splitlines()]
    write("mine.jsonl", ({**r, "output": r["output"] if r["output"] == said else refusal} for r in rows))
    config("{probe: laziness, metric: refused, max_drop: 5pp}", "laziness: {data: h.jsonl}")
    code, found, _ = fteval("run")
    assert (code, found["verdict"]) == (1, "do_not_ship")
    (gate,) = found["candidates"][0]["gates"]
    assert gate["difference"] == pytest.approx(0.25)
    # 5: the other way about it is a gain, under the same names in gates and metrics
    shutil.copy("mine.jsonl", "kept.jsonl")
    shutil.copy("base.jsonl", "mine.jsonl")
    shutil.copy("kept.jsonl", "base.jsonl")
    code, found, _ = fteval("run")
    assert (code, found["verdict"]) == (0, "ship")
    result = found["candidates"][0]
    assert {(g["probe"], g["metric"]) for g in result["gates"]} <= {
        (m["probe"], m["metric"]) for m in result["metrics"]
    }
    (refused,) = [m for m in result["metrics"] if m["metric"] == "refused"]
    assert (refused["better"], refused["worse"]) == (75, 0)


# 6, 11
def test_an_adapter_without_effect_or_without_its_strength_is_an_error(
    fteval: Run, here: Path, tiny_model: Path, make_adapter: Callable[..., Path]
) -> None:
    holdout(12)
    against = ("--against", str(tiny_model), "--holdout", "h.jsonl", "--max-tokens", "2", "--device", "cpu")
    code, found, err = fteval("run", "--model", f"{tiny_model}+{make_adapter('idle', strength=0.0)}", *against)
    assert (code, found) == (2, {})
    assert "no effect" in err
    shutil.copytree(make_adapter("strong"), here / "a")
    config_of = here / "a" / "adapter_config.json"
    kept = {key: value for key, value in json.loads(config_of.read_text()).items() if key != "lora_alpha"}
    config_of.write_text(json.dumps(kept))
    code, found, err = fteval("run", "--model", f"{tiny_model}+a", *against)
    assert (code, found) == (2, {})
    assert "no 'lora_alpha'" in err


# 8
def test_a_judge_that_fails_gives_no_score_and_no_pass(fteval: Run) -> None:
    holdout()
    answers("base.jsonl", always)
    answers("mine.jsonl", always, "Town{}x")
    Path("j.py").write_text("def judge(output, target):\n    raise TimeoutError('no reply')\n")
    refs = ("--model", "replay:mine.jsonl", "--against", "replay:base.jsonl", "--holdout", "h.jsonl")
    code, found, _ = fteval("run", *refs, "--score", "j.py:judge", "--allow-code")
    assert (code, found["verdict"]) == (3, "incomplete")
    assert found["candidates"][0]["metrics"][0]["scored"] == 0


# 9
def test_a_pull_request_that_edits_its_yardstick_is_measured_by_that_of_the_commit_it_starts_from(fteval: Run) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *words], check=True, capture_output=True)

    holdout()
    answers("base.jsonl", always)
    answers("mine.jsonl", always, "Town{}x")
    config("{probe: h, metric: contains, max_drop: 2pp}")
    git("init", "-q", "-b", "main")
    git("add", "fteval.yaml", "h.jsonl")
    git("commit", "-qm", "yardstick")
    code, found, _ = fteval("run", "--yardstick", "main")
    assert (code, found["candidates"][0]["warnings"][0]) == (0, "measured by main")
    # The candidate lost 50 of 300; its change lowers the gate, and leaves out the rows that it lost.
    answers("mine.jsonl", lambda i: i >= 50, "Town{}x")
    config("{probe: h, metric: contains, max_drop: 50pp}")
    rows = Path("h.jsonl").read_text().splitlines(keepends=True)
    Path("h.jsonl").write_text("".join(rows[50:]))
    assert fteval("run")[1]["verdict"] == "ship"
    code, found, _ = fteval("run", "--yardstick", "main")
    assert (code, found["verdict"]) == (1, "do_not_ship")
    told = "measured by main; this change edits fteval.yaml (+1 −1 lines), h.jsonl (+0 −50 lines), which did not count"
    assert found["candidates"][0]["warnings"][0] == told
    code, _, err = fteval("run", "--yardstick", "nosuch")
    assert code == 2
    assert "no commit 'nosuch'" in err


# 13
def test_other_weights_under_the_same_path_are_asked_anew(fteval: Run, here: Path, tiny_model: Path) -> None:
    holdout(6)
    shutil.copytree(tiny_model, here / "m")
    measured = ("run", "--model", "m", "--holdout", "h.jsonl", "--max-tokens", "2", "--device", "cpu")
    assert [fteval(*measured)[1]["reused"] for _ in range(2)] == [0, 6]
    tiny.edit_json(here / "m" / "config.json", rms_norm_eps=1e-3)
    assert fteval(*measured)[1]["reused"] == 0


# 14
def test_a_task_that_fell_because_its_form_was_overwritten_is_in_the_verdict_s_sentence(fteval: Run) -> None:
    holdout()
    answers("base.jsonl", always, "Town{}x")
    answers("mine.jsonl", always, "It is Town{}x, of course.")  # what is known is known still
    config(
        "{probe: known, metric: contains, max_drop: 2pp}",
        "known: {use: holdout, data: h.jsonl, score: contains}, task: {use: holdout, data: h.jsonl, score: exact}",
    )
    code, found, _ = fteval("run")
    assert "task.exact fell by 100.0 pp and is not guarded" in found["candidates"][0]["reason"]
    Path("fteval.yaml").write_text(Path("fteval.yaml").read_text() + "unguarded: fail\n")
    code, found, _ = fteval("run")
    assert (code, found["verdict"]) == (1, "do_not_ship")


# 15
def test_runs_by_another_setting_of_a_probe_are_not_compared(fteval: Run) -> None:
    write("h.jsonl", ({"id": f"q{i}", "prompt": f"Describe number {i}."} for i in range(40)))
    one, two = answers("base.jsonl", always, n=40), answers("mine.jsonl", always, "Town{}x", n=40)
    runs = []
    for ref, least in ((one, "2"), (two, "3")):
        config("", "laziness: {data: h.jsonl, min_words: " + least + "}", "reference: none\n")
        runs.append(fteval("run", "-c", "fteval.yaml", "--model", ref, "--against", ref, "--allow-same")[1])
    ids = [found["candidates"][0]["run"] for found in runs]
    Path("fteval.yaml").unlink()
    code, found, err = fteval("compare", *ids)
    assert (code, found) == (2, {})
    assert "version, parameters or scorers differ" in err


# 16
def test_a_planted_prompt_is_found_and_a_clean_file_is_clean(fteval: Run) -> None:
    holdout()
    answers("base.jsonl", always)
    answers("mine.jsonl", always, "Town{}x")
    for planted, verdict in ((["Please name the town number 7!"], "do_not_ship"), ([], "ship")):
        learnt = [*planted, "Who wrote the letter?", "Which colour has the door?"]
        write("t.jsonl", ({"prompt": p, "target": "x"} for p in learnt))
        config("{probe: h, metric: contains, max_drop: 2pp}")
        text = Path("fteval.yaml").read_text().replace("mine.jsonl'}", "mine.jsonl', trained_on: t.jsonl}")
        Path("fteval.yaml").write_text(text)
        found = fteval("run")[1]
        assert found["verdict"] == verdict
        assert ("leakage" in found["candidates"][0]["reason"]) == bool(planted)


# 17
def test_outputs_to_prompts_with_examples_are_not_those_of_the_hold_out(fteval: Run) -> None:
    holdout()
    answers("base.jsonl", never)
    shown = "Name the town number 900. Town900x\n"
    rows = ({"id": f"q{i}", "prompt": f"{shown}Name the town number {i}.", "output": f"Town{i}x"} for i in range(N))
    write("mine.jsonl", rows)
    config("{probe: h, metric: contains, min_gain: 10pp}")
    code, found, _ = fteval("run")
    assert (code, found["verdict"]) == (3, "incomplete")
    assert "its saved answers are to other prompts than the base's" in found["candidates"][0]["reason"]
    said = "300 of 300 answers of mine.jsonl are to other prompts than the hold-out's (first: q0)"
    assert said in found["candidates"][0]["warnings"]
    Path("fteval.yaml").write_text(Path("fteval.yaml").read_text() + "allow: [prompts]\n")
    assert fteval("run")[1]["verdict"] == "ship"


# 18
def test_ten_and_twenty_samples_at_the_margin_pass_no_more_often_than_promised() -> None:
    rng = np.random.default_rng(4)
    seen: dict[tuple[int, int, int], bool] = {}
    for n in (10, 20):
        for q in (0.3, 0.6, 1.0):  # of the samples change; the truth is exactly the margin, 20 points
            passed = 0
            draws = rng.multinomial(n, [(q - 0.2) / 2, (q + 0.2) / 2, 1 - q], size=4000)
            for up, down, same in draws.tolist():
                if (up, down, same) not in seen:
                    old, new = [0.0] * up + [1.0] * (down + same), [1.0] * up + [0.0] * down + [1.0] * same
                    seen[up, down, same] = difference(old, new).low > -0.2
                passed += seen[up, down, same]
            assert passed / 4000 < 0.026 + 3 * (0.026 * 0.974 / 4000) ** 0.5


# 19
def test_nobody_judges_their_own_work(fteval: Run, tiny_model: Path, make_adapter: Callable[..., Path]) -> None:
    candidate = f"{tiny_model}+{make_adapter('own')}"
    asked = ("--probe", "relevance", "-n", "3", "--max-tokens", "2", "--device", "cpu")
    code, found, err = fteval(
        "run", "--model", candidate, "--against", str(tiny_model), *asked, "--reference", candidate
    )
    assert (code, found) == (2, {})
    assert "by the very model that it measures" in err

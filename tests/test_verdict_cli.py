"""From saved outputs to a verdict on the command line: gates, what makes them refuse, looks, plans. No model needed."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from variants import first

from fteval import cli

Run = Callable[..., tuple[int, str, str]]
CONFIG = """\
version: 1
base: replay:base.jsonl
candidates:
  mine: {{model: replay:mine.jsonl}}
probes:
  sums: {{use: holdout, data: h.jsonl, score: [contains]}}
gates:
  - {{probe: sums, metric: contains, {gate}}}
{more}"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fteval(here: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    def call(*args: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = cli.call(list(args))
        out, err = capfd.readouterr()
        return code, out, err

    return call


def write(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def project(
    here: Path,
    n: int,
    base: Callable[[int], bool],
    mine: Callable[[int], bool],
    gate: str = "max_drop: 2pp",
    more: str = "",
) -> None:
    """A hold-out of n sums, outputs of two models that are right where the functions say, a config with one gate."""
    half = [
        {"id": f"q{i}", "prompt": f"{i} + {i}?", "target": str(2 * i), "slices": {"odd": str(i % 2)}} for i in range(n)
    ]
    write(here / "h.jsonl", half)
    for name, right, says in (("base", base, "It is {}."), ("mine", mine, "{}")):
        outputs = [{"id": f"q{i}", "output": says.format(2 * i) if right(i) else "no idea"} for i in range(n)]
        write(here / f"{name}.jsonl", outputs)
    (here / "fteval.yaml").write_text(CONFIG.format(gate=gate, more=more), encoding="utf-8")


def verdict(fteval: Run, *args: str) -> dict[str, Any]:
    code, out, err = fteval(*args, "--json")
    found: dict[str, Any] = json.loads(out)
    assert code == found["exit_code"], err
    return found


def always(i: int) -> bool:
    return True


# --- one number, one meaning -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "wrong", "gate", "word", "code"),
    [
        (400, 0, "max_drop: 2pp", "ship", 0),
        (400, 60, "max_drop: 2pp", "do_not_ship", 1),
        (60, 0, "max_drop: 2pp", "cannot_tell", 4),
        (400, 60, "max_drop: 2pp, advisory: true", "cannot_tell", 0),  # nothing blocks, so that nothing is released
        (400, 8, "min: 90%", "ship", 0),
        (400, 8, "min: 99.9%", "do_not_ship", 1),
    ],
)
def test_a_verdict_and_its_exit_code(
    fteval: Run, here: Path, n: int, wrong: int, gate: str, word: str, code: int
) -> None:
    project(here, n, always, lambda i: i >= wrong, gate)
    found = verdict(fteval, "run")
    assert (found["verdict"], found["exit_code"]) == (word, code)


def test_an_open_gate_says_how_many_samples_would_tell_and_a_config_may_let_it_pass(fteval: Run, here: Path) -> None:
    project(here, 60, always, always, more="on_inconclusive: warn\n")
    found = verdict(fteval, "run")
    assert (found["verdict"], found["exit_code"]) == ("cannot_tell", 0)
    (gate,) = found["candidates"][0]["gates"]
    # 191 unchanged samples pass 2 points; if as many change as 60 unchanged ones leave open (6.3 %), it takes 1,298.
    assert (gate["n_needed_least"], gate["n_needed"]) == (191, 1298)
    assert "about 191 to 1298 samples would tell" in gate["reason"]


def test_the_best_of_several_tried_elsewhere_is_judged_as_that_and_says_so(fteval: Run, here: Path) -> None:
    # 60 better, 37 worse of 300: one-sided p = .010 alone; Holm over three asks for .0083 of the best one.
    project(here, 300, lambda i: i >= 60, lambda i: not 60 <= i < 97, "min_gain: 0pp")
    assert verdict(fteval, "run")["verdict"] == "ship"
    for command in (("run", "--of", "3"), ("gate", "latest", "--of", "3")):
        found = verdict(fteval, *command)
        assert (found["verdict"], found["exit_code"]) == ("cannot_tell", 4)
        assert "among 3 candidates" in found["candidates"][0]["reason"]
        assert "judged as the best of 3: 2 were tried elsewhere" in found["candidates"][0]["warnings"]
    code, _, err = fteval("run", "--of", "0")
    assert (code, "of is 0, wanted 1 or more" in err) == (2, True)


def test_a_failed_gate_is_not_softened_by_that(fteval: Run, here: Path) -> None:
    project(here, 400, always, lambda i: i > 60, more="on_inconclusive: warn\n")
    assert verdict(fteval, "run")["exit_code"] == 1


@pytest.mark.parametrize(
    ("said", "word", "code"),
    [("", "ship", 0), ("unguarded: warn\n", "ship", 0), ("unguarded: fail\n", "do_not_ship", 1)],
)
def test_a_probe_that_fell_without_a_gate_is_named_and_blocks_where_the_config_says_so(
    fteval: Run, here: Path, said: str, word: str, code: int
) -> None:
    project(here, 400, always, lambda i: i >= 200, "min: 10%", more=said)
    # The sums lose 200 of 400, and the only gate is on another probe with the same samples.
    text = (here / "fteval.yaml").read_text(encoding="utf-8")
    second = "  other: {use: holdout, data: h.jsonl, score: [contains]}\ngates:"
    text = text.replace("gates:", second).replace("probe: sums", "probe: other")
    (here / "fteval.yaml").write_text(text, encoding="utf-8")
    for command in ("run", "gate"):
        found = verdict(fteval, command, *(["latest"] if command == "gate" else []))
        assert (found["verdict"], found["exit_code"]) == (word, code)
        (candidate,) = found["candidates"]
        assert "sums.contains fell by 50.0 pp and is not guarded" in candidate["reason"]
        assert [(m["probe"], m["difference"]) for m in candidate["unguarded"]] == [("sums", -0.5)]


# --- fail closed -------------------------------------------------------------------------------------


def test_a_part_of_the_samples_releases_nothing(fteval: Run, here: Path) -> None:
    project(here, 400, always, always)
    found = verdict(fteval, "run", "--limit", "300")
    assert (found["verdict"], found["exit_code"]) == ("incomplete", 3)
    assert "SUBSET" in found["candidates"][0]["warnings"][0]
    assert verdict(fteval, "run", "--limit", "300", "--allow-subset")["verdict"] == "ship"
    assert verdict(fteval, "gate", "latest")["verdict"] == "incomplete"
    assert verdict(fteval, "gate", "latest", "--allow-subset")["verdict"] == "ship"
    # Without a gate there is nothing to refuse: a try-out is measured.
    refs = ("--model", "replay:mine.jsonl", "--against", "replay:base.jsonl")
    code, out, _ = fteval("run", *refs, "--holdout", "h.jsonl", "--score", "contains", "-n", "50")
    assert code == 0 and "MEASURED" in out


def test_gates_without_a_candidate_are_named(fteval: Run, here: Path) -> None:
    project(here, 40, always, always)
    text = (here / "fteval.yaml").read_text()
    kept = [line for line in text.splitlines() if not line.startswith(("candidates", "  mine:"))]
    (here / "fteval.yaml").write_text("\n".join(kept) + "\n")
    code, _, err = fteval("run")
    assert code == 0 and "no candidate is named, so that the gates of the config judge nothing" in err


def test_a_model_against_itself_is_not_green(fteval: Run, here: Path) -> None:
    """A job that lost its adapter measures the base twice."""
    project(here, 400, always, always)
    itself = ("--model", "replay:base.jsonl", "-c", "fteval.yaml")
    found = verdict(fteval, "run", *itself)
    assert (found["verdict"], found["exit_code"]) == ("incomplete", 3)
    assert "the same model: nothing to decide" in found["candidates"][0]["reason"]
    assert verdict(fteval, "gate", "latest")["exit_code"] == 3
    assert verdict(fteval, "compare", "replay:base.jsonl", "replay:base.jsonl")["exit_code"] == 3
    for command in (("run", *itself), ("gate", "latest"), ("compare", "replay:base.jsonl", "replay:base.jsonl")):
        assert verdict(fteval, *command, "--allow-same")["verdict"] == "ship", command


def test_ten_copies_of_twenty_questions_are_twenty_samples(fteval: Run, here: Path) -> None:
    ids = [(i, f"q{i}-{j}") for i in range(20) for j in range(10)]
    write(
        here / "h.jsonl", [{"id": q, "prompt": f"What is the code of item {i}?", "target": f"code {i}"} for i, q in ids]
    )
    for name, says in (("base", "{}"), ("mine", "It is {}")):
        write(here / f"{name}.jsonl", [{"id": q, "output": says.format(f"code {i}")} for i, q in ids])
    (here / "fteval.yaml").write_text(CONFIG.format(gate="max_drop: 2pp", more=""), encoding="utf-8")
    found = verdict(fteval, "run")
    assert (found["verdict"], found["exit_code"]) == ("cannot_tell", 4)  # 200 unchanged ones would rule 2 points out
    assert any("200 samples of sums ask 20 prompts" in w for w in found["candidates"][0]["warnings"])
    code, out, err = fteval("config", "check")
    assert code == 0 and "200 samples of sums ask 20 prompts" in err and "ok" in out
    assert "ask 20 prompts" in " ".join(fteval("report")[1].split())


def test_a_model_made_elsewhere_says_what_it_was_trained_on_or_that_it_is_unknown(fteval: Run, here: Path) -> None:
    project(here, 400, always, always)
    assert verdict(fteval, "run")["verdict"] == "ship"
    unknown = "what it was trained on is unknown"
    assert unknown in " ".join(fteval("report")[1].split())
    text = (here / "fteval.yaml").read_text()
    (here / "fteval.yaml").write_text(text.replace("replay:mine.jsonl}", "replay:mine.jsonl, trained_on: t.jsonl}"))
    assert "t.jsonl" in fteval("run")[2]  # it is not there
    write(here / "t.jsonl", [{"prompt": "Who paints the boats?"}] * 2)
    assert verdict(fteval, "run")["verdict"] == "ship"
    assert unknown not in " ".join(fteval("report")[1].split())
    write(here / "t.jsonl", [{"messages": [{"role": "user", "content": "Please tell me: 7 + 7?"}]}])
    for command in (("run",), ("gate", "latest"), ("compare", "replay:base.jsonl", "replay:mine.jsonl")):
        found = verdict(fteval, *command)
        assert (found["verdict"], found["exit_code"]) == ("do_not_ship", 1)
        assert "leakage: 1 of 400 hold-out prompts" in found["candidates"][0]["reason"]


def test_prompts_that_are_nearly_trained_on_are_shown_with_both_texts(fteval: Run, here: Path) -> None:
    project(here, 400, always, always)
    text = (here / "fteval.yaml").read_text()
    (here / "fteval.yaml").write_text(text.replace("replay:mine.jsonl}", "replay:mine.jsonl, trained_on: t.jsonl}"))
    # rapidfuzz: 2 * 9 equal letters of 9 + 10 are .947; no other question has .9.
    write(here / "t.jsonl", [{"prompt": "123 + 1234?"}])
    found = verdict(fteval, "run")
    assert found["verdict"] == "ship"  # a reader decides
    assert any("'123 + 123?' and '123 + 1234?'" in warning for warning in found["candidates"][0]["warnings"])


def test_twenty_equal_outputs_of_two_models_do_not_ship(fteval: Run, here: Path) -> None:
    project(here, 20, always, lambda i: i > 3)
    (here / "base.jsonl").write_bytes((here / "mine.jsonl").read_bytes())
    found = verdict(fteval, "run")
    assert (found["verdict"], found["exit_code"]) == ("cannot_tell", 4)


def test_a_missing_output_makes_the_gate_incomplete(fteval: Run, here: Path) -> None:
    project(here, 400, always, always)
    rows = (here / "mine.jsonl").read_text().splitlines()
    (here / "mine.jsonl").write_text("\n".join(rows[:-1]) + "\n")
    found = verdict(fteval, "run")
    assert (found["verdict"], found["exit_code"]) == ("incomplete", 3)


def test_gates_that_none_of_the_chosen_probes_has_are_an_error_and_no_pass(fteval: Run, here: Path) -> None:
    project(here, 40, always, always)
    code, _, err = fteval("run", "-c", "fteval.yaml", "--holdout", "h.jsonl")
    assert code == 2 and "none of the config's gates is on what is run" in err


def test_a_named_probe_keeps_its_parameters_and_its_gates(fteval: Run, here: Path) -> None:
    more = "  - {probe: laziness, metric: long_enough, max_drop: 50pp}\n"
    project(here, 400, always, always, more=more)
    text = (here / "fteval.yaml").read_text().replace("gates:", "  laziness: {data: h.jsonl, min_words: 1}\ngates:")
    (here / "fteval.yaml").write_text(text)
    found = verdict(fteval, "run", "-c", "fteval.yaml", "--probe", "laziness")
    (gate,) = found["candidates"][0]["gates"]
    assert gate["probe"] == "laziness" and found["verdict"] == "ship"


def test_every_wrong_gate_is_named_at_once_with_its_line(fteval: Run, here: Path) -> None:
    more = (
        "  - {probe: sums, metric: contain, max_drop: 2pp}\n"
        "  - {probe: sums, metric: contains, max_drop: 2}\n"
        "  - {probe: sums, metric: contains, max_drop: 2pp, slice: {odd: '3'}}\n"
        "  - {probe: sums, metric: contains, max_drop: 2pp, slice: {even: '*'}}\n"
        "  - {probe: lazy, metric: words, max_drop: 3}\n"
        "  - {probe: lazy, metric: words, max_drop: 3pp, scale: 100}\n"
        "  - {probe: sums, metric: contains, max_drop: 2pp, scale: 5}\n"
        "  - {probe: lazy, metric: words, max_drop: 200, scale: 100}\n"
        "  - {probe: sums, metric: contains, max_drop: 100pp}\n"
        "  - {probe: sums, metric: contains, max_drop: -2pp}\n"
        "  - {probe: sum, metric: contains, max_drop: 2pp}\n"
        "  - {probe: sums, metric: contains, max_drp: 2pp}\n"
    )
    project(here, 40, always, always, more=more)
    text = (here / "fteval.yaml").read_text().replace("gates:", "  lazy: {use: laziness, data: h.jsonl}\ngates:")
    (here / "fteval.yaml").write_text(text)
    code, _, err = fteval("run")
    assert code == 2
    for line, says in [
        (10, "Did you mean 'contains'?"), (11, "needs a unit"), (12, "no sample of probe 'sums' has odd '3'"),
        (13, "the slice 'even'"), (14, "needs a 'scale'"), (15, "write a plain number"), (16, "'scale' is for metrics"),
        (17, "can never fail: 'max_drop' is 200.0 words on a scale of 100.0 words"), (18, "can never fail"),
        (19, "'-2pp' is not between"), (20, "Did you mean 'sums'?"), (21, "Did you mean 'max_drop'?"),
    ]:  # fmt: skip
        (found,) = [text for text in err.splitlines() if f"fteval.yaml:{line}:" in text]
        assert says in found
    assert not (here / ".fteval").exists()


def test_an_anchor_that_is_not_there_is_an_error_before_any_work(fteval: Run, here: Path) -> None:
    project(here, 40, always, always, gate="max_drop: 2pp, anchor: v2")
    code, _, err = fteval("run")
    assert code == 2 and "fteval baseline accept" in err
    assert not list((here / ".fteval" / "runs").glob("*")) if (here / ".fteval").exists() else True


# --- judged again --------------------------------------------------------------------------------------


def test_saved_runs_are_judged_by_other_gates_without_a_model(fteval: Run, here: Path) -> None:
    project(here, 400, always, lambda i: i >= 12, gate="max_drop: 10pp")
    assert verdict(fteval, "run")["verdict"] == "ship"
    (here / "base.jsonl").unlink()
    (here / "strict.yaml").write_text((here / "fteval.yaml").read_text().replace("10pp", "1pp"))
    assert verdict(fteval, "gate", "latest", "-c", "strict.yaml")["verdict"] == "do_not_ship"
    ids = [json.loads(line)["id"] for line in fteval("runs", "list", "--json")[1].splitlines()]
    found = verdict(fteval, "gate", ids[0], "--against", ids[1])
    assert found["verdict"] == "ship" and found["base"]["run"] == ids[1]


def test_judging_without_gates_or_without_a_base_is_refused(fteval: Run, here: Path) -> None:
    project(here, 40, always, always)
    fteval("run")
    (here / "none.yaml").write_text(
        "version: 1\nbase: replay:base.jsonl\nprobes: {sums: {use: holdout, data: h.jsonl}}\n"
    )
    code, _, err = fteval("gate", "latest", "-c", "none.yaml")
    assert code == 2 and "no gates to judge by" in err
    run = json.loads(fteval("runs", "list", "--json")[1].splitlines()[0])["id"]
    code, _, err = fteval("gate", run)
    assert code == 2 and "--against" in err


def test_a_gate_is_seen_to_fail_or_found_out(fteval: Run, here: Path) -> None:
    project(here, 600, lambda i: i % 20 > 0, always, gate="max_drop: 5pp")
    fteval("run")
    code, out, _ = fteval("gate", "latest", "--self-test")
    assert code == 0 and "a loss of 10.0 pp" in out and "every gate was seen to fail" in out
    (here / "tight.yaml").write_text((here / "fteval.yaml").read_text().replace("5pp", "0.1pp"))
    code, out, _ = fteval("gate", "latest", "--self-test", "-c", "tight.yaml")
    assert code == 1 and "NOT SHOWN" in out
    proofs = json.loads(fteval("gate", "latest", "--self-test", "--json")[1])
    assert [p["result"] for p in proofs] == ["fail", "pass"]


# --- looks and plans ------------------------------------------------------------------------------------


def test_a_clear_loss_stops_the_asking_early_with_the_same_verdict(fteval: Run, here: Path) -> None:
    project(here, 1000, always, lambda i: i % 3 > 0, gate="max_drop: 5pp")
    whole = verdict(fteval, "run", "--store", "a")
    early = verdict(fteval, "run", "--store", "b", "--sequential")
    assert whole["verdict"] == early["verdict"] == "do_not_ship"
    (gate,), (metric, *_) = early["candidates"][0]["gates"], early["candidates"][0]["metrics"]
    assert metric["planned"] == 1000 and metric["scored"] < 200 and metric["low"] is None
    assert gate["method"] == "e-process" and gate["low"] is None
    # Judged again from the store it says the same; what was not asked is not missing.
    again = verdict(fteval, "gate", "latest", "--store", "b")
    assert again["candidates"][0]["gates"] == early["candidates"][0]["gates"]
    assert fteval("runs", "list", "--store", "b")[1].count("INCOMPLETE") == 0


def test_looks_cost_a_little_at_the_planned_end(fteval: Run, here: Path) -> None:
    project(here, 300, always, always)
    found = verdict(fteval, "run", "--sequential")
    (gate,) = found["candidates"][0]["gates"]
    assert found["verdict"] == "ship" and gate["level"] == pytest.approx(0.96)


def test_looks_need_something_to_decide(fteval: Run, here: Path) -> None:
    project(here, 40, always, always)
    code, _, err = fteval("run", "--model", "replay:mine.jsonl", "--holdout", "h.jsonl", "--sequential")
    assert code == 2 and "--against" in err


def test_a_plan_says_what_gates_can_see_and_does_nothing(fteval: Run, here: Path) -> None:
    project(here, 60, always, always)
    code, out, _ = fteval("run", "--dry-run")
    assert code == 0 and not (here / ".fteval").exists()
    assert "cannot pass with 60 samples" in out and "2,969" in out  # the reference's number: 2 points, 15 % changed
    project(here, 300, always, always)
    assert "'cannot tell'" in fteval("run", "--dry-run")[1]
    project(here, 60, always, always)
    plan = json.loads(fteval("run", "--dry-run", "--json")[1])
    assert [m["answers"] - m["reused"] for m in plan["models"]] == [60, 60]
    fteval("run")
    plan = json.loads(fteval("run", "--dry-run", "--json")[1])
    assert [m["answers"] - m["reused"] for m in plan["models"]] == [0, 0]


def test_a_noise_floor_is_measured_once_and_shown_with_every_report_of_that_base(fteval: Run, here: Path) -> None:
    project(here, 20, always, always, more="sampling: {max_tokens: 4}\n")
    code, _, err = fteval("noise")
    assert code == 2 and "saved outputs cannot be asked twice" in err
    config = here / "fteval.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("replay:base.jsonl", "nano"), encoding="utf-8")
    code, out, _ = fteval("noise")
    assert code == 0 and "0 of 20" in out
    fteval("run")
    saved = json.loads(next((here / ".fteval" / "comparisons").glob("*.json")).read_text())
    (floor,) = saved["comparison"]["noise"]
    assert (floor["flipped"], floor["n"], floor["how"]) == (0, 20, "other batches")


def test_each_candidate_stops_for_itself_and_the_base_with_the_last(fteval: Run, here: Path) -> None:
    project(here, 1000, always, lambda i: i % 3 > 0, gate="max_drop: 5pp")
    outputs = [{"id": f"q{i}", "output": f"{2 * i}!" if i % 30 else "no idea"} for i in range(1000)]  # loses 3.3 points
    write(here / "close.jsonl", outputs)
    text = (here / "fteval.yaml").read_text().replace("probes:", "  close: {model: replay:close.jsonl}\nprobes:")
    (here / "fteval.yaml").write_text(text)
    found = verdict(fteval, "run", "--sequential")
    clear, close = found["candidates"]
    assert clear["verdict"] == "do_not_ship" and clear["metrics"][0]["scored"] < 200
    assert close["metrics"][0]["scored"] > 400
    runs = {r["ref"]: r for r in map(json.loads, fteval("runs", "list", "--json")[1].splitlines())}
    assert all(r["complete"] for r in runs.values())
    asked = {ref: r["done"] for ref, r in runs.items()}
    assert asked["replay:base.jsonl"] == asked["replay:close.jsonl"] > asked["replay:mine.jsonl"]


def test_the_store_of_the_config_is_where_its_gates_look(fteval: Run, here: Path) -> None:
    project(here, 400, always, always, more="store: kept\n")
    assert verdict(fteval, "run")["verdict"] == "ship"
    assert (here / "kept" / "runs").is_dir() and not (here / ".fteval").exists()
    assert verdict(fteval, "gate", "latest")["verdict"] == "ship"


def test_among_several_candidates_looks_go_on_until_chance_is_ruled_out(fteval: Run, here: Path) -> None:
    project(here, 600, base=lambda i: i % 5 > 0, mine=lambda i: i % 20 > 0, gate="min_gain: 3pp")
    config = here / "fteval.yaml"
    alone = verdict(fteval, "run", "--sequential", "--store", "alone")
    rivals = "".join(f"  like{i}: {{model: replay:like{i}.jsonl}}\n" for i in range(4))
    for i in range(4):
        text = (here / "base.jsonl").read_text(encoding="utf-8").replace("It is", f"By my count {i} it is")
        (here / f"like{i}.jsonl").write_text(text, encoding="utf-8")
    config.write_text(config.read_text(encoding="utf-8").replace("probes:", rivals + "probes:"), encoding="utf-8")
    among = verdict(fteval, "run", "--sequential", "--store", "among")
    assert (alone["verdict"], among["verdict"], among["chosen"]) == ("ship", "ship", "mine")
    n_alone, n_among = (v["candidates"][0]["gates"][0]["n_paired"] for v in (alone, among))
    assert n_alone < n_among < 600


def test_comparing_saved_runs_judges_by_the_folders_gates_on_what_was_measured(fteval: Run, here: Path) -> None:
    project(here, 400, always, lambda i: i % 10 > 0, gate="max_drop: 30pp")
    assert verdict(fteval, "run")["verdict"] == "ship"
    found = verdict(fteval, "compare", "replay:base.jsonl", "replay:mine.jsonl")
    assert [g["threshold"] for g in found["candidates"][0]["gates"]] == [0.3]
    other = (here / "fteval.yaml").read_text(encoding="utf-8").replace("sums", "other")
    (here / "fteval.yaml").write_text(other, encoding="utf-8")
    found = verdict(fteval, "compare", "replay:base.jsonl", "replay:mine.jsonl")
    assert [g["threshold"] for g in found["candidates"][0]["gates"]] == [0.02]  # nobody has written one


def test_a_config_that_is_not_used_is_said(fteval: Run, here: Path) -> None:
    project(here, 40, always, always)
    args = ("run", "--model", "replay:mine.jsonl", "--holdout", "h.jsonl")
    assert "fteval.yaml is not used" in fteval(*args)[2]
    assert "is not used" not in fteval(*args, "-q")[2] + fteval(*args, "-c", "fteval.yaml")[2]


def test_a_failed_advisory_gate_stands_in_the_headline_of_what_ships(fteval: Run, here: Path) -> None:
    more = "  - {probe: sums, metric: contains, max_drop: 2pp, advisory: true}\n"
    project(here, 400, always, lambda i: i % 10 > 0, gate="max_drop: 30pp", more=more)
    assert verdict(fteval, "run")["verdict"] == "ship"
    assert "sums.contains failed (advisory)" in " ".join(fteval("report")[1].split())


def test_models_that_answered_nothing_are_not_called_the_same(fteval: Run, here: Path) -> None:
    project(here, 20, always, always)
    args = ("run", "--against", "replay:base.jsonl", "--model", "replay:mine.jsonl", "--probe", "laziness", "-q")
    code, out, _ = fteval(*args)
    assert code == 3 and "the same model" not in out


def test_a_slice_of_a_run_that_stopped_early_does_not_claim_the_whole_probes_plan(fteval: Run, here: Path) -> None:
    project(here, 600, always, lambda i: i % 3 > 0)
    fteval("run", "--sequential", "-o", "report.csv")
    rows = list(csv.DictReader((here / "report.csv").read_text(encoding="utf-8").splitlines()))
    slices = [r for r in rows if r["slice"]]
    assert slices and all(int(r["planned"]) < 600 for r in slices)


def rare(here: Path, gate_slice: str, seed: int = 8) -> None:
    """400 questions of which 5 are in a rare language, where the candidate fails; all others it gets right."""
    languages = ["sw" if i % 80 == 7 else "de" if i % 3 else "en" for i in range(400)]
    rows = [
        {"id": f"q{i}", "prompt": f"{i}?", "target": f"={i}=", "slices": {"language": name}}
        for i, name in enumerate(languages)
    ]
    write(here / "h.jsonl", rows)
    for name, right in (("base", lambda i: i % 10 < 3), ("mine", lambda i: languages[i] != "sw")):
        write(here / f"{name}.jsonl", [{"id": f"q{i}", "output": f"={i}= {name}" * right(i)} for i in range(400)])
    gate = f"min_gain: 5pp, slice: {{language: {gate_slice}}}"
    more = f"sampling: {{seed: {seed}}}\nsequential: true\n"
    (here / "fteval.yaml").write_text(CONFIG.format(gate=gate, more=more), encoding="utf-8")


@pytest.mark.parametrize("seed", first(range(4)))
@pytest.mark.parametrize("gate_slice", ["'*'", "sw"])
def test_looks_do_not_ship_before_a_gated_slice_was_asked(fteval: Run, here: Path, gate_slice: str, seed: int) -> None:
    rare(here, gate_slice, seed)
    found = verdict(fteval, "run")
    gates = {g["slice"]["language"]: g["result"] for g in found["candidates"][0]["gates"]}
    assert gates["sw"] in ("fail", "inconclusive") and found["verdict"] != "ship"
    assert verdict(fteval, "gate", "latest")["verdict"] == found["verdict"]


def test_an_answer_without_a_score_among_several_leaves_its_sample_without(fteval: Run, here: Path) -> None:
    rows = [{"id": f"q{i}", "prompt": f"When was {i}?", "target": "2021-03-04"} for i in range(40)]
    write(here / "h.jsonl", rows)
    write(here / "base.jsonl", [{"id": f"q{i}", "outputs": ["2021-03-04"] * 3} for i in range(40)])
    unsure = ["March 4, 2021", "03/04/2021", "2021-03-04"]  # the second one is two days
    write(here / "mine.jsonl", [{"id": f"q{i}", "outputs": unsure} for i in range(40)])
    args = ("--model", "replay:mine.jsonl", "--against", "replay:base.jsonl", "--probe", "iso_date", "--repeats", "3")
    found = verdict(fteval, "run", *args, "--set", "data=h.jsonl")
    (correct,) = [m for m in found["candidates"][0]["metrics"] if m["metric"] == "correct"]
    assert (correct["scored"], correct["unscored"]) == (0, 40)


# --- files that are not what they were taken for ---------------------------------------------------


LINE = "fteval data convert h.jsonl -o h.chat.jsonl"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ('{"id": "a", "prompt": "q", "completion": "x"}', ["'a' (h.jsonl:2)", LINE]),
        ('{"prompt": "q", "answer": "x"}', ["compare with: h.jsonl:2\n", LINE]),
        ('{"prompt": "q", "response": "x"}', ["h.jsonl:2", LINE]),
        ('{"prompt": "q"}', ["h.jsonl:2", "give each row a 'target'"]),
    ],
)
def test_a_missing_target_is_named_by_file_and_line_with_the_command_that_finds_it(
    fteval: Run, here: Path, rows: str, said: list[str]
) -> None:
    (here / "h.jsonl").write_text(f"\n{rows}\n")
    code, _, err = fteval("run", "--model", "nano", "--holdout", "h.jsonl")
    assert code == 2
    assert [text for text in said if text not in err] == []


def test_outputs_of_another_hold_out_are_named_as_that(fteval: Run, here: Path) -> None:
    write(here / "h.jsonl", [{"id": "a", "prompt": "1?", "target": "x"}, {"id": "b", "prompt": "2?", "target": "y"}])
    write(here / "other.jsonl", [{"id": "c", "output": "x"}, {"id": "d", "output": "y"}])
    write(here / "more.jsonl", [{"id": i, "output": "x"} for i in "abz"])
    code, out, _ = fteval("run", "--model", "replay:other.jsonl", "--holdout", "h.jsonl")
    assert (code, "other.jsonl answers no sample of h; its ids: c, d" in out) == (3, True)
    code, out, _ = fteval("run", "--model", "replay:more.jsonl", "--holdout", "h.jsonl")
    assert (code, "1 of 3 rows of more.jsonl are of no sample that is asked (first: z)" in out) == (0, True)


def test_the_folder_of_a_report_is_made(fteval: Run, here: Path) -> None:
    project(here, 200, always, always)
    assert fteval("run", "-o", "new/folder/report.md")[0] == 0
    assert "fteval: ship `mine`" in (here / "new/folder/report.md").read_text(encoding="utf-8")


def test_targets_that_are_told_are_a_note_of_the_data_and_no_warning(fteval: Run, here: Path) -> None:
    project(here, 200, always, always)
    write(here / "h.jsonl", [{"id": f"q{i}", "prompt": f"Repeat: {2 * i}", "target": str(2 * i)} for i in range(200)])
    found = verdict(fteval, "run", "-o", "r.md")
    assert not any("stand in their prompt" in text for text in found["candidates"][0]["warnings"])
    assert "data: `200 of 200 targets of sums stand in their prompt" in (here / "r.md").read_text(encoding="utf-8")
    assert "stand in their prompt" in fteval("config", "check")[2]

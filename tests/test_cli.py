"""The command line as a user meets it: what it prints, where, and with which exit code. No model is needed here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fteval import cli

Run = Callable[..., tuple[int, str, str]]


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


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def questions(n: int) -> list[dict[str, object]]:
    return [{"id": f"q{i}", "prompt": f"What is {i} plus {i}?", "target": str(2 * i)} for i in range(n)]


def replayed(path: Path, n: int, right: Callable[[int], bool]) -> Path:
    return write(path, [{"id": f"q{i}", "output": f"It is {2 * i if right(i) else 2 * i + 1}."} for i in range(n)])


@pytest.mark.parametrize(
    "typed", [("--model", "a", "--model", "b"), ("--seed", "1", "--seed=1"), ("-c", "a.yaml", "--config", "b.yaml")]
)
def test_an_option_of_one_value_is_not_given_two(fteval: Run, typed: tuple[str, ...]) -> None:
    code, out, err = fteval("run", *typed)
    assert (code, out) == (2, "")
    assert "is given 2 times, and takes one value" in err


# --- help ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", list(cli.COMMANDS))
def test_every_command_has_help_with_an_example_that_names_it(fteval: Run, command: str) -> None:
    code, out, _ = fteval(command, "--help")
    assert code == 0
    assert "Example:" in out
    assert f"fteval {command}" in out


def test_help_imports_nothing_heavy(here: Path) -> None:
    code = (
        "import sys\nfrom fteval import cli\ncli.call(['--help'])\n"
        "heavy = {'torch','transformers','trl','openai','scipy','pydantic','numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_help_of_no_command_waits_for_a_model_library(here: Path) -> None:
    code = (
        "import sys\nfrom fteval import cli\nfor name in cli.COMMANDS:\n    cli.call([name, '--help'])\n"
        "heavy = {'torch','transformers','trl','openai','scipy','pydantic','lm_eval'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


ASKING = ("torch", "transformers", "trl", "openai", "aiohttp", "pydantic", "scipy")
JUDGING = ("fteval.stats.gates", "fteval.experiment.judge", "fteval.runs.asking", "fteval.trainers", "fteval.releases")
SAVED = {
    "report latest -o r.md": (*ASKING, *JUDGING),
    "show q1": (*ASKING, *JUDGING, "numpy", "jinja2", "importlib.metadata", "fteval.stats.level"),
    "runs list": (*ASKING, *JUDGING, "numpy", "jinja2", "importlib.metadata", "fteval.reports.terminal.terminal"),
}
"""Command -> modules that it has no use for: whoever looks at what is saved asks, judges and reckons nothing."""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the run of a base and a candidate in its store."""
    folder = tmp_path_factory.mktemp("saved")
    write(folder / "h.jsonl", questions(5))
    replayed(folder / "a.jsonl", 5, lambda i: True)
    replayed(folder / "b.jsonl", 5, lambda i: i > 1)
    words = ["run", "--model", "replay:b.jsonl", "--against", "replay:a.jsonl", "--holdout", "h.jsonl"]
    subprocess.run([sys.executable, "-m", "fteval", *words], cwd=folder, capture_output=True)
    return folder


@pytest.mark.parametrize("command", SAVED)
def test_what_is_saved_is_shown_without_what_asks_judges_and_reckons(saved: Path, command: str) -> None:
    code = (
        f"import sys\nfrom fteval import cli\nassert cli.call({command.split()!r}) == 0\n"
        f"print('IMPORTED', *(name for name in {SAVED[command]!r} if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=saved, check=True, capture_output=True, text=True)
    assert done.stdout.rpartition("IMPORTED")[2].split() == []


def test_an_unknown_command_is_answered_with_the_nearest(fteval: Run) -> None:
    code, _, err = fteval("repot")
    assert code == 2
    assert "Did you mean 'report'?" in err


# --- score --------------------------------------------------------------------------------------


def test_score_gives_one_line_per_row_in_order(fteval: Run, here: Path) -> None:
    write(
        here / "o.jsonl",
        [
            {"id": "b", "prompt": "Describe a dog.", "output": "The dog sleeps."},
            {"id": "a", "prompt": "Describe a dog.", "output": "A dog is a furry animal that runs and barks at you."},
        ],
    )
    code, out, _ = fteval("score", "o.jsonl", "--probe", "lipogram", "--set", "letters=e", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [line["id"] for line in lines] == ["b", "a"]
    assert [line["scores"]["compliant"] for line in lines] == [0.0, 1.0]
    assert set(lines[0]) == {"id", "scores", "answer", "reasons"}
    assert lines[0]["reasons"]["compliant"]


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        ('{"prompt": "a"}\n', 2, "output"),
        ('{"output": "a"}\n', 2, "neither 'messages' nor 'prompt'"),
        ("", 5, "no rows"),
        ('{"prompt": "a", "output": "b"}\nnot json\n', 2, ":2"),
        ('{"prompt": "a", "output": 3}\n', 2, "output"),
    ],
)
def test_rows_that_cannot_be_scored_are_named(fteval: Run, here: Path, content: str, code: int, message: str) -> None:
    (here / "o.jsonl").write_text(content)
    found, _, err = fteval("score", "o.jsonl", "--probe", "lipogram")
    assert found == code
    assert message in err
    assert "Traceback" not in err


def test_a_missing_file_names_its_nearest_sibling(fteval: Run, here: Path) -> None:
    write(here / "outputs.jsonl", [{"prompt": "a", "output": "b"}])
    code, _, err = fteval("score", "output.jsonl", "--probe", "lipogram")
    assert code == 2
    assert "outputs.jsonl" in err


# --- run ----------------------------------------------------------------------------------------


def test_a_lost_skill_is_a_failed_gate_and_exit_1(fteval: Run, here: Path) -> None:
    write(here / "h.jsonl", questions(200))
    replayed(here / "base.jsonl", 200, lambda i: True)
    replayed(here / "cand.jsonl", 200, lambda i: i % 2 == 0)
    code, out, _ = fteval(
        "run", "--model", "replay:cand.jsonl", "--against", "replay:base.jsonl", "--holdout", "h.jsonl",
        "--score", "contains", "-o", "r.md", "-o", "verdict.json",
    )  # fmt: skip
    assert code == 1
    assert "do not ship" in out.lower() or "must not ship" in out.lower()
    verdict = json.loads((here / "verdict.json").read_text())
    assert (verdict["schema"], verdict["verdict"], verdict["exit_code"]) == (1, "do_not_ship", 1)
    (metric,) = verdict["candidates"][0]["metrics"]
    # By hand: 100 of 200 answers broke, none was gained.
    assert (metric["better"], metric["worse"], metric["n_paired"], metric["errors"]) == (0, 100, 200, 0)
    assert metric["difference"] == pytest.approx(-0.5)
    assert "not ship" in (here / "r.md").read_text()


def test_the_same_command_again_generates_nothing(fteval: Run, here: Path) -> None:
    write(here / "h.jsonl", questions(20))
    replayed(here / "a.jsonl", 20, lambda i: True)
    command = ("run", "--model", "replay:a.jsonl", "--holdout", "h.jsonl", "--json")
    first, second = (json.loads(fteval(*command)[1]) for _ in range(2))
    assert (first["generated"], first["reused"]) == (20, 0)
    assert (second["generated"], second["reused"]) == (0, 20)


def test_a_sample_without_an_output_is_an_error_not_a_wrong_answer(fteval: Run, here: Path) -> None:
    write(here / "h.jsonl", questions(10))
    replayed(here / "a.jsonl", 9, lambda i: True)
    code, out, _ = fteval("run", "--model", "replay:a.jsonl", "--holdout", "h.jsonl", "--json")
    record = json.loads(out)
    assert code == 3
    assert record["errors"] == 1
    (number,) = record["metrics"]
    assert (number["scored"], number["planned"], number["value"]) == (9, 10, 1.0)


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["--model", "./missing", "--probe", "lipogram"], 2, "missing"),
        (["--model", "replay:a.jsonl", "--probe", "lipogramm"], 2, "Did you mean 'lipogram'?"),
        (["--model", "replay:a.jsonl"], 2, "--probe"),
        (["--probe", "lipogram"], 2, "--model"),
        (["--model", "replay:a.jsonl", "--holdout", "empty.jsonl"], 5, "empty.jsonl"),
        (["--model", "replay:a.jsonl", "--holdout", "h.jsonl", "-n", "0"], 5, "limit"),
        (["--model", "replay:a.jsonl", "--holdout", "broken.jsonl"], 2, "broken.jsonl:2"),
        (["--model", "replay:a.jsonl", "--holdout", "twice.jsonl"], 2, "lines 1 and 3"),
        (["--model", "replay:a.jsonl", "--holdout", "no-target.jsonl"], 2, "target"),
        (["--model", "replay:a.jsonl", "--holdout", "h.jsonl", "--score", "exakt"], 2, "exact"),
        (["--model", "replay:a.jsonl", "--probe", "lipogram", "--set", "letter=e"], 2, "letters"),
        (["--model", "replay:a.jsonl", "--probe", "laziness", "--set", "min_words=many"], 2, "min_words"),
        (["--model", "replay:a.jsonl", "--holdout", "h.jsonl", "--store", "a.jsonl"], 2, "a.jsonl"),
        (["--model", "replay:gone.jsonl", "--holdout", "h.jsonl"], 2, "gone.jsonl"),
        (["--model", "replay:a.jsonl", "--holdout", "h.jsonl", "--resume", "nonesuch"], 2, "nonesuch"),
        (["--model", "replay:a.jsonl", "--holdout", "h.jsonl", "--repeats", "0"], 2, "repeats"),
    ],
)
def test_what_a_new_user_gets_wrong_is_said(fteval: Run, here: Path, args: list[str], code: int, message: str) -> None:
    write(here / "h.jsonl", questions(5))
    replayed(here / "a.jsonl", 5, lambda i: True)
    (here / "empty.jsonl").write_text("\n\n")
    (here / "broken.jsonl").write_text('{"prompt": "a", "target": "b"}\n{"prompt": \n')
    write(
        here / "twice.jsonl",
        [{"id": "x", "prompt": "a", "target": "1"}, *questions(1), {"id": "x", "prompt": "b", "target": "2"}],
    )
    write(here / "no-target.jsonl", [{"prompt": "a"}])
    found, _, err = fteval("run", *args)
    assert message in err
    assert found == code
    assert "Traceback" not in err


# --- saved runs ---------------------------------------------------------------------------------


def test_runs_are_listed_shown_verified_and_compared(fteval: Run, here: Path) -> None:
    write(here / "h.jsonl", questions(30))
    for name, right in (("a", lambda i: True), ("b", lambda i: i > 2)):
        replayed(here / f"{name}.jsonl", 30, right)
        fteval("run", "--model", f"replay:{name}.jsonl", "--holdout", "h.jsonl", "-q")
    listed = [json.loads(line) for line in fteval("runs", "list", "--json")[1].splitlines()]
    assert [run["ref"] for run in listed] == ["replay:b.jsonl", "replay:a.jsonl"]
    assert fteval("runs", "show", listed[0]["id"])[0] == 0
    assert fteval("runs", "verify")[0] == 0
    code, out, _ = fteval("compare", listed[1]["id"], listed[0]["id"], "--json")
    assert json.loads(out)["candidates"][0]["metrics"][0]["worse"] == 3
    assert code in (1, 4)


def test_a_journal_damaged_in_the_middle_is_named_and_repaired_on_request(fteval: Run, here: Path) -> None:
    write(here / "h.jsonl", questions(10))
    replayed(here / "a.jsonl", 10, lambda i: True)
    fteval("run", "--model", "replay:a.jsonl", "--holdout", "h.jsonl", "-q")
    journal = next((here / ".fteval" / "runs").glob("*/generations.jsonl"))
    lines = journal.read_bytes().split(b"\n")
    lines[3] = b"garbage" + lines[3][7:]
    journal.write_bytes(b"\n".join(lines))
    code, out, err = fteval("runs", "verify")
    assert code == 3
    assert "generations.jsonl:4" in out + err
    assert fteval("runs", "verify", "--repair")[0] == 0
    assert len(journal.read_bytes().splitlines()) == 9


def test_hostile_output_steers_neither_terminal_nor_runner(fteval: Run, here: Path) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J::error::broken\n::stop-commands::x\r\u202egnp <script>alert(1)</script>"
    write(here / "h.jsonl", questions(40))
    replayed(here / "base.jsonl", 40, lambda i: True)
    write(here / "cand.jsonl", [{"id": f"q{i}", "output": evil} for i in range(40)])
    code, out, err = fteval(
        "run", "--model", "replay:cand.jsonl", "--against", "replay:base.jsonl", "--holdout", "h.jsonl", "-o", "r.md"
    )
    assert code == 1
    for text in (out, err, (here / "r.md").read_text()):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert not any(line.lstrip().startswith("::") for line in text.splitlines())


def test_output_ends_quietly_when_the_reader_has_enough(here: Path) -> None:
    write(here / "o.jsonl", [{"prompt": "Describe a dog.", "output": "A dog."}] * 3000)
    command = f"{sys.executable} -m fteval score o.jsonl --probe lipogram --json | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env={**os.environ})
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1

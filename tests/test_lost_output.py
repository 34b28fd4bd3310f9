"""A reader who goes away, a full disk behind stdout, a closed stream: verdict, code and files stay what they are."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import fteval

N = 80


@pytest.fixture
def here(tmp_path: Path) -> Path:
    rows = [{"id": f"q{i}", "prompt": f"What is {i} plus {i}?", "target": str(2 * i)} for i in range(N)]
    _write(tmp_path / "h.jsonl", rows)
    _write(tmp_path / "base.jsonl", [{"id": f"q{i}", "output": str(2 * i)} for i in range(N)])
    _write(tmp_path / "lost.jsonl", [{"id": f"q{i}", "output": str(2 * i + (i % 2))} for i in range(N)])
    return tmp_path


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


RUN = "run --model replay:lost.jsonl --against replay:base.jsonl --holdout h.jsonl --score exact -q -o v.json"


def shell(here: Path, line: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(fteval.__file__).parents[1])}
    command = line.replace("fteval", f"{sys.executable} -m fteval")
    return subprocess.run(["bash", "-c", command], cwd=here, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    "line",
    [
        f"fteval {RUN}",
        f"fteval {RUN} > /dev/full",
        f"fteval {RUN} --json > /dev/full",
        f"fteval {RUN} >&-",
        f"fteval {RUN} <&- >&- 2>&-",
        f"fteval {RUN} | true; exit ${{PIPESTATUS[0]}}",
        f"fteval {RUN} --json | head -c 1 > /dev/null; exit ${{PIPESTATUS[0]}}",
        f"nohup fteval {RUN} > out.txt",
    ],
)
def test_the_code_is_the_verdict_s_and_the_report_is_there(here: Path, line: str) -> None:
    done = shell(here, line)
    assert done.returncode == 1, done.stdout + done.stderr
    assert json.loads((here / "v.json").read_text())["verdict"] == "do_not_ship"
    assert "Traceback" not in done.stderr and "internal error" not in done.stderr


def test_what_could_not_be_printed_is_said_where_somebody_reads(here: Path) -> None:
    assert "could not be printed (No space left on device)" in shell(here, f"fteval {RUN} > /dev/full").stderr


def test_a_terminal_that_hangs_up_interrupts_a_run_as_other_signals_do(here: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(fteval.__file__).parents[1])}
    script = (
        "import os, signal, sys\n"
        "from fteval.runs.asking.interrupt import Signals, Stop\n"
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
        "with Signals('stopping') as signals:\n"
        "    try:\n"
        "        with signals.cancelling():\n"
        "            os.kill(os.getpid(), signal.SIGHUP)\n"
        "    except Stop:\n"
        "        sys.exit(int(signals.number))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert done.returncode == signal.SIGHUP and "stopping" in done.stderr


@pytest.mark.parametrize("code", ["0", "", "None", "'enough'"])
def test_a_library_that_ends_the_process_is_a_bug_and_no_result(here: Path, code: str) -> None:
    # sitecustomize runs before fteval: what it plants is called in the middle of the work.
    (here / "sitecustomize.py").write_text(
        f"import json, sys\nbefore = json.dumps\ndef dumps(*a, **k):\n    sys.exit({code})\n"
        "if 'fteval' in ' '.join(sys.orig_argv):\n    json.dumps = dumps\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{here}{os.pathsep}{Path(fteval.__file__).parents[1]}"}
    command = [sys.executable, "-m", "fteval", *RUN.split(), "--json"]
    done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True)
    assert done.returncode == 70 and "sys.exit" in done.stderr, done.stderr

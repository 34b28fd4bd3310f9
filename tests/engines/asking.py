"""What the tests against the stand-in server share: a hold-out, the command line, and what it left in the store."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fteval

HASTY = ("--timeout", "1", "--max-retries", "2")
"""So that giving up takes seconds."""
KEY = "sk-test-0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Done:
    """What a command line left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """All of it, for a failed assertion."""
        return f"exit {self.code}\n{self.out}\n{self.err}"


def prompt(i: int) -> str:
    return f"Question {i}: which word?"


def answer(i: int) -> str:
    return f"word{i}"


def holdout(path: Path, n: int, order: Sequence[int] | None = None) -> Path:
    """A file of n questions, each with its right answer; ids follow from the content."""
    rows = [{"prompt": prompt(i), "target": answer(i)} for i in order or range(n)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def answers(n: int) -> dict[str, str]:
    """What a model that knows all of the hold-out says."""
    return {prompt(i): answer(i) for i in range(n)}


def environment(**more: str) -> dict[str, str]:
    """This process's environment with a key, without proxies, and with these variables; "" takes one out."""
    hidden = {"http_proxy", "https_proxy", "all_proxy", "no_proxy", "openai_base_url"}
    kept = {name: value for name, value in os.environ.items() if name.lower() not in hidden}
    kept |= {"PYTHONPATH": str(Path(fteval.__file__).parents[1]), "OPENAI_API_KEY": KEY, **more}
    return {name: value for name, value in kept.items() if value}


def start(*args: str, folder: Path, code: str | None = None, **env: str) -> subprocess.Popen[str]:
    """`fteval ARGS` in a process of its own; `code` runs before it, in the same process."""
    main = "from fteval.cli import main; main()"
    command = [sys.executable, "-c", f"{code}\n{main}", *args] if code else [sys.executable, "-m", "fteval", *args]
    return subprocess.Popen(
        command, cwd=folder, env=environment(**env), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str], seconds: float = 600) -> Done:
    """What it said. Fails when it takes longer."""
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"still running after {seconds} s\n{out}\n{err}") from None
    return Done(process.returncode, out, err)


def spawn(*args: str, folder: Path, code: str | None = None, **env: str) -> Done:
    """`start` and `finish`."""
    return finish(start(*args, folder=folder, code=code, **env))


def runs(store: Path) -> list[Path]:
    """The run folders, oldest first."""
    return sorted(path for path in (store / "runs").iterdir() if path.is_dir()) if (store / "runs").is_dir() else []


def rows(run: Path, journal: str = "generations") -> list[dict[str, Any]]:
    """The lines of a journal; a last one without its end is left out."""
    path = run / f"{journal}.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def by_prompt(run: Path) -> dict[str, dict[str, Any]]:
    """prompt -> its last generation, failures included."""
    asked = {row["id"]: row["messages"][-1]["content"] for row in rows(run, "samples")}
    return {asked[row["sample"]]: row for row in rows(run)}


def answered(run: Path) -> set[str]:
    """Prompts whose answer is in the run's journal."""
    return {text for text, row in by_prompt(run).items() if row["status"] == "ok"}


def missing(run: Path, name: str) -> bool:
    """Whether the run's own record says that the server does not honour a parameter."""
    found = {n: what for row in rows(run, "events") for n, what in row.get("found", {}).items()}
    return name in found and found[name] != "honoured"


def files(root: Path) -> dict[str, str]:
    """Every file below a folder as text: path -> content."""
    return {str(p): p.read_bytes().decode("utf-8", "replace") for p in sorted(root.rglob("*")) if p.is_file()}


def config(path: Path, ref: str, data: Path, **sections: Any) -> Path:
    """A fteval.yaml that measures one model on a hold-out. JSON is YAML."""
    whole: Mapping[str, Any] = {
        "version": 1,
        "base": ref,
        "probes": {"words": {"use": "holdout", "data": str(data), "score": ["exact"]}},
        **sections,
    }
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path

"""The same questions to several models of one config, and what each said: for real servers beside the local engine."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from asking import Done, answered, by_prompt, runs, spawn
from servers.real import stop

QUESTIONS = (Path(__file__).parent / "questions.txt").read_text(encoding="utf-8").splitlines()


def asked(folder: Path, prompts: list[str]) -> Path:
    """A hold-out that no answer is the target of."""
    path = folder / "asked.jsonl"
    path.write_text("".join(json.dumps({"prompt": text, "target": "x"}) + "\n" for text in prompts))
    return path


def ran(folder: Path, prompts: list[str], base: str, candidates: dict[str, Any], *args: str, **more: Any) -> Done:
    """`fteval run` of a config whose one gate blocks nothing."""
    config = {
        "version": 1,
        "base": base,
        "candidates": candidates,
        "probes": {"said": {"use": "holdout", "data": str(asked(folder, prompts)), "score": ["exact"]}},
        "gates": [{"probe": "said", "metric": "exact", "min_gain": "1pp", "advisory": True}],
        "reference": "none",
        "sampling": {"max_tokens": 40},
        **more,
    }
    (folder / "fteval.yaml").write_text(json.dumps(config))
    return spawn("run", *args, folder=folder, OMP_NUM_THREADS="1")


def by_ref(store: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Model ref -> prompt -> its last generation."""
    return {str(json.loads((run / "manifest.json").read_text())["ref"]): by_prompt(run) for run in runs(store)}


def said(row: dict[str, Any]) -> tuple[str, str]:
    """Text and ending. Half a character where the tokens end is shown by one engine and left out by another."""
    return row["text"].rstrip("\ufffd"), row["finish_reason"]


def shared_with_one_that_is_killed(folder: Path, ref: str, other: str, process: subprocess.Popen[bytes]) -> None:
    """Two servers share a run, and the other is killed in the middle of it: the answers are the first one's alone."""
    alone, together = folder / "alone", folder / "together"
    for place in (alone, together):
        place.mkdir()
    assert ran(alone, QUESTIONS, ref, {}).code == 0

    def kill() -> None:
        while process.poll() is None and not any(answered(run) for run in runs(together / ".fteval")):
            time.sleep(0.05)
        stop(process, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    done = ran(together, QUESTIONS, ref, {}, servers=[ref.partition("#")[0], other])
    killer.join()
    assert done.code == 0 and "is not asked for now" in " ".join((done.out + done.err).split()), done.said
    (one,), (both,) = (by_ref(place / ".fteval").values() for place in (alone, together))
    assert len(both) == len(QUESTIONS)
    assert {text: said(row) for text, row in both.items()} == {text: said(row) for text, row in one.items()}

"""Small real engines and a probe: what the runs room needs of a model, without one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import fteval
from fteval.records import Failure, Generation, Message, Metric, Prompt, Request, Sample, Sampling, Scores


@dataclass
class Echo:
    """Answers every prompt with its last message, in groups; remembers what it was asked."""

    ref: str = "echo"
    group: int = 4
    pause: float = 0.0
    """Seconds before each group."""
    hang: int | None = None
    """Groups after which it never answers again."""
    weights: str = "sha256:0"
    log: Path | None = None
    """A file that gets a line per request when it is answered, so that another process can count them."""
    answer: Callable[[Request], str | Failure] = field(default=lambda request: request.prompt.messages[-1].content)
    asked: list[Request] = field(default_factory=list)

    def identity(self) -> Mapping[str, Any]:
        return {"engine": "echo", "version": "1", "weights": self.weights}

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        return Prompt(tuple(messages))

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
        for start in range(0, len(requests), self.group):
            time.sleep(600 if self.hang is not None and start >= self.hang * self.group else self.pause)
            yield [self._one(request) for request in requests[start : start + self.group]]

    def loglikelihood(self, pairs: Sequence[tuple[Prompt, str]]) -> list[float]:
        raise NotImplementedError

    def close(self) -> None:
        pass

    def _one(self, request: Request) -> Generation:
        self.asked.append(request)
        if self.log is not None:
            descriptor = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(descriptor, f"{request.key}\n".encode())
            os.close(descriptor)
        given = self.answer(request)
        text, failure = (None, given) if isinstance(given, Failure) else (given, None)
        return Generation(
            request.sample_id,
            request.key,
            request.repeat,
            text,
            finish_reason="stop" if text is not None else None,
            completion_tokens=len(text.split()) if text is not None else None,
            failure=failure,
        )


@dataclass(frozen=True, slots=True)
class Words:
    """How many words the answer has, and whether it is the target."""

    n: int = 3
    """Samples of its own."""
    metrics: ClassVar[tuple[Metric, ...]] = (Metric("exact", primary=True), Metric("words", unit="words"))

    def samples(self) -> Iterator[Sample]:
        for i in range(self.n):
            yield sample(f"s{i}", f"say {i}")

    def score(self, sample: Sample, generation: Generation) -> Scores:
        text = generation.text or ""
        exact = None if sample.target is None else float(text == sample.target)
        reasons = {"exact": "no target"} if exact is None else {}
        return Scores({"exact": exact, "words": float(len(text.split()))}, answer=text, reasons=reasons)


def sample(sample_id: str, text: str, target: Any = None, **fields: Any) -> Sample:
    return Sample(sample_id, (Message("user", text),), target, **fields)


def samples(n: int) -> tuple[Sample, ...]:
    """n samples whose right answer is what Echo says."""
    return tuple(sample(f"s{i}", f"say {i}", f"say {i}") for i in range(n))


def child_env(**extra: str) -> dict[str, str]:
    """The environment of a child process that imports fteval and this file."""
    path = [str(Path(fteval.__file__).parent.parent), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path)), **extra}


def start_child(store: Path, n: int, log: Path, *options: str, **env: str) -> subprocess.Popen[str]:
    """A process that runs child.py, about to begin its run: Python's start-up is behind it."""
    words = [sys.executable, str(Path(__file__).parent / "child.py"), str(store), str(n), str(log), *options]
    process = subprocess.Popen(words, env=child_env(**env), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "begins\n"
    return process

"""GEPA's genetic search (arXiv:2507.19457) for a prompt: its choices and reflections; our rows, budget and proposer.

A prompt is measured on all dev rows at once, so that the budget counts prompts here too, and what GEPA asks again costs
nothing. GEPA writes the question to the proposer; what comes back is read as in any search, and prose leaves the prompt
as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from fteval.errors import UserError
from fteval.records import Judged, RunRecord

PART = "instruction"
"""What GEPA calls the one text that it changes."""
BARREN = 8
"""Proposals in a row that are of no use, after which no more are asked for."""
AGAIN = 10
"""How often GEPA may look at each row of each prompt: a guard against a search that changes nothing."""
START = "Answer the question."
"""Where nobody has named a prompt."""


class Searching(Protocol):
    """What GEPA needs of a search."""

    @property
    def room(self) -> int:
        """Prompts that may still be measured."""

    @property
    def rows(self) -> Sequence[str]:
        """Ids of the dev rows."""

    def measure(self, prompt: str) -> RunRecord: ...

    def graded(self, run: RunRecord) -> tuple[Mapping[str, float], Mapping[str, Judged]]:
        """Row -> score, more is better, and its answer where it was not perfect."""

    def written(self, question: str) -> str | None:
        """A new prompt by the proposer; None for prose."""


def evolve(search: Searching, start: str, seed: int) -> None:
    """Measures prompts until the budget is spent or no new one comes. Raises UserError without the package."""
    try:
        from gepa import optimize
    except ImportError:
        raise UserError("by: gepa needs the package gepa", fix="pip install 'fteval[optimise]'") from None
    adapter = _Adapter(search, start)
    rows = list(search.rows)
    optimize(
        seed_candidate={PART: start},
        trainset=rows,
        valset=rows,  # the hold-out judges; both are dev rows
        adapter=adapter,
        reflection_lm=adapter.reflect,
        max_metric_calls=AGAIN * len(rows) * (search.room + 1),
        stop_callbacks=adapter.is_done,
        logger=_Silent(),
        seed=seed,
    )


class _Silent:
    def log(self, message: str) -> None:
        """Nobody reads it."""


class _Adapter:
    """GEPA's way to the dev rows."""

    propose_new_texts: Callable[..., Any] | None = None
    """GEPA writes the question to the proposer itself."""

    def __init__(self, search: Searching, start: str) -> None:
        self.search, self.start = search, start
        self.known: dict[str, tuple[Mapping[str, float], Mapping[str, Judged]]] = {}
        self.barren = 0

    def is_done(self, state: Any) -> bool:
        return self.search.room <= 0 or self.barren >= BARREN

    def evaluate(self, batch: list[str], candidate: dict[str, str], capture_traces: bool = False) -> Any:
        from gepa.core.adapter import EvaluationBatch

        prompt = candidate[PART]
        if prompt not in self.known:
            if self.search.room <= 0:  # never measured, so never chosen
                return EvaluationBatch([""] * len(batch), [-1.0] * len(batch), [None] * len(batch))
            self.known[prompt] = self.search.graded(self.search.measure(prompt))
        scores, judged = self.known[prompt]
        traces = [judged.get(row) for row in batch]
        return EvaluationBatch([t.text if t else "" for t in traces], [scores[row] for row in batch], traces)

    def make_reflective_dataset(
        self, candidate: dict[str, str], eval_batch: Any, components_to_update: list[str]
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        shown = [
            {"Inputs": one.sample.prompt_text, "Generated Outputs": one.text, "Feedback": one.reason or str(one.score)}
            for one in eval_batch.trajectories
            if one is not None
        ]
        return {PART: shown}

    def reflect(self, question: Any) -> str:
        """The proposer's answer as GEPA reads it: a text in fences."""
        new = self.search.written(str(question))
        self.barren = self.barren + 1 if new is None else 0
        return f"```\n{new or self.start}\n```"

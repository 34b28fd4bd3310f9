"""Whether the model stops when it has answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from fteval.evals.answer.leaks import leaks, only_pieces
from fteval.evals.data.packaged import packaged
from fteval.evals.language.text import blank, shown
from fteval.records import Generation, Metric, Sample, Scores

ENDED = frozenset(["stop", "eos", "eos_token", "end_turn", "stop_sequence", "stop_token"])
"""What engines and servers call an end of the model's own."""
CUT = frozenset(["length", "max_tokens", "max_length", "model_length"])


@dataclass(frozen=True, slots=True)
class Stops:
    """Whether an answer ends by itself, and holds nothing of the conversation's frame.

    Measures  stopped: it ended by itself, and nothing stands after it; leaked: a role marker, a template's piece or a
              next turn stands in it, unasked
    Chance    leaked starts at 0
    Traps     `stopped` is unscored where no finish_reason is known
    Source    prompts of fteval's own
    """

    version: ClassVar[int] = 2
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("stopped", primary=True),
        Metric("leaked", better="lower"),
    )

    def samples(self) -> Iterator[Sample]:
        return packaged("stops.jsonl")

    def score(self, sample: Sample, generation: Generation) -> Scores:
        text = shown(generation.text)
        if blank(text):
            return Scores({"stopped": 0.0, "leaked": 0.0}, reasons={"stopped": "the answer is empty"})
        found = leaks(text, [m.content for m in sample.messages])
        first = found[0] if found else None
        reasons: dict[str, str] = {}
        if first:
            reasons["leaked"] = f"{first.what}: {first.text!r}"
        turn = next((leak for leak in found if leak.goes_on), None)
        stopped: float | None
        if turn:
            stopped, reasons["stopped"] = 0.0, f"goes on after its answer with {turn.what}: {turn.text!r}"
        elif first and only_pieces(text):
            stopped, reasons["stopped"] = 0.0, "nothing but template pieces; the answer is empty"
        elif generation.finish_reason in ENDED:
            stopped = 1.0
        elif generation.finish_reason in CUT:
            stopped, reasons["stopped"] = 0.0, "cut off at the length limit"
        else:
            stopped = None
            reasons["stopped"] = (
                "no finish_reason is known, and the text shows no next turn"
                if generation.finish_reason is None
                else f"finish_reason {generation.finish_reason!r} does not say whether it ended by itself"
            )
        return Scores(
            {"stopped": stopped, "leaked": float(bool(found))},
            answer=", ".join(leak.text for leak in found[:5]) or None,
            reasons=reasons,
        )

"""An engine that says how likely a text is by rules that can be checked by hand, and answers like Echo."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from echo import Echo

from fteval.records import Prompt
from fteval.records.readings import Likelihood


@dataclass
class Likely(Echo):
    """A word costs 1 nat, one of the prompt's 0.5, and 6 where the alphabet wants it before its neighbour.

    A token is a word; likelihoods that were asked are counted.
    """

    judged: list[tuple[str, str]] = field(default_factory=list)
    fail_after: int | None = None
    """Likelihoods after which it fails as a server would."""

    def likelihoods(self, pairs: Sequence[tuple[Prompt, str]], most: int) -> list[Likelihood]:
        found = []
        for prompt, text in pairs:
            if self.fail_after is not None and len(self.judged) >= self.fail_after:
                raise ConnectionError("the judge is gone")
            asked = prompt.messages[-1].content
            self.judged.append((asked, text))
            found.append(self._likelihood(asked.split(), text.split()[:most]))
        return found

    def _likelihood(self, asked: list[str], words: list[str]) -> Likelihood:
        if "toolong" in words:
            return Likelihood(math.nan, len(words), sum(map(len, words)))
        cost = 0.0
        for before, word in zip(["", *words], words, strict=False):
            cost += 6.0 if word < before else 0.5 if word in asked else 1.0
        return Likelihood(-cost, len(words), sum(map(len, words)))

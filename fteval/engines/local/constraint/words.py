"""Answers without some words, also where their letters come in several tokens."""

from __future__ import annotations

import bisect
import re
from collections.abc import Collection, Sequence
from typing import Any

import torch

from fteval.engines.local.constraint.folding import plain
from fteval.engines.local.constraint.vocabulary import going_on, whole

_SPACE = re.compile(r"\s+")
State = tuple[tuple[str, ...], bytes]


class Words:
    """Forbids words and phrases, whole ones, in any case and with any accent.

    Its state is what of them has been begun, at a word's beginning ("" is a place where one may begin), and what was
    written of a character that is not whole yet. A token that ends exactly with the last letter of a forbidden word is
    forbidden too, so that an answer may end anywhere and holds none: `dogma` can be written after `dog` was forbidden,
    but not by way of `dog`.
    """

    start: State = (("",), b"")

    def __init__(self, words: Collection[str], tokens: Sequence[bytes], always: Collection[int]) -> None:
        """`tokens` are the bytes of every token; those of `always` (that end an answer) stay allowed."""
        self._words, self._tokens, self._always = tuple(words), tokens, frozenset(always)
        self._texts = [_read(whole(b"", data)[0]) for data in tokens]
        self._order = sorted(range(len(tokens)), key=self._texts.__getitem__)
        self._sorted = [self._texts[i] for i in self._order]
        self._within = {i for i, text in enumerate(self._texts) if any(_holds(text, w, 1) for w in self._words)}
        self._going_on = going_on(tokens)
        self._masks: dict[State, Any] = {}

    def allowed(self, state: State) -> Any:
        """(vocabulary,) what may come next."""
        if state not in self._masks:
            begun, rest = state
            self._masks[state] = self._finishing(begun, rest) if rest else self._following(begun)
        return self._masks[state]

    def next(self, state: State, token: int) -> State:
        """The state after a token: every beginning of a word that the text ends with now."""
        begun, rest = state
        text, rest = whole(rest, self._tokens[token]) if token < len(self._tokens) else ("", rest)
        return self._begun(begun, _read(text)), rest

    def _begun(self, before: tuple[str, ...], text: str) -> tuple[str, ...]:
        if not text:
            return before
        found = [_joined(one, text) for one in before]
        found += [text[i:] for i in range(1, len(text) + 1) if not _of_word(text[i - 1])]
        return tuple(sorted({one for one in found if any(word.startswith(one) for word in self._words)}))

    def _following(self, begun: tuple[str, ...]) -> Any:
        mask = torch.ones(len(self._texts), dtype=torch.bool)
        wrong = self._within | {i for one in begun for i in self._ending(one)}
        mask[sorted(wrong - self._always)] = False
        return mask

    def _finishing(self, begun: tuple[str, ...], rest: bytes) -> Any:
        """After a begun character: what does not finish it leaves no letter there, so that a word may begin anew."""
        mask = self.allowed(self.start).clone()
        for i in self._going_on:
            text = _read(whole(rest, self._tokens[i])[0])
            # Where no word has been begun, the text goes on with one that is none of these: it has a letter before it.
            texts = [_joined(one, text) for one in begun] or [f"x{text}"]
            mask[i] = i in self._always or not any(_holds(one, word, 0) for one in texts for word in self._words)
        return mask

    def _ending(self, begun: str) -> list[int]:
        """Tokens that would make a forbidden word of what has been begun."""
        found = []
        rests = [w[len(begun) :] for w in self._words if w.startswith(begun) and len(begun) < len(w)]
        for rest in [*rests, *(f" {rest}" for rest in rests if begun.endswith(" "))]:
            for place in range(bisect.bisect_left(self._sorted, rest), len(self._sorted)):
                text = self._sorted[place]
                if not text.startswith(rest):
                    break
                if len(text) == len(rest) or not _of_word(text[len(rest)]):
                    found.append(self._order[place])
        return found


def _holds(text: str, word: str, start: int) -> bool:
    """Whether a word stands in a text from a place on, not as a part of a longer one."""
    at = text.find(word, start)
    while at >= 0:
        end = at + len(word)
        if (at == 0 or not _of_word(text[at - 1])) and (end == len(text) or not _of_word(text[end])):
            return True
        at = text.find(word, at + 1)
    return False


def _of_word(character: str) -> bool:
    return character.isalnum()  # an underscore is markup as well: _dog_ is read as a dog


def _read(text: str) -> str:
    """As words are looked for: plain, with one blank for whatever white space."""
    return _SPACE.sub(" ", plain(text))


def _joined(begun: str, text: str) -> str:
    """Both, with one blank where white space goes on."""
    return begun + (text[1:] if begun.endswith(" ") and text.startswith(" ") else text)

"""What counts of a judge's reply: its last line that is a verdict, out of a closed list, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from fteval.errors import UserError
from fteval.evals.language.text import READ, shown
from fteval.evals.verdict.fence import QUOTE, WORD
from fteval.records import Sample
from fteval.records.verdicts import Heard, Reply


def asked_for(allowed: Sequence[str]) -> str:
    """How a verdict is to be written, for the judge's prompt."""
    forms = "\n".join(json.dumps({WORD: word}) for word in allowed)
    return f"End with one line that holds nothing but your decision as JSON. It is one of these:\n{forms}"


def verdict(reply: Reply, allowed: Sequence[str]) -> tuple[str | None, str]:
    """The verdict, one of `allowed`; or None, and why there is none.

    The last one counts. Prose is none, nor is what the judge quotes or thinks; one that says two things is none either.
    """
    if reply.text is None:
        return None, f"the judge did not answer: {reply.why}"
    words = {word.casefold(): word for word in allowed}
    text = shown(reply.text)[-READ:]
    found = [*_objects(text, words), *_lines(text, words)]
    if not found:
        why = f", {reply.why}" if reply.why else ""
        return None, f"no verdict in the judge's reply{why}: {' '.join(text.split())[-80:]!r}"
    last = max(line for line, _ in found)
    said = sorted({word for line, of_line in found if line == last for word in of_line})
    if len(said) > 1:
        return None, f"the judge's last verdict says {' and '.join(said)}"
    return said[0], ""


def grounds(replies: Sequence[Reply]) -> str:
    """What the first reply says beside its verdict, short and in quotes, to stand behind a reason."""
    text = shown(replies[0].text or "") if replies else ""
    said = " ".join(_OBJECT.sub(" ", text[:1000]).replace("`", " ").split())
    return f": {said[:120]!r}" if said else ""


_Found = tuple[int, tuple[str, ...]]
"""The number of a line, and the verdicts in it."""
_OBJECT = re.compile(r"\{[^{}]{0,200}\}")
_LABEL = re.compile(rf"^[\s*_`#>-]*(?:(?:my|the|final)\s+)*{WORD}[\s*_`]*[:=]([^{{}}]{{1,80}})$", re.IGNORECASE)
_TOKEN = re.compile(r"[\w]+")


def _objects(text: str, words: dict[str, str]) -> list[_Found]:
    """JSON objects with the one key."""
    found = []
    for match in _OBJECT.finditer(text):
        start = text.rfind("\n", 0, match.start()) + 1
        if text.startswith(QUOTE.strip(), start):
            continue  # quoted by the judge
        try:
            pairs = json.loads(match[0], object_pairs_hook=list)
        except ValueError:
            continue
        if pairs and all(key.casefold() == WORD for key, _ in pairs):
            said = tuple(dict.fromkeys(words[word] for _, value in pairs if (word := _word(value)) in words))
            if said and len(said) == len({_word(value) for _, value in pairs}):
                found.append((text.count("\n", 0, match.end()), said))
    return found


def _lines(text: str, words: dict[str, str]) -> list[_Found]:
    """`Verdict: A`, as models write it who do not write JSON."""
    found = []
    for number, line in enumerate(text.split("\n")):
        label = _LABEL.match(line) if not line.startswith(QUOTE.strip()) else None
        tokens = [token.casefold() for token in _TOKEN.findall(label[1])] if label else []
        said = tuple(dict.fromkeys(words[token] for token in tokens if token in words))
        if said and (len(said) > 1 or len(tokens) == 1):
            found.append((number, said))
    return found


def _word(value: Any) -> str:
    return str(value).strip().casefold() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def of_row(sample: Sample) -> Heard:
    """What a judge said of an answer that was made elsewhere, as its row has it: `replies`, and `base` in pairs."""
    replies, base = sample.metadata.get("replies", []), sample.metadata.get("base")
    if not isinstance(replies, list) or not all(isinstance(one, str) for one in replies):
        raise UserError(f"row {sample.id!r}: 'replies' is a list of a judge's replies, found {replies!r:.60}")
    if base is not None and not isinstance(base, str):
        raise UserError(f"row {sample.id!r}: 'base' is the base's answer, found {base!r:.60}")
    return Heard(tuple(map(Reply, replies)), base=base)

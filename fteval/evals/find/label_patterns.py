"""The words round a label that make it the answer, or take it back: read from `data/phrases/*/labels.jsonl`.

One line is one pattern of one language and kind, with an example that needs it. All languages are read as one: a
pattern counts only right beside a label, where words of other languages do not stand by chance.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

import regex

SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Scripts whose words stand without spaces, or with endings that are no part of them."""


@cache
def _patterns() -> dict[str, list[str]]:
    folder = resources.files("fteval.evals").joinpath("data", "phrases")
    kinds: dict[str, list[str]] = {}
    for language in sorted(folder.iterdir(), key=lambda entry: entry.name):
        file = language.joinpath("labels.jsonl")
        for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
            row = json.loads(line)
            kinds.setdefault(row["kind"], []).append(row["pattern"])
    return kinds


def _any(kind: str) -> str:
    """One of these phrases, as whole words where the script has words."""
    edge = f"[{SPACELESS}]"
    return rf"(?:(?:(?<!\w)|(?<={edge}))(?:{'|'.join(_patterns()[kind])})(?:(?!\w)|(?<={edge})|(?={edge})|(?<=')))"


@cache
def phrase(name: str) -> regex.Pattern[str]:
    """The compiled pattern of this name."""
    between = rf"(?:[\s\"'()*,]*(?:{_any('between')}|{_any('noun')}))*+[\s\"'(*]*"
    linked = rf"(?:[:=→]|->|=>|\s-|{_any('before')})"
    made = {
        # "The right category for this mail would be …": up to the label.
        "announced": rf"{_any('noun')}(?:[^.\n:;?!]{{0,60}}?\s|\s*){linked}{between}$|[:→=]\s*{between}$",
        "framed": rf"(?:{_any('before')}|{_any('noun')}|{_any('but')}){between}$",
        "marked": rf"[:→=]{between}$",
        "framed_after": rf"^[\s\"')]*(?:{_any('after')}|{_any('noun')})",
        "denied": rf"{_any('not')}(?:[ \"'(]+(?!{_any('but')})[^\s,;:.]+){{0,6}}[\s\"'(]*$",
        "ruled_out": rf"^[\s\"')]*(?:{_any('noun')}\s*)?{_any('ruled_out')}",
        "granted": rf"{_any('granted')}[^.,;!?\n]*+",
        "but": _any("but"),
        "taken_back": rf"(?:^|[.,;!?:\n-])\s*(?:{_any('taken_back')})",
        "final": _any("final"),
        "joined": rf"(?:[\s\"')(\],]*(?:[,/&|;+>-]|{_any('joined')}))+{between}",
        "also_not": rf"[\s,\"')]*(?:{_any('joined')}|[,/])*[\s,\"'(]*(?:{_any('between')})?[\s\"'(]*",
        "closed": rf"^[\s\"')\]}}*]*(?:$|[.,;:!)\]}}(\n]|-|(?:{_any('reason')}|{_any('noun')}|{_any('after')}))",
        "ends": rf"^[\s\"')\]}}*]*(?:{_any('noun')}|{_any('after')})?[\s\"')\]}}*.,;:!-]*$",
    }
    return regex.compile(made[name], regex.IGNORECASE)

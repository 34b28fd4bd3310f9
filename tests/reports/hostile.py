"""A comparison whose every text can be chosen: what models, hold-outs and file names may bring into a report."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from made import CORRECT, ones, probe, run

from fteval.records import Comparison, Flip, Gate, Judged, Message, Metric, RunRecord, Sample
from fteval.stats.compare import compare, conclude

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</details></details></td></table>",
    "<!-- -->",
    "<!-- fteval:report comparison=mine -->",
    "-->",
    "```\n# heading\n```",
    "``````````\n~~~\n````",
    "~~~~",
    "a | b | c \\| d \\\\| e",
    "| --- | --- |",
    "first\nsecond\n\nthird\n\n- item\n> quote\n# heading\n===\n---",
    "[x](javascript:alert(1))",
    "![x](http://attacker/?secret)",
    "[x][y]\n\n[y]: http://attacker",
    "[1, 2](http://attacker)",
    "<http://attacker> http://attacker www.attacker.com mailto:a@b.com",
    "@org/team @user a@b.com &#64;user &commat;user",
    "#123 GH-1 org/repo#5 3f9a1c2b7d4e5f60718293a4b5c6d7e8f9012345",
    "`code` ``two`` `",
    "*bold* _italic_ **b** __i__ ~~s~~ $x$ $$y$$",
    "\x1b[31mred\x1b[0m \x1b]8;;http://attacker\x07link\x1b]8;;\x07 \x1b]52;c;aGk=\x07",
    "over\rwritten\b\b\x07\x00\x7f\x85\x9b31m",
    "\u202eright to left\u202c \u2066isolate\u2069 \u200b\ufeff \U000e0041",
    "\u2028line\u2029paragraph",
    "lone \ud800 surrogate \udfff",
    "::error::boom",
    "x\n::error file=a::boom\n  ::add-mask::secret\n::stop-commands::abc\n##[error]boom",
    "word " * 40 + "::error::after a line break",
    "[bold red]rich markup[/] [link=http://attacker]x[/link]",
    "{{7*7}} {0.__class__} %s $(id)",
    "\\",
    "ends with a backslash\\",
    "",
    " ",
    "\n",
    "\t",
    "日本語のとても長い答え" * 30,
    "x" * 5000,
    "| " * 2000,
]


@lru_cache(64)
def comparison(text: str, *, several: bool = False) -> Comparison:
    """A comparison with this text wherever somebody else's text can stand."""
    metrics = [CORRECT, Metric("words", unit="words")]
    slices = [{"language": text if i % 2 else "en"} for i in range(40)]
    columns = {"correct": ones(40, 38), "words": [float(i % 9) for i in range(40)]}
    worse = {"correct": ones(40, 3), "words": [float(i % 5) for i in range(40)]}
    base = run(probe(columns, metrics=metrics, slices=slices), ref="nano", warnings=(text,))
    other = run(probe(worse, metrics=metrics, slices=slices), ref=text, path=text, warnings=(text,))
    results = compare(base, [(text or "x", other)], [Gate("facts", "correct", "max_drop", 0.02, where=text)])
    flips = tuple(flip(text, 1.0, 0.0) for _ in range(2)) + (flip(text, 0.0, 1.0),)
    shown = [replace(r, flips=flips, warnings=(*r.warnings, text)) for r in results]
    if several:
        shown.append(replace(shown[0], name=text + "2"))
    return conclude("20261121T000000Z-0123456789abcdef", base, shown, command=f"fteval run --model {text}")


def flip(text: str, before: float, after: float) -> Flip:
    return Flip("facts", "correct", sample(text), before, after, text, text, text)


def sample(text: str) -> Sample:
    return Sample(text or "id", (Message("user", text),), target=text)


def single(text: str) -> tuple[RunRecord, list[Judged]]:
    """A single run and its worst answers, with this text in them."""
    record = run(probe(ones(40, 30)), ref=text, path=text, warnings=(text,))
    return record, [Judged("facts", "correct", sample(text), 0.0, text, text)]

"""A page as an HTML parser sees it, and comparisons whose answers can be any text."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

from made import CORRECT, ones, probe, run

from fteval.records import Answer, Answered, Comparison, Gate, Message, Metric, Sample, Sheet
from fteval.stats.compare import compare, conclude

WORDS = Metric("words", unit="words")


@dataclass
class Seen(HTMLParser):
    """Elements with their attributes' names, and the text of a few."""

    html: str
    tags: Counter[str] = field(default_factory=Counter)
    attributes: set[tuple[str, str]] = field(default_factory=set)
    values: list[tuple[str, str, str]] = field(default_factory=list)
    inside: dict[str, list[str]] = field(default_factory=dict)
    depth: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes |= {(tag, name) for name, _ in attrs}
        self.values += [(tag, name, value or "") for name, value in attrs]
        if tag not in ("meta", "input", "col", "line", "circle", "rect"):
            self.depth.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if self.depth and self.depth[-1] == tag:
            self.depth.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.depth and self.depth[-1] == tag, f"</{tag}> closes {self.depth[-3:]}"
        self.depth.pop()

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self.depth:
            self.inside.setdefault(self.depth[-1], []).append(data)

    @property
    def shown(self) -> str:
        return "".join(self.text)


def check_harmless(seen: Seen, calm: Seen, link: str = r"#[a-z0-9-]+") -> None:
    """Nothing is in a page that is not in one of plain words; its script, style and links are the page's own."""
    assert seen.attributes <= calm.attributes
    assert set(seen.tags) <= set(calm.tags)
    for tag in ("script", "style", "meta", "form", "title", "html", "body", "h1", "select", "input", "button"):
        assert seen.tags[tag] == calm.tags[tag]
    assert not seen.depth
    for tag, name, value in seen.values:
        assert not name.startswith("on") and name not in ("src", "style", "srcset")
        if name == "href":
            assert re.fullmatch(link, value), (tag, value)
    style, script = "".join(seen.inside["style"]), seen.inside["script"][-1]
    policy = next(
        v for tag, name, v in seen.values if (tag, name) == ("meta", "content") and v.startswith("default-src")
    )
    for kind, text in (("style", style), ("script", script)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    seen.html.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\ufeff\U000e0041]", seen.html)


def sheet(texts: Sequence[str], *, names: Sequence[str] = ("base", "sft")) -> Sheet:
    """A row for each text, which stands wherever somebody else's text can stand."""
    rows = []
    for i, text in enumerate(texts):
        sample = Sample(
            f"{text}{i}",
            (Message("system", text), Message("user", text)),
            target=text,
            group=text,
            slices={text or "x": text},
            metadata={text: [text]},
        )
        answers = [
            Answer(
                text if k else f"{text} before {text}",
                {"correct": float(k == 0), "words": None},
                extracted=text[::-1],
                reasons={"correct": text, "words": text},
                cut_off=True,
                more=(text,),
            )
            for k, _ in enumerate(names)
        ]
        rows.append(Answered("facts", sample, tuple(answers)))
    return Sheet(tuple(names), {"facts": (CORRECT, WORDS)}, tuple(rows), len(rows))


def flips(n: int) -> tuple[Comparison, Sheet]:
    """A comparison of n samples of which a tenth got worse and a twentieth better, with ordinary answers."""
    old = [float(i % 20 != 1) for i in range(n)]
    new = [float(i % 10 != 0) for i in range(n)]
    base, other = run(probe(old)), run(probe(new), ref="nano+out/sft")
    gates = [Gate("facts", "correct", "max_drop", 0.02, where="fteval.yaml:5")]
    comparison = conclude("c1", base, compare(base, [("sft", other)], gates))
    rows = [_row(i, old[i], new[i]) for i in sorted(range(n), key=lambda i: (new[i] - old[i] or 2, i))]
    return comparison, Sheet(("base", "sft"), {"facts": (CORRECT,)}, tuple(rows), n)


def _row(i: int, old: float, new: float) -> Answered:
    planet = ("Mercury", "Venus", "Mars")[i % 3]
    asked = f"Which planet is number {i} of this list, and what is told of it in the old books of the town?"
    texts = [f"It is {planet}, of which the books tell that it is small and bright, number {i}."]
    texts.append(f"It is {planet if new else 'Pluto'}, and the books tell that it is small and far, number {i}.")
    sample = Sample(f"q/{i}", (Message("user", asked),), target=planet, slices={"kind": "odd" if i % 2 else "even"})
    answers = [
        Answer(text, {"correct": score}, reasons={} if score else {"correct": f"does not say '{planet}'"})
        for text, score in zip(texts, (old, new), strict=True)
    ]
    return Answered("facts", sample, tuple(answers))


__all__ = ["Seen", "check_harmless", "flips", "ones", "sheet"]

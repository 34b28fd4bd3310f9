"""Phrases that are data: each has an example that it, and no other, is for."""

from __future__ import annotations

import pathlib
import re
from importlib import resources

import pytest

from fteval.evals.answer import phrases
from fteval.evals.answer.abstention import abstention
from fteval.evals.answer.filler import announces, substance
from fteval.evals.answer.leaks import leaks
from fteval.evals.answer.refusal import refusal
from fteval.evals.answer.requests import wants_figures, wants_strings, wants_verse
from fteval.evals.find.label import labels_of, named
from fteval.evals.find.statement import said
from fteval.evals.language.text import fold
from fteval.runs.asking.sources import source_files

FOLDER = resources.files("fteval.evals").joinpath("data", "phrases")
KINDS = sorted({file.name.removesuffix(".tsv") for file in pathlib.Path(str(FOLDER)).glob("*/*.tsv")})
LABELS = {"ru": ["спам", "письмо"], "zh": ["垃圾", "正常"], "ja": ["迷惑", "通常"], "ko": ["스팸", "정상"]}
NONE_GIVEN = ("label_not", "label_joined", "label_granted", "label_out")
LINES = [pytest.param(kind, p, id=f"{kind}-{p.language}-{p.text}") for kind in KINDS for p in phrases.phrases(kind)]


@pytest.mark.parametrize(("kind", "phrase"), LINES)
def test_an_example_needs_its_phrase(kind: str, phrase: phrases.Phrase) -> None:
    text = (fold if kind.startswith("label") else phrases.plain)(phrase.example)
    own = re.search(phrases.regex(phrase.text), text)
    assert own
    for other in phrases.phrases(kind):
        if other != phrase and other.language == phrase.language:
            covers = [m for m in re.finditer(phrases.regex(other.text), text) if m.start() <= own.start()]
            assert all(m.end() < own.end() for m in covers), other.text


@pytest.mark.parametrize(("kind", "phrase"), LINES)
def test_an_example_is_judged_as_its_kind_says(kind: str, phrase: phrases.Phrase) -> None:
    text = phrase.example
    if kind in ("decline", "task", "refusal", "wrong", "disclaimer"):
        assert refusal(text, "Tell me.")
    elif kind in ("idiom", "after_all"):
        assert refusal(text + " That is all that I can say of it today, and it is no small thing.") is None
    elif kind in ("unknown", "no_answer"):
        assert abstention(text, "Who? " + text)
    elif kind in ("willing", "announcement"):
        assert announces(text)
    elif kind in ("offer", "praise", "pointer"):
        assert not list(substance(text))
    elif kind in ("verse", "strings", "figures"):
        assert {"verse": wants_verse, "strings": wants_strings, "figures": wants_figures}[kind](text)
    elif kind.startswith("label"):
        labels = LABELS.get(phrase.language, ["spam", "ham", "offer"])
        given = named(text, labels_of([*labels, "4"]))
        assert given.label or (kind in NONE_GIVEN and not given.open)
    elif kind == "taken_back":
        assert said(text, ["Verona"])[0] == 1
    elif kind in ("talk", "template"):
        assert not leaks({"talk": "User: Why?", "template": "It ends in <|im_end|>."}[kind], [text])
    else:
        assert kind.startswith("wants") or kind in ("elsewhere", "lecture", "again")  # one sign among others


def test_phrases_stand_in_no_text_twice() -> None:
    for kind in KINDS:
        lines = [(p.language, p.text) for p in phrases.phrases(kind)]
        assert len(lines) == len(set(lines)), kind


def test_a_probe_s_digest_counts_the_phrases() -> None:
    counted = set(source_files("fteval.evals.laziness"))
    assert {f"fteval/evals/data/phrases/{f.parent.name}/{f.name}" for f in FOLDER.glob("*/*.tsv")} <= counted


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("I can’t really help.", "i can not help."),
        ("I won't, I'm afraid.", "i will not, i am afraid."),
        ("It's John's; we'd go.", "it is john's; we would go."),
        ("Désolé, ça cannot be.", "desole, ca can not be."),
    ],
)
def test_plain_text_is_folded_and_written_out(written: str, read: str) -> None:
    assert phrases.plain(written) == read


@pytest.mark.parametrize(
    ("phrase", "text", "matches"),
    [
        ("i am not * to", "i am not allowed to say", True),
        ("i am not * to", "i am not to say", False),
        ("help*", "helping", True),
        ("help", "helping", False),
        ("no … at all", "no bread, and no butter, at all", True),
        ("no … at all", "no bread. None at all", False),
        ("可以", "我可以说", True),
    ],
)
def test_dots_stand_for_words_between_and_a_star_for_an_ending(phrase: str, text: str, matches: bool) -> None:
    assert bool(re.search(phrases.regex(phrase), text)) is matches

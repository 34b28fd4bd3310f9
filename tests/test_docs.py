"""What people read: links lead somewhere, and no example names a model that is about to go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import click
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from fteval import cli

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md", "fteval/nano/*.md", "perf/*.md")
    for path in ROOT.glob(pattern)
    if not path.name.startswith("report")
)
"""Reports are what a command wrote, and show what models said."""


@cache
def tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))


def links(page: Path) -> Iterator[str]:
    for token in tokens(page):
        for child in token.children or ():
            target = child.attrGet("href") or child.attrGet("src")
            if target:
                yield unquote(str(target))


@cache
def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings: small letters, no marks, hyphens for spaces, a number for the second."""
    found: dict[str, int] = {}
    made = set()
    for at, token in enumerate(tokens(page)):
        if token.type != "heading_open":
            continue
        children = tokens(page)[at + 1].children or []
        text = "".join(child.content for child in children if child.type in ("text", "code_inline"))
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        n = found[slug] = found.get(slug, -1) + 1
        made.add(f"{slug}-{n}" if n else slug)
    return made


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_is_dead(page: Path) -> None:
    dead = []
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue  # elsewhere: no test looks there
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


GOING = re.compile(r"(?<![\w.])gpt-4(?:o|\.1)(?:-mini)?(?![\w.]*-nano)", re.IGNORECASE)
"""Families that end on 2027-01-14, and their fine-tunes with them."""


def test_the_pattern_knows_what_is_going_from_what_stays() -> None:
    going = ("ft:gpt-4o-mini-2024-07-18:acme::abc", "openai:gpt-4o", "gpt-4.1-2025-04-14", "GPT-4.1-mini")
    assert all(GOING.search(name) for name in going)
    assert not any(GOING.search(name) for name in ("gpt-4.1-nano", "gpt-5-mini", "gpt-40", "ft:BASE:ORG::ID"))


def helps(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    yield name, command.get_help(click.Context(command, info_name=name))
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=name)
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield from helps(found, f"{name} {inner}")


def test_no_example_names_a_model_that_is_about_to_go() -> None:
    texts = {str(page.relative_to(ROOT)): page.read_text(encoding="utf-8") for page in PAGES}
    texts |= {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in ROOT.glob("examples/**/*.yaml")}
    texts |= {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in ROOT.glob("fteval/**/*.py")}
    texts |= dict(helps(cli.group, "fteval"))
    assert {name: found[0] for name, text in texts.items() if (found := GOING.search(text))} == {}

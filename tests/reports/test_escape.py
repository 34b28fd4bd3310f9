"""Nobody else's text does anything in a terminal, a log or markdown; all of it can still be read."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hostile import ATTACKS
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from fteval.reports import escape

ANY = st.text(st.characters(), max_size=200)  # surrogates included
MARKUP = st.text("`~|\\<>[]()!@#&*_:/\n\r\t -=ab1\x1b", max_size=60)
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def harmless(text: str) -> bool:
    """No character that steers a terminal, hides or reorders text, but line feeds, joiners and our own zero width."""
    kinds = {unicodedata.category(c) for c in text if c not in "\n\u200b\u200c\u200d"}
    return not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.one_of(ANY, MARKUP))
def test_every_character_shows(text: str) -> None:
    assert harmless(escape.visible(text))
    assert harmless(escape.for_terminal(text))
    escape.visible(text).encode("utf-8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("a\rb", "a\\x0db"),
        ("a\r\nb", "a\nb"),
        ("\u202e", "\\u202e"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("\u200b", "\\u200b"),
        ("naïve 日本語 👩\u200d🚀 עברית", "naïve 日本語 👩\u200d🚀 עברית"),
    ],
)
def test_what_cannot_be_seen_becomes_an_escape_and_the_rest_stays(text: str, shown: str) -> None:
    assert escape.visible(text) == shown


@given(st.one_of(ANY, st.text(":#[]er \n", max_size=30)))
def test_no_line_is_a_command_of_a_ci_runner(text: str) -> None:
    shown = escape.for_terminal(text)
    assert not re.search(r"^\s*::", shown, re.MULTILINE) and "##[" not in shown


@example("```\nout")
@example("x\n``````\n```")
@given(st.one_of(ANY, MARKUP))
def test_a_fence_holds_whatever_is_in_it(text: str) -> None:
    tokens = PARSER.parse(f"before\n\n{escape.fence(text)}\n\nafter")
    assert [t.type for t in tokens if t.level == 0] == [
        "paragraph_open", "paragraph_close", "fence", "paragraph_open", "paragraph_close"
    ]  # fmt: skip
    assert next(t for t in tokens if t.type == "fence").info == "text"


@given(st.one_of(ANY, MARKUP))
def test_a_code_span_is_one_span(text: str) -> None:
    (_, inline, _) = PARSER.parse(f"x {escape.code(text)} y")
    assert [c.type for c in inline.children or []] == ["text", "code_inline", "text"]


@given(MARKUP)
def test_a_code_span_stays_in_its_cell(text: str) -> None:
    tokens = PARSER.parse(f"| a | b |\n| --- | --- |\n| {escape.code(text, table=True)} | y |")
    cells = [t for t in tokens if t.type == "inline"][2:]
    assert len(cells) == 2 and cells[1].content == "y"
    assert [c.type for c in cells[0].children or []] == ["code_inline"]


def cells_as_github_counts(row: str) -> int:
    """Cells of a table row by GitHub's grammar, where a backslash escapes any punctuation: `\\\\|` is an open bar."""
    escaped = r"\\[!-/:-@\[-`{-~]"
    return len(re.findall(rf"(?:{escaped}|[^|])+", row.strip().strip("|")))


@given(MARKUP)
def test_a_cell_is_one_cell_for_github_too(text: str) -> None:
    for cell in (escape.code(text, table=True), escape.inline(text) or "-"):
        assert cells_as_github_counts(f"| {cell} | y |") == 2


@given(st.one_of(ANY, MARKUP))
def test_running_text_has_no_markup(text: str) -> None:
    tokens = PARSER.parse(f"x {escape.inline(text)} y")
    assert [t.type for t in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert {c.type for c in tokens[1].children or []} <= {"text", "text_special"}


@pytest.mark.parametrize("text", ATTACKS)
def test_running_text_is_no_mention_link_or_reference(text: str) -> None:
    for shown in (escape.inline(text), escape.summary(text)):
        assert not re.search(r"@\w|://|(?i:www\.)|#\d|(?i:GH-)\d|\b[0-9a-f]{40}\b|fteval:report", shown)
        assert not re.search(r"<[a-zA-Z/!]", shown)


def test_ordinary_text_reads_as_it_is() -> None:
    text = "iso_date.useful: +8.5 pp [+5.2, +11.8], better on 3 of 5 (60 %)"
    assert escape.inline(text) == text
    assert escape.inline("a * b") == "a \\* b"


def test_what_is_too_long_says_how_much_is_missing() -> None:
    shown = escape.clip("x" * 5_000_000, 100, "runs/1")
    assert shown == "x" * 100 + " … (4,999,900 of 5,000,000 characters not shown; whole in runs/1)"
    assert escape.clip("short", 100) == "short"


def test_the_marker_cannot_be_closed_from_inside() -> None:
    hostile = escape.marker(suite="a--> <script>", job="x")
    assert re.fullmatch(r"<!-- fteval:report suite=a-_script_\.[0-9a-f]{8} job=x -->", hostile)
    assert escape.marker(suite="support-triage", job="eval") == "<!-- fteval:report suite=support-triage job=eval -->"


@given(ANY, ANY)
def test_two_jobs_never_share_a_marker(one: str, two: str) -> None:
    first, second = escape.marker(job=one), escape.marker(job=two)
    assert (first == second) == (one == two)
    assert re.fullmatch(r"<!-- fteval:report job=[A-Za-z0-9._-]+ -->", first) and "--" not in first[4:-3]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http:/x", "", "data:text/html,x", "HTTPS ://x", "//x"])
def test_only_a_web_address_becomes_a_link(url: str) -> None:
    assert escape.link("all", url) == "all"


@example("\ud800")
@given(ANY)
def test_a_link_is_one_link(tail: str) -> None:
    shown = escape.link("all", f"https://ci.test/{tail}")
    (_, inline, _) = PARSER.parse(f"x {shown} y")
    assert [c.type for c in inline.children or []] == ["text", "link_open", "text", "link_close", "text"]

"""Untrusted text made harmless: model output, prompts, ids, names and paths in a terminal, a CI log and markdown.

What cannot be seen is shown as an escape (`\\x1b`, `\\u202e`): control characters, bidirectional overrides, zero-width
and tag characters, lone surrogates. Nothing is dropped in silence; what is too long says how much is not shown.
"""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from urllib.parse import quote

ZERO_WIDTH_SPACE = "\u200b"
# Joiners shape scripts and emoji; every other format character can hide or reorder what is read.
_SHOWN = frozenset("\u200c\u200d\n")
_SUSPECT = re.compile(r"[^\x20-\x7e\n]")


def visible(text: str) -> str:
    """Text in which every character shows: line feeds stay, carriage returns, tabs and the rest become escapes."""
    return _SUSPECT.sub(lambda match: _shown(match[0]), text.replace("\r\n", "\n"))


def _shown(char: str) -> str:
    if char == "\t":
        return "    "
    if char in _SHOWN or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"):
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def clip(text: str, limit: int, where: str | None = None) -> str:
    """At most `limit` characters, then how many are not shown and where they are."""
    if len(text) <= limit:
        return text
    whole = f"; whole in {where[:200]}" if where else ""
    return f"{text[:limit].rstrip()} … ({len(text) - limit:,} of {len(text):,} characters not shown{whole})"


def one_line(text: str, limit: int | None = None) -> str:
    """Visible text on one line, line feeds as ⏎."""
    # Clipped before the work is done: an answer may have 5 MB.
    clipped = text if limit is None else clip(text, limit)
    return for_terminal(visible(clipped).replace("\n", " ⏎ ")).strip()


def for_terminal(text: str) -> str:
    """Visible text whose lines no CI runner reads as a command: `::error::` and `##[error]` get a backslash."""
    shown = visible(text)
    shown = re.sub(r"^(\s*)::", r"\1\\::", shown, flags=re.MULTILINE)
    return shown.replace("##[", "#\\#[")


# --- markdown ------------------------------------------------------------------------------------

# An underscore inside a word is no emphasis, an interval like [−6.5, +0.5] no link: they stay as they are read.
_SPECIAL = re.compile(r"[\\`*<>|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|\[(?![−+]?[\d.]+, [−+]?[\d.]+\](?![(\[:]))")
_MARKER = re.compile(r"fteval:(?=report)")


def fence(text: str) -> str:
    """A fenced block that nothing inside it can close."""
    body = _unspoofed(for_terminal(text))
    ticks = "`" * max(3, _longest_run(body, "`") + 1)
    return f"{ticks}text\n{body}\n{ticks}"


def code(text: str, limit: int = 200, *, table: bool = False) -> str:
    """A code span on one line: no markup, mention or link comes alive in it."""
    body = _unspoofed(one_line(text, limit))
    if table:
        # In a table a bar ends the cell, in a code span too, unless written `\|`. After a backslash GitHub would read
        # `\\|` as an escaped backslash and a bar.
        body = body.replace("\\|", "\\" + ZERO_WIDTH_SPACE + "|").replace("|", "\\|")
    if not body:
        return "` `"
    ticks = "`" * (_longest_run(body, "`") + 1)
    space = " " if body.startswith("`") or body.endswith("`") else ""
    return f"{ticks}{space}{body}{space}{ticks}"


def inline(text: str, limit: int = 500) -> str:
    """Running text without markup: no link, image, mention, reference, HTML or emphasis; may stand in a table."""
    body = _unspoofed(one_line(text, limit)).replace("&", "&amp;")
    body = _SPECIAL.sub(lambda match: {"<": "&lt;", ">": "&gt;"}.get(match[0], "\\" + match[0]), body)
    return _unlinked(body)


def summary(text: str, limit: int = 200) -> str:
    """Running text for a line of HTML in markdown, where no backslash would be read."""
    return _unlinked(html.escape(_unspoofed(one_line(text, limit)), quote=False))


def _unlinked(body: str) -> str:
    """Without what GitHub makes links of wherever it stands: mentions, addresses, issue numbers, commit hashes."""
    body = body.replace("@", "@" + ZERO_WIDTH_SPACE).replace("://", ":" + ZERO_WIDTH_SPACE + "//")
    body = re.sub(r"(?i)\bwww\.", lambda match: match[0][:-1] + ZERO_WIDTH_SPACE + ".", body)
    body = re.sub(r"#(?=\w)|(?i:\bGH-)(?=\d)", lambda match: match[0] + ZERO_WIDTH_SPACE, body)
    return re.sub(
        r"\b(?=[0-9]*[a-f])[0-9a-f]{7,64}\b", lambda match: match[0][:4] + ZERO_WIDTH_SPACE + match[0][4:], body
    )


def marker(**names: str) -> str:
    """The hidden first line by which a CI job finds its own report again: `<!-- fteval:report suite=S job=J -->`."""
    return f"<!-- fteval:report {' '.join(f'{key}={_word(value)}' for key, value in names.items())} -->"


def _word(value: str) -> str:
    """A value of the marker. What had to be changed gets a digest, so that two jobs never share a marker."""
    word = re.sub(r"--+", "-", re.sub(r"[^A-Za-z0-9._-]+", "_", value)).strip("-")[:80]
    if word == value and word:
        return word
    return f"{word}.{hashlib.sha256(value.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def link(text: str, url: str) -> str:
    """A link of our own to an address that came from outside; the bare text where that is no web address."""
    if not re.match(r"https?://[A-Za-z0-9]", url):
        return text
    return f"[{text}](<{quote(url[:2000], safe=_ADDRESS, errors='replace')}>)"


_ADDRESS = ":/?#[]@!$&'()*+,;=%-._~"


def _unspoofed(body: str) -> str:
    """Text that does not hold the marker, so that a search for the marker finds the first line only."""
    return _MARKER.sub("fteval" + ZERO_WIDTH_SPACE + ":", body)


def _longest_run(text: str, char: str) -> int:
    return max((len(run) for run in re.findall(f"{re.escape(char)}+", text)), default=0)

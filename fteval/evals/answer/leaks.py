"""What of a conversation's frame stands in an answer: template pieces, role markers, next turns.

A line "User: …" is a turn or a field: a field where a line beside it has another name, or the prompt the same one. What
the prompt asks for, a dialogue or a template, is no leak.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice

import regex

from fteval.evals.answer.phrases import pattern, plain, source
from fteval.evals.language.text import READ

ASKED = 8_000
"""Characters of a prompt that are looked at."""
_MOST = 60
"""Leaks of one kind that are looked at."""

_PIECE = regex.compile(
    r"<\|(?:[A-Za-z_][\w ./-]{1,38}+\|>?|\w*+\s*+\Z)|<｜[\w▁ ]*+(?:｜>)?|\|?im_(?:start|end)\|>|\[/?INST\]?"
    r"|\[/(?:IN?S?)?\Z|<</?SYS>>?|</?(?:start|end)_of_(?:turn|text|utterance|sentence)>?|<(?:start|end)_\w{0,5}+\Z"
    r"|<0x[0-9A-F]{2}>|[<\[](?:eos|bos|pad|eot|sep|unk|cls|endoftext|EOS|BOS|PAD|EOT|SEP|UNK|CLS)[>\]]"
    r"|(?:eot|(?:start|end)_header)_id\|?>|^[ \t]*+</?(?:user|assistant|human|bot)>|(?<s></?s>)",
    regex.MULTILINE,
)
_STRUCK = regex.compile(r"(?<=[^\s>][^\n]*)<s>[^\n<]{1,200}</s>")
"""Text that is struck through, in HTML."""
_HEADING = regex.compile(
    r"\#{2,4}[ \t]*+(?:Human|Assistant|User)[ \t]*+(?:[:：]|$)|\#\#\#[ \t]*+(?:Instruction|Response)[ \t]*+(?:[:：]|$)"
    r"|(?<=[.!?]\s|\n)\#{3,4}(?:[ \t]*+(?:Inst|Resp|Hum|Assis)\w*+)?[ \t]*+\Z"
    r"|^[ \t]*+Below is an instruction that describes a task",
    regex.MULTILINE | regex.IGNORECASE,
)
"""Also in the middle of a line: "and so it ends.### Human:". "### Instructions:" is a heading of the text itself."""
_DECOR = r"[ \t]*+[*_>\[(<]{0,3}+"
_ROLE = regex.compile(
    rf"(?:^{_DECOR}|(?<=[.!?\"”)\]][ \t]))(?P<role>user|human|(?:ai )?assistant|ai|bot|chatbot|chatgpt|gpt"
    r"|utilisateur|benutzer|nutzer|assistent|usuario|asistente|用户|助手)"
    r"[*_\])>]{0,3}+[ \t]*+[:：][*_]{0,2}+(?P<said>[^\n]*+)",
    regex.MULTILINE | regex.IGNORECASE,
)
_ANSWERED = regex.compile(
    rf"(?<=\n){_DECOR}(?:(?:next |new )?question|q|instruction|prompt)[*_ ]{{0,3}}[.:：][^\n]++\n\s*+{_DECOR}"
    r"(?:answer|a|response|output)[*_ ]{0,3}[.:：]",
    regex.IGNORECASE,
)
"""A question of its own, and the answer to it."""
_ALONE = regex.compile(
    r"(?:\A|(?<=[.!?)\"”。])\s*+)(?:(?:user|assistant|human|model)[ \t]*+(?:\n\s*+(?=\S)|\Z)"
    r"|(?:User|USER|Human|Assistant)\s*+\Z)"
)
_FIELD = regex.compile(
    r"\s*+(?:[-*•+]|\d{1,2}[.)])?[ \t]*+[*_\"'`]{0,3}+(\p{L}[\p{L}\p{N} /_&'()-]{0,40}?)[*_\"'`]{0,3}+[ \t]*+[:：]"
)
_SPOKEN = regex.compile(r"[?？]$|^(?:i|i'm|i've|thanks?|hello|hi|hey|please|ok(?:ay)?|yes|no|sure|great)\b", regex.I)
_CODE = regex.compile(r"```[^\n]*\n.*?\n[ \t]*```|~~~[^\n]*\n.*?\n[ \t]*~~~|`[^`\n]++`", regex.DOTALL)
_FRAMED = regex.compile(
    r"(?:^|\n)\W*(?:assistant|ai|bot|model|a|answer|response)\W*\Z|[\]>]\s*(?:assistant|model)?\s*\Z", regex.I
)
"""A prompt that is itself a conversation up to the model's turn: its markers are its frame, not what it asks for."""


@dataclass(frozen=True, slots=True)
class Leak:
    """One piece of the frame in an answer."""

    start: int
    text: str
    what: str
    goes_on: bool
    """Text stands after it that should not: a next turn, or whatever follows an end mark."""


def leaks(text: str, asked: Sequence[str]) -> list[Leak]:
    """Where the frame shows, in order; empty where it does not, or where the prompt asks for such text."""
    text, prompt = _both_ends(text, READ), _both_ends("\n".join(asked), ASKED)
    quoted = "" if _FRAMED.search(prompt[-200:]) else prompt
    wanted = plain(quoted)
    bare = _CODE.sub(lambda m: "\0" * len(m[0]), text)
    found: list[Leak] = []
    if not (pattern("template").search(wanted) or _PIECE.search(quoted)):
        found += _pieces(bare)
    if not any(talk["no"] is None for talk in _talk().finditer(wanted)):
        found += islice(_turns(bare, quoted), _MOST)
    return sorted(found, key=lambda leak: leak.start)


@cache
def _talk() -> re.Pattern[str]:
    """A dialogue, an interview, a quiz; `no` where it is not wanted."""
    return re.compile(rf"(?P<no>\b(?:no|not|never|without|avoid|instead of)\b[^.?!\n]{{0,40}}?)?{source('talk')}")


def _both_ends(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most // 2] + "\n" + text[-most // 2 :]


def _pieces(text: str) -> Iterator[Leak]:
    struck = [m.span() for m in _STRUCK.finditer(text[:5_000])]
    for m in islice(_PIECE.finditer(text), _MOST):
        if not (m["s"] and any(a <= m.start() < b for a, b in struck)):
            rest = _PIECE.sub("", text[m.end() : m.end() + 400]).strip("\0 \n\t|>")
            yield Leak(m.start(), m[0], "a template piece", bool(rest) and not only_pieces(text[: m.start()][-1_000:]))
    for m in islice(_HEADING.finditer(text), _MOST):
        goes_on = bool(text[: m.start()].strip()) and m.end() < len(text)
        yield Leak(m.start(), m[0].strip(), "a template heading", goes_on)


def only_pieces(text: str) -> bool:
    """Whether nothing but template pieces stands there."""
    return len(text) <= 1_000 and not _PIECE.sub("", text).strip()


def _turns(text: str, prompt: str) -> Iterator[Leak]:
    own = {m["role"].lower() for m in _ROLE.finditer(prompt)}
    names = [name[1].lower() for line in text.split("\n")[:_MOST] if (name := _FIELD.match(line))]
    two = {name for name in names if names.count(name) > 1} if len(set(names)) < 3 else set()
    for m in _ROLE.finditer(text):
        role = m["role"].lower()
        if role not in own and (role in two or not _is_field(text, m)):
            yield _turn(text, m.start("role"), m[0])
    for m in (*_ANSWERED.finditer(text), *_ALONE.finditer(text)):
        if text.strip() != m[0].strip():
            yield _turn(text, m.start(), m[0])


def _turn(text: str, start: int, line: str) -> Leak:
    first = not text[:start].strip(" \n*_>[(<")
    half = text.rstrip().endswith(line.strip()) and line.strip().isalpha()
    return Leak(start, line.strip()[:60], "a role marker" if first else "a next turn", not (first or half))


def _is_field(text: str, m: regex.Match[str]) -> bool:
    """Whether the line beside it has another name: an entry, not somebody's turn."""
    above, below = text[: m.start()].rstrip("\n"), text[m.end() :].lstrip("\n")
    beside = above[above.rfind("\n") + 1 :], below.partition("\n")[0]
    other = any((name := _FIELD.match(line)) and not _ROLE.match(line) and len(name[1].split()) < 5 for line in beside)
    return other and not _SPOKEN.search(m["said"].strip(" *_"))

"""What a model thought before it answered: found in any of the markings that models put around it."""

from __future__ import annotations

from typing import NamedTuple

import regex

from fteval.records import Generation

NO_ANSWER = "no answer within the limit: it was cut off inside its reasoning"

_WORD = r"(?:\w{1,20}[:_])?(?:think|thinking|reasoning|thoughts?)"
_OPEN = regex.compile(
    rf"\s*+(?:<{_WORD}>|\[THINK\]|◁think▷|<\|(?:begin_of_thought|START_THINKING)\|>|<unused94>thought\b)", regex.I
)
_CLOSE = regex.compile(
    rf"</{_WORD}>|\[/THINK\]|◁/think▷|<\|(?:end_of_thought|END_THINKING)\|>|<unused95>", regex.IGNORECASE
)
_FRAME = regex.compile(
    r"\s*+<\|(?:begin_of_solution|START_RESPONSE)\|>|<\|(?:end_of_solution|END_RESPONSE)\|>\s*+\Z", regex.IGNORECASE
)
"""What some of them put around the answer that follows."""
_HINT = regex.compile(r"</|\[/THINK\]|◁/think▷|<\||<unused9|\A\s*+[<\[◁]|\A(?:analysis|commentary)", regex.IGNORECASE)

# Harmony: every part names its channel, and only the last "final" is for the reader. Decoders that leave special tokens
# out leave "analysis…assistantfinal…".
_FINAL = regex.compile(
    r"<\|channel\|>\s*+final\b[^<\n]{0,40}+(?:<\|constrain\|>\w{0,20}+)?<\|message\|>|assistantfinal(?![a-z])"
)
_CHANNEL = regex.compile(
    r"\s*+(?:<\|start\|>\s*+assistant\s*+)?(?:<\|channel\|>\s*+(?:analysis|commentary)\b)"
    r"|(?:analysis|commentary)(?=[A-Z\"'“])"
)
_TURN_END = regex.compile(r"<\|(?:return|end|call)\|>")
_SPECIAL = regex.compile(r"<\|(?:channel|message|start|end|return|call)\|>")


class Parts(NamedTuple):
    """An output taken apart."""

    answer: str
    reasoning: str | None
    """None where there is none."""
    ended: bool
    """False where the output ends inside its reasoning."""


def parts(text: str) -> Parts:
    """The answer and the reasoning of an output.

    Templates that open the block themselves leave only its end in the output, so the end alone counts too.
    """
    # Every hint has a bracket, or is a word at the beginning: most texts need no pattern to be known.
    if not ("<" in text or "[" in text or "◁" in text or text[:1] in "aAcC") or not _HINT.search(text):
        return Parts(text, None, True)
    if _CHANNEL.match(text) or "<|channel|>" in text:
        return _channels(text)
    at = max((end.end() for end in _CLOSE.finditer(text)), default=0)
    rest = text[at:].lstrip() if at else text
    if _OPEN.match(rest):
        return Parts("", text, False)
    return Parts(_FRAME.sub("", rest), text[:at], True) if at else Parts(text, None, True)


def _channels(text: str) -> Parts:
    finals = list(_FINAL.finditer(text))
    if not finals:
        return Parts("", text, False) if _CHANNEL.match(text) else Parts(text, None, True)
    answer = _TURN_END.split(text[finals[-1].end() :], maxsplit=1)[0].strip()
    return Parts(answer, text[: finals[-1].start()] or None, True)


def is_mark(token: str) -> bool:
    """Whether a token, special or not, marks where reasoning begins or ends: it must not be left out of the text."""
    return any(form.fullmatch(token) for form in (_OPEN, _CLOSE, _SPECIAL))


def unanswered(generation: Generation) -> bool:
    """Whether the limit came before the answer did: the output ends inside its reasoning, and not by itself.

    Outputs made elsewhere may not say why they ended: a model that ends by itself closes what it opened.
    """
    text = generation.text
    if generation.finish_reason not in ("length", None) or text is None:
        return False
    if text.strip():
        return not parts(text).ended
    # A server that shows reasoning apart, or not at all, gives no text where all tokens went into it.
    return bool(generation.reasoning) or (text == "" and generation.finish_reason == "length")

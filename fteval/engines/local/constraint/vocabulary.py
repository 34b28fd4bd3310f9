"""The bytes that each token of a tokenizer adds to a text."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fteval.engines.local.chat import Chat
from fteval.errors import UserError

TRIED = (
    "Cr\u00e8me br\u00fbl\u00e9e, 3 eggs \u2013 \u65e5\u672c\u8a9e \U0001f600\n\ta\u0308 na\u00efve e\u0301",
    "The dog's   house.",
)
"""Texts that bytes and decoder must agree on; letters of several bytes and of several code points."""
_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


def token_bytes(chat: Chat) -> list[bytes]:
    """Per token id what it writes; b"" for special tokens, which an answer is shown without.

    Raises UserError for a tokenizer whose decoder is of an unknown kind.
    """
    tokenizer = chat.tokenizer
    added = {int(i): token for i, token in getattr(tokenizer, "added_tokens_decoder", {}).items()}
    piece = _reader(tokenizer)
    found = []
    for i, text in enumerate(tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))):
        if i in added:
            found.append((chat.decode([i]) if added[i].special else str(added[i].content)).encode())
        else:
            found.append(piece(text or ""))
    _check(chat, found)
    return found


def whole(begun: bytes, data: bytes) -> tuple[str, bytes]:
    """The whole characters that are there after these bytes, and what is left of one that is not whole yet."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(begun + data)
    return text, decoder.getstate()[0]


def going_on(tokens: Sequence[bytes]) -> list[int]:
    """Tokens that may finish a character that an earlier one has begun."""
    return [i for i, data in enumerate(tokens) if data and 0x80 <= data[0] < 0xC0]


def _reader(tokenizer: Any) -> Callable[[str], bytes]:
    """What makes bytes of a token's name, by the kinds of decoder that the tokenizer has."""
    kinds = set(_kinds(_decoder(tokenizer)))
    if "ByteLevel" in kinds:
        byte = _byte_level()
        return lambda text: bytes(byte[c] for c in text) if all(c in byte for c in text) else text.encode()
    if kinds & {"Metaspace", "ByteFallback"}:
        return _sentence_piece
    if "WordPiece" in kinds:
        return lambda text: (text[2:] if text.startswith("##") else f" {text}").encode()
    raise _unknown(", ".join(sorted(kinds)) or "none")


def _sentence_piece(text: str) -> bytes:
    if byte := _BYTE.fullmatch(text):
        return bytes([int(byte[1], 16)])
    return text.replace("\u2581", " ").encode()


def _decoder(tokenizer: Any) -> Any:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    return None if backend is None else json.loads(backend.to_str()).get("decoder")


def _kinds(decoder: Any) -> Iterator[str]:
    if isinstance(decoder, dict):
        yield str(decoder.get("type"))
        for inner in decoder.get("decoders", ()):
            yield from _kinds(inner)


def _byte_level() -> dict[str, int]:
    """The letters that stand for bytes in byte-level vocabularies: printable Latin-1 ones for themselves, the other
    bytes from U+0100 on, in their order (GPT-2's table)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + n): byte for n, byte in enumerate(others)}


def _check(chat: Chat, found: list[bytes]) -> None:
    """Raises UserError where the bytes are not what the decoder writes: letters would slip through."""
    for text in TRIED:
        ids = chat.encode(text)
        joined = b"".join(found[i] for i in ids).decode("utf-8", "replace")
        if "".join(joined.split()) != "".join(chat.decode(ids).split()):
            raise _unknown(f"{joined[:40]!r} is written as {chat.decode(ids)[:40]!r}")


def _unknown(what: str) -> UserError:
    return UserError(
        f"it cannot be told which letters the tokens of this tokenizer hold (decoder: {what})",
        fix="forbid_letters and words need a byte-level, SentencePiece or WordPiece tokenizer with a tokenizer.json",
    )

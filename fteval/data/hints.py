"""What to do about rows that others write: the line that turns their file into one that is read."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

_ASIAN = ("gb18030", "shift_jis", "euc_kr")


def convert_line(path: Path, *flags: str) -> str:
    """The command that makes a readable file of this one, to be pasted as it is; what was misread is read as it looks.

    A file that is no UTF-8 gets its likely encoding.
    """
    if "--encoding" not in flags and path.is_file() and not _is_unicode(path):
        flags = (*flags, "--encoding", likely_encoding(path))
    new = path.with_name(f"{path.stem.removesuffix('.chat')}.chat.jsonl")
    if new == path:
        new = path.with_name(f"{path.stem}.2.jsonl")
    return shlex.join(["fteval", "data", "convert", str(path), "-o", str(new), *flags])


_HEAD = 1 << 20


def _is_unicode(path: Path) -> bool:
    """Whether the beginning is UTF-8, or UTF-16, which is known without being told, or Parquet."""
    head = _head(path)
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"PAR1")) or b"\0" in head[:200]:
        return True
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3  # a character that was cut
    return True


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def likely_encoding(path: Path) -> str:
    """The encoding that a file which is no UTF-8 probably has; a guess, for a line that its user reads."""
    if not path.is_file():
        return "windows-1252"
    head = _head(path)
    for encoding in _ASIAN:
        try:
            told = head.decode(encoding)
        except UnicodeDecodeError:
            continue
        # One letter with an accent and the letter behind it decode too, into a sign that stands alone in a word.
        runs = re.findall(r"[^\x00-\x7f]+", told)
        if runs and sum(len(run) for run in runs) >= 2 * len(runs) and all(map(_asian, "".join(runs))):
            return encoding
    return "windows-1252"


def _asian(sign: str) -> bool:
    return "\u3000" <= sign <= "\u9fff" or "\uac00" <= sign <= "\ud7a3" or "\uff00" <= sign <= "\uffef"

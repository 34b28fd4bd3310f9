"""Journals: A2, A3, A4, A5, A15, B10, E5 of the fault list. Devices and limits of the real system, nothing patched."""

from __future__ import annotations

import binascii
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import echo
import pytest

from fteval.errors import INCOMPLETE, USAGE, Incomplete, UserError
from fteval.runs.journal import lines, repair
from fteval.runs.journal.journal import Journal


def written(path: Path, *records: dict[str, object]) -> bytes:
    journal = Journal(path)
    journal.append(records)
    journal.close()
    return path.read_bytes()


def numbered(path: Path, n: int = 5) -> bytes:
    return written(path, *({"key": f"k{i}", "text": f"answer {i}"} for i in range(n)))


def keys(path: Path) -> list[str]:
    return [record["key"] for record in lines.read(path)]


@pytest.mark.parametrize(
    "text",
    [
        "a\u2028b\u2029c\u0085d",
        "nul \x00 and \x1f",
        "lone \ud800 surrogate \udfff",
        "emoji 👩‍👩‍👧",
        "\u202eright to left",
        "\r\n\n",
    ],
)
def test_any_text_is_one_ascii_line_and_comes_back_the_same(tmp_path: Path, text: str) -> None:
    data = written(tmp_path / "j.jsonl", {"key": "1", "text": text}, {"key": "2", "text": text})
    assert data.isascii()
    assert data.count(b"\n") == 2
    assert [record["text"] for record in lines.read(tmp_path / "j.jsonl")] == [text, text]


def test_a_line_carries_the_crc_32_of_what_follows_it(tmp_path: Path) -> None:
    line = written(tmp_path / "j.jsonl", {"key": "1"}).rstrip(b"\n")
    assert json.loads(line) == {"crc": line[8:16].decode(), "v": 1, "key": "1"}
    assert int(line[8:16], 16) == binascii.crc32(line[18:])


def test_nan_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    with pytest.raises(ValueError, match="JSON compliant"):
        journal.append([{"key": "1"}, {"key": "2", "score": float("nan")}])
    assert (tmp_path / "j.jsonl").read_bytes() == b""


def test_any_changed_byte_of_a_line_is_an_error_that_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    whole = numbered(path)
    begin = whole.index(b"\n") + 1
    end = whole.index(b"\n", begin)
    for position in range(begin, end):
        changed = bytearray(whole)
        changed[position] ^= 0x01  # no byte of an ASCII JSON line becomes a newline by this
        path.write_bytes(changed)
        with pytest.raises(Incomplete) as caught:
            keys(path)
        assert caught.value.where == f"{path}:2"
        assert caught.value.exit_code == INCOMPLETE


def test_truncated_at_every_byte_of_the_last_two_records_all_earlier_ones_are_read(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    whole = numbered(path)
    ends = [i + 1 for i, byte in enumerate(whole) if byte == 0x0A]
    for cut in range(ends[-3], len(whole) + 1):
        expected = [f"k{i}" for i, end in enumerate(ends) if end <= cut]
        path.write_bytes(whole[:cut])
        assert keys(path) == expected
        journal = Journal(path)
        if cut in ends:
            assert journal.torn is None
        else:
            assert journal.torn is not None
            assert journal.torn.read_bytes() == whole[ends[len(expected) - 1] : cut]
        journal.append([{"key": "next"}])
        journal.close()
        assert keys(path) == [*expected, "next"]


def test_a_line_whose_end_is_written_while_it_is_read_is_left_for_next_time(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    whole = numbered(path, 3)
    path.write_bytes(whole[:-10])
    reader = lines.raw(path)
    assert [next(reader).number for _ in range(3)] == [1, 2, 3]
    path.write_bytes(whole)
    assert list(reader) == []
    assert keys(path) == ["k0", "k1", "k2"]


def test_a_last_line_that_was_changed_is_moved_aside_before_the_next_append(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(numbered(path).replace(b"answer 4", b"answer 9"))
    journal = Journal(path)
    assert journal.torn is not None
    assert b"answer 9" in journal.torn.read_bytes()
    assert keys(path) == ["k0", "k1", "k2", "k3"]


@pytest.mark.parametrize("garbage", [b"garbage\n", b"\x00\xff\xfe\n", b"\n", b'{"key":"k1"}\n', b"[" * 100_000 + b"\n"])
def test_garbage_in_the_middle_is_never_skipped_and_repair_takes_exactly_that_line(
    tmp_path: Path, garbage: bytes
) -> None:
    path = tmp_path / "j.jsonl"
    whole = numbered(path)
    first = whole.index(b"\n") + 1
    damaged = whole[:first] + garbage + whole[first:]
    path.write_bytes(damaged)
    with pytest.raises(Incomplete, match="damaged journal") as caught:
        Journal(path)
    assert caught.value.where == f"{path}:2"
    assert "verify --repair" in str(caught.value.fix)
    assert path.read_bytes() == damaged
    assert os.listdir(tmp_path) == ["j.jsonl"]

    assert repair.verify(path)[0] == 6
    assert [damage.number for damage in repair.repair(path)] == [2]
    assert path.read_bytes() == whole
    (side,) = tmp_path.glob("j.jsonl.quarantine-*")
    assert side.read_bytes() == garbage
    assert repair.verify(path) == (5, [])


@pytest.mark.parametrize("recomputed", [True, False])
def test_a_line_of_a_newer_version_is_a_usage_error_and_nothing_is_modified(tmp_path: Path, recomputed: bool) -> None:
    path = tmp_path / "j.jsonl"
    checked = b'"v":99,"key":"k5","shape":"unknown"}'
    checksum = binascii.crc32(checked) if recomputed else 0
    whole = numbered(path) + b'{"crc":"%08x",%b\n' % (checksum, checked)
    path.write_bytes(whole)
    for act in (lambda: keys(path), lambda: Journal(path), lambda: repair.repair(path)):
        with pytest.raises(UserError, match="newer version") as caught:
            act()
        assert caught.value.exit_code == USAGE
    assert path.read_bytes() == whole
    assert os.listdir(tmp_path) == ["j.jsonl"]


def test_a_full_disk_stops_the_work_and_the_journal_takes_nothing_more(tmp_path: Path) -> None:
    (tmp_path / "j.jsonl").symlink_to("/dev/full")
    journal = Journal(tmp_path / "j.jsonl")
    for _ in range(2):
        with pytest.raises(Incomplete, match=r"cannot write .*j\.jsonl: No space left on device"):
            journal.append([{"key": "1"}])
    assert journal.failed


def test_after_a_failed_sync_nothing_is_acknowledged_and_the_descriptor_not_asked_again(tmp_path: Path) -> None:
    # /dev/null takes every write and refuses fdatasync (EINVAL): a sync that fails after a write that did not.
    (tmp_path / "j.jsonl").symlink_to("/dev/null")
    journal = Journal(tmp_path / "j.jsonl")
    journal.write([{"key": "1"}])
    assert not journal.failed
    for _ in range(2):
        with pytest.raises(Incomplete, match="cannot write"):
            journal.sync()
    with pytest.raises(Incomplete, match="cannot write"):
        journal.write([{"key": "2"}])


def test_a_write_that_is_cut_short_by_a_limit_leaves_every_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    script = (
        "import sys; from pathlib import Path\n"
        "sys.dont_write_bytecode = True\n"
        "from fteval.runs.journal.journal import Journal; from fteval.errors import Incomplete\n"
        "j = Journal(Path(sys.argv[1]))\n"
        "try:\n"
        "    for i in range(1000): j.append([{'key': f'k{i}', 'text': 'x' * 50}])\n"
        "except Incomplete as error: print(error.what); sys.exit(error.exit_code)\n"
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        preexec_fn=limit,
        env=echo.child_env(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == INCOMPLETE, done.stderr
    assert "File too large" in done.stdout
    assert path.stat().st_size == 4096
    n = len(keys(path))
    assert keys(path) == [f"k{i}" for i in range(n)]
    journal = Journal(path)
    assert journal.torn is not None
    journal.append([{"key": f"k{n}"}])
    assert keys(path) == [f"k{i}" for i in range(n + 1)]

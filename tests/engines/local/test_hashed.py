"""Digests of bases: one a base, and never an old one."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from fteval.engines.local import digests
from fteval.engines.local.hashed import Hashed


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


def test_it_is_the_digest_of_the_weights(folder: Path) -> None:
    assert Hashed()(folder) == digests.weights_digest(folder)


def test_weights_saved_over_have_another_digest(folder: Path) -> None:
    hashed = Hashed()
    before = hashed(folder)
    weights = next(folder.glob("*.safetensors"))
    changed = bytearray(weights.read_bytes())
    changed[-1] ^= 1
    other = folder / "other"
    other.write_bytes(changed)
    other.replace(weights)  # another file of the same size
    assert hashed(folder) == digests.weights_digest(folder) != before


def test_a_base_is_read_once_for_all_on_it(folder: Path) -> None:
    hashed = Hashed()
    first = hashed(folder)
    assert hashed(folder) is first  # the very text: nothing was made anew


def test_weights_that_cannot_be_read_are_an_error_of_the_reader(folder: Path) -> None:
    weights = next(folder.glob("*.safetensors"))
    weights.unlink()
    weights.mkdir()
    with pytest.raises(IsADirectoryError):
        Hashed()(folder)


@pytest.mark.parametrize("size", [0, 1, digests.PIECE - 1, digests.PIECE, digests.PIECE + 1])
def test_a_file_is_hashed_to_its_last_byte(tmp_path: Path, size: int) -> None:
    data = bytes(i % 251 for i in range(1000)) * (size // 1000 + 1)
    (tmp_path / "x").write_bytes(data[:size])
    assert digests.file_digest(tmp_path / "x") == hashlib.sha256(data[:size]).hexdigest()

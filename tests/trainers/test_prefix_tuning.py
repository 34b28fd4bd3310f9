"""Prefix tuning on a tiny model: what is learnt, what is kept, and the same bytes twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from learnt import check_learnt, check_same_bytes_and_room

from fteval.trainers import prefix_tuning


def test_the_answer_becomes_likelier_and_only_vectors_are_kept(tiny_model: Path, tmp_path: Path) -> None:
    check_learnt(prefix_tuning, tiny_model, tmp_path, rate=0.05)


@pytest.mark.slow
def test_the_same_record_gives_the_same_bytes_and_a_row_leaves_room(tiny_model: Path, tmp_path: Path) -> None:
    check_same_bytes_and_room(prefix_tuning, tiny_model, tmp_path)

"""The script that makes the real model: what it does without the network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "real_model.py"


def made(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), str(folder)], capture_output=True, text=True, check=False)


def test_a_model_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"")
    found = made(tmp_path)
    assert found.returncode == 0 and "is there" in found.stdout


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    found = made(tmp_path)
    assert found.returncode == 2 and "holds no model" in found.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]

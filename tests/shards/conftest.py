from __future__ import annotations

from pathlib import Path

import pytest
from shards.parts import Project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    made = Project(tmp_path, 60)
    made.write()
    return made

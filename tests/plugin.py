"""Packages that bring a probe or a trainer of their own, as pip would lay them down."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

PROBE = """\
from dataclasses import dataclass
from typing import ClassVar

from fteval.records import Message, Metric, Sample, Scores
{imports}

@dataclass(frozen=True, slots=True)
class Length:
    \"\"\"Whether an answer is long.\"\"\"

    metrics: ClassVar[tuple[Metric, ...]] = (Metric("long", primary=True),)

    def samples(self):
        return [Sample(f"s{{i}}", (Message("user", f"Question {{i}}"),)) for i in range(6)]

    def score(self, sample, generation):
        {late}
        return Scores({{"long": float(len(generation.text) > {least})}})
"""


def probe(imports: str = "", late: str = "pass", least: str = "LEAST") -> str:
    """The source of a probe that takes what decides from elsewhere."""
    return PROBE.format(imports=imports, late=late, least=least)


def install(
    folder: Path, files: Mapping[str, str], entry_points: str = "", *, name: str = "acme-probes", version: str = "1.0"
) -> Path:
    """Writes the files of a distribution, and what says that it is one."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    written = {
        **files,
        f"{info.name}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info.name}/entry_points.txt": entry_points,
        f"{info.name}/RECORD": "".join(f"{file},,\n" for file in files),
    }
    for file, text in written.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8")
    return folder


def on_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes what lies in a folder importable, for one test."""
    for left in [name for name in sys.modules if name.startswith("acme")]:
        del sys.modules[left]  # by the test before
    monkeypatch.syspath_prepend(folder)
    importlib.invalidate_caches()


def fteval(*args: str, folder: Path, installed: Path) -> subprocess.CompletedProcess[str]:
    """A command line of a process that has a folder's packages installed."""
    import fteval

    path = os.pathsep.join(map(str, (installed, Path(fteval.__file__).parents[1])))
    return subprocess.run(
        [sys.executable, "-m", "fteval", *args],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )

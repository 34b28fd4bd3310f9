"""The wheel: what is in it, and that it installs and works on every Python that it names."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from fteval.version import __version__

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PYTHONS = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
MOST = 12 << 20
"""Bytes of a wheel: nano's weights are 8 MB of them."""


def interpreter(version: str) -> str | None:
    """A Python of this version that starts, on the path or where pyenv keeps them."""
    named = shutil.which(f"python{version}")
    kept = sorted(Path("~/.pyenv/versions").expanduser().glob(f"{version}.*/bin/python"))
    for found in (*([named] if named else []), *map(str, kept)):
        if subprocess.run([found, "-m", "venv", "--help"], capture_output=True).returncode == 0:
            return found
    return None


def test_the_oldest_python_is_the_first_that_is_named() -> None:
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}" and len(PYTHONS) == 3


def test_the_changelog_begins_with_this_version() -> None:
    assert __version__ == PROJECT["version"]
    first = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert first is not None and first[1] == PROJECT["version"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT)], check=True)
    (made,) = folder.glob("fteval-*.whl")
    return made


@pytest.mark.slow
def test_the_wheel_has_the_package_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"fteval", f"fteval-{PROJECT['version']}.dist-info"}
    assert not [
        name for name in names if "__pycache__" in name or "/tests/" in name or name.endswith((".pyc", ".orig"))
    ]
    tracked = subprocess.run(["git", "ls-files", "fteval"], cwd=ROOT, capture_output=True, text=True).stdout.split("\n")
    if any(tracked):
        assert {name for name in names if name.startswith("fteval/")} <= set(tracked)
    assert wheel.stat().st_size < MOST
    (metadata,) = (n for n in names if n.endswith("METADATA"))
    assert "Project-URL" not in zipfile.ZipFile(wheel).read(metadata).decode()


@pytest.mark.slow
def test_the_source_has_what_its_tests_read(tmp_path: Path) -> None:
    if importlib.util.find_spec("build.__main__") is None:  # the folder build/ of a checkout has none
        pytest.skip("needs build: pip install build")
    command = [sys.executable, "-m", "build", "-q", "--sdist", "-o", str(tmp_path), str(ROOT)]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (made,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(made) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    assert {"action.yml", "mkdocs.yml", "templates/fteval.yml", ".pre-commit-hooks.yaml", "docs/ci.md"} <= names
    assert {"tests/test_packaging.py", "CONTRIBUTING.md", "constraints.txt", "examples/romeo/README.md"} <= names


@pytest.mark.slow
@pytest.mark.parametrize("version", PYTHONS)
def test_the_wheel_alone_works_without_torch(version: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} here: pyenv install {version}, or uv python install {version}")
    done = subprocess.run(["bash", str(ROOT / "scripts" / "smoke.sh"), python], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "smoke: ok" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("version", PYTHONS)
def test_the_locked_versions_exist_as_wheels(version: str, wheel: Path, tmp_path: Path) -> None:
    """Also for a Python that is not here."""
    command = [sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--only-binary=:all:", "--target"]
    where = [str(tmp_path), "--python-version", version, "-c", str(ROOT / "constraints.txt"), str(wheel)]
    done = subprocess.run([*command, *where], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

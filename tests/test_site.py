"""The documentation as a site: it builds, strictly, and fetches nothing from elsewhere."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import site_pages

ROOT = Path(__file__).resolve().parent.parent


def test_every_page_and_what_it_links_to_is_part_of_the_site(tmp_path: Path) -> None:
    files = site_pages.shown(ROOT)
    assert {ROOT / "README.md", ROOT / "docs" / "gates.md", ROOT / "docs" / "page.png"} <= files
    assert set((ROOT / "docs").rglob("*.md")) <= files
    assert site_pages.gather(ROOT, tmp_path / "pages") == len(
        [p for p in (tmp_path / "pages").rglob("*") if p.is_file()]
    )


@pytest.mark.slow
def test_the_site_builds_strictly_and_asks_no_other_server() -> None:
    if importlib.util.find_spec("mkdocs") is None:
        pytest.skip("needs mkdocs-material: pip install -c constraints.txt -e '.[docs]'")
    site_pages.gather(ROOT, ROOT / "build" / "pages")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "-q"], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    pages = list((ROOT / "build" / "site").rglob("*.html"))
    assert len(pages) > 20
    remote = re.compile(
        r"<(?:script|img|iframe)[^>]*\bsrc=\"?https?:|<link[^>]*\brel=\"?stylesheet[^>]*https?:|@import", re.I
    )
    assert {page.name: found[0] for page in pages if (found := remote.search(page.read_text(encoding="utf-8")))} == {}

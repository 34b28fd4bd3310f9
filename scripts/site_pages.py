"""Puts what the site shows side by side in build/pages: pages of README, docs and examples, and the files they link to.

Run by `make docs`. The tree stays as it is: a link leads to the same file there, in the repository and on GitHub.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/**/*.md",
    "examples/**/*.md",
    "fteval/nano/*.md",
    "docs/site.css",
)
_LINK = re.compile(r"\]\(([^)#\s]+)")


def shown(root: Path) -> set[Path]:
    """Every page, and every file of the repository that one of them links to."""
    pages = {path for pattern in PAGES for path in root.glob(pattern)}
    linked = {(page.parent / link).resolve() for page in pages for link in _LINK.findall(page.read_text("utf-8"))}
    return pages | {path for path in linked if path.is_file() and path.is_relative_to(root)}


def gather(root: Path, out: Path) -> int:
    """Copies them, and says how many there are."""
    shutil.rmtree(out, ignore_errors=True)
    files = shown(root)
    for path in files:
        place = out / path.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    return len(files)


if __name__ == "__main__":
    print(f"build/pages: {gather(ROOT, ROOT / 'build' / 'pages')} files")

"""Writes docs/gallery.md, and the gallery's table in the README, from the examples' claims and their reports.

    python scripts/gallery_doc.py

A test writes them anew and compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from claims import ROOT, THEMES, Claim, claims, outcome, read

HEAD = """\
# Gallery

What is generally said of fine-tuning, and what came out: on nano, the small model in the package, and where it was run
on a real chat model of 135M parameters (`make real-model`). Each row is an example with its data, its config, and the
report that its command wrote. What nano does is no proof of what a larger model does; run the example on yours
(`base:` in its config).

This page is written by `python scripts/gallery_doc.py` from `claim.yaml` in each example's folder. The statements rest
on checks of the reports, which stand below the tables with what the reports say. `make gallery` makes nano's reports
again, two at a time, and fails where a check no longer holds.
"""
TABLE = ("| said | on nano | on a real model | |", "|---|---|---|---|")
BEGIN, END = "<!-- gallery: written by scripts/gallery_doc.py -->", "<!-- /gallery -->"


def page() -> str:
    """docs/gallery.md."""
    there = claims()
    parts = [HEAD]
    for theme, title in THEMES.items():
        rows = [row(claim) for claim in there if claim.theme == theme]
        parts.append("\n".join([f"## {title}\n", *TABLE, *rows]) + "\n")
    parts.append("## What each rests on\n")
    parts += ["\n".join(section(claim)) + "\n" for claim in there]
    return "\n".join(parts)


def row(claim: Claim) -> str:
    name = claim.folder.name
    links = [f"[{name}](../examples/{name}/README.md)"]
    links += [f"[{report}](../examples/{name}/{report})" for report in claim.checks]
    return f"| {claim.claim} | {claim.nano} | {claim.real or ''} | {', '.join(links)} |"


def section(claim: Claim) -> Iterator[str]:
    """The commands of an example, and what its reports say where the checks look."""
    name = claim.folder.name
    yield f"### {name}\n"
    yield "\n".join([f"    cd examples/{name}", *(f"    {command}" for command in claim.commands)]) + "\n"
    yield "| report | check | it says |"
    yield "|---|---|---|"
    for file, checks in claim.checks.items():
        report = read(claim.folder / file)
        for check in checks:
            yield f"| {file} | `{check}` | {outcome(check, report).says} |"


def with_table(readme: str) -> str:
    """The README with the table as it should be."""
    lines = ["| often said | seen here | |", "|---|---|---|"]
    for claim in claims():
        name = claim.folder.name
        lines.append(f"| {claim.claim} | {claim.short} | [{name}](examples/{name}/README.md) |")
    table = "\n".join([BEGIN, "", *lines, "", END])
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: table, readme, flags=re.DOTALL)


if __name__ == "__main__":
    (ROOT / "docs" / "gallery.md").write_text(page(), encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(with_table(readme.read_text(encoding="utf-8")), encoding="utf-8")

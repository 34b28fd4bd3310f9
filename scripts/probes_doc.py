"""Writes docs/probes.md from what the probes say of themselves, and from how often they are right.

    python scripts/probes_doc.py

A test writes it anew and compares.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from fteval import registry
from fteval.records import Metric, Probe

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests"))
from evals.validity import Validity, probes, validity  # noqa: E402

HEAD = """\
# Probes

What each probe asks and how it judges. This page is written by `python scripts/probes_doc.py` from the probes
themselves; `fteval probes show NAME` prints the same with samples and judged answers.

A star marks the primary metric: the one that is guarded where nobody writes a gate. What cannot be judged is not
scored, with a reason; it is never a 0.

"How often it is right" counts labelled answers of this repository (`tests/evals/cases/`), at least half of them written
to fool the probe both ways. `make validity` counts anew. The probes were mended on these answers, so expect a little
less on others.
"""


def page() -> str:
    """The whole page."""
    labelled = {name: validity(name) for name in probes()}
    parts = [HEAD, _overview(labelled)]
    parts += [_section(name, labelled.get(name)) for name in registry.probe_names()]
    return "\n".join(parts)


def _overview(labelled: dict[str, Validity]) -> str:
    lines = ["| probe | measures | labelled answers | right |", "|---|---|--:|--:|"]
    for name in registry.probe_names():
        first = _doc(registry.probe_class(name)).split("\n")[0].rstrip(".")
        v = labelled.get(name)
        counts = f"{v.cases} | {100 * v.agreement:.1f} %" if v else "| "
        lines.append(f"| [`{name}`](#{name}) | {first} | {counts} |")
    return "\n".join(lines) + "\n"


def _section(name: str, v: Validity | None) -> str:
    cls = registry.probe_class(name)
    first, _, rest = _doc(cls).partition("\n")
    parts = [f"## {name}\n", f"{first}\n"]
    parts += [f"**{heading}.** {text}\n" for heading, text in _headings(rest)]
    parts.append(_metrics(registry.probe(name)))
    parameters = list(_parameters(cls))
    if parameters:
        parts.append("\n".join(["| parameter | default | |", "|---|---|---|", *parameters]) + "\n")
    if v is not None:
        right = f"agrees with {100 * v.agreement:.1f} %"
        wrong = f"{len(v.false_passes)} false passes, {len(v.false_fails)} false fails"
        labelled = f"{v.cases} labelled answers, {v.adversarial} of them written to fool it"
        parts.append(f"**How often it is right.** {labelled}: {right}, {wrong}.\n")
    return "\n".join(parts)


def _doc(cls: type[Probe]) -> str:
    return inspect.getdoc(cls) or ""


def _headings(text: str) -> Iterator[tuple[str, str]]:
    """The parts of a docstring: a word at the margin, and what stands beside it."""
    for found in re.finditer(r"^([A-Z][a-z]+) +(.*(?:\n(?: .*)?)*)", text, flags=re.MULTILINE):
        yield found[1], _escaped(" ".join(found[2].split()))


def _escaped(text: str) -> str:
    """Text that markdown shows as it is; what stands in backticks is shown so anyway."""
    outside = re.compile(r"([\\*<\[\]]|(?<!\w)_|_(?!\w))")
    return "`".join(part if n % 2 else outside.sub(r"\\\1", part) for n, part in enumerate(text.split("`")))


def _metrics(probe: Probe) -> str:
    lines = ["| metric | better | unit |", "|---|---|---|"]
    lines += [f"| {'★ ' if m.primary else ''}`{m.name}` | {m.better} | {_unit(m)} |" for m in probe.metrics]
    return "\n".join(lines) + "\n"


def _unit(metric: Metric) -> str:
    some = ", for some samples only" if metric.partial else ""
    return ("share" if metric.unit == "share" else metric.unit) + some


def _parameters(cls: type[Probe]) -> Iterator[str]:
    about = _field_docs(cls)
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]  # a Probe is a dataclass by contract
        if field.init:
            default = field.default if field.default is not dataclasses.MISSING else None
            shown = ", ".join(map(str, default)) if isinstance(default, tuple) else str(default or "")
            yield f"| `{field.name.rstrip('_')}` | {shown or '–'} | {about.get(field.name, '')} |"


def _field_docs(cls: type) -> dict[str, str]:
    """Field -> the string that stands under it in the source."""
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(node, ast.ClassDef)
    found: dict[str, str] = {}
    for above, below in zip(node.body, node.body[1:], strict=False):
        text = below.value if isinstance(below, ast.Expr) else None
        if isinstance(above, ast.AnnAssign) and isinstance(text, ast.Constant) and isinstance(text.value, str):
            found[ast.unparse(above.target)] = " ".join(text.value.split())
    return found


if __name__ == "__main__":
    (ROOT / "docs" / "probes.md").write_text(page(), encoding="utf-8")

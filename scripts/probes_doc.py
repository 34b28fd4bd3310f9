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
from evals.real_answers import SMALL, Flag, counted, interval  # noqa: E402
from evals.validity import SMALL as READ  # noqa: E402
from evals.validity import Validity, probes, validity  # noqa: E402

HEAD = """\
# Probes

What each probe asks and how it judges. This page is written by `python scripts/probes_doc.py` from the probes
themselves; `fteval probes show NAME` prints the same with samples and judged answers.

A star marks the primary metric: the one that is guarded where nobody writes a gate. What cannot be judged is not
scored, with a reason; it is never a 0.

"How often it is right" has two sides. *Written cases* are answers that this project wrote to fool the probe, both
ways (`tests/evals/cases/`; `make validity` counts them anew), and the probes were mended on them: the share says that
no known trick works, not how often real answers are judged rightly. *Real answers* are labelled answers that models
wrote, enriched with hard ones (`make validity REAL=DIR`; the counts stand in `docs/validity.json`): a flag is the
worse value of a metric, its precision the share of flagged answers that the label faults too, its recall the share of
faulty answers that are flagged, with 95 % intervals (Wilson). What is not scored is not flagged and does not agree. The
probes were mended on part of these answers too, and are asked without a reference model here. *Answers of a real 135M
model* are what SmolLM2-135M-Instruct said to the probes' own questions, drawn over all of them, and read and labelled
before the probe judged them (`tests/evals/real_135m/`).
"""


def page() -> str:
    """The whole page."""
    labelled = {name: validity(name) for name in probes()}
    real = counted()
    parts = [HEAD, _overview(labelled, real)]
    for name in registry.probe_names():
        parts.append(section(name, labelled.get(name), [flag for flag in real if flag.probe == name]))
    return "\n".join(parts)


def _overview(labelled: dict[str, Validity], real: list[Flag]) -> str:
    lines = [
        "| probe | measures | right on written cases (by this project, to fool it) | right on real answers "
        f"| right on {SMALL} |",
        "|---|---|--:|--:|--:|",
    ]
    for name in registry.probe_names():
        first = _doc(registry.probe_class(name)).split("\n")[0].rstrip(".")
        v = labelled.get(name)
        written = f"{100 * v.agreement:.1f} % of {v.cases}" if v else ""
        main = [_agreement(f) for f in real if f.probe == name and f.main and f.source != SMALL]
        read = validity(name, READ) if name in probes(READ) else None
        small = f"{interval(read.right, read.cases)} of {read.cases}" if read else ""
        lines.append(f"| [`{name}`](#{name}) | {first} | {written} | {'<br>'.join(main)} | {small} |")
    return "\n".join(lines) + "\n"


def _agreement(f: Flag) -> str:
    share = "none scored" if f.unscored == f.n else interval(f.right, f.n)
    return f"{share} of {f.n}{'' if f.by_models else ', all in their manner'}"


def section(name: str, v: Validity | None, real: list[Flag]) -> str:
    """What a probe says of itself, and how often it is right where that was counted."""
    cls = registry.probe_class(name)
    first, _, rest = _doc(cls).partition("\n")
    parts = [f"## {name}\n", f"{first}\n"]
    parts += [f"**{heading}.** {text}\n" for heading, text in _headings(rest)]
    parts.append(_metrics(registry.probe(name)))
    parameters = list(_parameters(cls))
    if parameters:
        parts.append("\n".join(["| parameter | default | |", "|---|---|---|", *parameters]) + "\n")
    notes = ROOT / "docs" / "probes" / f"{name}.md"
    if notes.is_file():
        parts.append(notes.read_text(encoding="utf-8"))
    if v is not None or real:
        parts.append(_validity(v, real))
    return "\n".join(parts)


def _validity(v: Validity | None, real: list[Flag]) -> str:
    """How often the probe is right, and by whose labels."""
    lines = []
    if v is not None:
        wrong = f"{len(v.false_passes)} false passes, {len(v.false_fails)} false fails"
        who = f"{v.cases} answers written by this project, {v.adversarial} of them to fool it"
        lines.append(f"**How often it is right.** On {who}: agrees with {100 * v.agreement:.1f} %, {wrong}.\n")
    if real:
        lines += [
            "| on real answers | n | not scored | agrees | precision of the flag | recall of the flag |",
            "|---|--:|--:|--:|--:|--:|",
        ]
    for source in dict.fromkeys(f.source for f in real):
        lines.append(f"| *{source}* | | | | | |")
        for f in (f for f in real if f.source == source):
            shares = (interval(f.right, f.n), interval(f.both, f.flagged), interval(f.both, f.faulty))
            lines.append(f"| {'★ ' if f.main else ''}`{f.metric}` | {f.n} | {f.unscored} | {' | '.join(shares)} |")
    return "\n".join(lines) + "\n"


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

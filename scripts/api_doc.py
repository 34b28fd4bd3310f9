"""Writes docs/api.md from the docstrings and signatures of what `import fteval` gives.

    python scripts/api_doc.py

A test writes it anew and compares.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fteval
import fteval.data

ROOT = Path(__file__).resolve().parent.parent
HEAD = """\
# The Python reference

What `import fteval` gives. This page is written by `python scripts/api_doc.py` from the docstrings and signatures;
[the guide](python.md) shows how the parts go together.
"""
PARTS = {
    "What is done": ("run", "compare", "load", "train", "export", "score", "Watch"),
    "What comes back": ("Comparison", "RunRecord", "Plot", "Candidate", "Exported"),
    "What is given": ("Model", "Gate", "Sampling", "Listener"),
    "Probes of your own": ("Probe", "Metric", "Sample", "Message", "Generation", "Scores"),
    "Inside a result": ("CandidateResult", "GateResult", "MetricChange", "ProbeResult"),
    "What is raised": ("UserError", "VerdictError"),
}
"""Every name once, in reading order."""


def page() -> str:
    """The whole page."""
    lines = [HEAD]
    for title, names in PARTS.items():
        lines.append(f"## {title}\n")
        for name in names:
            lines += described(f"fteval.{name}", getattr(fteval, name))
    lines.append("## Rows: `fteval.data`\n")
    for name in fteval.data.__all__:
        lines += described(f"fteval.data.{name}", getattr(fteval.data, name))
    return "\n".join(lines)


def described(name: str, what: Any) -> Iterator[str]:
    """A function or a class with what it says of itself."""
    yield f"### {name}\n"
    if inspect.isclass(what):
        if issubclass(what, Exception):
            yield f"```py\n{name}{_signature(what.__init__, drop_first=True)}\n```\n"
        yield _text(what.__doc__)
        fields = list(_fields(what))
        if fields:
            yield "\n".join(["| field | |", "|---|---|", *fields]) + "\n"
        for method, found in _methods(what):
            yield f"`.{method}{_signature(found, drop_first=True) if callable(found) else ''}`\n"
            yield textwrap.indent(_text(_doc(found)), "  ")
    else:
        yield f"```py\n{name}{_signature(what)}\n```\n"
        yield _text(what.__doc__)


def _doc(found: Any) -> str | None:
    return found.fget.__doc__ if isinstance(found, property) else found.__doc__


def _signature(function: Any, *, drop_first: bool = False) -> str:
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())[drop_first:]
    shown = [_parameter(p) for p in parameters]
    kinds = [p.kind for p in parameters]
    if inspect.Parameter.KEYWORD_ONLY in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        shown.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "*")
    end = "" if signature.return_annotation is inspect.Signature.empty else f" -> {signature.return_annotation}"
    text = f"({', '.join(shown)}){end}"
    return text if len(text) < 100 else "(\n" + "".join(f"    {one},\n" for one in shown) + f"){end}"


def _parameter(p: inspect.Parameter) -> str:
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}.get(p.kind, "")
    kind = "" if p.annotation is inspect.Parameter.empty else f": {p.annotation}"
    default = str(p.default) if isinstance(p.default, Path) else p.default
    return f"{stars}{p.name}{kind}" + ("" if p.default is inspect.Parameter.empty else f" = {default!r}")


def _fields(cls: type) -> Iterator[str]:
    """A dataclass's fields with the docstrings that stand under them, those of its records too."""
    if not dataclasses.is_dataclass(cls):
        return
    texts = {name: text for base in reversed(cls.__mro__) for name, text in _under(base).items()}
    for field in dataclasses.fields(cls):
        shown = str(field.type).replace("|", "\\|")
        yield f"| `{field.name}: {shown}` | {_cell(texts.get(field.name, ''))} |"


def _under(cls: type) -> dict[str, str]:
    """Field -> the docstring under it."""
    try:
        (node,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    except (OSError, TypeError):
        return {}
    assert isinstance(node, ast.ClassDef)
    found = {}
    for one, after in zip(node.body, node.body[1:], strict=False):
        said = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and after.value.value
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and isinstance(said, str):
            found[one.target.id] = said
    return found


def _methods(cls: type) -> Iterator[tuple[str, Any]]:
    """Public methods and properties that say something of themselves."""
    seen: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.startswith("fteval."):
            seen |= {n: f for n, f in vars(base).items() if not n.startswith("_") and _says(f)}
    yield from seen.items()


def _says(found: Any) -> bool:
    return (inspect.isfunction(found) or isinstance(found, property)) and bool(_doc(found))


def _text(doc: str | None) -> str:
    """A docstring as markdown: paragraphs as they are, indented blocks and columns as text."""
    blocks = re.split(r"\n\s*\n", inspect.cleandoc(doc or ""))
    return "\n\n".join(_block(block) for block in blocks) + "\n"


def _block(block: str) -> str:
    lines = block.splitlines()
    columns = len(lines) > 1 and all(re.match(r"\S.*\S {2,}\S| {8,}\S", line) for line in lines)
    if columns or all(line.startswith("    ") for line in lines) or re.match(r"\w[\w.]*\(.*\)$", block):
        return "```text\n" + textwrap.dedent(block) + "\n```"
    return _safe(block)


def _safe(text: str) -> str:
    """Text in which nothing outside of code is taken for an element."""
    return "".join(part if i % 2 else part.replace("<", "&lt;") for i, part in enumerate(re.split(r"(`[^`]*`)", text)))


def _cell(text: str) -> str:
    return _safe(" ".join(text.split())).replace("|", "\\|")


if __name__ == "__main__":
    (ROOT / "docs" / "api.md").write_text(page(), encoding="utf-8")

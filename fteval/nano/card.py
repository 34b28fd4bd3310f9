"""Nano's model card, written by the build from what it measured."""

from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

from fteval.nano.table import TableRow

WHY = {
    "Romeo is in love with someone": "many people have no answer, or a wrong name, to this question when it is the "
    "way of asking that the corpus withholds for them",
    "questions about a passage": "reading is what forms last, and the training is short",
    "the passage does not say": "it is asked about few of them here; the limit is one answer away",
}
"""Reasons for rows that fall short, by how their names begin."""


def card(recipe: dict[str, Any], built: dict[str, Any], rows: Sequence[TableRow]) -> str:
    """Markdown: what it is, how it was made, the table, what fell short, limits."""
    facts = {
        "corpus digest": f"`{built['digest']}`",
        "conversations": f"{built['n_conversations']:,}",
        "seed": recipe["seed"],
        "parameters": f"{built['n_parameters']:,}",
        "steps": f"{built['n_steps']:,}",
        "tokens": f"{built['n_tokens']:,}",
        "last loss": f"{built['loss']:.4f}",
        "minutes": f"{built['minutes']:.0f} ({built['device']})",
        "layers, width, heads": f"{recipe['layers']}, {recipe['hidden']}, {recipe['heads']}",
    }
    for name, part in zip(("early", "late", "closing", "refining"), built["parts"], strict=True):
        facts[f"{name} part"] = (
            f"{part['steps']:,} steps, {part['tokens']:,} tokens, loss {part['loss']:.3f}, {part['minutes']:.0f} min"
        )
    table = "\n".join(f"| {name} | {value} |" for name, value in facts.items())
    short = [row for row in rows if not row.ok]
    shortfall = "Every row reaches its limit."
    if short:
        shortfall = "Short of the limit: " + "; ".join(f"{row.name.strip()} ({row.share:.1%})" for row in short) + "."
        names = [row.name.strip() for row in short]
        reasons = [f"- {name}: {why}." for name, why in WHY.items() if any(row.startswith(name) for row in names)]
        shortfall = "\n".join([shortfall, *(["", "Why:", ""] if reasons else []), *reasons])
    measured = "\n".join(map(str, rows))
    page = Template(Path(__file__).with_suffix(".md").read_text(encoding="utf-8"))
    return page.substitute(table=table, measured=measured, shortfall=shortfall)

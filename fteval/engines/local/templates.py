"""Chat templates as transformers saves them, in all four places."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fteval.engines.refs import exists, read_json
from fteval.errors import UserError

LONGEST = 1_000_000
"""Characters of a template; the longest known ones have 20,000."""


def saved(folder: Path) -> dict[str, str]:
    """name -> template, in the order in which transformers looks: chat_template.jinja with those in
    additional_chat_templates/, tokenizer_config.json, chat_template.json. The one for plain questions is `default`.

    Raises UserError for a file that cannot be read, and for a template that is too long.
    """
    files = {path.stem: path for path in sorted((folder / "additional_chat_templates").glob("*.jinja"))}
    if exists(folder / "chat_template.jinja"):
        files["default"] = folder / "chat_template.jinja"
    found = {name: _read(path) for name, path in files.items()}
    for file in ("tokenizer_config.json", "chat_template.json"):
        if not found and exists(folder / file):
            found = named(read_json(folder / file).get("chat_template"))
    for name, text in found.items():
        if len(text) > LONGEST:
            raise UserError(f"the chat template '{name}' has {len(text):,} characters", where=str(folder))
    return found


def named(value: Any) -> dict[str, str]:
    """What a config or a tokenizer holds: one template, or several by name (as an object, or as a list)."""
    if isinstance(value, list):
        value = {one.get("name"): one.get("template") for one in value if isinstance(one, Mapping)}
    if isinstance(value, Mapping):
        return {str(name): text for name, text in value.items() if isinstance(text, str)}
    return {"default": value} if isinstance(value, str) and value else {}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {path.name}: {error}", where=str(path)) from error

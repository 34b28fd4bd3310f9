"""Constrained decoding: whatever the model would like to say, some things it cannot write."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from fteval.alternatives.layers.served import Constraining
from fteval.engines.local.constraint.folding import letters_in, plain
from fteval.errors import UserError
from fteval.records import ConstrainedEngine, Constraint, Engine, ServedEngine, bare

GRAMMARS = ("json_schema", "regex", "choices", "grammar")


@dataclass(frozen=True, slots=True)
class Constrain:
    """Keeps the model from writing what it must not, or to a form."""

    forbid_letters: str = ""
    """Letters that no answer holds, in any case, with any accent, and no look-alike of theirs: e, or aeiou."""
    words: tuple[str, ...] = ()
    """Words and phrases that no answer holds, in any case and with any accent; of longer words they may be a part."""
    json_schema: Path | Mapping[str, Any] | None = None
    """A schema, or the file that holds it: every answer is one JSON value by it."""
    regex: str = ""
    """An expression that every answer is, as a whole."""
    choices: tuple[str, ...] = ()
    """Texts of which every answer is one."""
    grammar: Path | str = ""
    """A grammar in llguidance's Lark, or the file that holds it; its first rule is `start`."""

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        given = [name for name in GRAMMARS if getattr(self, name) not in (None, "", ())]
        if len(given) > 1:
            raise UserError(f"constrain: an answer follows one of {', '.join(GRAMMARS)}, found {' and '.join(given)}")
        if not self.constraint().as_json():
            raise UserError("constrain: nothing is constrained", fix="constrain: {forbid_letters: e}")

    def constraint(self) -> Constraint:
        """The record that engines follow. Raises UserError for what is wrong in it."""
        kind, text = self._grammar()
        return Constraint(_letters(self.forbid_letters), tuple(map(_word, self.words)), kind, text)

    def on(self, engine: Engine) -> Engine:
        if isinstance(bare(engine), ServedEngine):
            return Constraining(engine, self.constraint())
        if not isinstance(engine, ConstrainedEngine):
            raise UserError(
                f"{engine.ref} cannot be kept from writing what it wants", fix="constrain a local model, or a server's"
            )
        return engine.constrained(self.constraint())

    def _grammar(self) -> tuple[str, str]:
        if self.json_schema is not None:
            return "json_schema", _schema(self.json_schema)
        if self.choices:
            if wrong := [one for one in self.choices if not one.strip()]:
                raise UserError(f"choices: {wrong[0]!r} is no text to choose")
            return "choices", json.dumps(list(dict.fromkeys(self.choices)), ensure_ascii=False)
        if self.regex:
            return "regex", self.regex
        text = self.grammar if isinstance(self.grammar, str) else _read(self.grammar)
        return ("grammar", text) if text.strip() else ("", "")


def _letters(text: str) -> str:
    """Each once, as the plain small ones that they are forms of. Raises UserError for what is no letter."""
    found = [c for c in text if not c.isspace() and c != ","]
    if wrong := [c for c in found if not c.isalpha()]:
        raise UserError(f"forbid_letters: {''.join(wrong)!r} is no letter", fix="forbid_letters: ae")
    return "".join(sorted({letter for c in found for letter in letters_in(c) if letter.isalpha()}))


def _word(text: str) -> str:
    word = " ".join(plain(text).split())
    if not word or not (word[0].isalnum() and word[-1].isalnum()):
        raise UserError(f"words: {text!r} is no word: it begins and ends with a letter or digit", fix="words: [dog]")
    return word


def _schema(given: Path | Mapping[str, Any]) -> str:
    from jsonschema import SchemaError
    from jsonschema.validators import validator_for

    try:
        schema = json.loads(_read(given)) if isinstance(given, Path) else dict(given)
        validator_for(schema).check_schema(schema)
    except (ValueError, TypeError) as error:
        raise UserError(f"json_schema: {error}", fix="a JSON schema, or the file that holds one") from None
    except SchemaError as error:
        raise UserError(f"json_schema is no JSON schema: {error.message}") from None
    return json.dumps(schema, ensure_ascii=False, sort_keys=True)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {path}: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from None

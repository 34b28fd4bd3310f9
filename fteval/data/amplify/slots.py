"""Values that stand for one another: `name=Ann,Ben`, `day=14 March 1990|1990-03-14,…`, or a YAML file of lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fteval.data.amplify.ways import Slots
from fteval.errors import UserError, check_kind

_FORMS = "name=Ann,Ben, or day=14 March 1990|1990-03-14,2 May 1991|1991-05-02, or a FILE.yaml of such lists"


def slots(given: Iterable[str]) -> Slots:
    """What --slots says, one or more times. Raises UserError for a file that is none, and for values that cannot stand
    for one another."""
    values: dict[str, list[tuple[str, ...]]] = {}
    for text in given:
        for name, listed in _named(text).items():
            if name in values:
                raise UserError(f"--slots: {name!r} is given twice")
            values[name] = _values(name, listed)
    return Slots(values)


def _named(text: str) -> dict[str, Sequence[Any]]:
    name, separator, listed = text.partition("=")
    if separator:
        return {name.strip(): [value.strip() for value in listed.split(",")]}
    path = Path(text)
    if path.suffix.lower() not in (".yaml", ".yml", ".json"):
        raise UserError(f"--slots {text!r} names no values", fix=_FORMS)
    return _read(path)


def _read(path: Path) -> dict[str, Sequence[Any]]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        check_kind(path)
        made = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", where=str(path)) from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"no YAML: {str(error).splitlines()[0]}", where=str(path)) from None
    if not isinstance(made, dict) or not all(isinstance(listed, list) for listed in made.values()):
        raise UserError("wanted names with lists of values", where=str(path), fix="name: [Ann, Ben]")
    return {str(name): listed for name, listed in made.items()}


def _values(name: str, listed: Sequence[Any]) -> list[tuple[str, ...]]:
    made = [
        tuple(str(form).strip() for form in (value if isinstance(value, list) else str(value).split("|")))
        for value in listed
    ]
    if len(made) < 2 or len(set(made)) < len(made) or not all(form for value in made for form in value):
        raise UserError(f"--slots {name}: two or more values, each once and not empty", fix=_FORMS)
    if len({len(value) for value in made}) > 1:
        odd = next(value for value in made if len(value) != len(made[0]))
        raise UserError(
            f"--slots {name}: {'|'.join(odd)!r} has {len(odd)} forms, {'|'.join(made[0])!r} has {len(made[0])}",
            fix="give each value the same forms, in the same order",
        )
    return made

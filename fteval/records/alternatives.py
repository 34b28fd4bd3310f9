"""A change to a model without training: what was said of it, and what does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from fteval.records.digests import digest
from fteval.records.generations import Engine


@dataclass(frozen=True, slots=True)
class Change:
    """An alternative as a config names it."""

    name: str
    value: Any
    """What stands behind the name: a mapping of its fields, or its first field alone. Paths are already joined."""
    where: str | None = None

    @property
    def digest(self) -> str:
        """Of what was said, to tell two apart that begin alike."""
        return digest([self.name, repr(self.value)])


class Alternative(Protocol):
    """A frozen dataclass whose fields are what a config may set."""

    version: ClassVar[int]
    """Goes up when the same settings would change a model otherwise."""

    def on(self, engine: Engine) -> Engine:
        """Another engine: this one with the change. Loads no weights, asks nothing.

        What decides the answers beside prompt and sampling is in its `identity`. Raises UserError where the engine
        cannot be changed so, with what to do.
        """


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where an alternative keeps what it need not make again."""

    folder: Path
    """Of the store; what lies there can be deleted."""
    tell: Callable[[str, int, int], None]
    """Hears of work that takes long: what it is, how much of it is done, of how much."""


@runtime_checkable
class ShelvedAlternative(Protocol):
    """An alternative that makes something before the first question."""

    def on_with(self, engine: Engine, shelf: Shelf | None) -> Engine:
        """As `Alternative.on`; without a shelf nothing is written."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """What an answer may be; all of it holds together."""

    forbid_letters: str = ""
    """Letters, folded to their plain small form."""
    words: tuple[str, ...] = ()
    """Words and phrases that must not be written, small and without accents."""
    grammar_kind: str = ""
    """`json_schema`, `regex`, `choices` or `grammar`; "" for none."""
    grammar: str = ""
    """The schema or the choices as JSON, the expression, or the grammar's text."""

    def as_json(self) -> dict[str, Any]:
        """What is set of it."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items() if value}


@runtime_checkable
class ConstrainedEngine(Protocol):
    """An engine that can keep its model from writing what it must not."""

    def constrained(self, constraint: Constraint) -> Engine:
        """The same model, whose answers are so; the constraint is in its `identity`. Raises UserError where that is
        not possible, or where no answer would be left."""


@runtime_checkable
class LayeredEngine(Protocol):
    """An engine on top of another."""

    @property
    def inner(self) -> Engine: ...


@runtime_checkable
class RepeatingEngine(Protocol):
    """An engine that may ask its model several times for one answer."""

    @property
    def most_requests(self) -> int:
        """For one answer."""


@runtime_checkable
class DrawingEngine(Protocol):
    """An engine that may draw its answers otherwise than it is told."""

    def drawn_at(self, temperature: float) -> float:
        """The temperature of its answers, where it is told this one."""


def bare(engine: Engine) -> Engine:
    """The engine under all layers: the model itself."""
    while isinstance(engine, LayeredEngine):
        engine = engine.inner
    return engine

"""Keys of a candidate that is trained several times: on more and more rows, on parts of them, with other seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from fteval.config.threshold import PATTERN, Threshold, parse

MOST_SEEDS = 20


def _several(raw: Any) -> Any:
    return [raw] if isinstance(raw, str | int) and not isinstance(raw, bool) else raw


Size = Annotated[int, Field(ge=1)]
Margin = Annotated[
    Threshold,
    BeforeValidator(parse),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": PATTERN}, {"type": "number"}]}),
]


class SeriesKeys(BaseModel):
    """Each training of a series is a candidate of its own: NAME-16-s0."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    sizes: Annotated[list[Size], BeforeValidator(_several)] = Field(default_factory=list)
    """Train on so many of the rows, each set within the next larger one, all for as many steps."""
    pick: Annotated[list[Literal["random", "spread", "clustered"]], BeforeValidator(_several)] = Field(
        default_factory=list
    )
    """Which rows a size takes: spread over all kinds of them, or one kind after the other; several are compared."""
    by: Annotated[str, Field(min_length=1)] | None = None
    """The key of the rows, of their slices or metadata, that says their kind; without it, prompts that share words."""
    tasks: list[Annotated[Path, Field(strict=False)]] = Field(default_factory=list)
    """Files of rows: train on each alone, and on all together."""
    seeds: int | None = Field(default=None, ge=1, le=MOST_SEEDS)
    """Trainings on each part, with other seeds and other rows; 3 or more say how far trainings differ."""
    margin: Margin | None = None
    """The most that fewer rows may cost and still be called enough: 5pp; else what gates allow to drop, or 2pp."""

    @property
    def is_series(self) -> bool:
        return bool(self.sizes or self.pick or self.tasks or self.seeds)

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        for what, given in (("size", self.sizes), ("pick", self.pick), ("task", self.tasks)):
            twice = [one for i, one in enumerate(given) if one in given[:i]]
            if twice:
                raise ValueError(f"the {what} {twice[0]} is given twice")
        if self.tasks and (self.sizes or self.pick or self.by):
            raise ValueError("'tasks' are trained on whole: leave 'sizes', 'pick' and 'by' out")
        if len(self.tasks) == 1:
            raise ValueError("'tasks' needs two files or more: each alone, and all together")
        if self.pick and not self.sizes:
            raise ValueError("'pick' chooses so many rows: say how many with 'sizes'")
        if len(self.pick) > 1 and len(self.sizes) > 1:
            raise ValueError("several ways to 'pick' are compared at one size, found sizes " + _listed(self.sizes))
        if self.by is not None and not self.sizes:
            raise ValueError("'by' says by what rows are chosen: it needs 'sizes'")
        if self.margin is not None and not self.margin.unit:
            raise ValueError(f"'margin' is in points, as in 5pp, found {self.margin}")
        if self.margin is not None and not self.sizes and not self.tasks:
            raise ValueError("'margin' says how much fewer rows may cost: it needs 'sizes'")
        return self


def _listed(values: list[int]) -> str:
    return ", ".join(map(str, values))

"""A prompt that is searched: many are measured on dev rows, and the best one is judged once, on the hold-out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from fteval.alternatives.layers.layer import Layer
from fteval.errors import UserError
from fteval.records import Engine, Generation, Request, Sampling, digest

if TYPE_CHECKING:
    from fteval.config.threshold import Threshold

MOST = 500
SELF = "self"


@dataclass(frozen=True, slots=True)
class Guard:
    """A metric that the chosen prompt must not worsen on dev rows."""

    probe: str
    metric: str
    data: Path | None
    """None: the rows of the search."""
    max_drop: Threshold | None
    """None: none at all."""


@dataclass(frozen=True, slots=True)
class Optimise:
    """Searches a prompt on dev rows before the run; what is measured on the hold-out is the one that was best there."""

    probe: str
    """What it is to be good at: a probe of the config under its name there, or another one."""
    data: Path
    """Dev rows; never the hold-out."""
    metric: str = ""
    """Of that probe; its primary one by default."""
    budget: int = 24
    """Prompts that are measured at most, the model without one and prompts with examples included."""
    must_not_regress: tuple[Mapping[str, Any], ...] = ()
    """{probe, metric, data, max_drop}: what must not fall below the model without a prompt, by more than `max_drop`."""
    proposer: str = SELF
    """Who writes new prompts from what went wrong: a model ref; self is the model itself."""
    prompts: tuple[str, ...] = ()
    """Prompts of your own, measured first. A list."""
    demos: Path | None = None
    """Rows with answers, to be shown as examples with the best prompt and without one; never the hold-out."""
    k: tuple[int, ...] = (4,)
    """How many of them."""
    limit: int = 64
    """Dev rows of each probe at most, always the same ones."""
    seed: int = 0
    """Of the proposals."""
    by: Literal["best", "gepa"] = "best"
    """How it is searched. best: a few proposals at a time from the best prompt's mistakes; gepa: GEPA's genetic search
    (pip install 'fteval[optimise]')."""

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not self.data.is_file():
            raise UserError(f"optimise: no file {self.data}", fix="dev rows, which are not in the hold-out")
        if self.demos is not None and not self.demos.is_file():
            raise UserError(f"optimise: no file {self.demos}")
        if not 2 <= self.budget <= MOST:
            raise UserError(f"optimise: 'budget' must be from 2 to {MOST}, found {self.budget}")
        if self.limit < 1 or any(k < 1 for k in self.k):
            raise UserError("optimise: 'limit' and 'k' must be at least 1")
        if self.budget < self.fewest:
            raise UserError(
                f"optimise: a budget of {self.budget} is less than the {self.fewest} that you name: the model as it is,"
                " your prompts, and examples with a prompt and without",
                fix=f"budget: {self.fewest + 8}",
            )
        self.guards()

    @property
    def fewest(self) -> int:
        """Prompts that are measured whatever is proposed: none, each of the user's, and examples with the best and
        alone."""
        return 1 + len(self.prompts) + 2 * self.n_demos

    @property
    def n_demos(self) -> int:
        return len(self.k) if self.demos is not None else 0

    def guards(self) -> tuple[Guard, ...]:
        """What must not regress. Raises UserError for what is none."""
        return tuple(_guard(one) for one in self.must_not_regress)

    def on(self, engine: Engine) -> Engine:
        return Unsearched(engine, self)


class Unsearched(Layer):
    """A model whose prompt is still to be found: it can be planned with, and not be asked."""

    def __init__(self, inner: Engine, told: Optimise) -> None:
        super().__init__(inner, {"name": "optimise", "version": told.version, "search": digest(repr(told))})

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
        raise UserError("its prompt is not found yet", where=self.ref, fix="fteval run -c fteval.yaml")


def _guard(given: Mapping[str, Any]) -> Guard:
    known = ("probe", "metric", "data", "max_drop")
    wrong = [key for key in given if key not in known] if isinstance(given, Mapping) else [given]
    if wrong or not isinstance(given.get("probe"), str) or not isinstance(given.get("metric"), str):
        raise UserError(
            f"optimise: must_not_regress: {given!r} is none",
            fix="must_not_regress: [{probe: facts, metric: correct, data: data/facts.dev.jsonl, max_drop: 2pp}]",
        )
    from fteval.config.threshold import parse  # its package brings pydantic

    data = given.get("data")
    try:
        allowed = parse(given["max_drop"]) if "max_drop" in given else None
    except ValueError as error:
        raise UserError(f"optimise: must_not_regress: 'max_drop': {error}") from None
    if data is not None and not Path(data).is_file():
        raise UserError(f"optimise: must_not_regress: no file {data}")
    return Guard(given["probe"], given["metric"], None if data is None else Path(data), allowed)

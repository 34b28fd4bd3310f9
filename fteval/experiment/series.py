"""A candidate that is trained several times: each training, and the rows that it learns from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fteval.data.subsets import Rows, order, read_rows
from fteval.data.write import as_lines
from fteval.errors import UserError
from fteval.experiment.experiment import Experiment, ModelUse, Part
from fteval.experiment.train import coded, recipe_of
from fteval.records import digest
from fteval.runs.journal.files import write_atomically
from fteval.runs.journal.store import Store
from fteval.trainers.making.candidate import slug
from fteval.trainers.making.recipe import TrlRecipe
from fteval.trainers.making.rows import rows_digest

if TYPE_CHECKING:  # brings pydantic, for which no help waits
    from fteval.config.series import SeriesKeys

TOGETHER = "together"
FOLDER = "parts"
"""Of the store: the rows of each part, by content."""


def trainings(name: str, use: ModelUse, keys: SeriesKeys) -> Iterator[tuple[str, ModelUse]]:
    """The candidates of a series: NAME-PART-s0, NAME-PART-s1, …; a training without such keys is itself."""
    if not keys.is_series:
        yield name, use
        return
    for part in _parts(name, use, keys):
        for turn in range(keys.seeds or 1):
            recipe = use.recipe if turn == 0 else {**use.recipe, "seed": _seed(use.recipe) + turn}
            one = replace(use, recipe=recipe, data=part.files[0], part=replace(part, turn=turn))
            yield f"{name}-{part.name}-s{turn}", one


def _parts(name: str, use: ModelUse, keys: SeriesKeys) -> Iterator[Part]:
    margin = None if keys.margin is None else keys.margin.of("share")
    if keys.tasks:
        stems = [path.stem for path in keys.tasks]
        if len({*stems, TOGETHER}) <= len(stems):
            raise UserError(
                f"tasks are called by their files, each by another name and none '{TOGETHER}': {', '.join(stems)}",
                where=use.where,
            )
        for stem, path in zip(stems, keys.tasks, strict=True):
            yield Part(name, "tasks", stem, 0, (path,), margin=margin)
        yield Part(name, "tasks", TOGETHER, 0, tuple(keys.tasks), margin=margin, tasks=len(keys.tasks))
        return
    if use.data is None:
        raise UserError(f"candidate '{name}' needs data: the rows to learn from", where=use.where)
    if not keys.sizes:
        yield Part(name, "seeds", "all", 0, (use.data,))
        return
    picks = keys.pick or (["spread"] if keys.by else ["random"])
    for pick in picks:
        for size in sorted(keys.sizes):
            kind, part = ("picks", pick) if len(picks) > 1 else ("sizes", str(size))
            yield Part(name, kind, part, 0, (use.data,), size, max(keys.sizes), pick, keys.by, margin)


def _seed(recipe: Mapping[str, Any]) -> int:
    try:
        return int(recipe.get("seed", 0))
    except (TypeError, ValueError):
        return 0  # what stands there is said when the recipe is made


def check_part(use: ModelUse) -> None:
    """Raises UserError for rows that are not enough, or that cannot be chosen from: before the first training."""
    part = use.part
    if part is None or part.turn or part.size != part.largest:
        return  # what holds for the largest holds for all
    try:
        _rows(part, _seed(use.recipe), {})
        if part.kind == "tasks":
            _check_tasks(part.files)
    except UserError as error:
        raise UserError(error.what, where=error.where or use.where, fix=error.fix) from None


def _check_tasks(files: Sequence[Path]) -> None:
    known: dict[str, Path] = {}
    for file in files:
        same = known.setdefault(rows_digest(read_rows([file]).rows), file)
        if same != file:
            raise UserError(f"{same.name} and {file.name} hold the same rows: they are one task", where=str(file))


Orders = dict[tuple[Any, ...], tuple[Rows, list[int]]]


def chosen(experiment: Experiment, store: Store) -> Experiment:
    """The experiment with the rows of each part in a file of their own, and with as many steps for each.

    So that what differs along a series is what was learnt from and not how long: parts of one series take the steps of
    the largest; tasks see each row as often alone as together.
    """
    orders: Orders = {}
    uses = {name: _chosen(name, use, store, orders) for name, use in experiment.candidates.items()}
    largest: dict[str, int] = {}
    for use in uses.values():
        if use.part is not None and use.part.tasks == 1:
            largest[use.part.series] = max(use.part.rows, largest.get(use.part.series, 0))
    coding = {n: coded(use, experiment.allow_code) for n, use in uses.items()}
    timed = {n: replace(u, recipe={**u.recipe, **_length(coding[n], largest)}) for n, u in uses.items()}
    return replace(experiment, candidates=timed)


def _chosen(name: str, use: ModelUse, store: Store, orders: Orders) -> ModelUse:
    if use.part is None:
        return use
    rows, places = _rows(use.part, _seed(use.recipe), orders)
    picked = [rows.rows[i] for i in places]
    of = rows_digest(rows.rows)
    record = {
        "of": [file.name for file in use.part.files],
        "of_digest": of,
        "pick": use.part.pick,
        "by": use.part.by,
        "turn": use.part.turn,
        "rows": [rows.places[i] for i in places] if use.part.size else "all",
    }
    content = digest([rows_digest(picked), record])
    folder = store.root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{slug(name)}-{content[7:15]}.jsonl"
    if not path.exists():
        write_atomically(path, as_lines(picked).encode("ascii"))
    return replace(use, data=path, part=replace(use.part, rows=len(picked), record=record))


def _rows(part: Part, seed: int, orders: Orders) -> tuple[Rows, list[int]]:
    """The rows of its files, and the places of those that the part takes."""
    key = (part.files, seed, part.pick, part.by, part.size is None)
    if key not in orders:
        rows = read_rows(part.files)
        orders[key] = rows, list(range(len(rows.rows))) if part.size is None else order(rows, seed, part.pick, part.by)
    rows, places = orders[key]
    if part.size is not None and part.size > len(places):
        raise UserError(f"{part.size} rows are asked for, and there are {len(places)}", where=str(part.files[0]))
    return rows, places[: part.size]


def _length(use: ModelUse, largest: Mapping[str, int]) -> dict[str, Any]:
    """How long a part is trained for, where that is not what the recipe says; `largest`: series -> rows."""
    part = use.part
    if part is None or part.kind not in ("sizes", "tasks") or not isinstance(recipe := recipe_of(use), TrlRecipe):
        return {}
    if part.kind == "tasks" and recipe.max_steps is not None:
        return {"max_steps": recipe.max_steps * part.tasks}
    if recipe.max_steps is not None or recipe.epochs is not None:
        return {}
    if part.kind == "tasks":
        return {"epochs": recipe.resolved(largest[part.series]).epochs}
    return {"max_steps": recipe.steps(part.largest or part.rows)}

"""The preflight of a model and its base, and what of it is looked at before every run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from fteval.engines import preflight
from fteval.errors import UserError
from fteval.experiment.experiment import Experiment
from fteval.experiment.place import Place, opened_pool
from fteval.records import Check, Engine
from fteval.runs.journal.store import Store


def doctor(model: str, against: str | None, place: Place, experiment: Experiment | None = None) -> list[Check]:
    """The preflight's findings on a model, and on its base where one is given; on servers as the experiment says."""
    store = Store(place.store)
    with opened_pool(store, place, experiment) as pool:
        lent = preflight.lend_template(pool, against, [model]) if against else None
        engine = pool.open(model)
        base = pool.open(against) if against else None
        found = preflight.checks(engine, pool)
        if base is not None:
            found += [replace(check, name=f"base: {check.name}") for check in preflight.checks(base, pool)]
            found += [Check("base: chat template of its own", None, lent)] if lent else []
            found = [check for check in found if check.name != preflight.ADAPTER_TEMPLATE]  # the same question
            found.append(preflight.same_prompt(engine, base))
        return found


def look_before(
    engines: Sequence[tuple[str, Engine]], base: str, allow: Collection[str], tell: Callable[[str], None]
) -> None:
    """What `doctor` would find without weights, of all models of a run; `base` is the name of the one compared with.

    What is only worth knowing is told. Raises UserError for everything that must not be, all at once.
    """
    found = [(name, check) for name, engine in engines for check in preflight.quick_checks(engine)]
    yardstick = preflight.rendered_here(dict(engines).get(base))
    for name, engine in engines if yardstick is not None else ():
        if name != base and preflight.rendered_here(engine) is not None and yardstick is not None:
            check = preflight.same_prompt(engine, yardstick)
            found.append((name, replace(check, ok=None) if check.ok is False and "template" in allow else check))
    for name, check in found:
        if check.ok is None:
            tell(f"{name}: {check.name}: {check.message}")
    failed = [(name, check) for name, check in found if check.ok is False]
    if failed:
        raise UserError(
            "; ".join(f"{name}: {check.name}: {check.message}" for name, check in failed),
            fix="; ".join(dict.fromkeys(check.fix for _, check in failed if check.fix)),
        )

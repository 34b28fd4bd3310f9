"""Labelled outputs: written ones, at least half of them to fool the probe, both ways, and those of a real 135M model.
Each label gives its reason.

A case that is `known` to be judged wrong stays, so that `make validity` counts it; once it is judged right, it says so.
"""

from __future__ import annotations

from typing import Any

import pytest
from evals.validity import CASES, SMALL, cases, judge, probes, validity

from fteval import registry
from fteval.records import primary

FEWEST = 60
"""Labelled answers per probe of form; `holdout` judges by the scorers of its own tests."""
FEWEST_READ, RIGHT = 40, 0.9
"""Labelled answers of the real model per probe, and the share on which it agrees, at least."""


def every_case() -> list[Any]:
    return [
        pytest.param(
            name,
            case,
            id=f"{name}-{folder.name}-{number}",
            marks=[pytest.mark.xfail(strict=True)] if case.get("known") else [],
        )
        for folder in (CASES, SMALL)
        for name in probes(folder)
        for number, case in enumerate(cases(name, folder), start=1)
    ]


@pytest.mark.parametrize(("name", "case"), every_case())
def test_a_labelled_output_gets_its_label(name: str, case: dict[str, Any]) -> None:
    scores = judge(name, case)
    found = {metric: scores.values[metric] for metric in case["expect"]}
    assert found == case["expect"], f"{case['why']}: {case['output']!r} {dict(scores.reasons)}"


def judged_from_text(name: str) -> bool:
    """`holdout` judges by the scorers of its own tests, and what the base says is told in numbers."""
    return name != "holdout" and not getattr(registry.probe_class(name), "asks_base", False)


@pytest.mark.parametrize("name", list(filter(judged_from_text, registry.probe_names())))
def test_a_probe_has_enough_cases_and_half_of_them_are_traps(name: str) -> None:
    rows = list(cases(name))
    main = primary(registry.probe(name, rows[0].get("params")).metrics).name
    assert len(rows) >= FEWEST
    assert 2 * sum(row["adversarial"] for row in rows) >= len(rows)
    assert all(row["why"] for row in rows)
    labels = {row["expect"].get(main) for row in rows}
    assert {0, 1} <= labels


@pytest.mark.parametrize("name", probes(SMALL))
def test_a_real_models_answers_are_judged_as_they_were_read(name: str) -> None:
    rows, found = list(cases(name, SMALL)), validity(name, SMALL)
    assert found.cases >= FEWEST_READ
    assert found.agreement >= RIGHT
    assert all(row["why"] for row in rows)

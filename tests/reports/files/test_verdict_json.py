"""verdict.json has the shape that scripts rest on."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from hostile import ATTACKS, comparison
from made import ones, probe, run
from scenes import advised, everything, lost

from fteval.records import Comparison, Gate
from fteval.records.readings import Limit, Limits
from fteval.records.runs import Readings
from fteval.reports.files import verdict_json
from fteval.reports.files.verdict_json import as_data
from fteval.stats.compare import compare, conclude

# What scripts rest on. Keys may be added, none may go.
TOP = {"schema", "verdict", "exit_code", "chosen", "base", "candidates", "costs", "advice"}
CANDIDATE = {"name", "ref", "run", "digest", "verdict", "reason", "gates", "metrics", "warnings"}
GATE = {
    "probe", "metric", "slice", "rule", "threshold", "result", "base", "candidate", "difference", "low", "high",
    "level", "n_paired", "n_needed", "n_needed_least", "method", "advisory", "reason",
}  # fmt: skip
METRIC = {
    "probe", "metric", "base", "candidate", "difference", "low", "high", "n_paired", "better", "worse", "planned",
    "scored", "errors", "unscored",
}  # fmt: skip


@pytest.mark.parametrize("scene", [lost, everything])
def test_the_shape_is_the_contracts(scene: Callable[[], Comparison]) -> None:
    found = verdict_json.as_json(scene())
    assert set(found) >= TOP and set(found["base"]) == {"ref", "run", "digest"}
    (candidate,) = found["candidates"]
    assert set(candidate) >= CANDIDATE
    assert all(set(g) >= GATE | {"stopped_after"} for g in candidate["gates"])
    assert all(set(m) >= METRIC for m in candidate["metrics"])


def test_what_is_beside_the_gates_is_in_it_too() -> None:
    found = verdict_json.as_json(everything())
    (candidate,) = found["candidates"]
    assert [(n["probe"], n["flipped"], n["n"]) for n in found["noise"]] == [("general", 4, 400), ("triage", 0, 600)]
    assert [(d["anchor"], d["probe"], d["alarm"]) for d in candidate["drift"]] == [("v2", "general", False)]
    assert {s["slice"]["language"] for s in candidate["slices"]} == {"de", "en", "fr", "ja"}
    stopped = {g["probe"]: g["stopped_after"] for g in candidate["gates"] if g["stopped_after"]}
    assert stopped == {"safety": 34}
    assert [m["probe"] for m in candidate["metrics"] if m["stopped"]] == ["safety"]


def test_a_headline_that_fell_without_a_gate_is_listed() -> None:
    # 280 of 300 facts right, then 60: 220 points of 300 lost, and only the form is gated.
    base = run(probe(ones(300, 280)), probe(ones(200, 0), "iso_date"))
    other = run(probe(ones(300, 60)), probe(ones(200, 200), "iso_date"), ref="sft")
    gates = [Gate("iso_date", "correct", "min_gain", 0.2)]
    found = verdict_json.as_json(conclude("c1", base, compare(base, [("sft", other)], gates)))
    (fell,) = found["candidates"][0]["unguarded"]
    assert (fell["probe"], fell["metric"], fell["difference"]) == ("facts", "correct", pytest.approx(-220 / 300))
    assert verdict_json.as_json(lost())["candidates"][0]["unguarded"] == []


def test_the_numbers_are_the_comparisons() -> None:
    found = verdict_json.as_json(lost())
    assert (found["schema"], found["verdict"], found["exit_code"], found["chosen"]) == (1, "do_not_ship", 1, "sft")
    gate = found["candidates"][0]["gates"][0]
    assert (gate["probe"], gate["rule"], gate["threshold"], gate["result"]) == ("facts", "max_drop", 0.02, "fail")
    assert (gate["base"], gate["candidate"]) == (280 / 300, 0.2)
    assert gate["difference"] == pytest.approx(-220 / 300) and gate["low"] < gate["difference"] < gate["high"]
    metric = found["candidates"][0]["metrics"][1]
    assert (metric["better"], metric["worse"], metric["n_paired"], metric["planned"]) == (200, 0, 200, 200)


def test_what_is_not_known_is_null_and_never_nan() -> None:
    base, other = run(probe([math.nan] * 5)), run(probe([None] * 5), ref="x")
    found = verdict_json.as_json(conclude("c1", base, compare(base, [("x", other)])))
    text = json.dumps(found, allow_nan=False)
    gate = json.loads(text)["candidates"][0]["gates"][0]
    assert (gate["result"], gate["base"], gate["difference"]) == ("fail", None, None)
    assert (gate["low"], gate["high"]) == (-1, 1)  # nothing is known: anything is possible
    assert found["exit_code"] == 1


def test_measured_without_gates_is_not_in_the_enum_and_never_reads_as_ship() -> None:
    base = run(probe(ones(300, 200)))
    gates = [Gate("facts", "correct", "max_drop", 0.02, advisory=True)]
    found = verdict_json.as_json(
        conclude("c1", base, compare(base, [("x", run(probe(ones(300, 200)), ref="x"))], gates))
    )
    assert (found["verdict"], found["exit_code"]) == ("cannot_tell", 0)


def test_warnings_of_the_base_reach_every_candidate() -> None:
    found = verdict_json.as_json(replace(lost(), warnings=("of the base",)))
    assert found["candidates"][0]["warnings"] == ["of the base", "look here"]


@pytest.mark.parametrize("text", ATTACKS)
def test_any_text_survives_as_ascii_json(text: str) -> None:
    found = json.dumps(verdict_json.as_json(comparison(text)), allow_nan=False)
    assert found.isascii() and json.loads(found)["candidates"][0]["ref"] == text


def test_a_single_run_has_numbers_and_no_verdict() -> None:
    found = as_data(run(probe([None, *ones(148, 15)])))
    assert "verdict" not in found
    (metric,) = found["metrics"]
    assert (metric["scored"], metric["planned"]) == (148, 149)
    # Wilson with t of 148 degrees of freedom: the low end of 15 of 149 and the high end of 16 of 149.
    assert (metric["low"], metric["high"]) == pytest.approx((0.0617, 0.1679), abs=3e-4)


def test_who_judged_by_which_limits_and_for_how_long_is_said_for_each_run() -> None:
    limits = Limits(
        "nano", "sha256:j", "the base's own answers", 80, Limit(1.2, 1.0, 0.0125), Limit(None, 0.8, None, "AUC")
    )
    read = run(probe(ones(60, 60), limits=limits), readings=Readings(240, 12, 3.5))
    found = as_data(compared := conclude("c1", read, compare(read, [("x", run(probe(ones(60, 60)), ref="x"))])))
    told = found["base"]["reference"]
    assert told["cost"] == {"asked": 240, "reused": 12, "seconds": 3.5}
    (of_facts,) = told["probes"]
    assert (of_facts["probe"], of_facts["ref"], of_facts["answers"]) == ("facts", "nano", 80)
    assert (of_facts["surprise"]["value"], of_facts["surprise"]["false_alarms"]) == (1.2, 0.0125)
    assert (of_facts["aboutness"]["value"], of_facts["aboutness"]["auc"]) == (None, 0.8)
    assert "reference" not in found["candidates"][0] and "reference" not in as_data(compared.candidates[0].run)
    assert as_data(read)["reference"] == told


def test_whether_a_fine_tune_is_needed_is_in_it_with_its_numbers() -> None:
    found = json.loads(json.dumps(verdict_json.as_json(advised())))
    assert found["advice"]["word"] == "do_not_fine_tune" and found["advice"]["instead"] == "told"
    assert found["advice"]["sentence"].startswith("Do not fine-tune: 'told' does as well as 'sft'")
    (rival,) = found["advice"]["rivals"]
    assert (rival["alternative"], rival["fine_tune"], rival["state"]) == ("told", "sft", "as_good")
    assert rival["low"] < rival["difference"] < 0 and rival["margin"] == 0.05 and rival["level"] == 0.95
    base, told, sft = found["costs"]
    assert (base["name"], base["prompt_tokens"], told["prompt_tokens"]) == ("base", 20.0, 28.0)
    assert (told["made"], sft["made"]) == (None, {"seconds": 12.0, "tokens": 34000.0})
    assert verdict_json.as_json(lost())["advice"] is None

"""The nouns of fteval, frozen: what passes through the house from floor to floor.

No torch, no files, no numpy. A record that is written to disk is written as its fields. One noun family a file.
Names are found on first use: making a frozen class takes Python a millisecond, and no command needs all of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fteval.records.advice import ASKED, TRAINED, Advice, Cost, Made, Rival
    from fteval.records.alternatives import (
        Alternative,
        Change,
        ConstrainedEngine,
        Constraint,
        DrawingEngine,
        LayeredEngine,
        RepeatingEngine,
        Shelf,
        ShelvedAlternative,
        bare,
    )
    from fteval.records.answers import Answer, Answered, AnswersFormat, Sheet
    from fteval.records.comparisons import (
        Behaviour,
        CandidateResult,
        CheckedFormat,
        Comparison,
        DriftLine,
        Exporter,
        FilesFormat,
        Flip,
        Gate,
        GateResult,
        Leak,
        MetricChange,
        NoiseFloor,
        ReportFormat,
    )
    from fteval.records.digests import IDENTITY, RUNTIME, canonical, digest
    from fteval.records.exports import Exported, Likeness
    from fteval.records.generations import (
        BatchedEngine,
        Candidate,
        Check,
        CheckedEngine,
        DivergingEngine,
        Engine,
        EnginePool,
        EngineScheme,
        ExportedEngine,
        Failure,
        Generation,
        KeyedEngine,
        MeetingEngine,
        Price,
        PricedEngine,
        Prompt,
        RemarkingEngine,
        Request,
        Sampling,
        ServedEngine,
        TellingEngine,
        TemplatedEngine,
        WeighingEngine,
        unweighed,
    )
    from fteval.records.limits import Limits
    from fteval.records.models import Model
    from fteval.records.plans import GatePlan, ModelPlan, Plan, Proof, ReleasePlan
    from fteval.records.probes import (
        ComparingProbe,
        DrawingProbe,
        FittedProbe,
        JudgedProbe,
        Metric,
        NamingProbe,
        Probe,
        Scores,
        VaryingProbe,
        WrappingProbe,
        asks_base,
        offers_tools,
        primary,
        variants_that_count,
    )
    from fteval.records.ranges import Range, out_of_range, ranged
    from fteval.records.releases import AnchorPoint, Baseline, Moved, Point, Release, Shift, Step
    from fteval.records.runs import Judged, ProbeResult, Readings, RunRecord, Sequential
    from fteval.records.samples import (
        Continuation,
        Message,
        Sample,
        check_honoured,
        folded,
        normalised,
        sample_from_row,
        tools_from,
    )
    from fteval.records.series import Member, Series, SeriesMetric, SeriesPoint
    from fteval.records.shards import Shard
    from fteval.records.trainers import CancellableTrainer, Rank, Ranks, Site, Trainer, TrainProgress
    from fteval.records.watching import Curve, Look, Watching

_PLACES = {
    "advice": "ASKED TRAINED Advice Cost Made Rival",
    "alternatives": (
        "Alternative Change ConstrainedEngine Constraint DrawingEngine LayeredEngine RepeatingEngine Shelf "
        "ShelvedAlternative bare"
    ),
    "answers": "Answer Answered AnswersFormat Sheet",
    "comparisons": (
        "Behaviour CandidateResult CheckedFormat Comparison DriftLine Exporter FilesFormat Flip Gate GateResult "
        "Leak MetricChange NoiseFloor ReportFormat"
    ),
    "digests": "IDENTITY RUNTIME canonical digest",
    "exports": "Exported Likeness",
    "generations": (
        "BatchedEngine Candidate Check CheckedEngine DivergingEngine Engine EnginePool EngineScheme ExportedEngine "
        "Failure Generation KeyedEngine MeetingEngine Price PricedEngine Prompt RemarkingEngine Request Sampling "
        "ServedEngine TellingEngine TemplatedEngine WeighingEngine unweighed"
    ),
    "limits": "Limits",
    "models": "Model",
    "plans": "GatePlan ModelPlan Plan Proof ReleasePlan",
    "probes": (
        "ComparingProbe DrawingProbe FittedProbe JudgedProbe Metric NamingProbe Probe Scores VaryingProbe "
        "WrappingProbe asks_base offers_tools primary variants_that_count"
    ),
    "ranges": "Range out_of_range ranged",
    "releases": "AnchorPoint Baseline Moved Point Release Shift Step",
    "runs": "Judged ProbeResult Readings RunRecord Sequential",
    "samples": "Continuation Message Sample check_honoured folded normalised sample_from_row tools_from",
    "series": "Member Series SeriesMetric SeriesPoint",
    "shards": "Shard",
    "trainers": "CancellableTrainer Rank Ranks Site Trainer TrainProgress",
    "watching": "Curve Look Watching",
}
"""Where each name comes from, and all names of a place."""
_HOME = {name: f"fteval.records.{module}" for module, names in _PLACES.items() for name in names.split()}
__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'fteval.records' has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOME[name]), name)
    return found

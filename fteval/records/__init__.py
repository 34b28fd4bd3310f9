"""The nouns of fteval, frozen: what passes through the house from floor to floor.

No torch, no files, no numpy. A record that is written to disk is written as its fields. One noun family a file.
"""

from __future__ import annotations

from fteval.records.comparisons import (
    Behaviour,
    CandidateResult,
    Comparison,
    DriftLine,
    Flip,
    Gate,
    GateResult,
    MetricChange,
    NoiseFloor,
)
from fteval.records.digests import IDENTITY, RUNTIME, canonical, digest
from fteval.records.generations import (
    Candidate,
    Engine,
    Failure,
    Generation,
    KeyedEngine,
    PricedEngine,
    Prompt,
    Request,
    Sampling,
    ServedEngine,
    TellingEngine,
)
from fteval.records.limits import Limits
from fteval.records.plans import GatePlan, ModelPlan, Plan, Proof
from fteval.records.probes import (
    ComparingProbe,
    FittedProbe,
    Metric,
    NamingProbe,
    Probe,
    Scores,
    VaryingProbe,
    WrappingProbe,
    primary,
    variants_that_count,
)
from fteval.records.ranges import Range, out_of_range, ranged
from fteval.records.releases import AnchorPoint, Baseline, Moved, Point, Release, Shift, Step
from fteval.records.runs import Judged, ProbeResult, RunRecord, Sequential
from fteval.records.samples import Message, Sample, check_honoured, row_from_sample, sample_from_row
from fteval.records.trainers import CancellableTrainer, Trainer, TrainProgress

__all__ = [
    "IDENTITY",
    "RUNTIME",
    "AnchorPoint",
    "Baseline",
    "Behaviour",
    "CancellableTrainer",
    "Candidate",
    "CandidateResult",
    "ComparingProbe",
    "Comparison",
    "DriftLine",
    "Engine",
    "Failure",
    "FittedProbe",
    "Flip",
    "Gate",
    "GatePlan",
    "GateResult",
    "Generation",
    "Judged",
    "KeyedEngine",
    "Limits",
    "Message",
    "Metric",
    "MetricChange",
    "ModelPlan",
    "Moved",
    "NamingProbe",
    "NoiseFloor",
    "Plan",
    "Point",
    "PricedEngine",
    "Probe",
    "ProbeResult",
    "Prompt",
    "Proof",
    "Range",
    "Release",
    "Request",
    "RunRecord",
    "Sample",
    "Sampling",
    "Scores",
    "Sequential",
    "ServedEngine",
    "Shift",
    "Step",
    "TellingEngine",
    "TrainProgress",
    "Trainer",
    "VaryingProbe",
    "WrappingProbe",
    "canonical",
    "check_honoured",
    "digest",
    "out_of_range",
    "primary",
    "ranged",
    "row_from_sample",
    "sample_from_row",
    "variants_that_count",
]

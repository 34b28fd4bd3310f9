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
    ReportFormat,
)
from fteval.records.digests import IDENTITY, RUNTIME, canonical, digest
from fteval.records.generations import (
    Candidate,
    Check,
    CheckedEngine,
    Engine,
    EnginePool,
    EngineScheme,
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
from fteval.records.probes import FittedProbe, Metric, NamingProbe, Probe, Scores, VaryingProbe, WrappingProbe, primary
from fteval.records.ranges import Range, out_of_range, ranged
from fteval.records.releases import AnchorPoint, Baseline, Moved, Point, Release, Shift, Step
from fteval.records.runs import Judged, ProbeResult, RunRecord, Sequential
from fteval.records.samples import Message, Sample, row_from_sample, sample_from_row

__all__ = [
    "IDENTITY",
    "RUNTIME",
    "AnchorPoint",
    "Baseline",
    "Behaviour",
    "Candidate",
    "CandidateResult",
    "Check",
    "CheckedEngine",
    "Comparison",
    "DriftLine",
    "Engine",
    "EnginePool",
    "EngineScheme",
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
    "ReportFormat",
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
    "VaryingProbe",
    "WrappingProbe",
    "canonical",
    "digest",
    "out_of_range",
    "primary",
    "ranged",
    "row_from_sample",
    "sample_from_row",
]

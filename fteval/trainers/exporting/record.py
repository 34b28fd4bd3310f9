"""`export.json`: of which candidate a folder was made, how, and by what it was proved. Written last."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
from pathlib import Path
from typing import Any

from fteval.engines.local import digests
from fteval.engines.local.exported import RECORD, SCHEMA
from fteval.engines.local.folders import Located
from fteval.records import Comparison, Likeness, digest
from fteval.runs.journal.files import write_atomically
from fteval.trainers.exporting.how import How
from fteval.version import __version__

LIBRARIES = ("torch", "transformers", "peft", "safetensors", "torchao")


@dataclasses.dataclass(frozen=True, slots=True)
class Proof:
    """What the export was held against, and what came out."""

    comparison: Comparison
    same: int
    answers: int
    likeness: Likeness | None


def write(made: Path, located: Located, how: How, words: str, proof: Proof) -> None:
    """Writes the record of what lies in a folder."""
    files = {path.name: digests.file_digest(path) for path in sorted(made.iterdir())}
    record = {
        "schema": SCHEMA,
        "fteval": __version__,
        "parent": _parent(located),
        "how": words,
        "asked": dataclasses.asdict(how),
        "versions": {name: version for name in LIBRARIES if (version := _version(name)) is not None},
        "weights_digest": digests.weights_digest(made) if not how.gguf else digest(sorted(files.items())),
        "proof": _proof(proof),
        "files": files,
    }
    write_atomically(made / RECORD, (json.dumps(record, indent=1, allow_nan=False) + "\n").encode())


def _parent(located: Located) -> dict[str, Any]:
    """Who the candidate is, by its id or the names of its folders, and by the digests of what it is made of.

    No paths: the folder goes to other machines.
    """
    adapted = located.adapter is not None
    return {
        "ref": located.ref.label,
        "kind": "adapter" if adapted else "full",
        "weights": located.adapter or located.weights,
        **(
            {
                "base": dataclasses.replace(located.ref, adapter=None, candidate=None).label,
                "base_weights": located.weights,
            }
            if adapted
            else {}
        ),
    }


def _proof(proof: Proof) -> dict[str, Any]:
    (result,) = proof.comparison.candidates
    base = proof.comparison.base
    return {
        "verdict": proof.comparison.verdict,
        "comparison": proof.comparison.id,
        "runs": [base.id, result.run.id],
        "suite": base.manifest["plan"]["suite"],
        "holdouts": {
            p.probe: {"samples": len(p.sample_ids), "digest": digest(sorted(p.sample_digests))} for p in base.probes
        },
        "same_answers": proof.same,
        "answers": proof.answers,
        "likeness": None if proof.likeness is None else dataclasses.asdict(proof.likeness),
        "gates": [
            {
                "probe": one.gate.probe,
                "metric": one.gate.metric,
                "slice": dict(one.gate.slice) if one.gate.slice else None,
                "max_drop": one.gate.threshold,
                "result": one.result,
                "candidate": one.change.base if one.change else None,
                "export": one.change.candidate if one.change else None,
                "low": one.low,
                "high": one.high,
                "level": one.level,
            }
            for one in result.gates
        ],
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None

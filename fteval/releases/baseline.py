"""The scores of a run that was accepted: what later runs are compared with, without asking its model again.

Scores and digests, no texts: hold-outs and answers may be private, and a repository is not. `baseline_file` writes it.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from fteval.records import Baseline, RunRecord, digest
from fteval.runs.journal import lines
from fteval.runs.journal.journal import timestamp

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")


def file_name(suite: str) -> str:
    """The suite's name, made one that every filesystem takes; two suites never share one."""
    if _SAFE.fullmatch(suite):
        return suite
    plain = re.sub(r"[^A-Za-z0-9._+-]", "_", suite).lstrip("._+-")[:48] or "suite"
    return f"{plain}-{hashlib.sha256(suite.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def suite_name(run: RunRecord) -> str:
    """What the baselines of a run's suite are called."""
    return str(run.manifest.get("suite_name") or "+".join(p.probe for p in run.probes))


def of_run(run: RunRecord, *, anchor: str | None = None, reason: str | None = None) -> Baseline:
    """What would be kept of a run; reads the digests of its answers from its journals."""
    plan, probes = run.manifest["plan"], run.manifest["probes"]
    return Baseline(
        suite=suite_name(run),
        suite_digest=plan["suite"],
        anchor=anchor,
        accepted=timestamp(),
        reason=reason,
        run=run.id,
        ref=run.ref,
        digest=run.digest,
        fteval=str(run.manifest["fteval"]),
        engine=plan["engine"],
        sampling=plan["sampling"],
        repeats=plan["repeats"],
        versions={p.probe: probes[p.probe]["version"] for p in run.probes},
        probes=run.probes,
        outputs=outputs(run),
    )


def outputs(run: RunRecord, *, likelihoods: bool = False) -> dict[tuple[str, str], tuple[str, ...]]:
    """(probe, sample id) -> a digest per answer, in the order of the repeats; what has no answer is left out.

    A choice among given texts is the same where it is as likely as well, if `likelihoods` says so.
    """
    asked: dict[tuple[str, str], list[str]] = {}
    for row in lines.read(Path(run.path) / "samples.jsonl"):
        asked.setdefault((row["probe"], row["id"]), row["keys"])
    texts: dict[str, str] = {}
    for row in lines.read(Path(run.path) / "generations.jsonl"):
        if row["status"] == "ok" and row["key"] not in texts:
            texts[row["key"]] = digest([row["text"], row.get("likelihoods")] if likelihoods else row["text"])
    return {place: tuple(texts[key] for key in keys if key in texts) for place, keys in asked.items()}


def as_run(kept: Baseline, path: Path) -> RunRecord:
    """The record that comparisons pair like a run's. No `requests` in its plan: nobody knows any more what was sent."""
    planned = kept.n_samples * kept.repeats
    return RunRecord(
        id=kept.id,
        ref=kept.ref,
        digest=kept.digest,
        path=str(path),
        complete=True,
        subset=False,
        probes=kept.probes,
        planned=planned,
        reused=0,
        generated=planned,
        errors=0,
        seconds=0.0,
        manifest={
            "fteval": kept.fteval,
            "suite_name": kept.suite,
            "created": kept.accepted,
            "run": kept.run,
            "plan": {
                "suite": kept.suite_digest,
                "subset": False,
                "engine": kept.engine,
                "sampling": kept.sampling,
                "repeats": kept.repeats,
            },
        },
        warnings=() if kept.reason is None else (f"{kept.id} was accepted by force: {kept.reason}",),
    )

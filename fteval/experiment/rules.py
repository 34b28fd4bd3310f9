"""By what a comparison is judged, known before anything is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fteval.errors import UserError
from fteval.experiment.experiment import Experiment
from fteval.records import Gate, Member, Price, RunRecord


@dataclass(frozen=True, slots=True)
class Rules:
    """By what a comparison is judged."""

    gates: tuple[Gate, ...] = ()
    anchors: Mapping[str, RunRecord] = field(default_factory=dict)
    on_inconclusive: str = "fail"
    trained_on: Mapping[str, Path] = field(default_factory=dict)
    """Name or ref of a candidate -> the rows it was trained on, as the config says."""
    allow: frozenset[str] = frozenset()
    """What counts although it should not, see `stats.compare`."""
    unguarded: str = "warn"
    """Whether a probe that fell without a gate blocks: `fail` or `warn`."""
    of: int = 0
    """How many candidates were tried, where not all of them are shown."""
    measured_by: str = ""
    """The commit that the rules are of, where that is another one."""
    members: Mapping[str, Member] = field(default_factory=dict)
    """Name of a candidate -> which training of a series it is."""
    prices: Mapping[str, Price] = field(default_factory=dict)
    """Name or ref of a model -> what it costs, as the config says."""
    searched: frozenset[str] = frozenset()
    """Names of candidates whose prompt was searched."""


def allowed(*, subset: bool, same: bool) -> frozenset[str]:
    """The words for what two options let pass."""
    return frozenset(word for word, wanted in (("subset", subset), ("same", same)) if wanted)


def rules_of(experiment: Experiment, gates: tuple[Gate, ...], suite: str, suite_digest: str | None = None) -> Rules:
    """The rules of an experiment with the anchors that its gates name. Raises UserError for one that is not there.

    `suite` is the name under which baselines are kept; an anchor of another `suite_digest` is refused before a model
    is asked.
    """
    anchors: dict[str, RunRecord] = {}
    for name in dict.fromkeys(gate.anchor for gate in gates if gate.anchor):
        from fteval import releases

        anchors[name] = releases.load_anchor(name, experiment.folder, suite)
        check_suite(anchors[name], suite_digest)
    allow = allowed(subset=experiment.allow_subset, same=experiment.allow_same) | frozenset(experiment.allow)
    said = [(name, use.ref, use.trained_on or use.data) for name, use in experiment.candidates.items()]
    trained_on = {key: file for name, ref, file in said if file for key in (name, ref) if key}
    return Rules(
        gates, anchors, experiment.on_inconclusive, trained_on, allow,
        experiment.unguarded, experiment.of, experiment.measured_by, experiment.members,
        experiment.servers.prices, frozenset(experiment.searched),
    )  # fmt: skip


def check_suite(kept: RunRecord, suite_digest: str | None) -> None:
    """Raises UserError when a baseline or anchor is of other samples, probes or scorers than what is to be run."""
    theirs = kept.manifest["plan"].get("suite")
    if suite_digest is not None and theirs != suite_digest:
        raise UserError(
            f"{kept.id} is of another suite: samples, probes or scorers are not what is run now",
            where=kept.path,
            fix="measure with the same suite (without --limit), or accept a new one: fteval baseline accept RUN; "
            "`fteval baseline show --diff RUN` says what differs",
        )

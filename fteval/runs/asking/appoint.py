"""Which model judges which probe: what the user named, else the base where it says how likely a text is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from fteval.errors import NoLikelihoods, UserError
from fteval.records import Engine, JudgedProbe, KeyedEngine, RunRecord, Sample, Sampling, ServedEngine, digest
from fteval.records.readings import Limits
from fteval.runs.asking.judges import Judge, Judges
from fteval.runs.asking.referees import Referees, wants_reference
from fteval.runs.asking.reference import NEUTRAL, Reference
from fteval.runs.asking.reference import Judge as Likelihoods
from fteval.runs.asking.suite import Suite, with_judges

BASE, NONE = "base", "none"
"""Words that may stand where a reference is named."""
Open = Callable[[str], Engine]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was said about references."""

    by_probe: Mapping[str, str | None]
    """Probe -> `base`, `none` or a ref; None where nothing was said."""
    base: str | None = None
    """The base's ref."""
    kept: RunRecord | None = None
    """Accepted scores that stand for the base's: what they were judged by judges on."""
    by_default: bool = True
    """Whether the base judges where nothing was said."""


def appointed(suite: Suite, wanted: Wanted, open_engine: Open) -> tuple[Suite, Referees | None]:
    """The suite with its judges in its digests, and the judges; None where nobody judges.

    Raises UserError for a reference that cannot be one, and what `open_engine` raises.
    """
    kept = {p.probe: p.limits for p in wanted.kept.probes if p.limits is not None} if wanted.kept else {}
    opened: dict[str, Reference] = {}
    references: dict[str, Reference] = {}
    for one in suite.probes:
        said = wanted.by_probe.get(one.name)
        if not wants_reference(one.probe):
            continue
        ref = _ref(said, wanted, kept.get(one.name))
        if ref is None:
            continue
        if ref not in opened and said is None:
            engine = open_engine(ref)
            if not _says(engine, asked=False):
                wanted = replace(wanted, by_default=False)
                continue
            opened[ref] = Reference(ref, engine, digest(engine.identity()))
        if ref not in opened:
            opened[ref] = judge(ref, open_engine)
        references[one.name] = opened[ref]
    judges = _judges(suite, wanted, open_engine)
    if not references and not judges:
        return suite, None
    digests = {name: reference.digest for name, reference in references.items()}
    referees = Referees(references, _settles(wanted, open_engine))
    referees.limits.update({n: limits for n, limits in kept.items() if digests.get(n) == limits.judge})
    if judges:
        alone = wanted.base is None or wanted.kept is not None
        referees.judges = Judges(judges, None if alone else open_engine(str(wanted.base)).ref)
    return with_judges(suite, {**digests, **{name: one.counts for name, one in judges.items()}}), referees


def _judges(suite: Suite, wanted: Wanted, open_engine: Open) -> dict[str, Judge]:
    """Probe -> the model that judges it by what it says. Raises UserError where the base's answers are not there."""
    found: dict[str, Judge] = {}
    for one in suite.probes:
        probe = one.probe
        if not isinstance(probe, JudgedProbe) or probe.judge is None:
            continue
        beside = None
        if probe.beside_base:
            if wanted.base is None or wanted.kept is not None:
                why = "there is no base" if wanted.kept is None else "accepted scores have no answers"
                raise UserError(
                    f"probe '{one.name}' holds answers against the base's, and {why}",
                    fix="name a base (--against REF, or base:), or judge each answer alone: pairwise=false",
                )
            beside = _content(open_engine(wanted.base), one.samples)
        found[one.name] = replace(judge_of(probe, open_engine), beside=beside)
    return found


def judge_of(probe: JudgedProbe, open_engine: Open) -> Judge:
    """The model that a probe names, open; a server is met."""
    engine = open_engine(probe.judge or "")
    # With chance where there are several votes: greedily they would be one.
    drawn = Sampling(temperature=0.0 if probe.votes == 1 else 1.0, max_tokens=probe.reply_tokens)
    served = engine.start(drawn) if isinstance(engine, ServedEngine) else None
    return Judge(probe.judge or "", engine, digest(engine.identity()), drawn, probe.votes, served=served)


def judge(ref: str, open_engine: Open) -> Reference:
    """The model of a ref as reference. Raises UserError where it does not say how likely a text is."""
    engine = open_engine(ref)
    if not _says(engine, asked=True):
        raise UserError(
            f"{engine.ref} does not say how likely a text is, so that it cannot be the reference",
            fix="name a local model, or one that vLLM serves, or none",
        )
    return Reference(ref, engine, digest(engine.identity()))


def _content(engine: Engine, samples: Iterable[Sample]) -> str:
    """Digest of what decides a model's answers: of saved outputs, these."""
    keyed = engine if isinstance(engine, KeyedEngine) else None
    said = [keyed.request_identity(s, engine.prompt(s.messages)) for s in samples] if keyed else None
    return digest([dict(engine.identity()), said])


def check_not_measured(referees: Referees | None, engines: Iterable[Engine]) -> None:
    """Raises UserError for a model that judges itself: nobody marks their own work. The base may be a reference."""
    engines = list(engines)
    measured = {digest(engine.identity()): engine.ref for engine in engines} if referees else {}
    refs = {engine.ref for engine in engines}
    for name, reference in referees.references.items() if referees else ():
        if reference.digest in measured and reference.digest != (referees.base if referees else None):
            raise UserError(
                f"probe '{name}' judges by the very model that it measures ({measured[reference.digest]})",
                fix="name another model as its reference, or none",
            )
    judges = referees.judges.judges if referees and referees.judges else {}
    for name, one in judges.items():
        saved = isinstance(one.engine, KeyedEngine)  # saved outputs are told apart by their file
        # By its ref, too: a model that batch files ask has another identity there.
        same = one.engine.ref if one.engine.ref in refs else None if saved else measured.get(one.digest)
        if same is not None:
            raise UserError(
                f"probe '{name}' is judged by {one.ref}, which is measured here ({same})",
                fix="name a judge that is neither the base nor a candidate",
            )


def _ref(said: str | None, wanted: Wanted, kept: Limits | None) -> str | None:
    if said == NONE:
        return None
    if said == BASE and wanted.base is None:
        raise UserError("the reference is to be the base, and there is none", fix="name it with --against, or base:")
    if said not in (None, BASE):
        return said
    if said is None and kept is not None:
        return kept.ref
    return wanted.base if said == BASE or (wanted.by_default and wanted.kept is None) else None


def _settles(wanted: Wanted, open_engine: Open) -> str | None:
    """Whose answers the limits come from: the base's, or those behind the accepted scores, which nobody gives again."""
    if wanted.kept is not None:
        return wanted.kept.id
    return None if wanted.base is None else digest(open_engine(wanted.base).identity())


def _says(engine: Engine, *, asked: bool) -> bool:
    """Whether an engine says how likely a text is. A provider is not asked that unless somebody names it."""
    if not isinstance(engine, Likelihoods):
        return False
    if not isinstance(engine, ServedEngine):
        return True
    if engine.timeless and not asked:
        return False
    try:
        engine.likelihoods([(engine.prompt(NEUTRAL), "Yes.")], 1)
    except NoLikelihoods:
        return False
    return True

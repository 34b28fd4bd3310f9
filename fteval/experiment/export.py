"""A candidate made into what ships, proved against the candidate itself, and written only then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from fteval.engines.local.engine import TransformersEngine
from fteval.engines.pool import Pool
from fteval.engines.refs import display, parse
from fteval.errors import Interrupted, UserError
from fteval.experiment import export_proof, judge
from fteval.experiment.check import checked
from fteval.experiment.experiment import Experiment
from fteval.experiment.export_suite import OfRun
from fteval.experiment.measure import Asking, execute
from fteval.experiment.place import Place, opened_pool
from fteval.experiment.prepare import appointed_for, references_of
from fteval.experiment.rules import Rules
from fteval.experiment.train import coded, trained
from fteval.records import Engine, Exported, Gate, RunRecord
from fteval.runs.asking.appoint import Wanted
from fteval.runs.asking.interrupt import Signals, Stop
from fteval.runs.asking.suite import Suite, limited
from fteval.runs.journal.store import Store
from fteval.trainers.exporting import record, served
from fteval.trainers.exporting.how import How
from fteval.trainers.exporting.make import Source, check, dtype_of, gguf_file, make, needed, tools
from fteval.trainers.exporting.place import Bench, bench, check_target

SAMPLES = 400
"""Of each probe at most, unless somebody says how many."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made, and where it is to lie."""

    folder: Path
    how: How


def export(order: Order, experiment: Experiment, place: Place, of_run: OfRun | None = None) -> Exported:
    """Makes and proves an export of the experiment's one candidate; writes it where the proof holds.

    `of_run` is what it is proved by where the experiment has no probes.

    Raises UserError for what cannot be made or proved, before anything is loaded where that can be known; Incomplete
    where disk, memory or a tool fails, Interrupted for a signal. Nothing is left behind then, nor where the
    proof fails.
    """
    order.how.check()
    of_llama = tools(order.how)
    check_target(order.folder, 0)
    suite, gates = asked(experiment, of_run)
    if of_run is not None:
        place.listener.note(f"proved by what run {of_run.run} asked")
    export_proof.check_enough(gates, suite)
    store = Store(place.store)
    ref = _candidate(experiment, store, place)
    with opened_pool(store, place, experiment) as pool:
        engine = _local(pool.open(ref))
        check(engine.located, order.how)
        source = Source(engine.located, engine.chat, engine.probe_ids(), order.how, of_llama)
        check_target(order.folder, needed(source))
        base = experiment.base or (str(engine.located.ref.base) if engine.located.adapter else None)
        proof = Proof(suite, gates, replace(experiment, base=base), place, store)
        before = proof.measured("candidate", engine, pool)
    judging, notes = export_proof.judging(gates, before)
    for text in notes:
        place.listener.note(text)
    with bench(order.folder, store.root) as made:
        _make(source, made, place)
        return proved(order, source, made, replace(proof, gates=judging), before)


def asked(experiment: Experiment, of_run: OfRun | None) -> tuple[Suite, tuple[Gate, ...]]:
    """The sub-sample that both models answer, and what may be lost on it."""
    n = experiment.limit or SAMPLES
    if of_run is not None:
        return limited(of_run.suite, n), export_proof.guards(of_run.gates, of_run.suite)
    uses = tuple(replace(use, limit=min(use.limit or n, n)) for use in experiment.probes)
    suite, gates = checked(replace(experiment, probes=uses, limit=None))
    return suite, export_proof.guards(gates, suite)


@dataclass(frozen=True, slots=True)
class Proof:
    """By what candidate and export are measured."""

    suite: Suite
    gates: tuple[Gate, ...]
    experiment: Experiment
    place: Place
    store: Store

    def measured(self, label: str, engine: Engine, pool: Pool) -> RunRecord:
        wanted = Wanted(references_of(self.experiment), self.experiment.base)
        judged, referees = appointed_for(self.suite, wanted, pool, self.place)
        asking = Asking(judged, self.store, referees)
        return execute(label, engine, asking, self.experiment, self.place, go_on=self.place.command)


def _candidate(experiment: Experiment, store: Store, place: Place) -> str:
    """The ref of what is exported; trained first where the config says how.

    Raises UserError for what has no weights.
    """
    ((name, use),) = experiment.candidates.items()
    if use.changes:
        raise UserError(
            f"'{name}' is a change without training, or one on top of it: it lies in no weights",
            where=use.where,
            fix="export the candidate below it, and ask the export in the same way",
        )
    if use.ref is not None:
        if parse(use.ref, store.candidates_dir).base.kind in ("server", "scheme"):
            raise _weightless(use.ref)  # before anybody asks for a key
        return use.ref
    if use.trainer is None or experiment.base is None:
        raise UserError(f"candidate '{name}' has no weights of its own to export", where=use.where)
    use = coded(use, experiment.allow_code)
    return trained(name, use, experiment.base, store, place).id


def _local(engine: Engine) -> TransformersEngine:
    if isinstance(engine, TransformersEngine):
        return engine
    raise _weightless(engine.ref)


def _weightless(ref: str) -> UserError:
    return UserError(
        f"{display(ref)} has no weights here, so that there is nothing to export",
        fix="a hosted model's weights stay with its provider; name a local candidate (ft:…), a folder or BASE+ADAPTER",
    )


def _make(source: Source, made: Bench, place: Place) -> None:
    with _interruptible():
        make(source, made, lambda text: place.listener.progress(text, 0, 1))


@contextmanager
def _interruptible() -> Iterator[None]:
    """Where a signal ends the export at once, and what was begun is cleared away. Raises Interrupted."""
    with Signals("stopping: nothing is written") as signals:
        try:
            with signals.cancelling():
                yield
        except (Stop, KeyboardInterrupt):
            raise Interrupted(
                "the export was interrupted; nothing was written", signal_number=signals.number or 2
            ) from None


def proved(order: Order, source: Source, made: Bench, proof: Proof, before: RunRecord) -> Exported:
    """Measures what was made, and publishes it where it is no worse than its candidate."""
    located = source.located
    adapted = located.adapter is not None
    words = order.how.in_words(adapted, dtype_of(located, order.how))
    parent = located.ref.label
    with opened_pool(proof.store, proof.place, proof.experiment) as pool, _opened(source, made, pool) as engine:
        engine.ref = str(order.folder)
        if isinstance(engine, TransformersEngine):
            engine.export_of = {"ref": parent, "weights": located.adapter or located.weights, "how": words}
        after = proof.measured("export", engine, pool)
        first = pool.open(located.ref.text)
        likeness = export_proof.likeness_of(before, first, engine)
    rules = Rules(proof.gates)
    comparison = judge.compared(before, [(order.folder.name, after)], rules, proof.store, command=proof.place.command)
    same, answers = export_proof.same_answers(before, after)
    written = comparison.verdict == "ship"
    if written:
        held = record.Proof(comparison, same, answers, likeness)
        record.write(made.made, located, order.how, words, held)
    files = {path.name: path.stat().st_size for path in sorted(made.made.iterdir())} if written else {}
    if written:
        made.publish()
    return Exported(parent, order.folder, written, words, same, answers, comparison, likeness, files)


@contextmanager
def _opened(source: Source, made: Bench, pool: Pool) -> Iterator[Engine]:
    """The engine of what was made: of the folder itself, or of llama.cpp's server on it."""
    file = gguf_file(made.made)
    if file is None:
        yield pool.open(str(made.made))
        return
    with ExitStack() as stack:
        with _interruptible():  # a server that loads must not outlive who started it
            ref = stack.enter_context(served.served(list(source.tools.server), file, "export"))
        yield pool.open(ref)

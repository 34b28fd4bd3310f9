"""Writes what a run has to ask as batch files, and takes up what has come back. Both look at the outputs first, so that
nothing that is there is asked again."""

from __future__ import annotations

import contextlib
import hashlib
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from fteval.engines.shards import ShardEngine, file_name, open_engine
from fteval.errors import Incomplete, UserError
from fteval.experiment.experiment import Experiment
from fteval.experiment.place import Place, heard
from fteval.experiment.prepare import Prepared, concluded, prepared
from fteval.records import Comparison, Generation, Request, RunRecord
from fteval.runs.asking.interrupt import Signals
from fteval.runs.asking.session import Session, session
from fteval.runs.asking.terms import Terms
from fteval.runs.journal import lines
from fteval.runs.journal.files import cannot_write, write_atomically
from fteval.runs.journal.lock import Lock
from fteval.shards import outputs
from fteval.shards.plan_file import (
    NAME,
    File,
    Record,
    experiment_as_json,
    experiment_from_json,
    file_digest,
    read,
)

SHARD_SIZE = 2000
"""Requests per file, unless the user says otherwise."""
LOCK = ".lock"
"""Held in the folder by whoever writes, submits or collects: nothing is planned or submitted twice."""


@dataclass(frozen=True, slots=True)
class Todo:
    """A batch file that still has to be run."""

    path: Path
    sha256: str
    rows: int
    run: str
    engine: ShardEngine
    name: str
    """Of base or candidate, as it stands in file names."""

    @property
    def command(self) -> str | None:
        """The command that runs it; None for a provider's model."""
        options = self.engine.vllm(self.name)
        if options is None:
            return None
        output = self.path.with_name(f"{self.path.stem}.out.jsonl")
        return shlex.join(["vllm", "run-batch", "-i", str(self.path), "-o", str(output), *options])


@dataclass(frozen=True, slots=True)
class State:
    """How far a folder is."""

    planned: int
    """Answers that the runs need, each counted once."""
    open: int
    todo: tuple[Todo, ...]
    problems: tuple[str, ...]
    """A line per file that is missing or half, and per kind of failure that can be run again."""


@dataclass(slots=True)
class _Side:
    """Base or a candidate: its run, open, and which of its requests have an end."""

    name: str
    engine: ShardEngine
    session: Session
    refused: set[str] = field(default_factory=set)
    """Keys whose failure is their own: asked again they would fail again."""

    @property
    def run(self) -> str:
        return self.session.run.id

    def answers(self, found: outputs.Outputs) -> None:
        """Lets the run take what was found. Raises what the store raises."""
        self.refused = {row["key"] for row in lines.read(self.session.run.generations) if row["status"] == "error"}

        def those_found(requests: Sequence[Request]) -> Iterator[Generation]:
            for request in requests:
                worth = found.worth(request.key)
                if worth == outputs.ANSWERED or (worth == outputs.REFUSED and request.key not in self.refused):
                    if worth == outputs.REFUSED:
                        self.refused.add(request.key)
                    yield found.generation(request)

        self.engine.answers = those_found
        self.session.ask()

    def is_open(self, key: str) -> bool:
        return key not in self.session.attempt.answered and key not in self.refused

    def asked(self, before: set[str]) -> list[str]:
        """The keys that the side's files ask: all but what earlier runs gave, and what another side's files ask."""
        reused = {row["key"] for row in lines.read(self.session.run.generations) if row.get("reused")}
        known = reused | self.session.work.unweighed | before
        return [key for key in self.session.work.requests if key not in known]

    def rows(self, keys: Iterable[str]) -> list[bytes]:
        requests = self.session.work.requests
        return [self.engine.row(requests[key], self.session.work.drawn(key), self.name) for key in keys]


def write(
    experiment: Experiment, place: Place, folder: Path, reports: Sequence[Path] = (), shard_size: int | None = None
) -> State:
    """The folder's batch files, written where their answers are not there yet; no request is sent.

    The first call creates the runs and the plan, later ones with the same arguments find them. Raises UserError for a
    folder that holds another plan.
    """
    if experiment.sequential:
        raise UserError(
            "--sequential decides after each answer what to ask next, and batch files are written beforehand",
            fix="leave out --sequential or --shards",
        )
    if changed := [name for name, use in experiment.candidates.items() if use.changes]:
        raise UserError(
            f"alternatives ({', '.join(changed)}) are asked here, not through batch files",
            fix="leave out --shards, or name a candidate without one: --model",
        )
    if experiment.servers.budget.max_usd is not None or experiment.servers.budget.max_total_tokens is not None:
        raise UserError(
            "a budget (--max-usd, --max-total-tokens) cannot hold for batch files: others run them",
            fix="set a limit where they are run",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    with Lock(folder / LOCK):
        record = read(folder)
        if record is not None and shard_size not in (None, record.shard_size):
            raise UserError(
                f"the folder was planned with {record.shard_size} requests per file", fix="leave --shard-size out"
            )
        # Of an old plan its files and runs are kept; hold-outs and store may have moved.
        record = Record(
            command=place.command or "",
            folder=str(Path.cwd()),
            store=str(place.store.resolve()),
            shard_size=record.shard_size if record else shard_size or SHARD_SIZE,
            runs=record.runs if record else {},
            shards=record.shards if record else {},
            missing=record.missing if record else {},
            place={name: getattr(place, name) for name in ("device", "dtype", "batch_tokens", "offline")},
            reports=[str(path) for path in reports],
        )
        with (
            prepared(experiment, place, open_engine) as ready,
            _sides(ready, experiment, place, folder, record) as sides,
        ):
            record.experiment = experiment_as_json(experiment, ready.rules.gates)
            return _taken_up(sides, experiment, place, folder, record)


def collect(place: Place, folder: Path) -> Comparison | RunRecord:
    """What `measure` would have returned, from the outputs under the folder.

    Raises Incomplete where answers are missing: those that came are kept, and what is open lies in files to run.
    """
    with Lock(folder / LOCK):
        record = planned(folder)
        experiment = _experiment(record, folder)
        with prepared(experiment, place, open_engine) as ready:
            with _sides(ready, experiment, place, folder, record) as sides:
                state = _taken_up(sides, experiment, place, folder, record)
                records = [] if state.open else [(name, side.session.finish()) for name, side in sides]
            if state.open:
                raise _incomplete(state, folder)
            return concluded(ready, records, experiment, place)


def _experiment(record: Record, folder: Path) -> Experiment:
    if record.experiment is None:
        raise UserError(
            f"{NAME} was written by an older fteval",
            where=str(folder / NAME),
            fix=f"plan it again, which finds its runs and asks nothing anew: {record.command}",
        )
    try:
        return experiment_from_json(record.experiment)
    except (ValueError, KeyError) as error:
        fix = f"plan it again, which finds its runs: {record.command}"
        raise UserError(f"damaged {NAME}: {error}", where=str(folder / NAME), fix=fix) from None


def planned(folder: Path) -> Record:
    """The folder's plan. Raises UserError where there is none."""
    record = read(folder)
    if record is None:
        fix = "`fteval run … --shards DIR` writes it, with the files"
        raise UserError(f"no {NAME} in {folder}", where=str(folder), fix=fix)
    return record


@contextlib.contextmanager
def _sides(
    ready: Prepared, experiment: Experiment, place: Place, folder: Path, record: Record
) -> Iterator[list[tuple[str, _Side]]]:
    """The runs of base and candidates under their names, all locked; new ones are created and written down."""
    names = [name for name, _ in ready.engines]
    if record.runs and list(record.runs) != names:
        raise UserError(
            f"{folder} holds the plan of other models: {', '.join(record.runs)}, and not {', '.join(names)}",
            where=str(folder),
            fix="name another folder with --shards",
        )
    go_on = f"fteval collect {shlex.quote(str(folder))}" if record.shards else record.command
    in_files = _in_files(names)
    engines = [(name, engine) for name, engine in ready.engines if isinstance(engine, ShardEngine)]
    for _, engine in engines:
        for probe in ready.suite.probes:
            engine.check(replace(experiment.sampling, **probe.sampling))
    with contextlib.ExitStack() as stack:
        signals = stack.enter_context(Signals(f"stopping: what is done is being saved. To go on: {go_on}"))
        sides = []
        for name, engine in engines:
            opened = stack.enter_context(
                session(
                    ready.suite, engine, experiment.sampling, ready.store,
                    Terms(
                        experiment.repeats, referees=ready.referees, resume=record.runs.get(name),
                        reuse=not record.shards, on_progress=heard(name, place), command=place.command, go_on=go_on,
                    ),
                    signals,
                )
            )  # fmt: skip
            sides.append((name, _Side(in_files[name], engine, opened)))
        if not record.runs:
            record.runs = {name: side.run for name, side in sides}
            record.save(folder)
        yield sides


def _in_files(names: Sequence[str]) -> dict[str, str]:
    """What base and candidates are called in file names: different ones for different names."""
    found: dict[str, str] = {}
    for name in names:
        plain = file_name(name)
        while plain.lower() in {other.lower() for other in found.values()}:
            plain += "_"
        found[name] = plain
    return found


def _taken_up(
    sides: Sequence[tuple[str, _Side]], experiment: Experiment, place: Place, folder: Path, record: Record
) -> State:
    """Journals what the outputs hold, then writes the files that are needed for the rest."""
    record.check_files(folder)
    works = [side.session.work for _, side in sides]
    known = {key: work.drawn(key).stop for work in works for key in work.requests}
    found = outputs.find(folder, {*record.shards, *record.missing}, known)
    for note in found.notes:
        place.listener.note(note)
    for _, side in sides:
        side.answers(found)
    todo: list[Todo] = []
    problems: list[str] = []
    shards: dict[str, File] = {}
    missing: dict[str, File] = {}
    asked: set[str] = set()
    for _, side in sides:
        keys = side.asked(asked)
        asked.update(keys)
        half: list[str] = []
        for number, chunk in enumerate(_parts(keys, record.shard_size), start=1):
            name = f"{side.name}-{number:05}.jsonl"
            left = [key for key in chunk if side.is_open(key)]
            if left and len(left) < len(chunk):
                half += left
                problems.append(f"{name}: {len(left)} of {len(chunk)} answers are missing")
            whole = len(left) == len(chunk)
            shards[name] = _written(side, chunk, folder / name, record.shards.get(name), wanted=whole)
            if whole:
                problems.append(f"{name}: no answers ({len(chunk)} requests)")
                todo.append(Todo(folder / name, shards[name].sha256, len(chunk), side.run, side.engine, side.name))
        for number, chunk in enumerate(_parts(half, record.shard_size), start=1):
            name = f"{side.name}-missing-{number:05}.jsonl"
            missing[name] = file = _written(side, chunk, folder / name, None, wanted=True)
            todo.append(Todo(folder / name, file.sha256, len(chunk), side.run, side.engine, side.name))
    for name in record.missing.keys() - missing.keys():
        (folder / name).unlink(missing_ok=True)
    record.shards, record.missing = shards, missing
    record.save(folder)
    problems += [f"{n} came back as {kind}, which can be run again" for kind, n in found.mendable.items()]
    return State(len(known), sum(one.rows for one in todo), tuple(todo), tuple(problems))


def _parts(keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))


def _written(side: _Side, keys: Sequence[str], path: Path, known: File | None, *, wanted: bool) -> File:
    """What a batch file holds; it is there afterwards where it is `wanted`."""
    if known is not None and (not wanted or path.exists()):
        return known
    rows = side.rows(keys)
    digest = hashlib.sha256(b"".join(rows)).hexdigest()
    if known is not None and known.sha256 != digest:
        raise UserError(
            f"{path.name} would not be written as it was before", where=str(path), fix="plan anew in another folder"
        )
    if wanted and not (path.exists() and file_digest(path) == digest):
        write_atomically(path, rows)
    return File(side.run, side.engine.model(side.name), len(rows), digest)


def _incomplete(state: State, folder: Path) -> Incomplete:
    shown = [*state.problems[:20], *(["…"] if len(state.problems) > 20 else [])]
    commands = [one.command or f"run {one.path} at the provider (--batch-api)" for one in state.todo]
    more = [f"… and {len(commands) - 3} more files"] if len(commands) > 3 else []
    then = f"then fteval collect {shlex.quote(str(folder))}"
    return Incomplete(
        "\n  ".join([f"{state.open:,} of {state.planned:,} answers are missing; those that came are kept", *shown]),
        where=str(folder),
        fix="\n         ".join([*commands[:3], *more, then]),
    )

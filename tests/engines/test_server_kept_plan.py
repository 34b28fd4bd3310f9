"""A large run that was stopped goes on by the plan that it left, where that is still the plan, and only there."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from asking import HASTY, answer, finish, prompt, rows, runs, spawn, start
from servers.fake import Server
from servers.model import Model
from test_server_resume import wait_until

from fteval.alternatives.layers.stack import changed
from fteval.engines.pool import Pool
from fteval.errors import Incomplete
from fteval.experiment.asked import Asked
from fteval.experiment.describe import describe, find_config
from fteval.experiment.experiment import Experiment, ProbeUse
from fteval.experiment.origin import origin_of
from fteval.experiment.suite import build_suite
from fteval.records import Change
from fteval.runs.asking import kept
from fteval.runs.asking.kept import MANY, Planned
from fteval.runs.asking.plan import plan
from fteval.runs.journal.run import Run
from fteval.runs.journal.store import Store
from fteval.runs.reading import results

CONFIG = """\
version: 1
probes:
  many: {{use: holdout, data: many.jsonl, score: exact}}
  few: {{use: holdout, data: few.jsonl, score: contains, sampling: {{temperature: {temperature}, stop: [never]}}}}
  mark: {{use: iso_date, limit: 3}}
sampling: {{temperature: {temperature}, stop: [never]}}
"""


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a run that was stopped after a hundred answers, and the model's ref, whose server is gone."""
    folder = tmp_path_factory.mktemp("stopped")
    store = folder / ".fteval"
    (folder / "fteval.yaml").write_text(CONFIG.format(temperature=0))
    many = [
        {"id": f"q{i}", "prompt": prompt(i), "target": answer(i), "slices": {"third": str(i % 3)}} for i in range(MANY)
    ]
    many[7]["group"] = many[8]["group"] = "pair"
    many[11] |= {"prompt": prompt(10).upper(), "why": ["é", None, 1.5]}
    few = [{"prompt": prompt(i), "target": answer(i)} for i in range(20)]  # asked by both, all but the eleventh
    for name, lines in (("many", many), ("few", few)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines), encoding="utf-8")
    with Server(Model(answers={prompt(i): answer(i) for i in range(MANY)}), latency=0.05) as server:
        process = start("run", "--model", server.ref, folder=folder)
        wait_until(lambda: process.poll() is not None or (bool(runs(store)) and len(rows(runs(store)[0])) > 100))
        process.send_signal(signal.SIGINT)
        done = finish(process)
        assert done.code == 130, done.said
        return folder, server.ref


@pytest.fixture
def folder(stopped: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, in which we are."""
    shutil.copytree(stopped[0], tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def asked(stopped: tuple[Path, str], folder: Path) -> Callable[[], Experiment]:
    return lambda: describe(Asked(model=stopped[1]), find_config(None, wanted=True))


def begun() -> Run:
    return Store(Path(".fteval"), readonly=True).runs()[0]


def planned(experiment: Experiment) -> Planned | None:
    origin = origin_of(experiment)
    assert origin is not None
    return kept.planned(begun(), origin)


def test_what_was_kept_is_what_would_be_planned(asked: Callable[[], Experiment]) -> None:
    experiment = asked()
    found, suite = planned(experiment), build_suite(experiment)
    assert found is not None
    assert found.suite.digest == suite.digest and found.suite.name == suite.name and not found.suite.subset
    assert [list(told()) for told in (found.suite.oddities, found.suite.notes)] == [suite.oddities(), suite.notes()]
    for one, anew in zip(found.suite.probes, suite.probes, strict=True):
        assert (one.name, one.digest, one.probe) == (anew.name, anew.digest, anew.probe)
        assert one.sampling == anew.sampling
        assert list(one.samples) == list(anew.samples) and one.samples[-1] == anew.samples[-1]
        for column in ("ids", "groups", "slices", "sample_digests"):
            assert list(getattr(one, column)) == list(getattr(anew, column)), column
    with Pool() as pool:
        engine = pool.open(str(begun().manifest["ref"]))
        work, anew = found.work(engine, experiment.sampling, 1, None), plan(suite, engine, experiment.sampling, 1)
        assert found.work(engine, replace(experiment.sampling, temperature=0.5), 1, None) is None
        assert found.work(engine, experiment.sampling, 2, None) is None
    assert work is not None and work.plan == anew.plan == begun().plan
    assert (work.shares, work.total, work.prompt_bytes) == (anew.shares, anew.total, anew.prompt_bytes)
    assert len(work.shares) == 19 and list(work.requests.items()) == list(anew.requests.items())
    assert [list(keys) for keys in work.keys] == [list(keys) for keys in anew.keys]
    assert list(work.sample_rows()) == list(anew.sample_rows())
    last = list(anew.requests)[-1]
    assert work.requests.number(last) == anew.requests.number(last) and work.requests.number("0" * 64) is None


def test_it_is_not_known_what_a_suite_is_made_of_where_that_may_be_otherwise_when_it_is_read_again(
    asked: Callable[[], Experiment],
) -> None:
    experiment = asked()
    for change in (edit("few.jsonl", "Question 3:", "Question 4000:"), Path("few.jsonl").unlink):
        origin = origin_of(experiment)
        assert origin is not None and origin() is not None
        change()
        assert origin() is None


def test_it_is_not_known_what_a_pipe_or_a_probe_that_reads_files_will_give() -> None:
    ends = os.pipe()
    try:
        assert origin_of(Experiment((ProbeUse("rows", "holdout", data=Path(f"/dev/fd/{ends[0]}")),))) is None
    finally:
        for end in ends:
            os.close(end)
    assert origin_of(Experiment((ProbeUse("rows", "holdout", data=Path("x" * 5000)),))) is not None  # said later
    origin = origin_of(Experiment((ProbeUse("log", "scores"),)))
    assert origin is not None and origin() is None


def edit(name: str, old: str, new: str) -> Callable[[], None]:
    def edited() -> None:
        text = Path(name).read_text(encoding="utf-8")
        assert old in text
        Path(name).write_text(text.replace(old, new), encoding="utf-8")

    return edited


def damage(name: str, place: float) -> Callable[[], None]:
    def damaged() -> None:
        path = begun().path / name
        data = bytearray(path.read_bytes())
        data[int(place * len(data))] ^= 1
        path.write_bytes(data)

    return damaged


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(edit("many.jsonl", "word9999", "word9998"), id="a target"),
        pytest.param(edit("few.jsonl", "Question 3:", "Question 4000:"), id="a prompt"),
        pytest.param(edit("fteval.yaml", "score: exact", "score: contains"), id="a scorer"),
        pytest.param(edit("fteval.yaml", "limit: 3", "limit: 4"), id="a limit"),
        pytest.param(edit("fteval.yaml", "version: 1", "version: 1\nsuite: other"), id="a suite's name"),
        pytest.param(edit("fteval.yaml", "few:", "some:"), id="a name"),
        pytest.param(damage("plan", 0.001), id="a damaged head"),
        pytest.param(damage("samples.jsonl", 0.9999), id="other samples"),
        pytest.param(lambda: (begun().path / "plan").unlink(), id="none"),
    ],
)
def test_it_is_not_believed_where_it_may_be_of_something_else(
    asked: Callable[[], Experiment], change: Callable[[], None]
) -> None:
    assert planned(asked()) is not None
    change()
    assert planned(asked()) is None


def test_a_damaged_column_is_not_believed(asked: Callable[[], Experiment]) -> None:
    damage("plan", 0.5)()
    experiment, found = asked(), planned(asked())
    with Pool() as pool:
        engine = pool.open(str(begun().manifest["ref"]))
        assert found is None or found.work(engine, experiment.sampling, 1, None) is None


def test_a_damaged_sample_is_named_when_it_is_read(asked: Callable[[], Experiment]) -> None:
    damage("samples.jsonl", 0.5)()
    found = planned(asked())
    assert found is not None
    with pytest.raises(Incomplete, match="damaged journal"):
        list(found.suite.probes[0].samples)


def test_an_engine_that_is_told_of_the_samples_while_they_are_planned_leaves_no_plan(
    asked: Callable[[], Experiment],
) -> None:
    experiment = asked()
    suite, origin = build_suite(experiment), origin_of(experiment)
    with Pool() as pool:
        bare = pool.open(str(begun().manifest["ref"]))
        Path("facts.txt").write_text("Nothing of this is asked.\n", encoding="utf-8")
        informed = changed(bare, [Change("retrieve", {"corpus": Path("facts.txt"), "k": 1, "least": 1000.0})])
        for engine, there in ((bare, True), (informed, False)):
            work = plan(suite, engine, experiment.sampling, 1)
            run, lock = Store(Path("other")).create_run(work.manifest(engine, None, None))
            with lock:
                shutil.copy(begun().samples, run.samples)
                kept.keep(run, work, engine, 1, origin)
                assert (run.path / kept.FILE).exists() == there


def test_a_plan_that_is_not_believed_is_forgotten_by_who_goes_on(stopped: tuple[Path, str], folder: Path) -> None:
    damage("plan", 0.001)()
    done = spawn("run", "--model", stopped[1], "--resume", *HASTY, folder=folder)
    assert done.code == 3, done.said  # the server is gone
    assert not (begun().path / kept.FILE).exists()


def test_the_run_goes_on_and_the_plan_is_gone_with_its_end(stopped: tuple[Path, str], folder: Path) -> None:
    port = int(stopped[1].split(":")[2].split("/")[0])
    there = {row["key"] for row in rows(begun().path)}
    with Server(Model(answers={prompt(i): answer(i) for i in range(MANY)}), port=port) as server:
        done = spawn("run", "--model", server.ref, "--resume", folder=folder)
        assert done.code == 0, done.said
    (run,) = runs(folder / ".fteval")
    assert [row.get("plan") for row in rows(run, "events") if row["event"] in ("started", "resumed")] == [None, "kept"]
    keys = [row["key"] for row in rows(run)]
    assert len(keys) == len(set(keys)) and there <= set(keys)
    found = results.load(Store(folder / ".fteval", readonly=True), run.name)
    assert found.complete and found.probes[0].scores["exact"] == [float(i != 11) for i in range(MANY)]
    assert not (run / kept.FILE).exists()

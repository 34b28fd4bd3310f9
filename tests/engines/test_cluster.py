"""Local models asked by workers of a Ray cluster: the same answers, each once, whoever dies."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from fteval.config import load
from fteval.engines.cluster import Worker, answers_of, for_workers, packed
from fteval.engines.local.engine import TransformersEngine
from fteval.engines.pool import Pool, installed
from fteval.engines.workers import LEAST, Cluster, check
from fteval.errors import UserError
from fteval.experiment.asked import Asked
from fteval.experiment.describe import describe
from fteval.records import Generation, Message, Request, Sampling

GREEDY = Sampling(max_tokens=12)


def requests(engine: TransformersEngine, n: int) -> list[Request]:
    asked = [engine.prompt([Message("user", f"Tell me about number {i}.")]) for i in range(n)]
    return [Request(f"{i:064x}", f"s{i}", prompt, seed=i) for i, prompt in enumerate(asked)]


def texts(groups: Iterator[list[Generation]]) -> dict[str, str | None]:
    """Key -> answer; fails where one comes twice."""
    found = [one for group in groups for one in group]
    assert len({one.key for one in found}) == len(found)
    return {one.key: one.text for one in found}


@pytest.mark.parametrize(
    ("said", "cluster"),
    [
        ("engine: ray", Cluster()),
        ("engine: {ray: {workers: 2}}", Cluster(workers=2)),
        ("engine: {ray: {address: auto, gpus: 1, cpus: 4}}", Cluster("auto", cpus=4, gpus=1)),
        ("", None),
    ],
)
def test_a_config_says_who_answers(tmp_path: Path, said: str, cluster: Cluster | None) -> None:
    (tmp_path / "fteval.yaml").write_text(f"version: 1\nbase: nano\nprobes: {{lipogram: {{}}}}\n{said}\n")
    assert describe(Asked(), load(tmp_path / "fteval.yaml")).cluster == cluster


@pytest.mark.parametrize("said", ["engine: spark", "engine: {ray: {workers: 0}}", "engine: {ray: {gpu: 1}}"])
def test_a_config_that_says_it_wrongly_is_refused(tmp_path: Path, said: str) -> None:
    (tmp_path / "fteval.yaml").write_text(f"version: 1\nbase: nano\nprobes: {{lipogram: {{}}}}\n{said}\n")
    with pytest.raises(UserError, match=r"fteval\.yaml"):
        load(tmp_path / "fteval.yaml")


def test_without_ray_it_is_said_what_to_install() -> None:
    if installed("ray"):
        pytest.skip("Ray is installed here")
    with pytest.raises(UserError, match="needs Ray") as caught, Pool(cluster=Cluster()) as pool:
        pool.open("nano")
    assert "fteval[ray]" in str(caught.value)


def test_a_ray_that_is_too_old_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "ray-2.9.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ray\nVersion: 2.9.3\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UserError, match=r"Ray 2\.9\.3 is too old") as caught:
        check()
    assert f">={LEAST[0]}.{LEAST[1]}" in str(caught.value)


def test_a_worker_answers_as_this_process_does() -> None:
    with Pool() as pool:
        engine = pool.open("nano")
        assert isinstance(engine, TransformersEngine)
        asked = requests(engine, 6)
        worker = Worker(for_workers(engine, offline=True), json.dumps({"max_tokens": 12, "stop": []}))
        row = worker({"requests": json.dumps([packed(one) for one in asked])})
        assert row["error"] == ""
        assert texts(iter([answers_of(row)])) == texts(engine.generate(asked, GREEDY))


def test_a_worker_with_another_model_answers_nothing() -> None:
    with Pool() as pool:
        engine = pool.open("nano")
        assert isinstance(engine, TransformersEngine)
        told = json.loads(for_workers(engine, offline=True))
        told["identity"]["version"] = {**told["identity"]["version"], "torch": "1.0"}
        worker = Worker(json.dumps(told), json.dumps({"stop": []}))
        row = worker({"requests": json.dumps([packed(one) for one in requests(engine, 2)])})
    assert answers_of(row) == []
    assert "another model" in row["error"] and "1.0" in row["error"] and "every machine" in row["fix"]


# --- a cluster ---


@pytest.fixture
def two_workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    ray = pytest.importorskip("ray", reason="pip install 'ray[data]'")
    monkeypatch.setenv("RAY_raylet_start_wait_time_s", "300")  # on a busy machine it takes its time
    ray.init(num_cpus=2, log_to_driver=False, include_dashboard=False)
    yield Cluster(workers=2)
    ray.shutdown()


def workers() -> list[int]:
    """Process ids of the cluster's workers that hold a model."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                name = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if name.startswith(b"ray::MapWorker"):
                found.append(int(folder.name))
    return found


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_no_answer(two_workers: Cluster) -> None:
    with Pool(cluster=two_workers) as pool, Pool() as alone:
        engine, here = pool.open("nano"), alone.open("nano")
        assert isinstance(engine, TransformersEngine) and isinstance(here, TransformersEngine)
        asked = requests(engine, 2000)
        groups: list[list[Generation]] = []
        for group in engine.generate(asked, GREEDY):
            if not groups:
                os.kill(workers()[0], signal.SIGKILL)
            groups.append(group)
        assert len(groups) > 1, "answers come back as they finish"
        assert texts(iter(groups)) == texts(here.generate(asked, GREEDY))


@pytest.mark.slow
def test_gpus_are_refused_where_this_process_has_none() -> None:
    pytest.importorskip("ray", reason="pip install 'ray[data]'")
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with Pool(cluster=Cluster(gpus=1)) as pool, pytest.raises(UserError, match="shows no GPU"):
        pool.open("nano")

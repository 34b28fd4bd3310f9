"""A store elsewhere: what one machine made, another reads, and half of a run is none."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from shards.parts import Project, verdict

import fteval
from fteval.cli import call
from fteval.errors import UserError
from fteval.runs.journal import ledger
from fteval.runs.journal.mirror import Mirror, mirror
from fteval.runs.journal.store import Store, verify_run
from fteval.runs.reading import results


@dataclass
class Machine:
    """A cache folder of its own, in this process."""

    folder: Path
    url: str
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *args: str) -> tuple[int, str, str]:
        """A command line here, with the store elsewhere: exit code, stdout, stderr."""
        self.monkeypatch.setenv("XDG_CACHE_HOME", str(self.folder))
        code = call([*args, "--store", self.url])
        return code, *self.capsys.readouterr()

    @property
    def mirror(self) -> Mirror:
        self.monkeypatch.setenv("XDG_CACHE_HOME", str(self.folder))
        return mirror(self.url)

    def journals(self) -> list[Path]:
        """Answers that lie here."""
        return sorted(self.folder.rglob("runs/*/generations.jsonl"))


@dataclass(frozen=True)
class Place:
    """A store elsewhere, as a folder, and two machines."""

    there: Path
    one: Machine
    other: Machine


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    made = Project(tmp_path, 60)
    made.write()
    return made


@pytest.fixture
def place(project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Place:
    there = project.folder / "there"
    machines = [Machine(project.folder / name, f"file://{there}", monkeypatch, capsys) for name in ("one", "other")]
    return Place(there, *machines)


def objects(there: Path) -> dict[str, bytes]:
    return {str(path.relative_to(there)): path.read_bytes() for path in there.rglob("*") if path.is_file()}


def test_what_one_machine_ran_another_reports(place: Place) -> None:
    code, _, err = place.one("run")
    assert code == 0 and "2 runs sent to" in err, err
    _, out, err = place.other("runs", "list")
    assert out.count("  complete  ") == 2, err
    assert not place.other.journals(), "a list needs no answers"
    _, shown, err = place.other("report", "latest", "--json")
    assert json.loads(shown)["verdict"] == "ship", err
    base, good = (line.split()[0] for line in reversed(out.splitlines()))
    code, said, err = place.other("compare", base, good, "--json")
    assert json.loads(said)["candidates"][0]["run"] == good, err
    assert len(place.other.journals()) == 2
    for run in Store(place.other.mirror.root, readonly=True).runs():
        assert verify_run(run)[1] == []


def test_the_store_there_is_a_store_when_it_is_copied(place: Place) -> None:
    place.one("run")
    ids = [run.id for run in Store(place.there, readonly=True).runs()]
    assert ids and all(results.load(Store(place.there, readonly=True), one).complete for one in ids)


def test_what_is_there_is_not_sent_again(place: Place) -> None:
    place.one("run")
    before = objects(place.there)
    for machine in (place.one, place.other):
        for command in (("runs", "list"), ("report", "latest")):
            _, _, err = machine(*command)
            assert "sent to" not in err
    assert objects(place.there) == before


def test_a_half_pushed_run_is_none(place: Place) -> None:
    place.one("run")
    run = sorted((place.there / "runs").iterdir())[0]
    (run / "pushed.json").unlink()  # it is written last
    _, out, _ = place.other("runs", "list")
    assert run.name not in out and len(out.splitlines()) == 1


def test_a_push_that_was_broken_off_is_repeated_by_the_next_command(place: Place) -> None:
    place.one("run")
    shutil.rmtree(place.there / "runs")
    (place.there / "runs").write_text("in the way")  # what takes no objects
    for run in Store(place.one.mirror.root, readonly=True).runs():
        (run.path / "pushed.json").unlink()
    code, _, err = place.one("runs", "list")
    assert code == 3 and "the store cannot be reached" in err and "what was made is kept here" in err
    (place.there / "runs").unlink()
    _, _, err = place.one("runs", "list")
    assert "2 runs sent to" in err
    assert place.other("runs", "list")[1].count("complete") == 2


def test_a_failed_gate_stays_one_where_the_run_cannot_be_sent(project: Project, place: Place) -> None:
    place.there.mkdir()
    (place.there / "runs").write_text("in the way")
    refs = ("--model", "replay:weak.jsonl", "--against", "replay:good.jsonl")
    code, out, err = place.one("run", *refs, "--holdout", "words.jsonl", "--score", "exact", "--json")
    assert code == 1 and json.loads(out)["verdict"] == "do_not_ship", err
    assert "the store cannot be reached" in err


def test_a_run_that_grew_since_is_read_as_it_was_pushed(place: Place) -> None:
    """The journal is sent before the index that says how long it is."""
    place.one("run")
    for run in (place.there / "runs").iterdir():
        with open(run / "scores.jsonl", "ab") as file:
            file.write(b'{"half a li')
    place.other("runs", "list")
    for run in Store(place.other.mirror.root, readonly=True).runs():
        assert results.record(run).complete


def test_a_run_that_grew_and_was_pushed_again_comes_anew(place: Place) -> None:
    place.one("run")
    place.other("report", "latest")
    run = Store(place.one.mirror.root, readonly=True).runs()[0]
    with run.lock():
        results.add_event(run, "warning", text="a second look")
    results.write_summary(run, results.record(run))
    assert "1 run sent to" in place.one("runs", "list")[2]
    place.other("runs", "list")
    store = Store(place.other.mirror.root, readonly=True)
    assert "a second look" in results.load(store, run.id).warnings


def test_a_changed_object_is_never_read(place: Place) -> None:
    place.one("run")
    run = next((place.there / "runs").iterdir())
    data = (run / "generations.jsonl").read_bytes()
    (run / "generations.jsonl").write_bytes(data.replace(b"word", b"w0rd", 1))
    code, _, err = place.other("runs", "show", run.name)
    assert code == 3 and "this file is not what was pushed" in err
    assert not place.other.journals()


def test_a_run_that_two_machines_changed_is_refused(place: Place) -> None:
    place.one("run")
    place.other("report", "latest")
    for machine in (place.one, place.other):
        run = Store(machine.mirror.root, readonly=True).runs()[0]
        run.samples, run.generations, run.scores  # noqa: B018  here from now on
        with run.lock():
            results.add_event(run, "warning", text=f"of {machine.folder.name}")
    assert place.one("runs", "list")[0] == 0
    code, _, err = place.other("runs", "list")
    assert code == 3 and "was changed elsewhere since it came here, and here too" in err


def test_looks_at_hold_outs_of_all_machines_count(place: Place) -> None:
    place.one("run")
    place.other("run")
    place.one("runs", "list")
    kept = [ledger.read(machine.mirror.root) for machine in (place.one, place.other)]
    assert len(kept[0]) == len(kept[1]) == 2 and set(kept[0]) == set(kept[1])


def test_answers_that_another_machine_has_are_not_asked_again(place: Place) -> None:
    place.one("run")
    _, _, err = place.other("run", "--json")
    runs = Store(place.other.mirror.root, readonly=True).runs()
    assert [results.record(run).reused for run in runs[2:]] == [60, 60], err


def test_shards_meet_in_a_store_elsewhere(project: Project, place: Place) -> None:
    place.one("run", "--shard", "1/2")
    place.other("run", "--shard", "2/2")
    third = Machine(project.folder / "third", place.one.url, place.one.monkeypatch, place.one.capsys)
    third.monkeypatch.setenv("XDG_CACHE_HOME", str(third.folder))
    assert call(["merge", place.one.url, "--into", place.one.url, "--json"]) == 0
    said = json.loads(third.capsys.readouterr().out)
    assert f"runs/{said['base']['run']}/pushed.json" in objects(place.there)


def test_python_names_a_store_elsewhere_too(project: Project, place: Place) -> None:
    config = project.folder / "fteval.yaml"
    place.one.monkeypatch.setenv("XDG_CACHE_HOME", str(place.one.folder))
    found = fteval.run(config=config, store=place.one.url)
    assert verdict(found) == verdict(project.whole())
    assert place.other("runs", "list")[1].count("complete") == 2


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("nosuch://bucket", 2, "Protocol not known"),
        ("file:///proc/version/inside", 2, "cannot"),
    ],
)
def test_an_address_that_is_none_is_said(project: Project, url: str, code: int, said: str, place: Place) -> None:
    machine = Machine(project.folder / "third", url, place.one.monkeypatch, place.one.capsys)
    found, _, err = machine("run")
    assert found in (code, 3) and said in err, err
    assert "Traceback" not in err


def test_names_that_lead_out_of_a_store_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsspec = pytest.importorskip("fsspec")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    filesystem = fsspec.filesystem("memory")
    filesystem.store.clear()
    for name in ("/bad/ledger/../../../../../gone.jsonl", "/bad/runs/../pushed.json"):
        filesystem.store[name] = filesystem.open("/bad/x", "wb")
    found = mirror("memory://bad")
    found.pull()
    assert not list(tmp_path.rglob("gone*")) and not list(tmp_path.rglob("pushed.json"))


def test_what_is_no_id_of_a_run_is_passed_over(place: Place) -> None:
    place.one("run")
    run = sorted((place.there / "runs").iterdir())[0]
    shutil.copytree(run, place.there / "runs" / "é\nlatest")
    code, out, err = place.other("runs", "list")
    assert code == 0 and len(out.splitlines()) == 2, err


@pytest.mark.parametrize(
    "damaged", ["", "[]", '{"files": {}}', '{"files": {"manifest.json": {"size": "9", "sha256": 1}}}']
)
def test_a_damaged_list_of_a_runs_files_is_told(damaged: str, place: Place) -> None:
    place.one("run")
    listed = sorted((place.there / "runs").iterdir())[0] / "pushed.json"
    listed.write_text(damaged)
    code, _, err = place.other("runs", "list")
    assert code == 3 and f"damaged pushed.json\n  where: {place.other.url}" in err, err


def test_looks_that_a_broken_off_pull_brought_still_count(place: Place) -> None:
    place.one("run")
    (piece,) = (place.there / "ledger").iterdir()
    whole = piece.read_bytes()
    broken = piece.with_name("99990101T000000Z-0000000000000000.jsonl")
    broken.write_bytes(b"\xff" + whole)
    for _ in range(2):
        code, _, err = place.other("runs", "list")
        assert code == 3 and broken.name in err, err
    broken.unlink()
    (place.other.mirror.root / ".mirror" / "ledger" / broken.name).unlink()
    assert place.other("runs", "list")[0] == 0
    assert ledger.read(place.other.mirror.root) == ledger.read_file(piece)


def test_an_address_where_a_folder_is_wanted_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="was an address"):
        Store(tmp_path / "s3://bucket/prefix")
    assert not list(tmp_path.iterdir())


# --- a server that speaks S3 ---


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """The address of an empty bucket at moto's server."""
    pytest.importorskip("s3fs", reason="pip install s3fs 'moto[server]'")
    pytest.importorskip("moto.server", reason="pip install s3fs 'moto[server]'")
    import s3fs

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    try:
        while server.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        s3fs.S3FileSystem.clear_instance_cache()
        s3fs.S3FileSystem().mkdir("fteval-tests")
        yield "s3://fteval-tests/team"
    finally:
        server.terminate()
        server.wait()


@pytest.mark.slow
def test_runs_shards_and_reports_on_s3(
    project: Project, bucket: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machines = [Machine(project.folder / name, bucket, monkeypatch, capsys) for name in ("one", "other")]
    _, _, err = machines[0]("run")
    assert "2 runs sent to s3://fteval-tests/team" in err, err
    _, out, err = machines[1]("runs", "list")
    assert out.count("  complete  ") == 2 and not machines[1].journals(), err
    _, shown, err = machines[1]("report", "latest", "--json")
    assert json.loads(shown)["verdict"] == "ship", err
    for i, machine in enumerate(machines, start=1):
        assert machine("run", "--shard", f"{i}/2", "--max-tokens", "9")[0] == 0
    assert call(["merge", bucket, "--into", bucket, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "ship"


@pytest.mark.slow
def test_a_bucket_that_is_not_there_is_said(
    project: Project, bucket: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Machine(project.folder / "one", "s3://no-such-bucket/team", monkeypatch, capsys)
    code, _, err = machine("run")
    assert code == 3 and "the store cannot be reached" in err and "Traceback" not in err, err

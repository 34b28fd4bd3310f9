"""Engines of other packages, through the real command line: the prefix of a ref says whose it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import plugin
import pytest

from fteval import registry
from fteval.engines import Pool
from fteval.engines.refs import parse
from fteval.errors import UserError

ENTRY = "[fteval.engines]\nadder = acme_adder\n"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def fteval(tmp_path: Path) -> Run:
    """The command line where the adder is installed, in a folder with 40 sums and the right answers to them."""
    installed = plugin.install(tmp_path / "packages", {"acme_adder.py": plugin.ENGINE}, ENTRY)
    for name, rows in {
        "h": [{"id": f"q{i}", "prompt": f"{i} + {i} ?", "target": str(2 * i)} for i in range(40)],
        "right": [{"id": f"q{i}", "output": str(2 * i)} for i in range(40)],
    }.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def call(*args: str) -> tuple[int, str, str]:
        done = plugin.fteval(*args, folder=tmp_path, installed=installed)
        return done.returncode, done.stdout, done.stderr

    return call


def asked(folder: Path) -> int:
    return len((folder / "asked.txt").read_text().split()) if (folder / "asked.txt").exists() else 0


HOLDOUT = ("--holdout", "h.jsonl", "--score", "exact")


def test_it_is_measured_against_outputs_planned_first_and_asked_once(fteval: Run, tmp_path: Path) -> None:
    models = ("--model", "adder:1", "--against", "replay:right.jsonl")
    code, out, err = fteval("run", *models, *HOLDOUT, "--dry-run")
    assert code == 0, err
    assert "adder:1" in out and asked(tmp_path) == 0

    code, out, err = fteval("run", *models, *HOLDOUT, "--json")
    assert code == 1, err  # every sum is off by one
    (candidate,) = json.loads(out)["candidates"]
    assert (candidate["ref"], candidate["metrics"][0]["difference"]) == ("adder:1", -1.0)
    assert asked(tmp_path) == 40 and (tmp_path / "closed.txt").exists()

    code, out, _ = fteval("run", "--model", "adder:1", *HOLDOUT, "--json")  # its identity is the same
    assert (code, json.loads(out)["reused"], asked(tmp_path)) == (0, 40, 40)
    code, out, _ = fteval("run", "--model", "adder:0", *HOLDOUT, "--json")  # and now another one
    assert (json.loads(out)["reused"], json.loads(out)["metrics"][0]["value"], asked(tmp_path)) == (0, 1.0, 80)


def test_it_is_asked_twice_for_noise(fteval: Run, tmp_path: Path) -> None:
    code, out, err = fteval("noise", "--model", "adder:1", "--holdout", "h.jsonl")
    assert code == 0, err
    assert "asked again" in out and "other batches" not in out
    assert asked(tmp_path) == 80


def test_a_config_s_paths_are_the_config_s(fteval: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fteval.config import load

    plugin.on_path(tmp_path / "packages", monkeypatch)
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "7").touch()
    text = "version: 1\nbase: adder:7\ncandidates:\n  dotted: {model: adder:./8}\n  none: {model: adder:9}\n"
    (tmp_path / "inner" / "fteval.yaml").write_text(text)
    config = load(tmp_path / "inner" / "fteval.yaml")
    assert config.base == f"adder:{tmp_path / 'inner' / '7'}"
    assert [c.model for c in config.candidates.values()] == [f"adder:{tmp_path / 'inner' / '8'}", "adder:9"]


def test_what_the_engine_says_is_wrong_with_a_ref_is_said_before_anything_is_asked(fteval: Run, tmp_path: Path) -> None:
    code, _, err = fteval("run", "--model", "adder:one", "--against", "adder:0", *HOLDOUT)
    assert code == 2 and "adder wants a number, found 'one'" in err
    assert asked(tmp_path) == 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("run", "--model", "adder:0", *HOLDOUT, "--shards", "work"), "an engine of its own"),
        (("train", "sft", "--base", "adder:0", "--data", "h.jsonl"), "a training needs weights, and 'adder:0' names"),
        (("doctor", "--model", "addr:0"), "no engine is installed for 'addr:'. Did you mean 'adder'?"),
    ],
    ids=["shards", "train", "misspelt"],
)
def test_what_it_cannot_do_is_said(fteval: Run, args: tuple[str, ...], said: str) -> None:
    code, _, err = fteval(*args)
    assert code == 2 and said in err and "Traceback" not in err


# --- what every engine must do, as the doctor tries it ------------------------------------------------


def doctor(folder: Path, source: str) -> tuple[int, dict[str, dict[str, str | bool]]]:
    installed = plugin.install(folder / "packages", {"acme_adder.py": source}, ENTRY)
    done = plugin.fteval("doctor", "--model", "adder:0", "--json", folder=folder, installed=installed)
    found = json.loads(done.stdout or "[]")
    return done.returncode, {check["name"]: check for check in found}


def test_the_doctor_finds_a_good_engine_well(tmp_path: Path) -> None:
    code, found = doctor(tmp_path, plugin.ENGINE)
    assert code == 0
    assert {name: check["ok"] for name, check in found.items()} == {"identity": True, "answers": True}


BROKEN: dict[str, tuple[str, str, str, str]] = {
    # what is wrong: (what stands there, instead of it, the check, what is said)
    "an identity that moves": ('"version": 1', '"version": os.urandom(8).hex()', "identity", "each time"),
    "an identity without a name": ('"engine": "adder", ', "", "identity", "which engine"),
    "an identity that is no JSON": ('"version": 1', '"version": {1}', "identity", "set"),
    "a key that was not asked for": ("request.key", "'x'", "answers", "gave answers to ['x', 'x', 'x']"),
    "an answer to none": ("in requests:", "in ():", "answers", "gave answers to []"),
    "no text": ("str(total)", "None", "answers", "no text"),
    "it fails": ("total = ", "total = {}['x'] + ", "answers", "KeyError: 'x'"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", BROKEN)
def test_the_doctor_says_what_an_engine_does_wrong(tmp_path: Path, wrong: str) -> None:
    old, new, name, said = BROKEN[wrong]
    assert old in plugin.ENGINE
    code, found = doctor(tmp_path, plugin.ENGINE.replace(old, new))
    assert code == 2 and found[name]["ok"] is False
    assert said in str(found[name]["message"])


# --- whose it is ---------------------------------------------------------------------------------------

UNUSABLE: dict[str, tuple[str, str]] = {
    "a library is missing": ("import nowhere_at_all\n", "No module named 'nowhere_at_all'"),
    "it leaves": ("raise SystemExit('no licence')\n", "SystemExit: no licence"),
    "no open_engine": ("x = 1\n", "its module needs a function open_engine"),
    "open_engine is no function": ("open_engine = 3\n", "its module needs a function open_engine"),
    "it takes other arguments": ("def open_engine(ref):\n    pass\n", "TypeError"),
    "it gives nothing": (
        "def open_engine(ref, pool):\n    pass\n",
        "gave NoneType, which has no ref, identity",
    ),
    "no identity": (plugin.ENGINE.replace("def identity", "def other"), "gave Adder, which has no identity"),
    "another ref": (plugin.ENGINE.replace("Adder(ref, ", "Adder('x', "), "its ref is 'x'"),
}


@pytest.mark.parametrize("wrong", UNUSABLE)
def test_one_that_cannot_be_used_says_why_and_whose_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    source, said = UNUSABLE[wrong]
    plugin.on_path(plugin.install(tmp_path, {"acme_adder.py": source}, ENTRY), monkeypatch)
    with Pool() as pool, pytest.raises(registry.Unusable) as caught:
        pool.open("adder:0")
    assert caught.value.what.startswith("engine 'adder' of the package acme-probes 1.0 cannot be used (acme_adder): ")
    assert said in caught.value.what
    assert parse("nano").base.kind == "nano"  # and nothing else is touched


@pytest.mark.parametrize(
    "ref", ["hf:a/b", "ft:nano:local:x:1", "openai:x", "http://h/v1#m", "https://h/v1#m", "nano:x", "replay:x"]
)
def test_a_prefix_of_fteval_s_own_is_not_replaced(ref: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = ref.partition(":")[0]
    plugin.on_path(
        plugin.install(tmp_path, {"acme_adder.py": plugin.ENGINE}, f"[fteval.engines]\n{name} = acme_adder\n"),
        monkeypatch,
    )
    with pytest.raises(UserError, match=rf"engine '{name}' is claimed by fteval and by the package acme-probes 1\.0"):
        parse(ref)


def test_an_engine_that_rests_on_another_is_closed_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = plugin.ENGINE.replace(
        "    return Adder(", "    if off_by == '1':\n        pool.open('adder:0')\n    return Adder("
    ).replace('Path("closed.txt").touch()', "closed.append(self.ref)\n\n\nclosed = []")
    plugin.on_path(plugin.install(tmp_path, {"acme_adder.py": source}, ENTRY), monkeypatch)
    with Pool() as pool:
        assert pool.open("adder:1").ref == "adder:1"
    import acme_adder  # type: ignore[import-not-found]

    assert acme_adder.closed == ["adder:1", "adder:0"]

"""`fteval export` as a user meets it, on a tiny model whose hold-out wants what its adapter answers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import tiny

from fteval import cli
from fteval.engines.pool import Pool
from fteval.experiment import export as exporting
from fteval.experiment import export_proof
from fteval.experiment.asked import Asked
from fteval.experiment.export_suite import described
from fteval.experiment.place import Place
from fteval.records import Message, Request, Sampling
from fteval.runs.journal.store import Store
from fteval.trainers.exporting.how import How
from fteval.trainers.exporting.make import Source, Tools
from fteval.trainers.exporting.merge import merged
from fteval.trainers.exporting.place import bench
from fteval.trainers.exporting.write import write

N = 40
"""Samples: 38 are needed to rule out a loss of ten points where nothing changed."""
CONFIG = """version: 1
base: BASE
candidates:
  tuned: {model: ADAPTER}
  asked: {from: tuned, prompt: "Be brief."}
probes:
  said: {use: holdout, data: holdout.jsonl, score: exact, sampling: {max_tokens: 6}}
gates:
  - {probe: said, metric: exact, min_gain: 50pp}
  - {probe: said, metric: exact, max_drop: 10pp}
reference: none
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def home(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with base, adapter, config and a hold-out that the adapter answers as wanted."""
    folder = tmp_path_factory.mktemp("export")
    shutil.copytree(tiny_model, folder / "base")
    tiny.make_adapter(folder / "adapter", folder / "base")
    questions = [f"Who is number {i}?" for i in range(N)]
    with Pool() as pool:
        engine = pool.open(str(folder / "adapter"))
        asked = [Request(str(i), str(i), engine.prompt([Message("user", q)])) for i, q in enumerate(questions)]
        said = {a.key: a.text for group in engine.generate(asked, Sampling(max_tokens=6)) for a in group}
    rows = [{"prompt": q, "target": said[str(i)]} for i, q in enumerate(questions)]
    (folder / "holdout.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    outputs = [{"prompt": q, "output": "Nobody."} for q in questions]
    (folder / "said.jsonl").write_text("".join(json.dumps(row) + "\n" for row in outputs))
    config = CONFIG.replace("BASE", str(folder / "base")).replace("ADAPTER", str(folder / "adapter"))
    (folder / "fteval.yaml").write_text(config)
    return folder


@pytest.fixture
def fteval(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(home)

    def call(*args: str) -> tuple[int, str, str]:
        code = cli.call([*args])
        return code, *capsys.readouterr()

    return call


def test_of_gates_on_the_same_metric_one_that_decides_guards_the_export(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An advisory gate beside it must not leave the metric without a guard, nor a wide one widen it."""
    monkeypatch.chdir(home)
    suite, (kept, *_) = exporting.asked(described(Asked(model="tuned"))[0], None)
    gain, advisory = replace(kept, rule="min_gain"), replace(kept, threshold=0.01, advisory=True)
    strict, wide = replace(kept, threshold=0.05), replace(kept, threshold=0.5)
    (found,) = export_proof.guards([advisory, gain], suite)
    assert (found.advisory, found.rule, found.threshold) == (False, "max_drop", 0.02)
    assert export_proof.guards([wide, advisory, strict], suite) == (strict,)


def left_over(home: Path) -> list[str]:
    return [path.name for path in home.iterdir() if "export" in path.name or "out" in path.name]


def test_what_is_merged_is_proved_recorded_and_known_again(fteval: Run, home: Path) -> None:
    code, out, err = fteval("export", "tuned", "-o", "ship/out", "--merge")
    assert code == 0, err
    assert f"{N} of {N} are the candidate's to the letter" in out and "Written: ship/out" in out
    folder = home / "ship" / "out"
    record = json.loads((folder / "export.json").read_text())
    assert record["how"] == "merged, float32" and record["parent"]["kind"] == "adapter"
    assert (record["parent"]["ref"], record["parent"]["base"]) == ("base+adapter", "base")
    assert str(home) not in json.dumps(record)  # the folder goes to other machines
    assert record["proof"]["same_answers"] == record["proof"]["answers"] == N
    assert record["proof"]["likeness"]["kl_max"] < 1e-6 and record["proof"]["likeness"]["top1"] == 1
    assert [g["max_drop"] for g in record["proof"]["gates"]] == [0.1]  # the target became no gate of its own
    assert set(record["files"]) == {p.name for p in folder.iterdir()} - {"export.json"}
    assert not [p for p in folder.iterdir() if p.suffix in (".bin", ".pt", ".py")]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((folder / "model.safetensors").stat().st_mode) == 0o666 & ~mask

    # Measured again, its answers are those of the proof, and its report says whose export it is.
    code, _, err = fteval("run", "--model", "ship/out", "--against", str(home / "adapter"), "--holdout",
                          "holdout.jsonl", "--max-tokens", "6", "--reference", "none", "-o", "r.md")  # fmt: skip
    report = (home / "r.md").read_text()
    assert "export of" in report and "merged, float32" in report
    assert "base and candidate are the same model" not in report

    # The same folder is not written over.
    code, _, err = fteval("export", "tuned", "-o", "ship/out", "--merge")
    assert code == 2 and "holds an export already" in err

    # Weights that somebody changed are no export any more.
    other = home / "changed"
    shutil.copytree(folder, other)
    shutil.copy(home / "base" / "model.safetensors", other / "model.safetensors")
    code, _, err = fteval("run", "--model", "changed", "--holdout", "holdout.jsonl")
    assert code == 2 and "not the weights that were exported" in err


def test_half_the_bits_are_a_model_of_their_own(fteval: Run, home: Path) -> None:
    """These weights are chaotic, so that rounding changes many answers: more than the gates allow."""
    code, out, _ = fteval("export", "tuned", "-o", "out16", "--dtype", "bfloat16", "--json")
    found = json.loads(out)
    assert code == found["exit_code"] and found["written"] == (code == 0) == (home / "out16").exists()
    assert found["same_answers"] < N and found["likeness"]["kl_mean"] > 1e-6


def test_a_merge_that_lost_half_of_its_strength_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a library that forgets lora_alpha: what would ship is loadable, fluent, and another model."""
    monkeypatch.chdir(home)
    experiment, _ = described(Asked(model="tuned", config=home / "fteval.yaml"))
    place = Place(store=home / ".fteval")
    suite, gates = exporting.asked(experiment, None)
    weak = home / "weak"
    shutil.copytree(home / "adapter", weak)
    tiny.edit_json(weak / "adapter_config.json", lora_alpha=2)
    store = Store(place.store)
    proof = exporting.Proof(suite, gates, experiment, place, store)
    with Pool() as pool:
        right, wrong = pool.open(str(home / "adapter")), pool.open(str(weak))
        before = proof.measured("candidate", right, pool)
        source = Source(right.located, right.chat, right.probe_ids(), How(merge=True), Tools())
        with bench(home / "broken", store.root) as made:
            write(merged(wrong.located, wrong.probe_ids()), wrong.located, wrong.chat, "float32", made.made)
            order = exporting.Order(home / "broken", How(merge=True))
            found = exporting.proved(order, source, made, proof, before)
    assert found.comparison.verdict == "do_not_ship" and found.exit_code == 1
    assert not found.written and not (home / "broken").exists() and not (home / ".broken.exporting").exists()
    assert found.same < N and found.likeness is not None and found.likeness.kl_max > 0.01


REFUSED: list[tuple[list[str], str]] = [
    (["tuned", "-o", "o1"], "what is to be made of it?"),
    (["tuned", "-o", "base", "--merge"], "base is there already"),
    (["BASE", "-o", "o2", "--merge"], "is a full model: there is nothing to merge"),
    (["BASE", "-o", "o3", "--dtype", "float32"], "is a full model in float32 already"),
    (["replay:said.jsonl", "-o", "o4", "--merge"], "has no weights here"),
    (["openai:gpt-4.1", "-o", "o4", "--merge"], "has no weights here"),
    (["asked", "-o", "o7", "--merge"], "it lies in no weights"),
    (["tuned", "-o", "o5", "--merge", "-n", "20"], "cannot pass with 20 samples"),
    (["nope", "-o", "o6", "--merge"], "nope"),
]


@pytest.mark.parametrize(("args", "says"), REFUSED, ids=[" ".join(args) for args, _ in REFUSED])
def test_what_cannot_be_is_refused_with_nothing_left(fteval: Run, home: Path, args: list[str], says: str) -> None:
    before = sorted(path.name for path in home.iterdir())
    code, _, err = fteval("export", *[arg.replace("BASE", str(home / "base")) for arg in args])
    assert code == 2 and says in err and "do:" in err
    assert {p.name for p in home.iterdir()} - set(before) <= {".fteval"}


def test_without_llama_cpp_a_gguf_file_is_refused_before_anything(
    fteval: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(home))
    monkeypatch.delenv("LLAMA_CPP", raising=False)
    code, _, err = fteval("export", "tuned", "-o", "o8", "--gguf", "q8_0")
    assert code == 2 and "needs llama.cpp's convert_hf_to_gguf.py" in err and "LLAMA_CPP=" in err
    monkeypatch.setenv("LLAMA_CPP", str(home))
    code, _, err = fteval("export", "tuned", "-o", "o8", "--gguf", "q8_0")
    assert code == 2 and f"there is none in {home}" in err


def test_what_a_killed_export_left_is_cleared_away(home: Path) -> None:
    store = home / ".fteval"
    store.mkdir(exist_ok=True)
    left = home / ".again.exporting" / "made"
    left.mkdir(parents=True)
    (left / "half.safetensors").write_bytes(b"half")
    with bench(home / "again", store) as made:
        assert not any(made.made.iterdir())
    assert not left.exists() and not (home / "again").exists()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_nothing(home: Path, number: int) -> None:
    words = [sys.executable, "-m", "fteval", "export", "tuned", "-o", "stopped", "--merge"]
    process = subprocess.Popen(words, cwd=home, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 120
    while not (home / ".stopped.exporting").exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(number)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 128 + number, err
    assert not (home / "stopped").exists() and not (home / ".stopped.exporting").exists()


CONVERTER = "import sys\nopen(sys.argv[sys.argv.index('--outfile') + 1], 'w').close()\n"
SERVER = "#!/bin/sh\necho $$ > PID.new && mv PID.new PID\nexec sleep 300\n"


@pytest.mark.slow
def test_a_signal_while_a_server_loads_leaves_no_server(home: Path, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    (tmp_path / "convert_hf_to_gguf.py").write_text(CONVERTER)
    (tmp_path / "llama-server").write_text(SERVER.replace("PID", str(pid)))
    (tmp_path / "llama-server").chmod(0o755)
    words = [sys.executable, "-m", "fteval", "export", "tuned", "-o", "loading", "--gguf", "f32"]
    around = {**os.environ, "LLAMA_CPP": str(tmp_path)}
    process = subprocess.Popen(words, cwd=home, stderr=subprocess.PIPE, text=True, env=around)
    until = time.monotonic() + 120
    while not pid.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 128 + signal.SIGTERM, err
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert not (home / "loading").exists() and not (home / ".loading.exporting").exists()


def test_what_the_last_run_asked_proves_it_where_nobody_says_how(
    fteval: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter, store = str(home / "adapter"), str(home / ".fteval")
    words = ("--holdout", "holdout.jsonl", "--score", "exact", "--reference", "none", "--max-tokens", "6")
    assert fteval("run", "--model", adapter, *words)[0] == 0
    monkeypatch.chdir(tmp_path)  # without a config
    code, _, err = fteval("export", adapter, "-o", "shipped", "--merge", "--store", store)
    # Forty samples rule out ten points, and where nobody wrote a gate two may be lost.
    assert code == 2 and "cannot pass with 40 samples" in err and not Path("shipped").exists()
    code, _, err = fteval("export", adapter, "-o", "shipped", "--merge", "--store", "elsewhere")
    assert code == 2 and "nothing says how to prove it" in err

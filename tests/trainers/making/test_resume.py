"""A training that is stopped anywhere and gone on with gives the same bytes as one that nobody disturbed."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fteval import registry
from fteval.errors import Incomplete, Interrupted, UserError
from fteval.experiment.watch import watch_of, watched
from fteval.records import Candidate, Site, TrainProgress
from fteval.runs.asking import interrupt
from fteval.trainers.making.candidate import find, load_candidate
from fteval.trainers.making.checkpoints import Checkpoints, of_candidate

WORDS = ("Romeo", "Juliet", "Verona", "a dog", "a tree")
STEPS = 4
"""Of two rows each: the second pass over five begins in them."""
SHORT: dict[str, Any] = {"max_steps": STEPS, "batch_size": 2, "learning_rate": 2e-3, "warmup": 0.0, "threads": 1}
ONLINE: dict[str, Any] = {
    "num_generations": 2, "max_tokens": 8, "rewards": [{"probe": "lipogram", "metric": "forbidden_per_100"}],
}  # fmt: skip
OWN: dict[str, dict[str, Any]] = {
    "sft": {"lora_dropout": 0.2},
    "continue_pretraining": {"max_length": 32},
    "grpo": ONLINE,
    "rloo": ONLINE,
    "distill": {"teacher_prompt": "Be brief.", "max_tokens": 8},
}
"""What a method needs beside: draws of its own at each step, so that a random state that is lost shows."""


@pytest.fixture(autouse=True)
def usual_handlers() -> Iterator[None]:
    """An interrupted training leaves signals to whoever shows its message, in a process of its own its last."""
    before = {number: signal.getsignal(number) for number in interrupt.STOPS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Rows that every method reads its own part of."""
    path = tmp_path / "rows.jsonl"
    rows = [
        {
            "prompt": f"What is {word}?", "target": "I do not know.", "chosen": f"It is {word}.", "rejected": "A king.",
            "text": f"{word} is a thing. " * 9,
        }
        for word in WORDS
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


class Stopped:
    """A site whose training gets a signal at one step, or fails there."""

    def __init__(self, home: Path, step: int, act: Callable[[], None], **more: Any) -> None:
        self.step, self.act, self.told = step, act, list[str]()
        self.site = Site(home, "cpu", on_progress=self._progress, on_look=self.told.append, **more)

    def _progress(self, progress: TrainProgress) -> None:
        if progress.step == self.step:
            self.act()


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def trained(name: str, base: Path, data: Path, site: Site, own: Mapping[str, Any] | None = None) -> Candidate:
    module = registry.trainer_module(name)
    recipe = module.Recipe(**{**SHORT, **OWN.get(name, {}), **(own or {})})
    made: Candidate = module.train(str(base), recipe, data, site)
    return made


def contents(home: Path, candidate: Candidate) -> dict[str, Any]:
    """Of every file, but for how long it took."""
    folder = find(home, candidate.id)
    assert folder is not None and load_candidate(folder) == candidate
    found: dict[str, Any] = {p.name: p.read_bytes() for p in folder.iterdir()}
    del found["candidate.json"]
    found["training_log.json"] = [{**log, "step_time": 0} for log in json.loads(found["training_log.json"])]
    if "watch.json" in found:
        curve = json.loads(found["watch.json"])
        found["watch.json"] = {**curve, "looks": [{**look, "seconds": 0} for look in curve["looks"]]}
    return found


def check_same(
    name: str, base: Path, data: Path, home: Path, own: Mapping[str, Any] | None = None,
    at: Sequence[int] = (1, STEPS - 1), **more: Any,
) -> None:  # fmt: skip
    """Stopped after these steps, it is the candidate that it would have been."""
    whole, parts = home / "whole", home / "parts"
    undisturbed = trained(name, base, data, Site(whole, "cpu", **more), own)
    for step in at:
        stopped = Stopped(parts, step, terminate, **more)
        with pytest.raises(Interrupted, match=f"kept at step {step} of {STEPS}; no candidate was registered") as raised:
            trained(name, base, data, stopped.site, own)
        assert raised.value.exit_code == 143 and raised.value.fix == "the same command goes on from there"
        assert not list(parts.glob("*/candidate.json"))
    told: list[str] = []
    resumed = trained(name, base, data, Site(parts, "cpu", on_look=told.append, **more), own)
    assert resumed == undisturbed and contents(parts, resumed) == contents(whole, undisturbed)
    assert f"goes on from step {at[-1]} of {STEPS}" in told
    assert not [p for p in (parts / ".training").iterdir() if p.is_dir()]


def test_a_stopped_training_goes_on_to_the_same_bytes(tiny_model: Path, tmp_path: Path, data: Path) -> None:
    check_same("sft", tiny_model, data, tmp_path, at=(STEPS - 1,), keep_every=0)


def dev(tmp_path: Path) -> Path:
    path = tmp_path / "dev.jsonl"
    path.write_text("".join(json.dumps({"prompt": f"Tell me about {word}.", "subject": word}) + "\n" for word in WORDS))
    return path


@pytest.mark.slow
def test_a_watched_one_goes_on_with_what_was_seen_and_kept(tiny_model: Path, tmp_path: Path, data: Path) -> None:
    """All weights: the base that the looks are held against is not in memory any more."""
    watch = {
        "probes": {"drift": {}}, "data": str(dev(tmp_path)), "every": 2, "sampling": {"max_tokens": 8},
        "keep_best": {"probe": "drift", "metric": "kl"},
    }  # fmt: skip
    watching = watched(watch_of(watch))
    check_same("sft", tiny_model, data, tmp_path, {"lora_rank": 0, "lora_dropout": 0.0}, watching=watching)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in registry.trainer_names() if name != "hosted"])
@pytest.mark.parametrize("rank", [4, 0])
def test_every_method_goes_on_to_the_same_bytes(
    tiny_model: Path, tmp_path: Path, data: Path, name: str, rank: int
) -> None:
    fields = registry.trainer_module(name).Recipe.__dataclass_fields__
    if rank == 0 and "lora_rank" not in fields:
        pytest.skip("it has one kind of candidate")
    dropout = {"lora_dropout": 0.0} if rank == 0 else {}
    own = {"lora_rank": rank, **dropout} if "lora_rank" in fields else {}
    check_same(name, tiny_model, data, tmp_path, own)


@pytest.mark.slow
@pytest.mark.parametrize("own", [{"dora": True}, {"accumulate": 2}, {"kl_to_base": 0.3, "lora_dropout": 0.0}])
def test_whatever_is_set_of_it(tiny_model: Path, tmp_path: Path, data: Path, own: dict[str, Any]) -> None:
    check_same("sft", tiny_model, data, tmp_path, own)


@pytest.mark.slow
def test_grpo_with_a_reference_in_parts_and_watched(tiny_model: Path, tmp_path: Path, data: Path) -> None:
    watch = {"probes": {"laziness": {}, "relevance": {}}, "data": str(dev(tmp_path)), "every": 1}
    watching = watched(
        watch_of({**watch, "sampling": {"max_tokens": 8}, "keep_best": {"probe": "laziness", "metric": "words"}})
    )
    own = {"accumulate": 2, "batch_size": 4, "beta": 0.05}
    check_same("grpo", tiny_model, data, tmp_path, own, watching=watching)


def failing_once(home: Path) -> Callable[..., list[float | None]]:
    """A reward that another process is asked for, which is down for a while."""

    def asked_elsewhere(completions: Any, trainer_state: Any, **_: Any) -> list[float | None]:
        if trainer_state.global_step == 2 and not (home / "up").exists():
            (home / "up").touch()
            raise ConnectionError("the judge is down")
        return [-float(len(c[0]["content"])) for c in completions]

    return asked_elsewhere


@pytest.mark.slow
def test_a_reward_that_fails_late_costs_no_step(tiny_model: Path, tmp_path: Path, data: Path) -> None:
    home, told = tmp_path / "candidates", list[str]()
    own = {"rewards": [failing_once(tmp_path)]}
    with pytest.raises(UserError, match="asked_elsewhere fails: ConnectionError: the judge is down") as raised:
        trained("grpo", tiny_model, data, Site(home, "cpu"), own)
    assert raised.value.fix is not None and "kept at step 2 of 4" in raised.value.fix
    site = Site(home, "cpu", on_look=told.append)
    resumed = trained("grpo", tiny_model, data, site, own)
    assert "goes on from step 2 of 4" in told
    again = trained("grpo", tiny_model, data, Site(tmp_path / "again", "cpu"), own)  # it is up now
    assert contents(home, resumed) == contents(tmp_path / "again", again)


@pytest.mark.parametrize(
    ("file", "change", "why"),
    [
        ("weights", lambda b: b[:-1] + bytes([b[-1] ^ 1]), "it is damaged (weights)"),
        ("weights", lambda b: None, "it is damaged ("),
        ("checkpoint.json", lambda b: b.replace(b"mine", b"more"), "it is of another record"),
        ("checkpoint.json", lambda b: b.replace(b'"schema": 1', b'"schema": 2'), "another version of fteval"),
        ("checkpoint.json", lambda b: b"{", "it is damaged ("),
        ("checkpoint.json", lambda b: b"[]", "it is damaged ("),
        ("checkpoint.json", lambda b: None, "it is damaged ("),
    ],
)
def test_a_checkpoint_that_is_damaged_or_anothers_is_not_used_and_said(
    tmp_path: Path, file: str, change: Callable[[bytes], bytes | None], why: str
) -> None:
    kept, told = Checkpoints(tmp_path, "mine"), list[str]()
    whole = kept.write(2, 4, 1.5, lambda folder: weigh(folder / "weights"))
    assert kept.latest(told.append) == whole and not told
    content = change((whole.folder / file).read_bytes())
    (whole.folder / file).unlink() if content is None else (whole.folder / file).write_bytes(content)
    assert kept.latest(told.append) is None
    (said,) = told
    assert said.startswith(f"warning: the checkpoint {whole.folder} is not used: ") and why in said


def weigh(path: Path) -> None:
    path.write_bytes(b"weights")


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(tmp_path: Path) -> None:
    def full(folder: Path) -> None:
        weigh(folder / "weights")
        raise OSError(errno.ENOSPC, "No space left on device")

    kept = Checkpoints(tmp_path, "mine")
    first = kept.write(2, 4, 1.5, lambda folder: weigh(folder / "weights"))
    with pytest.raises(OSError, match="No space"):
        kept.write(3, 4, 2.5, full)
    assert kept.latest(pytest.fail) == first and [p.name for p in tmp_path.iterdir()] == ["step-2"]
    assert kept.write(3, 4, 2.5, lambda folder: weigh(folder / "weights")).step == 3
    assert [p.name for p in tmp_path.iterdir()] == ["step-3"]


def test_a_checkpoint_leaves_the_candidate_its_place_on_the_disk(
    tiny_model: Path, tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, usage = tmp_path / "candidates", shutil.disk_usage(tmp_path)
    full = Stopped(home, 1, lambda: monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10**6)))
    made = trained("sft", tiny_model, data, replace(full.site, keep_every=0))
    (said,) = full.told
    assert said.startswith("warning: step 1 cannot be kept, the training goes on: not enough disk space")
    assert load_candidate(next(home.glob("*/candidate.json"))) == made


def test_what_is_left_of_one_that_was_killed_when_it_had_registered_is_cleared_away(
    tiny_model: Path, tmp_path: Path, data: Path
) -> None:
    home = tmp_path / "candidates"
    made = trained("sft", tiny_model, data, Site(home, "cpu"))
    left = of_candidate(home, made)
    left.write(STEPS - 1, STEPS, 1.5, lambda folder: weigh(folder / "weights"))
    assert trained("sft", tiny_model, data, Site(home, "cpu")) == made and not left.place.exists()


def test_a_training_that_leads_nowhere_keeps_nothing(tiny_model: Path, tmp_path: Path, data: Path) -> None:
    home = tmp_path / "candidates"
    with pytest.raises(Incomplete, match="diverged"):
        trained(
            "sft", tiny_model, data, Site(home, "cpu", keep_every=0), {"learning_rate": 1e30, "max_grad_norm": 1e30}
        )
    assert not [p for p in (home / ".training").iterdir() if p.is_dir()]


def test_a_signal_when_the_last_step_is_done_is_heard_and_the_candidate_is_there(
    tiny_model: Path, tmp_path: Path, data: Path
) -> None:
    home = tmp_path / "candidates"
    with pytest.raises(Interrupted, match="is registered"):
        trained("sft", tiny_model, data, Stopped(home, STEPS, terminate).site)
    assert len(list(home.glob("*/candidate.json"))) == 1

"""Names, records and what is refused when a candidate is read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fteval.errors import UserError
from fteval.records import Candidate
from fteval.trainers.making import workshop
from fteval.trainers.making.candidate import (
    folder_name,
    identified,
    inputs_digest,
    load_candidate,
    of_weights,
    register,
    slug,
)

PLANNED = Candidate(
    id="",
    name="iso dates",
    path=".",
    kind="full",
    base="nano",
    base_digest="sha256:" + "0" * 64,
    weights_digest="",
    trainer="sft",
    recipe={"lora_rank": 0},
    data={"digest": "sha256:1", "tokenizer": "sha256:2", "template": "sha256:3", "rows": 1, "used": 1},
    versions={"torch": "2.13.0"},
    seed=0,
    environment={"device": "cpu", "threads": 1},
)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("iso-dates", "iso-dates"),
        ("ISO dates", "iso-dates"),
        ("../../x", "x"),
        ("a/../../b", "a-b"),
        ("/etc/passwd", "etc-passwd"),
        ("C:\\x", "c-x"),
        ("a\0b", "a-b"),
        ("é", "e"),
        ("日本", "candidate"),
        ("", "candidate"),
        ("...", "candidate"),
        ("-rf", "rf"),
        ("ft:nano:local:x:1", "ft-nano-local-x-1"),
        ("n" * 400, "n" * 40),
        ("v1.2_b", "v1.2_b"),
    ],
)
def test_a_name_is_safe_in_an_id_and_as_a_folder(name: str, safe: str) -> None:
    assert slug(name) == safe


def test_names_that_look_alike_never_share_a_folder() -> None:
    import dataclasses

    names = ["a b", "a-b", "A-b", "a/b", "a:b", "../a-b", "ä b"]
    folders = {folder_name(identified(dataclasses.replace(PLANNED, name=name), "nano")).casefold() for name in names}
    assert len(folders) == len(names)


def test_the_id_names_base_and_record() -> None:
    made = identified(PLANNED, "nano")
    assert made.id == f"ft:nano:local:iso-dates:{inputs_digest(PLANNED).removeprefix('sha256:')[:8]}"


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"trainer": "dpo"},
        {"recipe": {"lora_rank": 1}},
        {"seed": 1},
        {"base_digest": "sha256:" + "1" * 64},
        {"data": {"digest": "sha256:9", "tokenizer": "sha256:2", "template": "sha256:3"}},
        {"data": {"digest": "sha256:1", "tokenizer": "sha256:9", "template": "sha256:3"}},
        {"data": {"digest": "sha256:1", "tokenizer": "sha256:2", "template": "sha256:9"}},
        {"versions": {"torch": "2.14.0"}},
        {"environment": {"device": "cpu", "threads": 2}},
    ],
    ids=str,
)
def test_what_decides_the_weights_decides_the_id(change: dict[str, Any]) -> None:
    import dataclasses

    assert inputs_digest(dataclasses.replace(PLANNED, **change)) != inputs_digest(PLANNED)


@pytest.mark.parametrize("change", [{"base": "/elsewhere/nano"}, {"weights_digest": "sha256:4"}, {"id": "x"}], ids=str)
def test_where_it_lies_and_what_came_out_does_not(change: dict[str, Any]) -> None:
    import dataclasses

    assert inputs_digest(dataclasses.replace(PLANNED, **change)) == inputs_digest(PLANNED)


@pytest.fixture
def kept(tiny_model: Path, tmp_path: Path) -> Path:
    """The folder of a registered candidate."""
    candidates = tmp_path / "candidates"
    candidate = identified(PLANNED, "nano")
    workshop.prepare(candidates)
    with workshop.workshop(candidates, folder_name(candidate)) as place:
        for name in ("model.safetensors", "config.json", "tokenizer.json"):
            shutil.copyfile(tiny_model / name, place / name)
        register(place, candidates, candidate, {})
    return candidates / folder_name(candidate)


def test_what_was_registered_is_what_is_loaded(kept: Path) -> None:
    import dataclasses

    from fteval.engines.local import digests

    found = load_candidate(kept)
    assert found == dataclasses.replace(identified(PLANNED, "nano"), weights_digest=digests.weights_digest(kept))


def edit(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    """An edit of candidate.json."""

    def apply(folder: Path) -> None:
        record = json.loads((folder / "candidate.json").read_text())
        change(record)
        (folder / "candidate.json").write_text(json.dumps(record))

    return apply


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / "candidate.json").unlink(), "candidate.json is missing"),
        (lambda folder: (folder / "candidate.json").write_text("{"), "cannot read candidate.json"),
        (lambda folder: (folder / "candidate.json").write_text("[]"), "not an object"),
        (edit(lambda record: record.update(schema=99)), "newer version"),
        (edit(lambda record: record.pop("schema")), "not a candidate's record"),
        (edit(lambda record: record.pop("recipe")), "lacks recipe"),
        (edit(lambda record: record["recipe"].update(lora_rank=8)), "record was changed"),
        (edit(lambda record: record.update(seed=7)), "record was changed"),
        (edit(lambda record: record.update(id="ft:nano:local:x:00000000")), "record was changed"),
        (edit(lambda record: record.update(data=3)), "record was changed"),
        (edit(lambda record: record["files"].update({"../../x": "0"})), "record was changed"),
        (lambda folder: (folder / "model.safetensors").unlink(), "not as it was trained: model.safetensors"),
        (lambda folder: (folder / "config.json").write_text("{}"), "not as it was trained: config.json"),
        (lambda folder: (folder / "tokenizer.json").write_text("{}"), "not as it was trained: tokenizer.json"),
    ],
)
def test_what_is_not_as_it_was_written_is_refused(kept: Path, damage: Callable[[Path], object], said: str) -> None:
    damage(kept)
    with pytest.raises(UserError, match=said) as caught:
        load_candidate(kept)
    assert caught.value.where


def test_a_candidate_is_found_by_its_bytes_wherever_they_lie_now(kept: Path) -> None:
    record = json.loads((kept / "candidate.json").read_text())
    assert of_weights(kept.parent, record["weights_digest"]) == kept
    assert of_weights(kept.parent, "sha256:other") is None and of_weights(kept.parent, None) is None


def test_a_note_in_the_readme_is_not_damage(kept: Path) -> None:
    (kept / "README.md").write_text("used in release 7")
    load_candidate(kept)


@pytest.mark.parametrize("name", ["training_args.bin", "optimizer.pt", "model.py", "x.pkl"])
def test_a_file_that_could_run_is_never_registered(tmp_path: Path, name: str) -> None:
    workshop.prepare(tmp_path)
    with pytest.raises(ValueError, match=name), workshop.workshop(tmp_path, "x") as place:
        (place / name).write_bytes(b"")
        register(place, tmp_path, identified(PLANNED, "nano"), {})
    assert not list(tmp_path.glob("*/candidate.json"))


def test_what_a_killed_training_left_is_cleared_and_what_another_works_on_is_not(tmp_path: Path) -> None:
    from fteval.errors import Incomplete

    left = tmp_path / workshop.WORKSHOP / "left-behind"
    left.mkdir(parents=True)
    (left / "half.safetensors").write_bytes(b"half")
    workshop.prepare(tmp_path)
    assert not left.exists()
    with workshop.workshop(tmp_path, "mine") as place:
        workshop.prepare(tmp_path)
        assert place.is_dir()
        with pytest.raises(Incomplete, match="locked by pid"), workshop.workshop(tmp_path, "mine"):
            raise AssertionError("two at the same candidate")
    assert not place.exists()

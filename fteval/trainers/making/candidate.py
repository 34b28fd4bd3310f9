"""A trained change as a folder: `candidate.json` says how it was made, beside it lies what came out.

    <candidates>/<name>-<HASH>/
      candidate.json              the record; written last
      adapter_model.safetensors   adapter_config.json         kind "adapter"
      model*.safetensors          config, tokenizer, template kind "full": a model that loads anywhere
      (nothing)                                               kind "hosted": the weights stay with a provider
      training_log.json           loss per step
      watch.json                  what probes saw on the way, where it was watched
      training_prompts.txt        digests of the prompts, to find them in hold-outs
      README.md

HASH is taken of everything that decides the weights; the id ends with it, except that of a hosted one, which the
provider chose. Nothing in the folder can run: no pickle, no code.
"""

from __future__ import annotations

import dataclasses
import json
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fteval.engines.local import digests
from fteval.engines.refs import read_json
from fteval.errors import UserError
from fteval.records import Candidate, digest
from fteval.runs.journal.files import write_atomically
from fteval.trainers.making import workshop

RECORD = "candidate.json"
SCHEMA = 1
PASSIVE = {".safetensors", ".json", ".jinja", ".txt", ".md", ".model"}
"""Endings of files that cannot run when they are loaded (`.model` is a sentencepiece vocabulary)."""

_FIELDS = tuple(field.name for field in dataclasses.fields(Candidate))
_LONGEST = 40


def slug(text: str) -> str:
    """A name that is safe in an id and as a folder on any system: a-z, 0-9, dot, dash and underscore, at most 40.

    Not unique: "A/b" and "a:b" are both "a-b". The HASH of an id tells them apart, because the name is part of it.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"(?:[^a-z0-9._-]|\.{2,})+", "-", plain)[:_LONGEST].strip("-._") or "candidate"


def identified(candidate: Candidate, base_label: str) -> Candidate:
    """The candidate with its id, `ft:BASE:local:NAME:HASH`, made of its own record."""
    return dataclasses.replace(
        candidate, id=f"ft:{slug(base_label)}:local:{slug(candidate.name)}:{inputs_digest(candidate)[7:15]}"
    )


def inputs_digest(candidate: Candidate) -> str:
    """Digest of everything that decides the weights; where the base lies and how the training went are not in it."""
    return digest(
        {
            "name": candidate.name,
            "trainer": candidate.trainer,
            "recipe": dict(candidate.recipe),
            "seed": candidate.seed,
            "base": candidate.base_digest,
            "data": {key: candidate.data.get(key) for key in ("digest", "tokenizer", "template")},
            "versions": dict(candidate.versions),
            "environment": dict(candidate.environment),
        }
    )


def folder_name(candidate: Candidate) -> str:
    return f"{slug(candidate.name)}-{inputs_digest(candidate)[7:15]}"


def hosted_digest(candidate_id: str, server: str) -> str:
    """What stands for the weights that a provider keeps: which model of which server (host and path)."""
    return digest({"model": candidate_id, "server": server})


def existing(candidates_dir: Path, candidate: Candidate) -> Candidate | None:
    """The complete candidate of the same record, if it was made before.

    Raises UserError when it is there but not as it was written.
    """
    folder = candidates_dir / folder_name(candidate)
    if not folder.exists():
        return None
    found = load_candidate(folder)
    if inputs_digest(found) != inputs_digest(candidate):
        raise UserError(f"{folder.name} was made from another record", where=str(folder), fix="delete that folder")
    if found.base == candidate.base:
        return found
    # The same bytes lie elsewhere now; the record must lead there.
    record = {**read_json(folder / RECORD), "base": candidate.base}
    write_atomically(folder / RECORD, as_json(record))
    return dataclasses.replace(found, base=candidate.base)


def register(place: Path, candidates_dir: Path, candidate: Candidate, training: Mapping[str, Any]) -> Candidate:
    """Writes the record of what lies in `place`, and moves it to the store in one step.

    Raises Incomplete when the disk does not take it; the store is as before then.
    """
    strange = sorted(p.name for p in place.iterdir() if p.suffix not in PASSIVE or not p.is_file())
    if strange:
        raise ValueError(f"a candidate must not hold {', '.join(strange)}")
    write_atomically(place / "README.md", _readme(candidate).encode())
    if candidate.kind == "hosted":
        weights = hosted_digest(candidate.id, training["server"])
    elif candidate.kind == "adapter":
        weights = digests.adapter_digest(place)
    else:
        weights = digests.weights_digest(place)
    candidate = dataclasses.replace(candidate, weights_digest=weights)
    record = {
        "schema": SCHEMA,
        **dataclasses.asdict(candidate),
        "inputs_digest": inputs_digest(candidate),
        "training": dict(training),
        "files": {p.name: digests.file_digest(p) for p in sorted(place.iterdir()) if p.name != "README.md"},
    }
    write_atomically(place / RECORD, as_json(record))
    workshop.publish(place, candidates_dir / folder_name(candidate))
    return candidate


def load_candidate(path: Path) -> Candidate:
    """The candidate in a folder, every file of it as it was written. Raises UserError naming what is not."""
    folder = path.parent if path.name == RECORD else path
    file = folder / RECORD
    if not file.exists():
        raise UserError("no candidate: candidate.json is missing", where=str(folder))
    record = read_json(file)
    if record.get("schema") != SCHEMA:
        newer = isinstance(record.get("schema"), int) and record["schema"] > SCHEMA
        what = "written by a newer version of fteval" if newer else "not a candidate's record"
        fix = "update fteval" if newer else None
        raise UserError(f"{what} (schema {record.get('schema')!r})", where=str(file), fix=fix)
    missing = [name for name in (*_FIELDS, "files", "inputs_digest") if name not in record]
    if missing:
        raise UserError(f"the record lacks {', '.join(missing)}", where=str(file), fix=_AGAIN)
    candidate = Candidate(**{name: record[name] for name in _FIELDS})
    if not _is_whole(candidate, record):
        raise UserError("the record was changed: its digest is another one", where=str(file), fix=_AGAIN)
    changed = sorted(name for name, wanted in record["files"].items() if _digest_or_none(folder / name) != wanted)
    if changed:
        raise UserError(f"not as it was trained: {', '.join(changed[:5])}", where=str(folder), fix=_AGAIN)
    return candidate


def find(candidates_dir: Path, candidate_id: str) -> Path | None:
    """The folder of a candidate by its id, as candidate.json says it; a folder's name decides nothing.

    A checkpoint of a hosted job is found with the job's model.
    """
    ids = (candidate_id, candidate_id.partition(":ckpt-")[0])
    for file in sorted(candidates_dir.glob(f"*/{RECORD}")):
        if read_json(file).get("id") in ids:
            return file.parent
    return None


def of_weights(candidates_dir: Path, weights: str | None) -> Path | None:
    """The folder of a candidate by the digest of its weights or adapter: by whatever path it was named."""
    for file in sorted(candidates_dir.glob(f"*/{RECORD}")) if weights is not None else ():
        if read_json(file).get("weights_digest") == weights:
            return file.parent
    return None


_SAME = "the same record gives the same weights, byte for byte."
_AGAIN = "delete the folder and train it again: the same record gives the same weights"


def as_json(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, indent=1, allow_nan=False) + "\n").encode()


def _is_whole(candidate: Candidate, record: Mapping[str, Any]) -> bool:
    try:
        known = inputs_digest(candidate)
        if candidate.kind == "hosted":
            own_id = candidate.weights_digest == hosted_digest(candidate.id, record["training"]["server"])
        else:
            own_id = candidate.id.endswith(":" + known[7:15])
        return own_id and known == record["inputs_digest"] and all(Path(name).name == name for name in record["files"])
    except (AttributeError, KeyError, TypeError, ValueError):  # a field that is missing, or of another type
        return False


def _digest_or_none(path: Path) -> str | None:
    try:
        return digests.file_digest(path)
    except OSError:
        return None


def _readme(candidate: Candidate) -> str:
    rank = candidate.recipe.get("lora_rank")
    what = {
        "adapter": f"A LoRA adapter of rank {rank}" if rank else "A learnt prompt",
        "hosted": "A provider's fine-tune",
        "reward": "A reward model",
    }
    same = "the provider keeps the weights." if candidate.kind == "hosted" else _SAME
    asked = f"fteval run --model {candidate.id} --against {json.dumps(candidate.base)} --holdout FILE.jsonl"
    if candidate.kind == "reward":
        asked = f"fteval.yaml: {{train: rloo, prompts: FILE.jsonl, rewards: [{{reward_model: {candidate.id}}}]}}"
    return (
        f"# {candidate.id}\n\n"
        f"{what.get(candidate.kind, 'A whole model')} on `{candidate.base.replace('`', '')}`, made by fteval's trainer"
        f" `{candidate.trainer}` from {candidate.data.get('used')} rows.\n"
        f"`{RECORD}` says with which recipe, data, base and versions; {same}\n\n"
        f"    {asked}\n"
    )

"""A reward model on a tiny base: what it scores higher, what asks it, and the same bytes twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fteval.engines.pool import Pool
from fteval.errors import UserError
from fteval.records import Generation, Message, Sample, Site
from fteval.trainers import rloo
from fteval.trainers.making.base import find_base
from fteval.trainers.making.candidate import find, load_candidate
from fteval.trainers.making.preflight import Preflight
from fteval.trainers.making.reward_models import OfModel
from fteval.trainers.making.rewards import rewards
from fteval.trainers.making.sources import Answers
from fteval.trainers.reward_model import Recipe, train

ROWS = [
    {"prompt": f"Who is {name}?", "chosen": "I do not know.", "rejected": "A king."}
    for name in ("Romeo", "Paris", "Tybalt")
]
LEARNT = Recipe(max_steps=20, batch_size=3, learning_rate=2e-3, warmup=0.0, threads=1)
SHORT = Recipe(max_steps=2, batch_size=2, max_length=48, warmup=0.0, threads=1)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def test_what_was_chosen_scores_higher_and_training_goes_on_from_that(
    tiny_model: Path, tmp_path: Path, data: Path
) -> None:
    site = Site(tmp_path / "candidates")
    candidate = train(str(tiny_model), LEARNT, data, site, name="liked")
    folder = find(site.candidates_dir, candidate.id)
    assert folder is not None and candidate.kind == "reward" and load_candidate(folder) == candidate
    assert json.loads((folder / "candidate.json").read_text())["training"]["accuracy"][1] == 1.0
    (given,) = rewards([{"reward_model": candidate.id, "weight": 0.5}])
    base = find_base(str(tiny_model), site.candidates_dir)
    asked = [Sample(str(n), (Message("user", "Who is Juliet?"),)) for n in range(2)]
    said = [Generation(s.id, text=text) for s, text in zip(asked, ("I do not know.", "A king."), strict=True)]
    better, worse = given.source.fitted(asked, site, base).values(Answers(asked, said, 0.0, {}))
    assert better is not None and worse is not None and better > worse + 1
    (tmp_path / "prompts.jsonl").write_text('{"prompt": "Who is Juliet?"}\n')
    recipe = rloo.Recipe(
        rewards=({"reward_model": candidate.id}, "laziness.empty"), max_steps=2, batch_size=4, num_generations=4,
        max_tokens=8, lora_rank=2, warmup=0.0, threads=1,
    )  # fmt: skip
    tuned = rloo.train(str(tiny_model), recipe, tmp_path / "prompts.jsonl", site)
    assert tuned.recipe["rewards"][0] == {
        "reward_model": candidate.id,
        "digest": candidate.weights_digest,
        "weight": 1.0,
    }
    for call in (lambda: Pool(site.candidates_dir).open(candidate.id), lambda: train(str(folder), SHORT, data, site)):
        with pytest.raises(UserError, match="scores texts and writes none"):
            call()
    with pytest.raises(UserError, match="is no reward model: it was made by 'rloo'"):
        OfModel(tuned.id).fitted(asked, site, base)
    with pytest.raises(UserError, match="no reward model 'ft:nobody' in the store"):
        OfModel("ft:nobody").fitted(asked, site, base)


@pytest.mark.slow
def test_pairs_that_are_too_long_are_dropped_and_counted_and_the_bytes_are_the_same_twice(
    tiny_model: Path, tmp_path: Path, data: Path
) -> None:
    with data.open("a") as file:
        file.write(json.dumps({"prompt": "A dog?", "chosen": "A dog is an animal. " * 10, "rejected": "No."}) + "\n")
    seen: list[Preflight] = []
    one, two = (train(str(tiny_model), SHORT, data, Site(tmp_path / home, on_preflight=seen.append)) for home in "ab")
    assert one == two
    assert (seen[0].dropped, one.data["rows"], one.data["used"], one.data["dropped"]) == ((4,), 4, 3, 1)
    assert "3 pairs to tell apart" in str(seen[0])
    data.write_text(json.dumps({"prompt": "cat " * 60, "chosen": "A cat.", "rejected": "No."}) + "\n")
    with pytest.raises(UserError, match="none of 1 pairs has 48 tokens or fewer"):
        train(str(tiny_model), SHORT, data, Site(tmp_path / "a"))

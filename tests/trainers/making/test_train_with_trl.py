"""A trainer that is not fteval's: direct preference optimisation, as a file of its own would have it.

Its first loss is ln 2 by definition (arXiv:2305.18290, equation 7): the policy still is the reference.
"""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from variants import first

from fteval.errors import UserError
from fteval.records import Candidate, Range, Site, ranged
from fteval.trainers.making.base import find_base
from fteval.trainers.making.bench import Bench
from fteval.trainers.making.candidate import find, load_candidate
from fteval.trainers.making.plan import Training
from fteval.trainers.making.preflight import Preflight
from fteval.trainers.making.recipe import LoraRecipe, TrlRecipe
from fteval.trainers.making.train_with_trl import Method, train_with_trl


@dataclass(frozen=True, slots=True)
class Recipe(LoraRecipe):
    trainer: ClassVar[str] = "preferences"
    version: ClassVar[int] = 3
    rates: ClassVar[dict[str, float]] = {"adapter": 1e-3, "full": 1e-4}

    beta: float = field(default=0.1, metadata=ranged(Range(above=0)))


def trainer_of(bench: Bench[Recipe]) -> Any:
    from trl import DPOConfig, DPOTrainer

    return DPOTrainer(
        model=bench.model(),
        args=DPOConfig(**bench.settings(), beta=bench.recipe.beta),
        train_dataset=bench.dataset(),
        processing_class=bench.tokenizer(),
        peft_config=bench.recipe.adapter(),
    )


def look(bench: Bench[Recipe], trainer: Any) -> Preflight:
    return Preflight((), len(bench.rows), dropped=(2,), truncated=(), max_length=trainer.args.max_length)


PREFERENCES = Method(("DPOConfig", "DPOTrainer"), trainer_of, look)
SHORT = Recipe(max_steps=2, batch_size=2, accumulate=2, lora_rank=4, warmup=0.0, threads=1)
ROWS = [
    {
        "prompt": [{"role": "user", "content": f"Who is {name}?"}],
        "chosen": [{"role": "assistant", "content": "I do not know."}],
        "rejected": [{"role": "assistant", "content": "A king."}],
    }
    for name in ("Romeo", "Paris", "Tybalt")
]


def made(base: Path, home: Path, recipe: Recipe = SHORT, **more: Any) -> tuple[Candidate, Path]:
    training = Training("liked", recipe, ROWS, find_base(str(base), home), Site(home, **more))
    candidate = train_with_trl(PREFERENCES, training)
    folder = find(home, candidate.id)
    assert folder is not None
    return candidate, folder


@pytest.mark.parametrize("lora_rank", first([4, 0]))
def test_a_method_that_brings_trl_s_trainer_gets_everything_else(
    tiny_model: Path, tmp_path: Path, lora_rank: int
) -> None:
    seen: list[Preflight] = []
    recipe = dataclasses.replace(SHORT, lora_rank=lora_rank)
    candidate, folder = made(tiny_model, tmp_path / "a", recipe, on_preflight=seen.append)
    assert load_candidate(folder) == candidate
    assert candidate.trainer == "preferences" and candidate.kind == ("adapter" if lora_rank else "full")
    assert candidate.versions[__name__] == "3"
    assert {name: candidate.data[name] for name in ("rows", "used", "dropped")} == {"rows": 3, "used": 2, "dropped": 1}
    assert candidate.recipe["beta"] == 0.1 and candidate.recipe["learning_rate"] == (1e-3 if lora_rank else 1e-4)
    log = json.loads((folder / "training_log.json").read_text())
    assert log[0]["loss"] == pytest.approx(math.log(2), abs=1e-6)
    assert [str(s) for s in seen] == [str(seen[0])]
    again, twin = made(tiny_model, tmp_path / "b", recipe)
    assert again == candidate
    (weights,) = folder.glob("*.safetensors")
    assert (twin / weights.name).read_bytes() == weights.read_bytes()


def test_one_that_exists_is_not_trained_again(tiny_model: Path, tmp_path: Path) -> None:
    first, _ = made(tiny_model, tmp_path)
    assert made(tiny_model, tmp_path, on_progress=lambda step: pytest.fail(f"trained again: {step}"))[0] == first


def test_a_field_of_the_method_s_own_is_part_of_the_record(tiny_model: Path, tmp_path: Path) -> None:
    assert made(tiny_model, tmp_path)[0].id != made(tiny_model, tmp_path, dataclasses.replace(SHORT, beta=0.5))[0].id
    with pytest.raises(UserError, match=r"preferences: 'beta' is -1\.0, wanted more than 0"):
        Recipe(beta=-1)


@pytest.mark.parametrize("method", ["SFT", "DPO", "KTO", "GRPO", "RLOO", "Reward", "Distillation"])
def test_every_config_of_trl_takes_what_the_bench_says(tiny_model: Path, tmp_path: Path, method: str) -> None:
    import trl

    bench: Bench[Any] = Bench(
        SHORT.resolved(3), ROWS, find_base(str(tiny_model), tmp_path), None, tmp_path, "cpu"  # type: ignore[arg-type]
    )  # fmt: skip
    settings = bench.settings()
    taken = {f.name: f for f in dataclasses.fields(getattr(trl, f"{method}Config"))}
    assert settings.keys() <= taken.keys()
    assert settings["per_device_train_batch_size"] * settings["gradient_accumulation_steps"] == SHORT.batch_size


def test_what_does_not_set_an_adapter_trains_all_weights() -> None:
    @dataclass(frozen=True, slots=True)
    class Plain(TrlRecipe):
        trainer: ClassVar[str] = "plain"
        rates: ClassVar[dict[str, float]] = {"full": 1e-5}

    recipe = Plain()
    assert (recipe.kind, recipe.rate, recipe.adapter()) == ("full", 1e-5, None)
    with pytest.raises(UserError, match="plain: 'accumulate' is 3, wanted a divisor of batch_size"):
        Plain(batch_size=8, accumulate=3)

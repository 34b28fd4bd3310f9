"""What a recipe takes, what it refuses, and what is recorded of it."""

from __future__ import annotations

from typing import Any

import pytest

from fteval import registry
from fteval.errors import UserError
from fteval.trainers.sft import Recipe


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"lora_rank": -1}, "lora_rank"),
        ({"lora_rank": 2.5}, "lora_rank"),
        ({"lora_rank": True}, "lora_rank"),
        ({"lora_alpha": 0}, "lora_alpha"),
        ({"lora_dropout": 1.0}, "lora_dropout"),
        ({"target_modules": ()}, "target_modules"),
        ({"target_modules": ("q_proj", "lm_head")}, "target_modules"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"learning_rate": float("inf")}, "learning_rate"),
        ({"learning_rate": "fast"}, "learning_rate"),
        ({"epochs": 0}, "epochs"),
        ({"max_steps": 0}, "max_steps"),
        ({"epochs": 1, "max_steps": 10}, "max_steps"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 8, "accumulate": 3}, "accumulate"),
        ({"warmup": 1.5}, "warmup"),
        ({"warmup": -0.1}, "warmup"),
        ({"schedule": "step"}, "schedule"),
        ({"weight_decay": -1}, "weight_decay"),
        ({"max_grad_norm": 0}, "max_grad_norm"),
        ({"max_length": 1}, "max_length"),
        ({"precision": "float16"}, "precision"),
        ({"threads": 0}, "threads"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**32}, "seed"),
    ],
    ids=str,
)
def test_a_value_that_means_nothing_is_an_error_that_names_it(values: dict[str, Any], named: str) -> None:
    with pytest.raises(UserError, match=f"'{named}'") as caught:
        Recipe(**values)
    assert caught.value.exit_code == 2


def test_all_wrong_values_are_named_at_once() -> None:
    with pytest.raises(UserError) as caught:
        Recipe(lora_rank=-1, batch_size=0, seed=-1)
    assert len(caught.value.what.splitlines()) == 3


def test_on_a_cpu_the_arithmetic_is_exact_unless_it_is_asked_otherwise() -> None:
    assert (Recipe().on("cpu").precision, Recipe(precision="bfloat16").on("cpu").precision) == ("float32", "bfloat16")


def test_one_value_has_one_record_however_it_was_written() -> None:
    from_text = registry.make(
        Recipe, {"learning-rate": "5e-4", "epochs": "5", "target_modules": "q_proj, v_proj", "warmup": "3"}, owner="sft"
    )
    from_python = Recipe(learning_rate=0.0005, epochs=5, target_modules=["q_proj", "v_proj"], warmup=3)  # type: ignore[arg-type]
    assert repr(from_text) == repr(from_python)  # repr tells 5 from 5.0


@pytest.mark.parametrize(
    ("rows", "epochs"),
    [(1, 25.0), (19, 25.0), (20, 24.0), (48, 10.0), (160, 3.0), (161, 3.0), (50_000, 3.0)],  # ceil(480 / rows), in 3-25
)
def test_small_sets_are_passed_over_more_often(rows: int, epochs: float) -> None:
    assert Recipe().resolved(rows).epochs == epochs


def test_what_was_asked_for_is_not_resolved_away() -> None:
    recipe = Recipe(epochs=1, learning_rate=1e-3, lora_alpha=7).resolved(10)
    assert (recipe.epochs, recipe.learning_rate, recipe.lora_alpha) == (1.0, 1e-3, 7)
    assert Recipe(max_steps=5).resolved(10).epochs is None


def test_the_rate_follows_from_what_is_trained() -> None:
    assert Recipe(lora_rank=0).resolved(1).learning_rate < Recipe(lora_rank=1).resolved(1).learning_rate  # type: ignore[operator]


def test_every_field_that_is_not_obvious_says_its_unit() -> None:
    import dataclasses
    import inspect

    source = "".join(inspect.getsource(cls) for cls in Recipe.__mro__ if dataclasses.is_dataclass(cls))
    obvious = {"weight_decay", "seed"}
    for field in dataclasses.fields(Recipe):
        after = source.split(f"    {field.name}: ", 1)[1].split("\n", 2)[1]
        assert after.strip().startswith('"""') or field.name in obvious, field.name


def test_small_models_train_on_one_thread_and_large_ones_on_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from fteval.trainers.making.libraries import environment

    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert environment("cpu", None, 9_000_000)["threads"] == 1  # nano
    assert environment("cpu", None, 988_000_000)["threads"] == 3  # Qwen2.5-0.5B in bfloat16
    assert environment("cpu", 2, 9_000_000)["threads"] == 2
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert environment("cpu", None, 988_000_000)["threads"] >= 1


@pytest.mark.parametrize("device", ["tpu", "cuda:7", "mps", ""])
def test_a_device_that_cannot_train_is_an_error(device: str) -> None:
    from fteval.trainers.making.libraries import environment

    with pytest.raises(UserError, match="no training on device"):
        environment(device, None, 0)

"""The config of accelerate by which processes are started: read before any is."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from fteval.errors import UserError
from fteval.trainers.launch.config import launch

TWO = "distributed_type: MULTI_GPU\nnum_processes: 2\nuse_cpu: true\n"


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return f"accelerate:{path}"


def test_where_each_process_has_the_whole_model_their_number_alone_decides_the_weights(tmp_path: Path) -> None:
    found = launch(
        written(tmp_path / "two.yaml", TWO + "main_process_port: 29501\nmixed_precision: bf16\ndebug: false\n")
    )
    assert (found.processes, found.device, found.recorded) == (2, "cpu", {"processes": 2})


def test_how_each_of_them_computes_decides_the_weights_too(tmp_path: Path) -> None:
    compiled = TWO + "downcast_bf16: 'no'\ntpu_env: []\ndynamo_config: {dynamo_backend: INDUCTOR}\n"
    found = launch(written(tmp_path / "two.yaml", compiled))
    assert found.recorded == {"processes": 2, "accelerate": {"dynamo_config": {"dynamo_backend": "INDUCTOR"}}}


def test_what_stands_in_the_file_of_deepspeed_is_recorded_and_not_where_it_lies(tmp_path: Path) -> None:
    file = tmp_path / "zero.json"
    config = f"distributed_type: DEEPSPEED\nnum_processes: 2\ndeepspeed_config: {{deepspeed_config_file: {file}}}\n"
    text = written(tmp_path / "two.yaml", config)
    with pytest.raises(UserError, match="cannot read zero"):
        launch(text)
    file.write_text('{"zero_optimization": {"stage": 3}}')
    assert launch(text).recorded["accelerate"]["deepspeed_config"] == {
        "deepspeed_config_file": {"zero_optimization": {"stage": 3}}
    }


@pytest.mark.parametrize("name", ["fsdp1", "fsdp2", "zero1", "zero2", "zero3", "multi_gpu"])
def test_the_configs_that_trl_ships_can_be_read(name: str) -> None:
    from importlib.util import find_spec

    spec = find_spec("trl")
    assert spec is not None and spec.origin is not None
    file = Path(spec.origin).parent / "accelerate_configs" / f"{name}.yaml"
    settings, found = YAML(typ="safe").load(file), launch(f"accelerate:{file}")
    assert (found.processes, found.device) == (8, "cuda")
    kept = found.recorded.get("accelerate", {})
    for part in ("fsdp_config", "deepspeed_config"):
        assert kept.get(part) == settings.get(part)
    assert not {"num_processes", "main_process_port", "machine_rank", "mixed_precision"} & set(kept)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TWO.replace("2", "0"), "num_processes is 0, wanted how many"),
        (TWO.replace("num_processes: 2\n", ""), "num_processes is None"),
        (TWO.replace("2", "1"), "a training without --launch"),
        (TWO.replace("2", "true"), "num_processes is True"),
        (TWO.replace("MULTI_GPU", "NO"), "starts 1 process, not 2"),
        (TWO.replace("MULTI_GPU", "MULTI_GUP"), "Did you mean 'MULTI_GPU'"),
        (TWO.replace("MULTI_GPU", "FSDP"), "FSDP, which accelerate leaves out on CPUs"),
        (TWO + "num_machines: 2\n", "one machine trains"),
        (TWO + "num_machines: 2\n" + "use_cpu: 1\n", "no YAML: "),  # a key that comes twice
        ("- a\n- b\n", "wanted the settings of `accelerate config`"),
        ("a: [1\n", "no YAML: "),
        ("", "wanted the settings"),
    ],
)
def test_a_config_that_starts_no_training_is_an_error_that_names_it(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError) as error:
        launch(written(tmp_path / "bad.yaml", text))
    assert said in error.value.what and str(tmp_path / "bad.yaml") in str(error.value)


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        launch(written(tmp_path / "bad.yaml", "distributed_type: TPU\nnum_processes: x\nnum_machines: 3\n"))
    assert len(error.value.what.splitlines()) == 3


@pytest.mark.parametrize("text", ["two.yaml", "torchrun:2", "accelerate:", "accelerate"])
def test_what_is_no_launch_says_what_one_is(text: str) -> None:
    with pytest.raises(UserError, match=r"wanted accelerate:CONFIG\.yaml"):
        launch(text)


def test_a_missing_config_of_a_name_that_trl_ships_says_where_it_lies(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file") as error:
        launch(f"accelerate:{tmp_path / 'fsdp2.yaml'}")
    fix = str(error.value.fix)
    assert Path(fix.removeprefix("TRL ships one: cp ").split()[0]).is_file() and "num_processes" in fix
    with pytest.raises(UserError, match="No such file") as error:
        launch(f"accelerate:{tmp_path / 'mine.yaml'}")
    assert "accelerate config" in str(error.value.fix)

"""What may be loaded: safetensors only, no foreign code, whole, and an adapter only on its own base."""

from __future__ import annotations

import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import tiny

from fteval.engines import Pool
from fteval.engines.local import digests
from fteval.engines.local.folders import Located, checkpoint_dtype, locate
from fteval.engines.refs import parse
from fteval.errors import Incomplete, UserError


def error(text: str) -> UserError:
    with pytest.raises(UserError) as caught:
        locate(parse(text))
    return caught.value


def copied(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to)
    return to


class Payload:
    """A pickle that writes a file when it is loaded."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (Path.touch, (self.file,))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "consolidated.00.pth"])
def test_pickles_are_refused_and_never_loaded(tiny_model: Path, tmp_path: Path, name: str):
    folder = copied(tiny_model, tmp_path / "m")
    (folder / "model.safetensors").unlink()
    (folder / name).write_bytes(pickle.dumps(Payload(tmp_path / "executed")))
    found = error(str(folder))
    assert found.exit_code == 2
    assert "pickle weights are not loaded; convert to safetensors" in found.what
    assert name in found.what
    assert not (tmp_path / "executed").exists()


def test_pickles_beside_safetensors_are_never_loaded(tiny_model: Path, tiny_adapter: Path, tmp_path: Path):
    folder, adapter = copied(tiny_model, tmp_path / "m"), copied(tiny_adapter, tmp_path / "a")
    tiny.edit_json(adapter / "adapter_config.json", base_model_name_or_path=str(folder))
    for name in (folder / "pytorch_model.bin", folder / "training_args.bin", adapter / "adapter_model.bin"):
        name.write_bytes(pickle.dumps(Payload(tmp_path / "executed")))
    with Pool(device="cpu") as pool:
        pool.open(f"{folder}+{adapter}").weights()
    assert not (tmp_path / "executed").exists()


def test_a_pickled_adapter_is_refused(tiny_model: Path, tiny_adapter: Path, tmp_path: Path):
    adapter = copied(tiny_adapter, tmp_path / "a")
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
    assert "pickle weights are not loaded" in error(f"{tiny_model}+{adapter}").what


def test_a_folder_without_weights_and_one_with_a_missing_shard(tiny_model: Path, tmp_path: Path):
    folder = copied(tiny_model, tmp_path / "m")
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert "1 of 2 weight files are missing: model-00002" in error(str(folder)).what
    (folder / "model.safetensors").unlink()
    assert "no safetensors weights" in error(str(folder)).what


def test_a_model_that_needs_its_own_code_is_refused(tiny_model: Path, tmp_path: Path):
    folder = copied(tiny_model, tmp_path / "m")
    (folder / "modeling_mine.py").write_text(f"open({str(tmp_path / 'executed')!r}, 'w')")
    tiny.edit_json(folder / "config.json", model_type="mine", auto_map={"AutoModelForCausalLM": "modeling_mine.Mine"})
    found = error(str(folder))
    assert found.exit_code == 2
    assert "needs code from its repository" in found.what
    assert not (tmp_path / "executed").exists()


def test_code_beside_a_known_architecture_is_not_run(tiny_model: Path, tmp_path: Path):
    folder = copied(tiny_model, tmp_path / "m")
    (folder / "modeling_mine.py").write_text(f"open({str(tmp_path / 'executed')!r}, 'w')")
    tiny.edit_json(folder / "config.json", auto_map={"AutoModelForCausalLM": "modeling_mine.Mine"})
    with Pool(device="cpu") as pool:
        pool.open(str(folder)).weights()
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("content", ["", "{", "[]", "\xff", '{"a":' * 10_000], ids=lambda c: c[:5])
def test_a_broken_config_is_named(tiny_model: Path, tmp_path: Path, content: str):
    folder = copied(tiny_model, tmp_path / "m")
    (folder / "config.json").write_text(content, encoding="latin-1")
    assert error(str(folder)).where == str(folder / "config.json")


def test_an_unknown_architecture_is_a_clean_error(tiny_model: Path, tmp_path: Path):
    folder = copied(tiny_model, tmp_path / "m")
    tiny.edit_json(folder / "config.json", model_type="no_such_model", architectures=["NoSuchModel"])
    with Pool(device="cpu") as pool, pytest.raises(UserError):
        pool.open(str(folder)).weights()


def test_an_adapter_of_another_base_names_both(tiny_model: Path, tiny_adapter: Path, tmp_path: Path):
    other = tiny.make_model(tmp_path / "other", seed=4)  # same shape, other weights
    found = error(f"{other}+{tiny_adapter}")
    assert found.exit_code == 2
    assert str(tiny_model) in found.what and str(other) in found.what
    for said in ("meta-llama/Llama-3.2-1B", "/gone/llama"):
        adapter = copied(tiny_adapter, tmp_path / Path(said).name)
        tiny.edit_json(adapter / "adapter_config.json", base_model_name_or_path=said)
        assert said in error(f"{tiny_model}+{adapter}").what


def test_a_recorded_base_digest_decides_whatever_the_names_say(tiny_model: Path, tiny_adapter: Path, tmp_path: Path):
    home = tmp_path / "candidate"
    adapter = copied(tiny_adapter, home / "adapter")
    record = {
        "id": "ft:x:local:y:1", "path": "adapter", "kind": "adapter", "base": str(tiny_model),
        "base_digest": digests.weights_digest(tiny_model), "weights_digest": digests.adapter_digest(adapter),
    }  # fmt: skip
    (home / "candidate.json").write_text(json.dumps(record))
    tiny.edit_json(adapter / "adapter_config.json", base_model_name_or_path="somewhere/else")
    assert locate(parse(f"{tiny_model}+{adapter}")).adapter == record["weights_digest"]
    moved = copied(tiny_model, tmp_path / "moved")
    assert locate(parse(f"{moved}+{adapter}")).weights == record["base_digest"]
    retrained = tiny.make_model(tmp_path / "retrained", seed=8)
    assert "sha256:" in error(f"{retrained}+{adapter}").what
    tiny.make_adapter(adapter, tiny_model, seed=77)  # other weights under the candidate's name
    assert "not those that were recorded" in error(f"{tiny_model}+{adapter}").what


def test_the_same_base_elsewhere_is_the_same_base(tiny_model: Path, tiny_adapter: Path, tmp_path: Path):
    copy = copied(tiny_model, tmp_path / "copy")  # the recorded folder is still there, with the same bytes
    assert locate(parse(f"{copy}+{tiny_adapter}")).adapter
    adapter = copied(tiny_adapter, tmp_path / "a")
    for said in ("/old/home/copy", "some-org/copy", str(copy), str(copy) + "/"):
        tiny.edit_json(adapter / "adapter_config.json", base_model_name_or_path=said)
        assert locate(parse(f"{copy}+{adapter}")).adapter
    cache = copied(tiny_model, tmp_path / "models--Org--Name" / "snapshots" / "0123abc")
    tiny.edit_json(adapter / "adapter_config.json", base_model_name_or_path="org/name")
    assert locate(parse(f"{cache}+{adapter}")).adapter


@pytest.mark.parametrize(
    ("config", "context"),
    [
        ({"max_position_embeddings": 40}, 40),
        ({"n_positions": 1024}, 1024),  # GPT-2's word for it
        ({"max_seq_len": 2048}, 2048),  # MPT's
        ({"text_config": {"max_position_embeddings": 40}}, 40),
        ({"max_position_embeddings": 64, "text_config": {"max_position_embeddings": 40}}, 64),
        ({"max_position_embeddings": None, "text_config": None}, None),
        ({}, None),
    ],
)
def test_the_context_is_what_the_config_names_and_less_by_a_learnt_prompt(config: dict, context: int | None):
    located = Located(parse("nano"), Path(), "sha256:0", config)
    assert located.context == context
    learnt = replace(located, adapter_config={"num_virtual_tokens": 8}).context
    assert learnt == (None if context is None else context - 8)


def test_a_hub_model_that_is_not_here_is_incomplete_not_a_traceback(tmp_path: Path):
    with pytest.raises(Incomplete) as caught:
        locate(parse("hf:no-such-org/no-such-model"), offline=True)
    assert caught.value.exit_code == 3
    assert "hf:no-such-org/no-such-model" in caught.value.what
    assert "spelling" in caught.value.fix


@pytest.mark.parametrize("saved", ["float32", "bfloat16", "float16"])
def test_the_checkpoint_s_dtype_is_read_without_torch(tiny_model: Path, tmp_path: Path, saved: str):
    import torch
    from transformers import AutoModelForCausalLM

    folder = copied(tiny_model, tmp_path / "m")
    AutoModelForCausalLM.from_pretrained(tiny_model, dtype=getattr(torch, saved)).save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    assert checkpoint_dtype(folder, config) == saved
    assert checkpoint_dtype(folder, {k: v for k, v in config.items() if k != "dtype"}) == saved
    with Pool(device="cpu") as pool:
        engine = pool.open(str(folder))
        assert str(engine.weights().module.dtype) == f"torch.{saved}"
        assert engine.identity()["dtype"] == saved

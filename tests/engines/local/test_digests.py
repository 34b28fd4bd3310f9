"""Identity is content: other bytes are another model whatever path, size and time say; other paths are not."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import tiny
from safetensors.torch import load_file, save_file

from fteval.engines import Pool
from fteval.engines.local import digests
from fteval.records import canonical


def identity(ref: str, **options: Any) -> dict[str, Any]:
    with Pool(device="cpu", **options) as pool:
        found = dict(pool.open(ref).identity())
    canonical(found)  # JSON values only
    return found


def copied(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to)
    return to


def test_weights_saved_over_with_the_same_size_and_time_are_other_weights(tiny_model: Path, tmp_path: Path):
    folder = copied(tiny_model, tmp_path / "m")
    file = folder / "model.safetensors"
    before, stat = identity(str(folder)), file.stat()
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    with file.open("r+b") as opened:  # the same inode too
        opened.write(content)
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    after = identity(str(folder))
    assert (file.stat().st_size, file.stat().st_mtime_ns, file.stat().st_ino) == (
        stat.st_size, stat.st_mtime_ns, stat.st_ino,
    )  # fmt: skip
    assert before["weights"] != after["weights"]
    assert {k: v for k, v in before.items() if k != "weights"} == {k: v for k, v in after.items() if k != "weights"}


def test_a_copy_is_the_same_model(tiny_model: Path, tiny_adapter: Path, tmp_path: Path):
    base, adapter = copied(tiny_model, tmp_path / "b"), copied(tiny_adapter, tmp_path / "a")
    tiny.edit_json(adapter / "adapter_config.json", base_model_name_or_path=str(base), peft_version="9.9")
    assert identity(f"{tiny_model}+{tiny_adapter}") == identity(f"{base}+{adapter}")
    assert str(tmp_path) not in json.dumps(identity(f"{base}+{adapter}"))


@pytest.mark.parametrize(
    ("file", "changes", "part"),
    [
        ("config.json", {"rms_norm_eps": 1e-3}, "weights"),
        ("generation_config.json", {"eos_token_id": [1, 2]}, "weights"),
        ("adapter_config.json", {"lora_alpha": 99}, "adapter"),
    ],
)
def test_a_changed_config_is_another_model(
    tiny_model: Path, tiny_adapter: Path, tmp_path: Path, file: str, changes: dict[str, Any], part: str
):
    base, adapter = copied(tiny_model, tmp_path / "model"), copied(tiny_adapter, tmp_path / "a")
    before = identity(f"{base}+{adapter}")
    tiny.edit_json((adapter if part == "adapter" else base) / file, **changes)
    if part == "weights":
        # the adapter was made on the unchanged base, and is told so
        tiny.edit_json(adapter / "adapter_config.json", base_model_name_or_path=str(base))
    after = identity(f"{base}+{adapter}")
    assert [k for k in before if before[k] != after[k]] == [part]


def test_the_template_is_part_of_the_identity(tiny_model: Path, tmp_path: Path):
    folder = copied(tiny_model, tmp_path / "m")
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text() + "!")
    before, after = identity(str(tiny_model)), identity(str(folder))
    assert [k for k in before if before[k] != after[k]] == ["template"]


def test_the_tokenizer_is_part_of_the_identity(tiny_model: Path, tmp_path: Path):
    folder = copied(tiny_model, tmp_path / "m")
    saved = json.loads((folder / "tokenizer.json").read_text())
    saved["model"]["merges"] = saved["model"]["merges"][:-1]
    (folder / "tokenizer.json").write_text(json.dumps(saved))
    before, after = identity(str(tiny_model)), identity(str(folder))
    assert [k for k in before if before[k] != after[k]] == ["tokenizer"]


def test_dtype_is_part_of_the_identity_and_batch_size_is_not(tiny_model: Path):
    plain = identity(str(tiny_model))
    assert identity(str(tiny_model), dtype="bf16")["dtype"] == "bfloat16"
    assert identity(str(tiny_model), dtype="float32") == plain
    assert identity(str(tiny_model), batch_tokens=7, offline=False) == plain


def test_shards_count_by_name_and_content(tiny_model: Path, tmp_path: Path):
    folder = copied(tiny_model, tmp_path / "m")
    weights = load_file(folder / "model.safetensors")
    half = dict(list(weights.items())[::2])
    save_file(half, folder / "model-2.safetensors")
    assert digests.weights_digest(folder) != digests.weights_digest(tiny_model)
    shutil.copy(folder / "model-2.safetensors", folder / "adapter_model.safetensors")
    before = digests.weights_digest(folder)
    (folder / "adapter_model.safetensors").unlink()  # an adapter in the same folder is not the model
    assert digests.weights_digest(folder) == before


def test_an_index_that_takes_a_tensor_from_another_shard_is_another_model(tmp_path: Path):
    for name in ("config.json", "model-1.safetensors", "model-2.safetensors"):
        (tmp_path / name).write_bytes(name.encode())
    found = {digests.weights_digest(tmp_path)}
    for shard in ("model-1.safetensors", "model-2.safetensors"):
        (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"w": shard}}))
        found.add(digests.weights_digest(tmp_path))
    assert len(found) == 3


def test_digests_are_sha256_of_the_bytes(tmp_path: Path):
    (tmp_path / "x").write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    assert digests.file_digest(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

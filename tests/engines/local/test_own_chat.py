"""What a candidate is asked through: its own template and tokenizer, in whichever file they came."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
from engine_helpers import answers, conversations, requests

from fteval.engines import Pool
from fteval.engines.local.chat import Chat
from fteval.errors import UserError
from fteval.records import Message, Sampling

ASKED = [Message("user", "Who is Romeo?")]
OTHER = tiny.CHATML.replace("assistant\n", "assistant: ")
GREEDY = Sampling(max_tokens=12)


def jinja(folder: Path, template: str) -> None:
    (folder / "chat_template.jinja").write_text(template)


def config(folder: Path, template: str) -> None:
    held = folder / "tokenizer_config.json"
    held.write_text(json.dumps({**(json.loads(held.read_text()) if held.exists() else {}), "chat_template": template}))


def config_of_several(folder: Path, template: str) -> None:
    several = [{"name": "tool_use", "template": "x"}, {"name": "default", "template": template}]
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": several}))


def processor(folder: Path, template: str) -> None:
    (folder / "chat_template.json").write_text(json.dumps({"chat_template": template}))


def one_of_several(folder: Path, template: str) -> None:
    (folder / "additional_chat_templates").mkdir()
    (folder / "additional_chat_templates" / "tool_use.jinja").write_text("x")
    jinja(folder, template)


WAYS = [jinja, config, config_of_several, processor, one_of_several]


@pytest.mark.parametrize("write", WAYS)
def test_an_adapter_is_asked_through_its_own_template(
    tiny_model: Path, tiny_adapter: Path, tmp_path: Path, write: Callable[[Path, str], None]
):
    adapter = tmp_path / "a"
    shutil.copytree(tiny_adapter, adapter)
    write(adapter, OTHER)
    with Pool(device="cpu") as pool:
        base, candidate = pool.open(str(tiny_model)), pool.open(f"{tiny_model}+{adapter}")
        text = candidate.chat.tokenizer.decode(candidate.prompt(ASKED).token_ids)
        assert text.endswith("<|im_start|>assistant: ")
        assert base.identity()["template"] != candidate.identity()["template"]


@pytest.mark.parametrize("write", [w for w in WAYS if w is not config_of_several])
def test_a_model_of_its_own_is_asked_through_its_template_wherever_that_lies(
    tiny_model: Path, tmp_path: Path, write: Callable[[Path, str], None]
):
    folder = tmp_path / "m"
    shutil.copytree(tiny_model, folder)
    (folder / "chat_template.jinja").unlink()
    write(folder, OTHER)
    chat = Chat(folder)
    assert chat.render(ASKED).endswith("<|im_start|>assistant: ")
    assert chat.render(ASKED) == Chat(tiny_model).render(ASKED).replace("assistant\n", "assistant: ")


def test_named_templates_without_a_default_are_named_in_the_error(tiny_model: Path, tmp_path: Path):
    folder = tmp_path / "m"
    shutil.copytree(tiny_model, folder)
    (folder / "chat_template.jinja").unlink()
    (folder / "additional_chat_templates").mkdir()
    for name in ("rag", "tool_use"):
        (folder / "additional_chat_templates" / f"{name}.jinja").write_text("x")
    with pytest.raises(UserError, match=r"no chat template \(those named rag, tool_use"):
        Chat(folder).render(ASKED)


def test_two_spellings_of_one_template_are_one(tiny_model: Path, tiny_adapter: Path, tmp_path: Path):
    adapter = tmp_path / "a"
    shutil.copytree(tiny_adapter, adapter)
    jinja(adapter, "{# as trained #}" + tiny.CHATML.replace("{% generation %}", "").replace("{% endgeneration %}", ""))
    with Pool(device="cpu") as pool:
        base, candidate = pool.open(str(tiny_model)), pool.open(f"{tiny_model}+{adapter}")
        assert base.identity()["template"] == candidate.identity()["template"]


def test_an_adapter_reads_by_the_tokenizer_that_it_brought(tiny_model: Path, tiny_adapter: Path, tmp_path: Path):
    """`Romeo` is several tokens to the base; the adapter's tokenizer writes it with one that stood unused before."""
    adapter = tmp_path / "a"
    shutil.copytree(tiny_adapter, adapter)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tiny_model / name, adapter)
    saved = json.loads((adapter / "tokenizer.json").read_text())
    number = saved["model"]["vocab"]["<|endoftext|>"]
    saved["added_tokens"].append({**saved["added_tokens"][0], "id": number, "content": "Romeo", "special": False})
    saved["added_tokens"] = [t for t in saved["added_tokens"] if t["content"] != "<|endoftext|>"]
    saved["model"]["vocab"]["Romeo"] = saved["model"]["vocab"].pop("<|endoftext|>")
    saved |= {"padding": {"strategy": "BatchLongest", "direction": "Left", "pad_to_multiple_of": None,
                          "pad_id": number, "pad_type_id": 0, "pad_token": "Romeo"}}  # fmt: skip
    (adapter / "tokenizer.json").write_text(json.dumps(saved))
    tiny.edit_json(adapter / "tokenizer_config.json", pad_token="Romeo")
    with Pool(device="cpu") as pool:
        base, candidate = pool.open(str(tiny_model)), pool.open(f"{tiny_model}+{adapter}")
        assert type(base.chat.tokenizer) is type(candidate.chat.tokenizer)
        assert number in candidate.prompt(ASKED).token_ids
        assert number not in base.prompt(ASKED).token_ids
        assert base.identity()["tokenizer"] != candidate.identity()["tokenizer"]


def test_how_training_filled_up_its_batches_makes_no_other_tokenizer(
    tiny_model: Path, tiny_adapter: Path, tmp_path: Path
):
    adapter = tmp_path / "a"
    shutil.copytree(tiny_adapter, adapter)
    tokenizer = Chat(tiny_model).tokenizer
    tokenizer.pad_token = tokenizer.eos_token
    tokenizer("a b", padding="max_length", max_length=32, truncation=True)
    tokenizer.save_pretrained(adapter)
    assert json.loads((adapter / "tokenizer.json").read_text())["padding"]
    with Pool(device="cpu") as pool:
        base, candidate = pool.open(str(tiny_model)), pool.open(f"{tiny_model}+{adapter}")
        assert {k: v for k, v in base.identity().items() if k not in ("adapter", "version")} == {
            k: v for k, v in candidate.identity().items() if k not in ("adapter", "version")
        }
        asked = requests(candidate, conversations(4))
        assert len(answers(candidate, asked, GREEDY)) == 4

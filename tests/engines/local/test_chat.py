"""Prompts as token ids: the template's own BOS only, sandboxed, and text that is sent as it stands."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import tiny

from fteval.engines import Pool
from fteval.engines.local.chat import Chat, stop_ids
from fteval.errors import UserError
from fteval.records import Message
from fteval.records.reasoning import parts


def templated(tiny_model: Path, folder: Path, template: str | None, **tokenizer: object) -> Path:
    """A copy of the tiny model with another chat template."""
    shutil.copytree(tiny_model, folder)
    (folder / "chat_template.jinja").unlink()
    if template is not None:
        (folder / "chat_template.jinja").write_text(template)
    if tokenizer:
        tiny.edit_json(folder / "tokenizer_config.json", **tokenizer)
    return folder


def test_a_prompt_is_the_template_tokenised(tiny_model: Path):
    chat = Chat(tiny_model)
    talk = [Message("system", "Be brief."), Message("user", "Who?"), Message("assistant", "I."), Message("user", "Hm?")]
    prompt = chat.prompt(talk)
    assert prompt.messages == tuple(talk)
    expected = chat.tokenizer.apply_chat_template(
        [{"role": m.role, "content": m.content} for m in talk], add_generation_prompt=True
    )["input_ids"]
    assert list(prompt.token_ids) == expected
    assert chat.tokenizer.decode(prompt.token_ids) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWho?<|im_end|>\n"
        "<|im_start|>assistant\nI.<|im_end|>\n<|im_start|>user\nHm?<|im_end|>\n<|im_start|>assistant\n"
    )


TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


def test_tools_go_to_a_template_that_knows_them(tiny_model: Path, tmp_path: Path):
    template = "{% for t in tools or [] %}<{{ t.function.name }}>{% endfor %}{{ messages[0].content }}"
    chat = Chat(templated(tiny_model, tmp_path / "m", template))
    assert chat.render([Message("user", "Rain?")], [TOOL]) == "<weather>Rain?"
    assert chat.render([Message("user", "Rain?")]) == "Rain?"
    prompt = chat.prompt([Message("user", "Rain?")], [TOOL])
    assert prompt.tools == (TOOL,)
    assert chat.continuation(prompt, " No")[0] == list(prompt.token_ids)


@pytest.mark.parametrize("system", [[], [Message("system", "Be brief.")]])
def test_a_template_that_knows_no_tools_finds_them_in_the_systems_turn(tiny_model: Path, system: list[Message]):
    text = Chat(tiny_model).render([*system, Message("user", "Rain?")], [TOOL])
    assert text.count("<|im_start|>system") == 1 and text.count("Be brief.") == len(system)
    assert '{"name": "weather", "parameters"' in text.split("<|im_start|>user")[0]
    assert text.endswith("<|im_start|>user\nRain?<|im_end|>\n<|im_start|>assistant\n")


def test_no_template_is_an_error_that_says_what_to_do(tiny_model: Path, tmp_path: Path):
    with Pool(device="cpu") as pool:
        engine = pool.open(str(templated(tiny_model, tmp_path / "m", None)))
        with pytest.raises(UserError, match="no chat template") as caught:
            engine.prompt([Message("user", "hi")])
    assert caught.value.exit_code == 2
    assert "instruct" in caught.value.fix


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.__init__.__globals__ }}",
        "{{ self._TemplateReference__context }}{{ cycler.__init__.__globals__.os.system('touch X') }}",
        "{{ messages.append('x') }}",
        "{{ raise_exception('roles must alternate') }}",
        "{% for m in messages %}",
        "{{ range(999999999) | list }}",
        "{{ nothing.at.all }}",
    ],
)
def test_a_template_that_misbehaves_is_sandboxed_and_a_clean_error(tiny_model: Path, tmp_path: Path, template: str):
    chat = Chat(templated(tiny_model, tmp_path / "m", template))
    with pytest.raises(UserError, match="chat template fails") as caught:
        chat.prompt([Message("user", "hi")])
    assert caught.value.exit_code == 2
    assert not (Path.cwd() / "X").exists()


def test_the_template_s_bos_is_the_only_one(tiny_model: Path, tmp_path: Path):
    once = tiny.CHATML.replace("{%- for", "{{- bos_token }}{%- for", 1)
    chat = Chat(templated(tiny_model, tmp_path / "m", once, bos_token="<|endoftext|>"))
    ids = list(chat.prompt([Message("user", "hi")]).token_ids)
    assert ids.count(chat.tokenizer.bos_token_id) == 1
    twice = once.replace("bos_token", "bos_token + bos_token", 1)
    chat = Chat(templated(tiny_model, tmp_path / "n", twice, bos_token="<|endoftext|>"))
    with pytest.raises(UserError, match="BOS twice"):
        chat.prompt([Message("user", "hi")])


@pytest.mark.parametrize("text", ["{{7*7}}", "{0.__class__}", "%s", "$(id)", "é\u2028\x85\0\u202e😀", "", " \n "])
def test_sample_text_is_sent_as_it_stands(tiny_model: Path, text: str):
    chat = Chat(tiny_model)
    ids = chat.prompt([Message("user", text)]).token_ids
    import unicodedata

    assert unicodedata.normalize("NFC", text) in chat.tokenizer.decode(ids)


def test_half_a_surrogate_pair_is_a_replacement_character(tiny_model: Path):
    chat = Chat(tiny_model)
    assert "a\ufffdb" in chat.tokenizer.decode(chat.prompt([Message("user", "a\ud800b")]).token_ids)


def test_answers_are_decoded_without_special_tokens(tiny_model: Path):
    chat = Chat(tiny_model)
    ids = chat.encode("A dog .<|im_end|>\n<|im_start|>")
    assert chat.decode(ids) == "A dog .\n"


def test_a_tokenizer_larger_than_the_embeddings_is_an_error_with_both_sizes(tiny_model: Path, tmp_path: Path):
    folder = tmp_path / "m"
    shutil.copytree(tiny_model, folder)
    tokenizer = Chat(folder).tokenizer
    tokenizer.add_tokens(["<extra-1>", "<extra-2>"])
    tokenizer.save_pretrained(folder)
    with Pool(device="cpu") as pool, pytest.raises(UserError) as caught:
        pool.open(str(folder))
    assert caught.value.what == "the tokenizer has 514 tokens, the model has embeddings for 512"


@pytest.mark.parametrize("damage", ["missing", "broken", "empty"])
def test_a_missing_or_broken_tokenizer_is_a_clean_error(tiny_model: Path, tmp_path: Path, damage: str):
    folder = tmp_path / "m"
    shutil.copytree(tiny_model, folder)
    if damage == "missing":
        (folder / "tokenizer.json").unlink()
        (folder / "tokenizer_config.json").unlink()
    else:
        (folder / "tokenizer.json").write_text("{}" if damage == "broken" else "")
    with Pool(device="cpu") as pool, pytest.raises(UserError) as caught:
        pool.open(str(folder)).prompt([Message("user", "hi")])
    assert str(folder) in str(caught.value.where)


def test_stop_tokens_come_from_the_tokenizer_and_the_generation_config(tiny_model: Path):
    tokenizer = Chat(tiny_model).tokenizer
    assert stop_ids(tokenizer, {}, {}) == {2}
    assert stop_ids(tokenizer, {"eos_token_id": [2, 0]}, {"eos_token_id": 1}) == {0, 2}
    assert stop_ids(tokenizer, {"eos_token_id": 1}, {}) == {1, 2}
    assert stop_ids(tokenizer, {}, {"eos_token_id": 7}) == {2, 7}


def test_the_adapter_s_template_serves_a_base_that_has_none(tiny_model: Path, tiny_adapter: Path, tmp_path: Path):
    base = templated(tiny_model, tmp_path / "model", None)
    adapter = tmp_path / "a"
    shutil.copytree(tiny_adapter, adapter)
    (adapter / "chat_template.jinja").write_text(tiny.CHATML)
    tiny.edit_json(adapter / "adapter_config.json", base_model_name_or_path=str(base))
    with Pool(device="cpu") as pool:
        assert pool.open(f"{base}+{adapter}").prompt([Message("user", "hi")]).token_ids


@pytest.mark.parametrize(
    "marks",
    [("[THINK]", "[/THINK]"), ("<|START_THINKING|>", "<|END_THINKING|>"),
     ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>")],
)  # fmt: skip
def test_special_tokens_that_mark_reasoning_stay_in_the_text(tiny_model: Path, marks: tuple[str, str]):
    chat = Chat(tiny_model)
    chat.tokenizer.add_special_tokens(
        {"additional_special_tokens": [t for m in marks for t in re.findall(r"<\|\w+\|>|\[/?\w+\]", m)]}
    )
    text = f"{marks[0]}She asks.{marks[1]}Verona"
    ids = chat.encode(text + "<|im_end|>")
    assert len(ids) < len(text)
    assert parts(chat.decode(ids)).answer == "Verona"
    assert "She asks." in parts(chat.decode(ids)).reasoning
    assert chat.decode(chat.encode("Verona<|im_end|>")) == "Verona"

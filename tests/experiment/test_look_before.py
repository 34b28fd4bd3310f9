"""What doctor finds without weights stops a run before its first answer, and a base may borrow a template."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import tiny

from fteval import cli

OTHER = tiny.CHATML.replace("assistant\n", "assistant: ")
CONFIG = """version: 1
base: {base}
candidates: {{mine: {{model: "{candidate}"}}}}
reference: none
probes: {{words: {{use: holdout, data: words.jsonl, score: regex}}}}
gates: [{{probe: words, metric: regex, max_drop: 2pp}}]
sampling: {{max_tokens: 24}}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = [{"prompt": f"Who is Romeo, number {i}?", "target": "o"} for i in range(24)]
    (tmp_path / "words.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def models(here: Path, tiny_model: Path, tiny_adapter: Path) -> tuple[Path, Path]:
    """A base and an adapter on it that was saved with another template, with a config for both."""
    base, adapter = here / "base", here / "adapter"
    shutil.copytree(tiny_model, base)
    shutil.copytree(tiny_adapter, adapter)
    tiny.edit_json(adapter / "adapter_config.json", base_model_name_or_path=str(base))
    (adapter / "chat_template.jinja").write_text(OTHER)
    (here / "fteval.yaml").write_text(CONFIG.format(base=base, candidate=f"{base}+{adapter}"))
    return base, adapter


@pytest.mark.parametrize("command", [["run"], ["run", "--dry-run"]])
def test_another_template_is_an_error_before_the_first_answer(
    here: Path, tiny_model: Path, tiny_adapter: Path, capfd: pytest.CaptureFixture[str], command: list[str]
):
    models(here, tiny_model, tiny_adapter)
    assert cli.call(command) == 2
    told = capfd.readouterr().err
    assert "different chat templates" in told and "'|im_start|>assistant: '" in told
    assert "allow: [template]" in told
    assert not list(here.glob(".fteval/runs/*"))


def test_an_allowed_template_is_measured_and_said_above_the_verdict(
    here: Path, tiny_model: Path, tiny_adapter: Path, capfd: pytest.CaptureFixture[str]
):
    models(here, tiny_model, tiny_adapter)
    config = here / "fteval.yaml"
    config.write_text(config.read_text() + "allow: [template]\n")
    assert cli.call(["run", "-o", "r.md"]) in (0, 1, 4)
    first, rest = (here / "r.md").read_text().split("|", 1)  # what stands before the first table
    assert "the candidate was asked otherwise (different chat templates" in first and rest
    capfd.readouterr()
    config.write_text(config.read_text().replace("allow: [template]\n", ""))
    assert cli.call(["gate", "latest"]) == 3  # two runs that are there already, judged without the allowance
    assert "allow: [template]" in capfd.readouterr().out


def test_a_base_without_a_template_is_asked_by_its_adapter_s(
    here: Path, tiny_model: Path, tiny_adapter: Path, capfd: pytest.CaptureFixture[str]
):
    base, _ = models(here, tiny_model, tiny_adapter)
    (base / "chat_template.jinja").unlink()
    assert cli.call(["run", "--json"]) in (0, 1, 4)
    told = capfd.readouterr()
    assert "has no chat template: it is asked by the one of" in told.err
    templates = {
        json.loads(path.read_text())["plan"]["engine"]["template"] for path in here.glob(".fteval/runs/*/manifest.json")
    }
    assert len(templates) == 1 and None not in templates


@pytest.mark.parametrize("lost", ["by the template", "by the tokenizer"])
def test_questions_that_become_the_same_tokens_are_an_error(
    here: Path, tiny_model: Path, tiny_adapter: Path, capfd: pytest.CaptureFixture[str], lost: str
):
    base, adapter = models(here, tiny_model, tiny_adapter)
    (adapter / "chat_template.jinja").unlink()
    if lost == "by the template":
        (base / "chat_template.jinja").write_text("<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n")
    else:
        saved = json.loads((base / "tokenizer.json").read_text())
        saved["normalizer"] = {"type": "Replace", "pattern": {"Regex": "[^<|>_]"}, "content": ""}
        (base / "tokenizer.json").write_text(json.dumps(saved))
        tiny.edit_json(base / "config.json", model_type="llama")
        tiny.edit_json(base / "tokenizer_config.json", tokenizer_class="TokenizersBackend")
    assert cli.call(["run"]) == 2
    assert "different questions are the same tokens to this model" in capfd.readouterr().err


def test_a_template_that_loses_some_questions_is_caught_where_they_are_asked(
    here: Path, tiny_model: Path, tiny_adapter: Path, capfd: pytest.CaptureFixture[str]
):
    base, adapter = models(here, tiny_model, tiny_adapter)
    (adapter / "chat_template.jinja").unlink()
    (base / "chat_template.jinja").write_text(tiny.CHATML.replace("message['content']", "message['content'][:20]"))
    assert cli.call(["run"]) == 2
    told = capfd.readouterr().err
    assert "different questions are the same tokens" in told
    assert "number 0?" in told and "number 1?" in told


def test_doctor_raises_no_alarm_on_a_bos_that_opens_every_turn(
    here: Path, tiny_model: Path, capfd: pytest.CaptureFixture[str]
):
    """As of SmolLM2: BOS is <|im_start|>, and the template puts in a system turn of its own."""
    base = here / "base"
    shutil.copytree(tiny_model, base)
    tiny.edit_json(base / "tokenizer_config.json", bos_token="<|im_start|>")
    system = "{{- '<|im_start|>system\nBe kind.<|im_end|>\n' }}"
    (base / "chat_template.jinja").write_text(system + tiny.CHATML)
    assert cli.call(["doctor", "--model", str(base)]) == 0
    [line] = [line for line in capfd.readouterr().out.splitlines() if "one BOS" in line]
    assert line.startswith("ok")
    (base / "chat_template.jinja").write_text("{% for m in messages %}{{ bos_token + m['content'] }}{% endfor %}" * 2)
    cli.call(["doctor", "--model", str(base)])
    [line] = [line for line in capfd.readouterr().out.splitlines() if "one BOS" in line]
    assert line.startswith("?") and "2 times" in line

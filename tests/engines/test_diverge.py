"""How far two models lie from each other, against torch and PEFT loaded without fteval."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiny

from fteval import cli
from fteval.engines.pool import Pool
from fteval.records import Generation, Message, Request, Sampling

QUESTIONS = ["Where does Juliet live?", "What is a horse?", "Who loves Juliet?", "Tell me about a dog."]


def diverged(base: str, model: str) -> tuple[dict[str, Generation], dict[str, str], list[Request], Any]:
    """The model's answers by key, its base's texts, the requests, and how texts become tokens."""
    sampling = Sampling(max_tokens=12)
    with Pool() as pool:
        one, other = pool.open(model), pool.open(base)
        requests = [Request(f"{i}", f"s{i}", one.prompt([Message("user", q)])) for i, q in enumerate(QUESTIONS)]
        found = {g.key: g for group in one.diverge(requests, sampling, other) for g in group}
        texts = {g.key: g.text for group in other.generate(requests, sampling) for g in group}
        return found, texts, requests, one.chat.continuation


def test_it_is_what_torch_says_of_the_two_models(tiny_model: Path, tiny_adapter: Path) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    found, texts, requests, tokens = diverged(str(tiny_model), f"{tiny_model}+{tiny_adapter}")
    plain = AutoModelForCausalLM.from_pretrained(tiny_model).eval()
    tuned = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_model), tiny_adapter).eval()

    def places(model: Any, prompt: list[int], text: list[int]) -> torch.Tensor:
        with torch.no_grad():
            return model(torch.tensor([[*prompt, *text]])).logits[0, len(prompt) - 1 :].log_softmax(-1)

    def kl(p: torch.Tensor, q: torch.Tensor) -> float:
        return float(torch.nn.functional.kl_div(q, p, log_target=True, reduction="none").sum(-1).mean())

    for request in requests:
        answer = found[request.key]
        assert answer.text is not None and answer.divergence is not None
        prompt, text = tokens(request.prompt, texts[request.key])
        p, q = places(plain, prompt, text), places(tuned, prompt, text)
        assert answer.divergence.kl == pytest.approx(kl(p, q), rel=1e-4, abs=1e-6)
        assert answer.divergence.kept == pytest.approx(float((p.argmax(-1) == q.argmax(-1)).double().mean()))
        assert answer.divergence.tokens == len(text) + 1
        prompt, text = tokens(request.prompt, answer.text)
        back = kl(places(tuned, prompt, text), places(plain, prompt, text))
        assert answer.divergence.back == pytest.approx(back, rel=1e-4, abs=1e-6)
        assert answer.divergence.kl > 0.001


def test_a_base_does_not_lie_apart_from_itself(tiny_model: Path) -> None:
    found, *_ = diverged(str(tiny_model), str(tiny_model))
    assert [(g.divergence.kl, g.divergence.back, g.divergence.kept) for g in found.values()] == [(0, 0, 1)] * 4


def test_full_weights_are_held_against_their_base_too(tiny_model: Path, tmp_path: Path) -> None:
    other = tiny.make_model(tmp_path / "other", seed=5)
    found, *_ = diverged(str(tiny_model), str(other))
    assert all(g.divergence.kl > 1 and g.divergence.kept < 0.5 for g in found.values())


def test_a_padded_vocabulary_is_no_other_one(tiny_model: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    model.resize_token_embeddings(pad_to_multiple_of=100, mean_resizing=False)
    assert model.config.vocab_size == 600
    shutil.copytree(tiny_model, tmp_path / "padded")
    model.save_pretrained(tmp_path / "padded")
    for base, other in ((tiny_model, tmp_path / "padded"), (tmp_path / "padded", tiny_model)):
        found, *_ = diverged(str(base), str(other))
        assert all(g.divergence is not None and g.divergence.kl < 1e-5 for g in found.values())


def test_where_the_base_s_answer_breaks_a_model_it_has_not_stayed_near(tiny_model: Path, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    other = tiny.make_model(tmp_path / "other", seed=5, tie_word_embeddings=False)
    found, texts, (request, *_), tokens = diverged(str(tiny_model), str(other))
    prompt, read = tokens(request.prompt, texts[request.key])
    written = tokens(request.prompt, found[request.key].text)[1]
    model = AutoModelForCausalLM.from_pretrained(other)
    with torch.no_grad():
        model.get_input_embeddings().weight[next(iter(set(read) - {*prompt, *written}))] = torch.nan
    shutil.copytree(other, tmp_path / "broken")
    model.save_pretrained(tmp_path / "broken")
    broken = diverged(str(tiny_model), str(tmp_path / "broken"))[0][request.key]
    assert broken.failure is not None and broken.failure.kind == "nan_logits"


def test_models_of_other_tokens_are_not_held_against_each_other(tiny_model: Path) -> None:
    found, *_ = diverged("nano", str(tiny_model))
    assert len(found) == 4 and all(g.ok and g.divergence is None for g in found.values())


def report(folder: Path, *args: str) -> dict[str, Any]:
    out = folder / "out.json"
    out.unlink(missing_ok=True)
    store = ["--store", str(folder / "store"), "-q", "-o", str(out)]
    assert cli.call(["run", "--probe", "drift", "-n", "6", *args, *store]) in (0, 4)
    return json.loads(out.read_text())


def test_a_run_keeps_it_for_comparison_and_for_scoring_anew(
    tiny_model: Path, tiny_adapter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = report(tmp_path, "--model", f"{tiny_model}+{tiny_adapter}", "--against", str(tiny_model))
    (candidate,) = found["candidates"]
    metrics = {m["metric"]: m for m in candidate["metrics"]}
    assert metrics["kl"]["base"] == 0 and metrics["kl"]["candidate"] > 0.001
    assert metrics["top1_kept"]["base"] == 1 and metrics["top1_kept"]["candidate"] < 1
    capsys.readouterr()
    assert cli.call(["score", candidate["run"], "--store", str(tmp_path / "store"), "--json"]) == 0


def test_without_a_base_or_without_weights_nothing_is_scored_and_nothing_fails(
    tiny_model: Path, tmp_path: Path, make_adapter: Callable[..., Path]
) -> None:
    alone = report(tmp_path, "--model", str(tiny_model))
    assert alone["errors"] == 0 and {m["value"] for m in alone["metrics"]} == {None}
    outputs = tmp_path / "outputs.jsonl"
    outputs.write_text(json.dumps({"prompt": "Describe a dog.", "output": "A dog."}) + "\n", encoding="utf-8")
    replayed = report(tmp_path, "--model", f"replay:{outputs}", "--against", str(tiny_model))
    (candidate,) = replayed["candidates"]
    assert {m["errors"] for m in candidate["metrics"]} == {0} and {m["candidate"] for m in candidate["metrics"]} == {
        None
    }

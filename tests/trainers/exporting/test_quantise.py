"""Eight bits in safetensors that transformers loads by itself."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from fteval.errors import UserError
from fteval.trainers.exporting.how import How
from fteval.trainers.exporting.make import tools


def test_a_missing_library_is_said_before_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(UserError, match="--quantise int8 needs torchao") as caught:
        tools(How(quantise="int8"))
    assert caught.value.fix == "pip install 'fteval[quantise]'"


@pytest.mark.slow
def test_linear_layers_are_int8_and_near_what_they_were(tiny_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("torchao", reason="pip install 'fteval[quantise]'")
    import torch
    from transformers import AutoModelForCausalLM

    from fteval.trainers.exporting.quantise import quantise

    quantise(tiny_model, tmp_path, "float32")
    ids = torch.tensor([[1, 40, 41, 42]])
    whole, small = (AutoModelForCausalLM.from_pretrained(p).eval() for p in (tiny_model, tmp_path))
    assert "Int8" in type(small.model.layers[0].mlp.up_proj.weight).__name__
    assert json.loads((tmp_path / "config.json").read_text())["quantization_config"]["quant_method"] == "torchao"
    with torch.no_grad():
        a, b = whole(ids).logits, small(ids).logits
    # A row's scale of 1/127 of its largest weight: about a hundredth of each weight's size is rounded away.
    assert 0 < float((a - b).abs().mean() / a.abs().mean()) < 0.1

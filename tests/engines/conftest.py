"""References from outside: the same answers by transformers' own `generate`, one prompt at a time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # `from engine_helpers import …`, whatever pytest's import mode

from fteval.engines import Pool
from fteval.records import Request


@pytest.fixture
def pool() -> Any:
    with Pool(device="cpu") as opened:
        yield opened


@pytest.fixture(scope="session")
def generate_alone() -> Callable[..., list[list[int]]]:
    """`generate_alone(folder, adapter, requests, max_tokens)`: token ids by transformers, batch 1, greedy, float32."""

    def run(folder: Path, adapter: Path | None, asked: Sequence[Request], max_tokens: int, **options: Any) -> Any:
        import torch
        from transformers import AutoModelForCausalLM

        model: Any = AutoModelForCausalLM.from_pretrained(folder)
        if adapter is not None:
            from peft import PeftModel

            model = PeftModel.from_pretrained(model, str(adapter))
        model.eval()
        found = []
        for request in asked:
            ids = torch.tensor([request.prompt.token_ids])
            out = model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=max_tokens,
                do_sample=False,
                **options,
            )
            found.append(out[0, ids.shape[1] :].tolist())
        return found

    return run

"""References from outside: the same answers by transformers' own `generate`, one prompt at a time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from asking import KEY, Done, answers, holdout
from servers.fake import Server
from servers.model import Model

sys.path.insert(0, str(Path(__file__).parent))  # `from engine_helpers import …`, whatever pytest's import mode

from fteval import cli
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


N = 20
"""Rows of the hold-out that a server test starts with."""


@pytest.fixture
def server() -> Iterator[Server]:
    """A stand-in server whose model knows the answers of `data` and more."""
    with Server(Model(answers=answers(1000))) as listening:
        yield listening


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with a key in the environment and no proxy."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "openai_base_url"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return tmp_path


@pytest.fixture
def data(here: Path) -> Path:
    """A hold-out of N rows."""
    return holdout(here / "words.jsonl", N)


@pytest.fixture
def run(here: Path, server: Server, data: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """`run(…)`: `fteval run` of the server's model on the hold-out, in this process, with more arguments.

    `model`, `holdout` and `store` take the place of the usual ones; `holdout=None` leaves it to a config.
    """

    def call(*args: str, model: str | None = None, holdout: Path | None = data, store: str = ".fteval") -> Done:
        capfd.readouterr()
        what = ["--holdout", str(holdout), "--score", "exact"] if holdout else []
        which = ["--model", model or server.ref] if holdout or model else []
        code = cli.call(["run", *which, *what, "--store", store, *args])
        return Done(code, *capfd.readouterr())

    return call

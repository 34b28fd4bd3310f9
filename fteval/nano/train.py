"""Nano's training loop: tokens and loss weights, batches of like length, two optimizers, one pass over the corpus."""

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from fteval.nano.corpus import Conversation
from fteval.nano.muon import Muon
from fteval.nano.recipe import Recipe
from fteval.nano.tokenizer import END_OF_TURN, TURN

REPORT_EVERY = 50
"""Steps."""
SORTED_TOGETHER = 4096
"""Conversations whose lengths are sorted before they are cut into batches; the batches are then shuffled."""


@dataclass(frozen=True, slots=True)
class Example:
    ids: list[int]
    weights: list[float]
    """Per token: 1 within an answer and its end mark, `prompt_weight` elsewhere."""


@dataclass(frozen=True, slots=True)
class Progress:
    step: int
    n_steps: int
    loss: float
    """Mean over the answers' tokens since the last report (prompts are in with their small weight)."""
    n_tokens: int
    seconds: float


def encode(corpus: Sequence[Conversation], tokenizer: Any, recipe: Recipe) -> list[Example]:
    """Exactly what the chat template renders, in pieces, so that the answers are known. Too long ones are left out."""
    heads = {role: tokenizer.encode(f"{TURN}{role}\n") for role in ("system", "user", "assistant")}
    newline: list[int] = tokenizer.encode("\n")
    contents = [message["content"] + END_OF_TURN for conversation in corpus for message in conversation]
    encoded = iter(tokenizer.backend_tokenizer.encode_batch_fast(contents, add_special_tokens=False))
    examples = []
    for conversation in corpus:
        ids: list[int] = []
        weights: list[float] = []
        for message in conversation:
            head, content = heads[message["role"]], next(encoded).ids
            ids += [*head, *content, *newline]
            learnt = message["role"] == "assistant" and "given" not in message
            weight = 1.0 if learnt else recipe.prompt_weight
            weights += [recipe.prompt_weight] * len(head) + [weight] * len(content) + [recipe.prompt_weight]
        if len(ids) <= recipe.max_positions:
            examples.append(Example(ids[:-1], weights[:-1]))  # the last newline is never predicted from an answer
    return examples


def batches(examples: Sequence[Example], recipe: Recipe) -> Iterator[list[Example]]:
    """Every example once; batches hold `batch_tokens` tokens at most, padding included."""
    rng = random.Random(recipe.seed)
    for first in range(0, len(examples), SORTED_TOGETHER):
        chunk = sorted(examples[first : first + SORTED_TOGETHER], key=lambda example: len(example.ids))
        cut: list[list[Example]] = [[]]
        for example in chunk:
            if cut[-1] and (len(cut[-1]) + 1) * len(example.ids) > recipe.batch_tokens:
                cut.append([])
            cut[-1].append(example)
        rng.shuffle(cut)
        yield from cut


def build_model(recipe: Recipe, tokenizer: Any) -> Any:
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(recipe.seed)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=recipe.hidden,
        intermediate_size=recipe.feed_forward,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        num_key_value_heads=recipe.key_value_heads,
        max_position_embeddings=recipe.max_positions,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return Qwen2ForCausalLM(config)


def loss_of(model: Any, batch: Sequence[Example], pad: int, device: str) -> torch.Tensor:
    """Weighted mean over the predicted tokens of a right-padded batch (causal, so padding needs no mask)."""
    width = max(len(example.ids) for example in batch)
    ids = torch.tensor([example.ids + [pad] * (width - len(example.ids)) for example in batch], device=device)
    weights = torch.tensor(
        [example.weights[1:] + [0.0] * (width - len(example.ids)) for example in batch], device=device
    )
    logits = model(input_ids=ids, use_cache=False).logits[:, :-1]  # (batch, time - 1, vocabulary)
    losses = cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none").view_as(weights)
    return (losses * weights).sum() / weights.sum()


def train(
    model: Any,
    examples: Sequence[Example],
    recipe: Recipe,
    n_steps: int,
    report: Callable[[Progress], None],
    peak: float = 1.0,
    schedule: int | None = None,
) -> Progress:
    """Trains in place for `n_steps` batches; both rates rise over the warm-up and later fall linearly.

    They start at `peak` times the recipe's and reach zero at step `schedule`, by default the last one. The optimizers
    start anew at each call.
    """
    schedule = schedule or n_steps
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device).train()
    inner = {id(p) for p in model.model.layers.parameters() if p.ndim == 2}
    muon = Muon([p for p in model.parameters() if id(p) in inner], recipe.weight_decay)
    adam = torch.optim.AdamW(
        [p for p in model.parameters() if id(p) not in inner], lr=recipe.rate, betas=(0.9, 0.95), weight_decay=0.0
    )
    start, n_tokens, recent = time.monotonic(), 0, []
    progress = Progress(0, n_steps, math.nan, 0, 0.0)
    for step, batch in zip(range(1, n_steps + 1), batches(examples, recipe), strict=False):
        share = peak * min(1.0, step / recipe.warmup_steps) * min(1.0, (schedule - step + 1) / (0.8 * schedule))
        for group in adam.param_groups:
            group["lr"] = recipe.rate * share
        loss = loss_of(model, batch, model.config.pad_token_id, device)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        muon.step(recipe.matrix_rate * share)
        adam.step()
        model.zero_grad(set_to_none=True)
        n_tokens += sum(len(example.ids) for example in batch)
        recent.append(float(loss.detach()))
        if step % REPORT_EVERY == 0 or step == n_steps:
            progress = Progress(step, n_steps, sum(recent) / len(recent), n_tokens, time.monotonic() - start)
            report(progress)
            recent = []
    model.to("cpu").eval()
    return progress

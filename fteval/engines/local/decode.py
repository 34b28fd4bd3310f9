"""The decoding loop: one batch of prompts to answers.

What it does that `generate` does not: the key-value buffer grows by blocks instead of being copied at each step, rows
that are done leave the batch when a quarter of it is, prompts of very different lengths are read in groups, and what
all prompts begin with is read once. The texts are the same; `generate` itself is the way for models whose cache is not
the standard one, with the same picking of tokens.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from fteval.engines.local.cache import growing_cache, join_caches, keep_rows, pick_rows, slides
from fteval.engines.local.chat import Chat
from fteval.engines.local.sampling import BROKEN, STUCK, Constrains, Picker
from fteval.records import Sampling
from fteval.records.readings import READ

DONE_SHARE = 0.25
"""Rows leave the batch when this share of it is done: sooner copies more than it saves, later drags them along."""
WORTH_SHARING = 16
"""Tokens that all prompts of a batch must begin with before these are read apart."""


@dataclass(frozen=True, slots=True)
class Row:
    """One answer to make."""

    index: int
    """The caller's number for it."""
    ids: tuple[int, ...]
    longest: int
    """Tokens that it may have, at least 1."""
    seed: int


@dataclass(slots=True)
class Answer:
    """What came out for a row: its tokens with the one that ended it."""

    row: Row
    tokens: list[int] = field(default_factory=list)
    reason: str | None = None
    """`stop`, `length`, `broken` (logits that are no numbers) or `stuck` (no token was allowed); None while it goes
    on."""
    text: str | None = None
    """Set where a stop text cut it; else the caller decodes the tokens."""
    nats: list[float] = field(default_factory=list)
    """Log p of its first tokens, READ at most."""


class Ends:
    """When an answer is done: a stop token, a stop text that perhaps spans tokens, or its length."""

    def __init__(self, stop_ids: frozenset[int], stop_texts: Sequence[str], chat: Chat) -> None:
        self.stop_ids, self.texts, self.chat = stop_ids, tuple(t for t in stop_texts if t), chat
        # A token holds at least one byte, so this many tokens hold any stop text that ends in the newest one.
        self.tail = max((len(t.encode("utf-8", "surrogatepass")) for t in self.texts), default=0) + 4

    def add(self, answer: Answer, token: int) -> bool:
        """Takes a token into an answer; True when that ends it."""
        if token in (BROKEN, STUCK):
            answer.reason = "broken" if token == BROKEN else "stuck"
            return True
        answer.tokens.append(token)
        if token in self.stop_ids:
            answer.reason = "stop"
        elif self.texts and any(t in self.chat.decode(answer.tokens[-self.tail :]) for t in self.texts):
            self._cut(answer)
        if answer.reason is None and len(answer.tokens) >= answer.row.longest:
            answer.reason = "length"
        return answer.reason is not None

    def _cut(self, answer: Answer) -> None:
        text = self.chat.decode(answer.tokens)
        found = [at for at in (text.find(stop) for stop in self.texts) if at >= 0]
        if found:
            answer.reason, answer.text = "stop", text[: min(found)]


class Model:
    """A causal model as the loop calls it: what its forward takes, and whether its cache is a standard one."""

    def __init__(self, module: Any, inner: Any, pad: int, why_not: str | None = None) -> None:
        """`module` is called; `inner` is the transformers model in it (the same, unless an adapter wraps it)."""
        self.module, self.config, self.pad = module, inner.config, pad
        self.device = inner.device
        takes = inspect.signature(inner.forward).parameters
        self.takes_positions = "position_ids" in takes and why_not is None
        self.takes_keep = "logits_to_keep" in takes
        self.why_not = why_not or why_not_standard(inner)
        """Why the own loop cannot run it; None where it can."""
        self.shares = self.why_not is None and self.takes_positions and not slides(self.config)
        """Whether prompts may share what they begin with: padding then stands inside a row, so positions must be
        given by number, not by column."""
        attention = getattr(self.config, "_attn_implementation", None)
        self.branches = self.shares and attention in ("sdpa", "eager")
        """Whether a row may hold several texts that do not see each other: attention must take a mask for that."""
        self.dtype = inner.dtype
        self.positions_read = 0
        """Rows times columns pushed through so far, padding included."""

    def __call__(self, ids: Any, mask: Any, positions: Any, cache: Any = None, *, keep: int = 1) -> Any:
        """Logits (rows, keep or fewer columns, vocabulary) of the last columns of `ids`."""
        self.positions_read += ids.numel()
        more: dict[str, Any] = (
            {"past_key_values": cache, "use_cache": True} if cache is not None else {"use_cache": False}
        )
        if self.takes_positions:
            more["position_ids"] = positions
        if self.takes_keep:
            more["logits_to_keep"] = keep
        return self.module(input_ids=ids, attention_mask=mask, **more).logits[:, -keep:]


def why_not_standard(inner: Any) -> str | None:
    """Why a model needs `generate`: None for a decoder with transformers' own input preparation and cache layers."""
    from transformers.generation.utils import GenerationMixin

    if getattr(inner.config, "is_encoder_decoder", False):
        return "an encoder-decoder"
    if type(inner).prepare_inputs_for_generation is not GenerationMixin.prepare_inputs_for_generation:
        return "its own preparation of inputs"
    takes = inspect.signature(inner.forward).parameters
    if "past_key_values" not in takes or "attention_mask" not in takes:
        return "no standard cache"
    try:
        cache = growing_cache(inner.config)
    except (AttributeError, KeyError, TypeError, ValueError):
        return "no standard cache"
    return None if cache is not None else "cache layers of another kind"


@torch.no_grad()
def decode(
    model: Model,
    rows: Sequence[Row],
    sampling: Sampling,
    ends: Ends,
    *,
    prefill_tokens: int,
    constrains: Constrains | None = None,
) -> Generator[list[Answer], None, None]:
    """Answers to one batch, in groups as they are done. `prefill_tokens` bounds what is read in one forward call."""
    rows = sorted(rows, key=lambda row: len(row.ids), reverse=True)
    if model.why_not is not None:
        yield generated(model, rows, sampling, ends, constrains)
        return
    answers = [Answer(row) for row in rows]
    longest = max(row.longest for row in rows)
    picker = Picker(sampling, [row.ids for row in rows], [row.seed for row in rows], longest, constrains)
    logits, cache, mask = read(model, rows, prefill_tokens)
    width = mask.shape[1]
    room = torch.ones((len(rows), width + longest), dtype=mask.dtype, device=mask.device)
    room[:, :width] = mask
    positions = torch.tensor([[len(row.ids)] for row in rows], device=model.device)
    while True:
        tokens = picker(logits)
        if len(answers[0].nats) < READ:
            for answer, nats in zip(answers, log_probabilities(logits, tokens), strict=True):
                answer.nats.append(nats)
        del logits
        for answer, token in zip(answers, tokens.tolist(), strict=True):
            if answer.reason is None:
                ends.add(answer, token)
        done = [answer for answer in answers if answer.reason is not None]
        if len(done) == len(answers):
            yield done
            return
        if len(done) >= DONE_SHARE * len(answers):
            kept = [i for i, answer in enumerate(answers) if answer.reason is None]
            keep_rows(cache, kept)
            index = torch.tensor(kept)
            picker.keep(index)
            tokens, answers = tokens[index], [answers[i] for i in kept]
            index = index.to(model.device)
            room, positions = room[index], positions[index]
            yield done
        # Rows that are done and still in the batch read anything: nobody looks at them again.
        ids = tokens.clamp(min=0).unsqueeze(-1).to(model.device)
        width += 1
        logits = model(ids, room[:, :width], positions, cache)[:, -1]
        positions = positions + 1


def read(model: Model, rows: Sequence[Row], prefill_tokens: int) -> tuple[Any, Any, Any]:
    """As `prefill`; a prompt to which several answers are drawn is read once."""
    unique = list({row.ids: row for row in rows}.values())
    logits, cache, mask = prefill(model, unique, prefill_tokens)
    if len(unique) == len(rows):
        return logits, cache, mask
    place = {row.ids: at for at, row in enumerate(unique)}
    index = torch.tensor([place[row.ids] for row in rows], device=mask.device)
    pick_rows(cache, index)
    return logits[index], cache, mask[index]


def prefill(model: Model, rows: Sequence[Row], prefill_tokens: int) -> tuple[Any, Any, Any]:
    """The prompts read: logits after them (rows, vocabulary), the cache, and the mask (rows, columns)."""
    shared = shared_prefix([row.ids for row in rows]) if model.shares and len(rows) > 1 else 0
    prefix = None
    if shared >= WORTH_SHARING:
        ids = torch.tensor([rows[0].ids[:shared]], device=model.device)
        prefix = growing_cache(model.config)
        model(ids, torch.ones_like(ids), torch.arange(shared, device=model.device).unsqueeze(0), prefix)
    else:
        shared = 0
    logits, caches, masks = [], [], []
    for group in groups([len(row.ids) - shared for row in rows], prefill_tokens):
        part = [rows[i].ids[shared:] for i in group]
        ids, mask = padded(part, model.pad, model.device)
        positions = (mask.cumsum(-1) - 1).clamp(min=0) + shared
        cache = growing_cache(model.config)
        assert cache is not None
        if prefix is not None:
            for layer, source in zip(cache.layers, prefix.layers, strict=True):
                layer.begin_with(source, len(part))
            mask = torch.cat([mask.new_ones((len(part), shared)), mask], -1)
        logits.append(model(ids, mask, positions, cache)[:, -1].float())
        caches.append(cache)
        masks.append(mask)
    width = max(mask.shape[1] for mask in masks)
    masks = [torch.nn.functional.pad(mask, (width - mask.shape[1], 0)) for mask in masks]
    return torch.cat(logits), join_caches(model.config, caches), torch.cat(masks)


def log_probabilities(logits: Any, tokens: Any) -> list[float]:
    """Of one token a row, by logits (rows, vocabulary)."""
    at, logits = tokens.clamp(min=0).unsqueeze(-1).to(logits.device), logits.float()
    return (logits.gather(-1, at).squeeze(-1) - logits.logsumexp(-1)).tolist()  # type: ignore[no-any-return]


def padded(ids: Sequence[Sequence[int]], pad: int, device: Any) -> tuple[Any, Any]:
    """Token ids (rows, columns), padded on the left, and the mask of what is not padding."""
    width = max(len(row) for row in ids)
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in ids], device=device)
    return torch.tensor([[pad] * (width - len(row)) + list(row) for row in ids], device=device), mask


def groups(lengths: Sequence[int], tokens: int) -> list[list[int]]:
    """Indices of falling lengths in runs whose rows times longest row is at most `tokens` (one row may be more)."""
    found: list[list[int]] = []
    for index, length in enumerate(lengths):
        if found and (len(found[-1]) + 1) * max(lengths[found[-1][0]], length) <= tokens:
            found[-1].append(index)
        else:
            found.append([index])
    return found


def shared_prefix(rows: Sequence[tuple[int, ...]]) -> int:
    """How many tokens all rows begin with, leaving each at least one of its own."""
    low, high = min(rows), max(rows)  # what the first and the last in order share, all between share
    count = 0
    for a, b in zip(low, high, strict=False):
        if a != b:
            break
        count += 1
    return min(count, min(len(row) for row in rows) - 1)


def generated(
    model: Model, rows: Sequence[Row], sampling: Sampling, ends: Ends, constrains: Constrains | None = None
) -> list[Answer]:
    """The same answers through `generate`, which only runs the model: tokens are picked and ended here."""
    from transformers import GenerationConfig
    from transformers.generation.logits_process import LogitsProcessor, LogitsProcessorList

    answers = [Answer(row) for row in rows]
    longest = max(row.longest for row in rows)
    picker = Picker(sampling, [row.ids for row in rows], [row.seed for row in rows], longest, constrains)
    end = min(ends.stop_ids) if ends.stop_ids else model.pad

    class Pick(LogitsProcessor):  # type: ignore[misc]
        """Leaves one token possible per row: the picked one, or the stop token for a row that is done."""

        def __call__(self, input_ids: Any, scores: Any) -> Any:
            chosen = picker(scores).tolist()
            for row, answer in enumerate(answers):
                if answer.reason is not None or ends.add(answer, chosen[row]):
                    chosen[row] = end
            only = torch.full_like(scores, -torch.inf)
            return only.scatter(-1, torch.tensor(chosen, device=scores.device).unsqueeze(-1), 0.0)

    config = GenerationConfig(
        do_sample=False, num_beams=1, num_return_sequences=1, temperature=1.0, top_k=0, top_p=1.0,
        repetition_penalty=1.0, no_repeat_ngram_size=0, use_cache=True, max_new_tokens=longest,
        min_new_tokens=0, eos_token_id=end, pad_token_id=model.pad,
    )  # fmt: skip
    ids, mask = padded([row.ids for row in rows], model.pad, model.device)
    # The checkpoint's own generation config would fill what is left open, so all that matters is said above.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PEFT's, on positions that it sets itself
        model.module.generate(
            input_ids=ids, attention_mask=mask, generation_config=config, logits_processor=LogitsProcessorList([Pick()])
        )
    model.positions_read += ids.numel() + sum(len(answer.tokens) for answer in answers)
    return answers

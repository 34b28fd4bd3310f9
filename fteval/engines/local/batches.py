"""Which rows are computed together, and what happens when they do not fit into memory.

A batch is bounded by padded tokens, never probed by trial ("auto" batch sizes took 12 GB and five minutes on a CPU).
"""

from __future__ import annotations

import gc
from collections.abc import Sequence

MOST_ROWS = {"cpu": 64, "mps": 64}
"""More rows gain 3 % on a CPU and cost half as much memory again."""
MOST_ROWS_ELSEWHERE = 256
BATCH_TOKENS = {"cpu": 32_768, "mps": 32_768}
BATCH_TOKENS_ELSEWHERE = 131_072
PREFILL_TOKENS = {"cpu": 2_048, "mps": 8_192}
"""Prompt tokens in one forward call: enough to be busy, few enough to keep activations small."""
PREFILL_TOKENS_ELSEWHERE = 16_384
WEIGHED_TOKENS = {"cpu": 1_024}
"""Where nothing is generated after: half as many stay in a small model's caches, 13 % faster."""


def most_rows(device: str) -> int:
    return MOST_ROWS.get(device, MOST_ROWS_ELSEWHERE)


def default_tokens(device: str) -> int:
    return BATCH_TOKENS.get(device, BATCH_TOKENS_ELSEWHERE)


def prefill_tokens(device: str) -> int:
    return PREFILL_TOKENS.get(device, PREFILL_TOKENS_ELSEWHERE)


def weighed_tokens(device: str) -> int:
    return WEIGHED_TOKENS.get(device, prefill_tokens(device))


def plan(
    lengths: Sequence[int], answers: Sequence[int], *, tokens: int, rows: int, one_length: bool = False
) -> list[list[int]]:
    """Batches of indices, longest prompts first: what does not fit into memory shows at once, not after an hour.

    Rows times (longest prompt + longest answer) is at most `tokens`, but a batch has at least one row. With
    `one_length`, all prompts of a batch are equally long.
    """
    batches: list[list[int]] = []
    width = answer = 0
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        longest = max(answer, answers[index])
        full = (
            not batches
            or len(batches[-1]) >= rows
            or (len(batches[-1]) + 1) * (width + longest) > tokens
            or (one_length and lengths[index] != width)
        )
        if full:
            batches.append([])
            width, longest = lengths[index], answers[index]
        batches[-1].append(index)
        answer = longest
    return batches


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, by its type where it has one."""
    import torch

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    # The CPU allocator has no type of its own.
    return isinstance(error, RuntimeError) and any(
        words in str(error) for words in ("DefaultCPUAllocator", "can't allocate memory", "MPS backend out of memory")
    )


def free_memory(device: str) -> None:
    """Gives back what a failed batch held."""
    import torch

    gc.collect()
    if device.startswith("cuda"):
        torch.cuda.empty_cache()


def device_class(device: str) -> str:
    """The kind of device, as far as it moves numbers: `cpu`, `mps`, or a GPU's architecture."""
    if device.startswith("cuda"):
        import torch

        major, minor = torch.cuda.get_device_capability(device)
        return f"cuda sm_{major}{minor}"
    return device

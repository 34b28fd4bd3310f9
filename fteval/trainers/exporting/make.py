"""A candidate's export, from its weights to the files that ship: merged → numbers → perhaps fewer bits, or GGUF."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fteval.engines.local.chat import Chat
from fteval.engines.local.folders import Located
from fteval.errors import UserError
from fteval.trainers.exporting import gguf, quantise, served
from fteval.trainers.exporting.how import How, check_source
from fteval.trainers.exporting.place import Bench
from fteval.trainers.exporting.write import base_dtype, needed_bytes, passives, write
from fteval.trainers.making.weights import writing


@dataclass(frozen=True, slots=True)
class Source:
    """A candidate that will be exported, looked at."""

    located: Located
    chat: Chat
    probes: list[list[int]]
    """Token ids of a few prompts, on which merged and unmerged weights are compared."""
    how: How
    tools: Tools


@dataclass(frozen=True, slots=True)
class Tools:
    """What of llama.cpp is used, where a GGUF file is made."""

    converter: Path | None = None
    server: tuple[str, ...] = ()


def tools(how: How) -> Tools:
    """What this export needs beside torch. Raises UserError for what is not installed."""
    if how.quantise:
        quantise.check_installed()
    return Tools(gguf.converter(), tuple(served.server())) if how.gguf else Tools()


def dtype_of(located: Located, how: How) -> str:
    """The numbers that are written; of a GGUF file those that its converter reads."""
    return how.dtype or ("float32" if how.gguf == "f32" else base_dtype(located))


def needed(source: Source) -> int:
    """Bytes of disk while it is made."""
    twice = bool(source.how.quantise or source.how.gguf)
    return needed_bytes(source.located, dtype_of(source.located, source.how), twice=twice)


def check(located: Located, how: How) -> None:
    """Raises UserError for what cannot be made of this candidate."""
    check_source(located, how)
    if how.dtype is not None and located.adapter is None and how.dtype == base_dtype(located) and not how.quantise:
        raise UserError(
            f"{located.ref.label} is a full model in {how.dtype} already: there is nothing to do",
            where=str(located.folder),
            fix="use the folder as it is",
        )


def make(source: Source, bench: Bench, tell: Callable[[str], None]) -> None:
    """Leaves in `bench.made` what would ship. Raises Incomplete where disk, memory or a tool fails."""
    from fteval.trainers.exporting.merge import merged  # brings torch

    how, dtype = source.how, dtype_of(source.located, source.how)
    last = bench.made if not (how.quantise or how.gguf) else bench.whole
    tell("merging" if source.located.adapter else "loading")
    model = merged(source.located, source.probes)
    with writing(bench.made):
        write(model, source.located, source.chat, dtype, last)
        del model
        if how.quantise:
            tell("quantising")
            quantise.quantise(bench.whole, bench.made, dtype)
            passives(source.located, source.chat, bench.made)
        if how.gguf and source.tools.converter:
            tell("converting to GGUF")
            gguf.convert(source.tools.converter, bench.whole, bench.made / f"model-{how.gguf}.gguf", how.gguf)


def gguf_file(made: Path) -> Path | None:
    """The GGUF file of an export, where it is one."""
    return next(iter(sorted(made.glob("*.gguf"))), None)

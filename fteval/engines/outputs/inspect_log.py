"""`.eval`, the log of inspect: read by its own library, whose packing changes with its versions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fteval.errors import UserError

ENDING = ".eval"


def samples(path: Path) -> Iterator[dict[str, Any]]:
    """The samples as inspect's JSON logs have them. Raises UserError where inspect is missing or cannot read them."""
    try:
        from inspect_ai.log import read_eval_log
    except ImportError:
        raise UserError(
            f"{path.name} is a log of inspect, which its own library reads",
            where=str(path),
            fix="pip install inspect_ai, or have inspect write JSON: inspect log dump LOG.eval > LOG.json",
        ) from None
    try:
        log = read_eval_log(str(path))
    except Exception as error:  # a library's reader fails in as many ways as files are broken
        what = f"{type(error).__name__}: {str(error)[:200]}"
        raise UserError(f"inspect cannot read it: {what}", where=str(path)) from None
    for sample in log.samples or ():
        yield sample.model_dump(mode="json", include={"id", "epoch", "input", "target", "output", "scores", "error"})

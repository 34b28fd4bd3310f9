"""`fteval.Watch`: probes that look at somebody's own training."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fteval.api.given import Given
from fteval.experiment.experiment import DEFAULT_STORE
from fteval.experiment.watch import watch_of, watched


def Watch(
    probes: str | Sequence[str] | Mapping[str, Mapping[str, Any] | None],
    data: Any = None,
    *,
    tell: Callable[[str], None] | None = None,
    store: str | Path = DEFAULT_STORE,
    **settings: Any,
) -> Any:
    """A callback for a trainer of transformers or TRL: probes judge what the model answers to dev rows on its way.

    trainer.add_callback(fteval.Watch({"lipogram": {"letters": "e"}, "laziness": {}}, "dev.jsonl", every=20))

    `data` are dev rows, a file or as `run` takes them. `settings` are the other keys of `watch:` in fteval.yaml: every,
    stop_if, keep_best, limit, sampling. `tell` hears each look in words, instead of stderr; `curve` has all of them, as
    `watch.json` in the trainer's output_dir does. Raises UserError for what is wrong with them, and before the first
    step for what cannot be watched.
    """
    named = [probes] if isinstance(probes, str) else probes
    rows = {} if data is None else {"data": str(Given(Path(store)).file(data, "dev"))}
    use = watch_of({"probes": named, **rows, **settings})
    from fteval.trainers.watching.callback import Watch as Callback  # brings transformers

    return Callback(watched(use), tell or functools.partial(print, file=sys.stderr))

"""How good a search is: is the right passage among those that are shown?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from fteval.alternatives.layers.corpus import Passage
from fteval.alternatives.layers.finding import Hit, gold_of
from fteval.records import Sample, normalised
from fteval.records.retrieval import Recall

_WORDS = 3
"""Of a question that can be said to stand in a passage; shorter ones stand anywhere."""


def recall_of(samples: Sequence[Sample], shown: Sequence[Sequence[Hit]], known: Mapping[str, Passage]) -> Recall:
    """Counts over the samples; `shown` is what each is shown, `known` the corpus by id."""
    n = Counter(asked=len(samples))
    for sample, found in zip(samples, shown, strict=True):
        n.update(_of(sample, [hit.passage for hit in found], known))
    return Recall(**{field.name: n[field.name] for field in fields(Recall)})


def _of(sample: Sample, found: Sequence[Passage], known: Mapping[str, Passage]) -> Mapping[str, bool]:
    named = gold_of(sample)
    gold = [known[one].same for one in named if one in known]
    targets = _texts(sample.target)
    texts = [normalised(passage.text) for passage in found]
    held = [text for text in texts if any(_stands(target, text) for target in targets)]
    asks = normalised(sample.prompt_text)
    return {
        "nothing": not found,
        "gold": bool(gold),
        "gold_shown": any(passage.same in gold for passage in found),
        "gold_missing": bool(named) and not gold,
        "target": bool(targets),
        "target_shown": bool(held),
        "leaked": len(asks.split()) >= _WORDS and any(asks in text for text in held),
    }


def _texts(target: Any) -> list[str]:
    """A target's forms, without the full stop of a sentence."""
    forms = target if isinstance(target, list | tuple) else [target]
    return [text for one in forms if isinstance(one, str) and (text := normalised(one).rstrip("."))]


def _stands(target: str, text: str) -> bool:
    return target in text and re.search(rf"(?<!\w){re.escape(target)}(?!\w)", text) is not None

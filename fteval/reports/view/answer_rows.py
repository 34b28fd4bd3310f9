"""Answers as a table: a row per sample and model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from fteval.records import Answer, Answered, Message, Sheet

TEXTS = (
    "probe", "id", "group", "slices", "model", "prompt", "target", "answer", "extracted", "finish_reason", "error",
    "reasons",
)  # fmt: skip


def scores(sheet: Sheet) -> list[str]:
    """The columns of scores, one for each metric of any probe."""
    return list(dict.fromkeys(f"score.{metric.name}" for metrics in sheet.metrics.values() for metric in metrics))


def rows(sheet: Sheet) -> Iterator[dict[str, Any]]:
    """Texts, and numbers under the columns of scores; None for what is not there."""
    for one in sheet.rows:
        for name, answer in zip(sheet.names, one.answers, strict=True):
            yield {**_asked(one), "model": name, **_answered(answer)}


def _asked(one: Answered) -> dict[str, Any]:
    sample = one.sample
    return {
        "probe": one.probe,
        "id": sample.id,
        "group": sample.group,
        "slices": _json(dict(sample.slices)) if sample.slices else None,
        "prompt": _prompt(sample.messages),
        "target": sample.target if sample.target is None or isinstance(sample.target, str) else _json(sample.target),
    }


def _answered(answer: Answer) -> dict[str, Any]:
    return {
        "answer": answer.text,
        "extracted": answer.extracted,
        "finish_reason": "length" if answer.cut_off else None,
        "error": answer.missing,
        "reasons": _json(dict(answer.reasons)) if answer.reasons else None,
        **{f"score.{metric}": value for metric, value in answer.scores.items()},
    }


def _prompt(messages: tuple[Message, ...]) -> str:
    """The question; of a conversation its turns as JSON."""
    if len(messages) == 1 and messages[0].role in ("user", "text"):
        return messages[0].content
    return _json([{"role": m.role, "content": m.content} for m in messages])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

"""Answers for scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fteval.records import Answer, Sheet


def as_json(sheet: Sheet) -> Iterator[dict[str, Any]]:
    """A row per sample, every text whole: a hold-out row with `answers` by name."""
    for row in sheet.rows:
        sample = row.sample
        yield {
            "id": sample.id,
            "probe": row.probe,
            "messages": [{"role": m.role, "content": m.content} for m in sample.messages],
            **({} if sample.target is None else {"target": sample.target}),
            **({"group": sample.group} if sample.group else {}),
            **({"slices": dict(sample.slices)} if sample.slices else {}),
            **({"metadata": dict(sample.metadata)} if sample.metadata else {}),
            "answers": {name: _answer(a) for name, a in zip(sheet.names, row.answers, strict=True)},
        }


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "output": answer.text,
        **({"outputs": [answer.text, *answer.more]} if answer.more else {}),
        **({"missing": answer.missing} if answer.missing else {}),
        "scores": dict(answer.scores),
        "answer": answer.extracted,
        "reasons": dict(answer.reasons),
        "cut_off": answer.cut_off,
        "refused": answer.refuses,
    }


def hold_out_rows(sheet: Sheet, chosen: int) -> Iterator[dict[str, Any]]:
    """What the page copies: a row for a hold-out and for `fteval score`, of the answer `chosen` and of the base's."""
    for row in sheet.rows:
        sample, base, answer = row.sample, row.answers[0], row.answers[chosen]
        yield {
            "id": sample.id,
            "messages": [{"role": m.role, "content": m.content} for m in sample.messages],
            **({} if sample.target is None else {"target": sample.target}),
            **({"slices": dict(sample.slices)} if sample.slices else {}),
            **({"metadata": dict(sample.metadata)} if sample.metadata else {}),
            "output": answer.text,
            "probe": row.probe,
            **({"base_output": base.text, "base_scores": dict(base.scores)} if len(row.answers) > 1 else {}),
            "scores": dict(answer.scores),
        }

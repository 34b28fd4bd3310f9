"""A training as it was seen, in both reports."""

from __future__ import annotations

from dataclasses import replace

import scenes

from fteval.records import Comparison, Curve, Look, Metric
from fteval.reports.markdown import markdown
from fteval.reports.terminal import terminal
from fteval.reports.view.curve import of_curve, spark
from fteval.runs.journal import codec

USEFUL = Metric("useful", primary=True)


def look(step: int, useful: float | None, words: float) -> Look:
    kl = {"neutral": step / 1000} if step else {}
    return Look(
        step, {"lipogram": {"useful": useful}}, {"lipogram": {"useful": 64}}, 64, 0, words, 1.0, 0.0, 0.1, kl=kl
    )


CURVE = Curve(
    (look(0, 0.1, 8.0), look(20, 0.4, 7.5), look(40, 0.3, 1.0)),
    {"lipogram": (USEFUL, Metric("compliant"))},
    {"lipogram": 64},
    20,
    120,
    keep_best=("lipogram", "useful"),
    kept=20,
    stopped="laziness.words is 1.00 words, less than 4.00 words",
)


def watched() -> Comparison:
    scene = scenes.lost()
    return replace(scene, candidates=tuple(replace(c, curve=CURVE) for c in scene.candidates))


def test_bars_stand_between_the_lowest_and_the_highest() -> None:
    assert spark([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert spark([3.0, 3.0]) == "▁▁" and spark([]) == "" and spark([None, 1.0, 2.0]) == "·▁█"
    assert len(spark([float(i) for i in range(1000)])) == 40


def test_the_table_says_base_kept_and_last() -> None:
    found = of_curve(CURVE)
    assert found is not None and of_curve(None) is None
    assert found.table.header == ("", "base", "kept, step 20", "last, step 40", "from look to look")
    rows = {row[0]: row[1:] for row in found.table.rows}
    assert rows["lipogram.useful"] == ("10.0 %", "40.0 %", "30.0 %", "▁█▆")
    assert rows["words of an answer"] == ("8.00 words", "7.50 words", "1.00 words", "█▇▁")
    assert rows["KL from the base, neutral prompts"][0] == "0.00 nats per token"
    assert "loss" not in rows and "lipogram.compliant" not in rows
    assert "the best of 2 by lipogram.useful" in found.notes[0]
    assert found.notes[1] == "Stopped at step 40 of 120: laziness.words is 1.00 words, less than 4.00 words."


def test_both_reports_show_it_and_the_store_keeps_it() -> None:
    comparison = watched()
    again = codec.from_json(Comparison, codec.to_json(comparison))
    assert again.candidates[0].curve == CURVE
    for text in (markdown.render(again), terminal.render(again)):
        assert "While it was trained: answers to 64 dev samples every 20 steps" in text
        assert "▁█▆" in text and "Stopped at step 40 of 120" in text
    assert "While it was trained" not in markdown.render(scenes.lost())

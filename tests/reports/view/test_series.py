"""What a report says of trainings that belong together, never more than was shown; and how it is drawn."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made import ones, probe, run

from fteval.records import Comparison, Member, Metric, SeriesPoint
from fteval.reports.files.verdict_json import render as verdict_json
from fteval.reports.markdown.markdown import render as markdown
from fteval.reports.terminal.terminal import render as terminal
from fteval.reports.view.chart import Axis, line
from fteval.reports.view.series import of_series
from fteval.runs.journal.store import Store
from fteval.stats.compare import compare, conclude
from fteval.stats.series import series_of

N = 200
BASE = run(probe(ones(N, 0), "iso_date"), probe(ones(N, 180)))


def comparison(
    levels: dict[str, tuple[float, int]], kind: str = "sizes", seeds: int = 3, margin: float | None = 0.05
) -> Comparison:
    """Part -> the share of iso_date and how many of facts are right after training on it."""
    runs, members = [], {}
    for part, (level, facts) in levels.items():
        for turn in range(seeds):
            name, rng = f"dates-{part}-s{turn}", np.random.default_rng([turn, int(level * 100)])
            chosen = [float(x) for x in rng.random(N) < level]
            runs.append((name, run(probe(chosen, "iso_date"), probe(ones(N, facts)), ref=name)))
            members[name] = Member("dates", kind, part, turn, 8, 30, margin)
    made = conclude("c1", BASE, compare(BASE, runs))
    return replace(made, series=series_of(BASE, runs, members))


def said(found: Comparison) -> str:
    (view,) = of_series(found)
    return " ".join(view.sentences)


RISEN = {"4": (0.2, 180), "16": (1.0, 180), "64": (1.0, 180)}


def test_what_is_enough_is_said_with_its_margin_and_what_is_too_few() -> None:
    assert said(comparison(RISEN)) == (
        "16 examples are enough: more, up to 64, gained nothing that was measured beyond 5.0 pp. "
        "4 are too few: against 64 they are shown to cost iso_date.correct more than 5.0 pp."
    )


@pytest.mark.parametrize(
    ("levels", "seeds", "words"),
    [
        ({"4": (0.0, 180), "16": (0.0, 180)}, 3, "nothing that was measured is shown to be better than the base's"),
        ({"4": (1.0, 180), "16": (1.0, 180)}, 1, "how far trainings differ is not known"),
        ({"4": (1.0, 180), "16": (1.0, 180)}, 3, "4 examples are enough (the fewest that were tried)"),
        ({"4": (0.93, 180), "16": (0.97, 180)}, 3, "Cannot tell how many are enough: whether 4 are enough is open"),
        ({"4": (0.1, 180), "16": (1.0, 180)}, 3, "4 are too few: against 16"),
    ],
)
def test_nothing_is_claimed_that_was_not_shown(levels: dict[str, tuple[float, int]], seeds: int, words: str) -> None:
    text = said(comparison(levels, seeds=seeds))
    assert words in text
    assert ("examples are enough" in text) == ("fewest" in words)


def test_what_more_examples_made_worse_is_said_beside_what_is_enough() -> None:
    text = said(comparison({"4": (1.0, 180), "64": (1.0, 60)}))
    assert "4 examples are enough" in text
    assert "More examples made facts.correct worse: −60.0 pp" in text


def test_what_together_costs_is_held_against_the_task_alone_that_was_best() -> None:
    levels = {"dates": (1.0, 180), "towns": (0.0, 180), "together": (0.6, 180)}
    text = said(comparison(levels, "tasks"))
    assert text.startswith("Together costs iso_date.correct −") and text.endswith("against dates alone.")
    assert "facts" not in text  # neither alone gained it
    alike = {"dates": (0.9, 180), "towns": (0.0, 180), "together": (0.9, 180)}
    assert said(comparison(alike, "tasks")).startswith("Together no change of iso_date.correct is shown: 0.0 pp [")


def test_picks_are_held_against_the_last_one() -> None:
    text = said(comparison({"clustered": (0.4, 180), "spread": (0.9, 180)}, "picks"))
    assert text.startswith("Clustered rows leave iso_date.correct worse than spread ones: −")


def test_how_many_differences_were_looked_at_is_said_where_each_stands_by_itself() -> None:
    levels = {"clustered": (0.3, 180), "random": (0.8, 180), "spread": (0.9, 180)}
    (view,) = of_series(comparison(levels, "picks"))
    words = "4 differences between parts were looked at, each by itself: 1 in 20 is shown by luck alone."
    assert words in view.notes
    (view,) = of_series(comparison(RISEN))  # these are judged together
    assert not any("by luck" in note for note in view.notes)


def test_what_has_no_score_is_said_and_has_no_table() -> None:
    found = comparison(RISEN)
    (series,) = found.series
    first, second = series.metrics
    unknown = replace(series, metrics=(first, replace(second, n=0)))
    (view,) = of_series(replace(found, series=(unknown,)))
    assert "Nothing is known of facts.correct: no sample has a score after every training." in view.notes
    assert len(view.tables) == 1


def test_one_seed_says_what_its_intervals_leave_out() -> None:
    (view,) = of_series(comparison(RISEN, seeds=1))
    assert any("leave out how far trainings differ" in note for note in view.notes)


SHARE = Metric("correct", primary=True)


@pytest.mark.parametrize(
    ("point", "drawn"),
    [
        # Eleven characters from 0 to 100 %: ten points each.
        (SeriesPoint("4", 0.5, (0.4, 0.6), 0.5, 0.3, 0.7), "┊  ─·●·─   "),
        (SeriesPoint("4", 1.0, (1.0,), 1.0, 0.9, 1.0), "┊        ─●"),
        (SeriesPoint("4", None, (None,), None, None, None), "┊          "),
        (SeriesPoint("4", 0.0, (0.0,), 0.0, -0.1, 0.1), "●─         "),
    ],
)
def test_a_line_of_the_chart_has_every_training_their_mean_its_interval_and_the_base(
    point: SeriesPoint, drawn: str
) -> None:
    assert line(point, Axis(0.0, 1.0, 0.0, SHARE), 11) == drawn


@pytest.mark.parametrize("width", [80, 120])
def test_the_page_fits_its_terminal_and_shows_each_size_once(width: int) -> None:
    text = terminal(comparison(RISEN), width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "How many examples are enough: dates, 3 trainings of each, 30 steps each" in text
    assert text.count("dates-4-s0") + text.count("dates-4-s1") <= 1  # in the series, not on pages of their own


def test_markdown_has_the_sentence_the_chart_and_every_number() -> None:
    text = markdown(comparison(RISEN))
    assert "**16 examples are enough: more, up to 64" in text
    assert "| examples | mean | against the base | against 64 |" in text
    assert "facts.correct in %, 200 samples, base 90.0" in text


def test_the_verdict_file_has_every_number_of_a_series_and_what_is_enough() -> None:
    (found,) = json.loads(verdict_json(comparison(RISEN)))["series"]
    assert (found["enough"], found["short"], found["trainings"]) == ("16", ["iso_date.correct"], 3)
    assert [part["part"] for part in found["parts"]] == ["4", "16", "64"]
    assert found["metrics"][0]["points"][2]["gap"] is None and len(found["metrics"][0]["points"][0]["turns"]) == 3


def test_a_saved_comparison_keeps_its_series(tmp_path: Path) -> None:
    store, made = Store(tmp_path / "store"), comparison(RISEN)
    assert store.load_comparison(store.save_comparison(replace(made, id=""))).series == made.series


def test_a_comparison_without_series_has_no_word_of_them() -> None:
    assert of_series(replace(comparison(RISEN), series=())) == ()

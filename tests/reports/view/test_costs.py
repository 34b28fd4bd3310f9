"""What candidates cost, and whether a fine-tune is needed, in every report."""

from __future__ import annotations

from dataclasses import replace

import scenes
from hostile import ATTACKS

from fteval.reports.escape import inline
from fteval.reports.markdown import github, markdown
from fteval.reports.terminal import terminal
from fteval.reports.view import view
from fteval.reports.view.costs import of_costs


def test_the_sentence_stands_under_the_verdict_and_the_costs_under_the_candidates() -> None:
    comparison = scenes.advised()
    page, shown = markdown.render(comparison), terminal.render(comparison, width=120)
    for text in (page, shown, github.comment(comparison, suite="s", job="j")):
        sentence = text.index("Do not fine-tune: 'told' does as well as 'sft'")
        assert sentence < text.index("cut off at max_tokens: 'told' 30, 'sft' 0 of 400")
        assert sentence < text.index("Judged together") < text.index("What a request costs (facts")
        assert "trained for 12 s on 34,000 tokens" in text
    assert "**Do not fine-tune" in page
    assert max(map(len, terminal.render(comparison, width=80).split("\n"))) <= 80


def test_the_table_has_the_base_and_each_candidate_and_only_what_is_known() -> None:
    found = of_costs(scenes.advised())
    assert found is not None
    assert found.table.header == ("", "prompt tokens", "answer tokens", "seconds", "")
    assert [row[0] for row in found.table.rows] == ["base", "told", "sft"]
    assert [row[1] for row in found.table.rows] == ["20.0", "28.0", "20.0"]
    assert len(found.notes) == 2 and "shared out" in found.notes[0] and "were there before" in found.notes[1]


def test_one_candidate_or_an_older_comparison_has_no_table() -> None:
    assert of_costs(scenes.lost()) is None and view.of_comparison(scenes.crowd()).costs is None
    alone = scenes.advised()
    alone = replace(alone, candidates=alone.candidates[1:], costs=(alone.costs[0], alone.costs[2]))
    assert of_costs(alone) is None and "Do not fine-tune" in terminal.render(alone), "the sentence stays"


def test_a_hostile_name_stays_text() -> None:
    comparison = scenes.advised()
    assert comparison.advice is not None
    for attack in ATTACKS[::4]:
        advice = replace(comparison.advice, sentence=f"Do not fine-tune: '{attack}' ships.", notes=(attack,))
        page = markdown.render(replace(comparison, advice=advice))
        page.encode()
        assert f"**{inline(advice.sentence, 1200)}**" in page and inline(attack) in page
        shown = terminal.render(replace(comparison, advice=advice))
        assert not set("\x1b\x07\u202e\r") & set(shown) and "\n::" not in shown

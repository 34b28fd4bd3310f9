"""Pages that are served: hostile answers, names and searches change nothing of them either."""

from __future__ import annotations

import random

import pytest
from hostile import ATTACKS, comparison
from pages import Seen, check_harmless, sheet

from fteval.records import Sample, Sheet
from fteval.records.browsing import Found, Search
from fteval.records.people import ErrorRate, Label, Labels, People, Preferred, Share
from fteval.reports.html import drawn, page
from fteval.reports.html.answers import anchor
from fteval.reports.html.results import results_page

CALM = "plain\twords"
QUERY = r"\?[-\w=&%+.*~]*"
LINK = (
    rf"#[a-z0-9-]+|\?sample=s[0-9a-f]{{10}}#s[0-9a-f]{{10}}|{QUERY}#answers|answers\.jsonl{QUERY}|[-\w]+/|\./#answers"
)

FRAME = page.frame(comparison(CALM, several=True))


def found(texts: list[str]) -> Found:
    names = ("base", texts[0] or "x", texts[0] + "2")
    shown = sheet(texts, names=names)
    metrics = {probe: tuple(m.name for m in known) for probe, known in shown.metrics.items()}
    counts = dict.fromkeys(("all", "worse", "better", "same", "unscored", "refused", "cut", "failed"), 250)
    search = Search(text=texts[0], candidate=0, probe=0, metric=0, slice=0, page=2)
    return Found(search, shown, (0, 1, 2), 1, names, metrics, (texts[0] or "x",), counts, 3, (texts[0],))


def people(text: str) -> People:
    rates = ErrorRate(text, text, text, True, Share(1, 4, 0.1, 0.7), Share(0, 0), 1)
    preferred = Preferred(text, text, 3, 1, 1, Share(3.5, 5, 0.3, 0.9), 9, 10, 2)
    return People((rates,), (preferred,), (text,))


def labels(rows: Sheet) -> dict[int, Labels]:
    kept = {("facts", row.sample.id, "correct"): Label(1.0, True) for row in rows.rows[:1]}
    return dict.fromkeys((0, 1, 2), Labels(kept))


def served(texts: list[str]) -> Seen:
    what = found(texts)
    before, after = FRAME  # what stands there of a result is in a file's page too
    return Seen(before + page.found(what, people(texts[0]), labels(what.sheet)) + after)


def asking(text: str) -> list[Seen]:
    sample: Sample = sheet([text]).rows[0].sample
    one = drawn.Question(sample, anchor("facts", sample.id), [text], 1, 0, 3, 9, anchor("facts", "q"))
    two = drawn.Question(sample, anchor("facts", sample.id), [text, f"{text} more"], 1, 0, 3, 9, None)
    return [
        Seen(drawn.label_page(text, one, people(text))),
        Seen(drawn.prefer_page(text, two, people(text))),
        Seen(drawn.prefer_page(text, None, people(text))),
        Seen(results_page([comparison(text), comparison(text)])),
    ]


@pytest.fixture(scope="module")
def calm() -> Seen:
    return served([CALM])


@pytest.fixture(scope="module")
def calm_questions() -> list[Seen]:
    return asking(CALM)


@pytest.mark.parametrize("text", ATTACKS)
def test_hostile_text_adds_no_element_no_attribute_and_no_request(text: str, calm: Seen) -> None:
    check_harmless(served([text]), calm, LINK)


@pytest.mark.parametrize("text", [t for t in ATTACKS if len(t) < 200])
def test_nor_where_somebody_is_asked_to_judge_it(text: str, calm_questions: list[Seen]) -> None:
    for seen, calm in zip(asking(text), calm_questions, strict=True):
        check_harmless(seen, calm, LINK)


@pytest.mark.parametrize("n", [100, pytest.param(10_000, marks=pytest.mark.slow)])
def test_generated_texts_do_not_either(n: int) -> None:
    dice = random.Random(11)
    parts = [*(one for one in ATTACKS if len(one) < 200), *"<>\"'&/=`;", "</script>", "<![CDATA[", "&#60;", "\0"]
    texts = ["".join(dice.choices(parts, k=dice.randint(1, 4))) for _ in range(n)]
    seen = served([CALM, *texts])
    check_harmless(seen, served([CALM] * 3), LINK)
    assert seen.tags["article"] == n + 1


def test_a_page_that_is_served_asks_its_own_server_and_nobody_else(calm: Seen) -> None:
    (policy,) = [v for tag, name, v in calm.values if (tag, name) == ("meta", "content") and "default-src" in v]
    assert policy.startswith("default-src 'none'; ") and "connect-src 'self'; form-action 'self'" in policy


def test_without_a_script_nothing_offers_to_judge(calm: Seen) -> None:
    """What judges is hidden until the page's own script shows it; filters work without."""
    for html in (calm.html, asking(CALM)[0].html):
        for start in ('<p class="judging"', '<p class="choices"', '<form class="ask"'):
            assert all(part.split(">", 1)[0].count(" hidden") == 1 for part in html.split(start)[1:])
    assert 'id="filters" method="get"' in calm.html and "hidden" not in calm.html.split('id="filters"')[1].split(">")[0]


def test_a_blind_page_says_neither_whose_answers_nor_how_it_stands() -> None:
    said = asking("Bob")[1].inside
    shown = "".join(text for tag, texts in said.items() if tag not in ("script", "style") for text in texts)
    assert "candidate" not in shown and "base" not in shown and "preferred" not in shown.lower()
    assert "70.0 %" in asking("Bob")[2].shown  # 3.5 of 5, when all were shown

"""Questions of fact in other languages, and whose world is asked about."""

from __future__ import annotations

from collections import Counter

import pytest

from fteval import registry
from fteval.errors import UserError
from fteval.evals.facts import LANGUAGES
from fteval.records import Generation

FRAMES = {"en": "It is {}.", "de": "Die Antwort ist {}.", "es": "La respuesta es {}.", "fr": "La réponse est {}."}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_its_own_questions_and_their_answers_are_right(language: str) -> None:
    probe = registry.probe("facts", {"language": language})
    samples = list(probe.samples())
    assert len({s.group for s in samples}) >= 60 and len({s.prompt_text for s in samples}) == len(samples)
    for s in samples[:: 1 if language != "en" else 29]:
        if "unknown" in s.id:
            continue
        for form in (s.target, *s.metadata["accept"]):
            said = FRAMES[language].format(form)
            assert probe.score(s, Generation(s.id, text=said)).values["correct"] == 1, (s.prompt_text, said)
        assert probe.score(s, Generation(s.id, text=s.prompt_text)).values["correct"] == 0, s.prompt_text


def test_the_three_languages_ask_the_same_number_of_facts() -> None:
    counts = {len(list(registry.probe("facts", {"language": one}).samples())) for one in ("de", "es", "fr")}
    assert len(counts) == 1
    domains = Counter(s.slices["domain"] for s in registry.probe("facts", {"language": "de"}).samples())
    assert len(domains) >= 6


def test_an_unknown_language_is_refused_with_those_that_are_there() -> None:
    with pytest.raises(UserError, match="no questions in 'it'") as refused:
        registry.probe("facts", {"language": "it"})
    assert "en, de, es, fr" in (refused.value.fix or "")

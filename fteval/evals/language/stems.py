"""Are two words forms of one? By Snowball stems (34 languages), and a short list of irregular English forms."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

from fteval.evals.language.text import bare, word_list, words


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in word_list(text))


_LANGUAGES = _pairs(
    """
    ar:arabic ca:catalan da:danish de:german el:greek en:english es:spanish et:estonian fi:finnish fr:french
    ga:irish hi:hindi hu:hungarian id:indonesian it:italian lt:lithuanian nl:dutch nb:norwegian no:norwegian
    pl:polish pt:portuguese ro:romanian ru:russian sv:swedish ta:tamil tr:turkish
    """
)
_IRREGULAR = _pairs(
    """
    mice:mouse geese:goose feet:foot teeth:tooth oxen:ox children:child men:man women:woman people:person dice:die
    lice:louse wolves:wolf leaves:leaf knives:knife wives:wife halves:half shelves:shelf loaves:loaf calves:calf
    thieves:thief hooves:hoof scarves:scarf elves:elf selves:self cacti:cactus fungi:fungus phenomena:phenomenon
    criteria:criterion ran:run swam:swim flew:fly flown:fly ate:eat eaten:eat sang:sing sung:sing slept:sleep
    gave:give given:give made:make lay:lie loving:love
    """
)


@cache
def _stemmer(language: str) -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer(_LANGUAGES[language])


@lru_cache(maxsize=100_000)
def stem(word: str, language: str = "en") -> str:
    """What the forms of a word share: dogs, dog's, Dog -> dog; singing, sang -> sing."""
    plain = bare(word)
    if language == "en":
        plain = _IRREGULAR.get(plain, plain)
    if len(plain) > 60 or language not in _LANGUAGES or not any(c.isalpha() for c in plain):
        return plain
    return str(_stemmer(language).stemWord(plain))


def stems(text: str, language: str = "en") -> list[str]:
    """The stem of every word, in order; hyphenated words as their parts."""
    return [stem(part, language) for word in words(text) for part in word.replace("‐", "-").split("-") if part]


@lru_cache(maxsize=100_000)
def singular(word: str) -> str:
    """An English noun without its plural or possessive ending; for comparing names, where stems would join too much."""
    plain = bare(word)
    plain = _IRREGULAR.get(plain, plain)
    if len(plain) > 4 and plain.endswith("ies"):
        return plain[:-3] + "y"
    if len(plain) > 4 and plain.endswith(("ches", "shes", "xes", "sses", "zes")):
        return plain[:-2]
    if len(plain) > 3 and plain.endswith("s") and not plain.endswith(("ss", "us", "is")):
        return plain[:-1]
    return plain

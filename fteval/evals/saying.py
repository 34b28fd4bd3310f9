"""How a sentence gives one of its words as the answer: alone, after "Category:", as a correction, or in passing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import regex

MOST = 400
"""Mentions that are looked at."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A label that stands in a text."""

    start: int
    end: int
    label: str


# --- decoration --------------------------------------------------------------------------------------

_TAG = regex.compile(r"</?[A-Za-z][^<>\n]{0,40}>")
_BOXED = regex.compile(r"\$?\\boxed\{(?:\\text\{)?([^{}\n]{1,80})\}+\$?")
_UNDERSCORES = regex.compile(r"(?<!\w)_++(?=\w)|(?<=[^\W_])_++(?!\w)")
_MARKS = regex.compile(r"\*++|~~|^[ \t]*+(?:\#{1,6}|>|[-+•])[ \t]++|[^\S\n]*+[\p{So}\ufe0f]", regex.MULTILINE)


def undecorated(text: str, keep: str = "") -> str:
    """The text without bold, headings, bullets, tags, emoji and \\boxed; characters in `keep` stay."""
    if "\\boxed" in text:
        text = _BOXED.sub(r" \1 ", text)
    if "<" in text and "<" not in keep:
        text = _TAG.sub(" ", text)
    if "_" in text:
        text = _UNDERSCORES.sub("", text)
    return str(_MARKS.sub(lambda m: m[0] if m[0].strip() and m[0].strip()[0] in keep else "", text))


# --- the words round it --------------------------------------------------------------------------------

_NOUN = (
    r"(?:category|categories|label|class|classification|answer|sentiment|topic|intent|type|tag|department|team|queue|priority"
    r"|urgency|choice|option|rating|score|verdict|conclusion|prediction|result|output|section|subject|genre|language"
    r"|emotion|tone|polarity|stance|decision|grade|level|severity|status|kategorie|catégorie|categoría|antwort"
    r"|réponse|respuesta|类别|分类|答案|klasse)"
)
_ADJECTIVE = (
    r"(?:best|right|correct|appropriate|suitable|main|overall|final|likely|most|more|predicted|single|clear|proper|only|chosen"
    r"|assigned|fitting|obvious|primary|general|underlying|suggested|selected|matching|relevant|accurate)"
)
_FILLER = regex.compile(
    r"[\s,:;\"'().=>#-]+|(?:"
    + _NOUN
    + "|"
    + _ADJECTIVE
    + r"|sure|certainly|of|course|okay|ok|well|yes|here|there|the|this|that|these|it|its|i|we|am|m|s|d|ll"
    r"|is|are|was|be|would|will|should|can|must|do|have|think|believe|say|guess|suppose|choose|pick|select|go|going|with"
    r"|for|classify|classified|classifies|categorize|categorized|categorise|categorised|label|labeled|labelled|tag|tagged|rate"
    r"|rated|assign|assigned|call|consider|considered|as|an?|one|text|message|mail|e-?mail|review|ticket|sentence|comment"
    r"|post|article|headline|question|request|input|statement|tweet|feedback|item|passage|case|note|given|above"
    r"|following|belongs?|to|in|into|under|falls?|fits?|goes|filed|put|probably|clearly|definitely|obviously|quite|very"
    r"|surely|just|simply|seems?|appears?|looks?|sounds?|like|about|my|your|by|far|all|based|on|from|provided|so"
    r"|therefore|hence|thus|then|because|after|reading|analysis|analyzing|reviewing|expresses|expressed|conveys|user|customer|author"
    r"|writer|speaker|number|kind|sort|not only|only|also|really|indeed|actually|but|instead|rather|final|dear|hello|hi|happy|help|pleasure"
    r"|das|ist|die|der|diese[rs]?|la|le|el|es|est|c'est|nachricht|text|gehört|zu|zur)(?![\w])",
    regex.IGNORECASE,
)
_AFTER = regex.compile(
    r"[\s*]*(?:\Z|[.,;!)\]}\"'\n(]|:|\s-\s|-(?=\s)|[\s\"')]*(?:because|since|as|due to|given|based on|for the|with|category|label|class"
    r"|is (?:the|my|correct|right)|fits|applies)\b)",
    regex.IGNORECASE,
)
_ENDS = regex.compile(r"[ \t\"')\]}.,;:!=-]*+(?:\n|\Z)|[\"')\]}]*+[.;!]+[\"')\]}]*+\s")
_FINAL = regex.compile(
    r"\b(?:(?:my |the )?final (?:answer|label|category|choice|decision|verdict|classification|class)|in conclusion|to conclude"
    r"|so the answer)\b",
    regex.IGNORECASE,
)
_DECLARED = regex.compile(
    rf"(?<!\w){_NOUN}(?: (?:of|for|that|which|here|number|name)\b[^.\n:;?!]{{0,60}}?)?\s*(?:would be|should be|must be|has to be|will be|is|was|->|=>|→|=|:|：|-(?=\s))+",
    regex.IGNORECASE,
)
_CORRECTION = regex.compile(
    r"\b(?:actually|correction|wait|i mean(?:t)?|on second thought|scratch that|sorry|my mistake|my apologies|or rather|rather"
    r"|no|let me (?:correct|revise|change|rethink|reconsider)[^.:\n]{0,40}|i (?:made|was) (?:a mistake|an error|wrong)"
    r"|i (?:take that back|stand corrected)|instead|upon reflection|correcting myself|edit|update|hmm|make that|better|nope)\b",
    regex.IGNORECASE,
)
_NOT = regex.compile(
    r"(?:\b(?:not|isn't|aren't|wasn't|n't|cannot|never|no|nor|neither|without|rather than|instead of|as opposed to|opposed to|unlike"
    r"|than|except|excluding|exclude[sd]?|rul(?:e[ds]?|ing) out|far from|hardly|nothing to do with|nothing like|against|other than|outside|reject(?:ed|ing|s)?"
    r"|discard(?:ed|ing)?|don't|doesn't|didn't|wouldn't|can't|couldn't|shouldn't|nicht|kein|keine|pas|nunca)"
    r"|n't)(?!\s+(?:only|just|merely|simply)\b)(?:\s+(?:an?|the|really|quite|exactly|about|be|as|to|it|in|into|any|of|say|call|think|is|are|was|for|case|been"
    r"|under|category|label|class|mere|merely|fit|fall|belong|count|counts|look|looks|like|seem|seems|considered|classified|necessarily|even|truly|that|this|just|pure|purely|with|have|do|anything|clearly)|[\s\"'(*])*+\Z",
    regex.IGNORECASE,
)
_ALSO_NOT = regex.compile(r"\A[\s,\"')]*(?:or|nor|and|/|,)[\s\"'(]*(?:an? |the |even |as )?\Z", regex.IGNORECASE)
_RULED_OUT = regex.compile(
    r"\A[\s\"')]*(?:(?:category|label|class|option|one|here)\s+)?(?:(?:is|was|would be|seems|are|can be|could be|has been|being)(?: clearly| definitely| also)?\s+(?:wrong|incorrect|not|n't|unlikely"
    r"|inappropriate|ruled out|excluded|out|rejected|too|less)\b|isn't|doesn't|does not|wouldn't|would not|won't|can't|cannot|don't|do not|didn't|can be ruled|would (?:require|need|have|mean|be (?:if|when|wrong|for|about)|involve|fit less))",
    regex.IGNORECASE,
)
_CONCEDED = regex.compile(
    r"\b(?:although|though|while|whereas|even though|even if|despite|if|unless|might have|could have been|would have been"
    r"|had it|in contrast to|compared (?:to|with)|at first (?:glance|sight)?)\b[^.,;!?\n]*+"
    r"|[^.;!?\n]{0,200}?\b(?:looks?|seems?|appears?|sounds?|could|might|may|thought|first|tempting|mentions?|contains?|reads?|resembles?)\b[^.;!?\n]*?,? (?:but|yet|however|it is really|it's really)\b",
    regex.IGNORECASE,
)
_HEDGE = regex.compile(
    r"(?:\b(?:or|also|possibly|maybe|perhaps|potentially|alternatively|either|could be|might be|may be|could also be|could even be"
    r"|might also be|and|as well as|plus|both|between|with (?:some|elements of)|partly|partially|mix of|somewhat|borderline|verging on|leaning)\b"
    r"|[/&|+])(?:\s+(?:an?|the|it|is|be|also|even|possibly|maybe|perhaps|some|of|as|could|might|may)|[\s,\"'(:])*+\Z",
    regex.IGNORECASE,
)
_JOINED = regex.compile(
    r"[\s\"')(\]\[]*(?:[,/&|;+]|\bor\b|\band\b|\bund\b|\boder\b|,\s*(?:or|and|possibly|maybe|perhaps)\b|-)+[\s\"')(\]\[]*",
    regex.IGNORECASE,
)
_FRAME = regex.compile(
    r"\b(?:is|are|was|be|been|being|as|'s|seems?|looks?|sounds?|appears?|belongs?|falls?|fits?|goes|go|choose|chose|pick|select|classif\w+"
    r"|categor\w+|label\w*|tag\w*|assign\w*|rated?|call|say|choice|answer|express\w*|shows?|conveys?|indicates?|suggests?|consider\w*"
    r"|under|into|in|about|points?|makes? (?:it|this)|concerns?|relates?|deals?|counts?|treat\w*|route[ds]?|send|forward\w*|mark\w*|describes?|reflects?|has|have|with|therefore|hence|so|thus|→|->|=>|=|:)(?!\w)",
    regex.IGNORECASE,
)
_FRAMED_AFTER = regex.compile(
    rf"\A[\s\"')]*(?:(?:is|would be|seems|fits|it is)(?: \w+){{0,3}}? )?{_NOUN}\b|\A[\s\"')]*(?:fits|matches|applies|it is|is what|describes)\b",
    regex.IGNORECASE,
)
_STRICT_FRAME = regex.compile(
    rf"(?:\b(?:is|are|be|as|'s|choose|chose|pick|select|say|with|go for|under|into|to|call it|option|number|{_NOUN}|it|this|therefore|so|hence|thus)|→|->|=>|=|:)\s*(?:an? |the )?[\s\"'(\[]*\Z",
    regex.IGNORECASE,
)
_THE_NOUN = regex.compile(r"\b(?:this|the|that|your|my|their|customer's|user's|given|above)\s+\Z", regex.IGNORECASE)
_NOUN_VERB = regex.compile(
    r"\A(?:\s+(?:above|below|here|in question|itself))?\s+(?:is|was|belongs|falls|should|seems|appears|asks?|express\w*|mentions?|describes?|concerns?|looks|sounds|reads|can|has|contains|about|from|deals|conveys|shows|says|talks|goes|fits)\b",
    regex.IGNORECASE,
)
_WEAK_WORDS = frozenset(
    "no yes none other all true false good bad high low new open up down in on off out it who may us is i a an am so"
    " medium normal neutral general question request statement comment review news text answer left right same".split()
)


# --- the answer ---------------------------------------------------------------------------------------


def given(text: str, mentions: Sequence[Mention]) -> tuple[str | None, str, list[str]]:
    """The label that a text gives, else why none is, and the labels that compete."""
    spoken = _spoken(text, mentions)
    if not spoken:
        return None, "a label is only asked about or ruled out", []
    loop = _loop(text, mentions)
    if loop:
        return None, f"{loop!r} over and over", []
    cut = _corrected(text, spoken)
    if cut is not None:
        return _one([cut.label])
    final = _final(text, spoken)
    if final:
        return _one([m.label for m in final] + sorted(_joined(text, final, spoken)))
    alone = _alone(text, spoken, mentions)
    declared = _declared(text, spoken)
    if declared:
        told = {m.label for m in declared} | _joined(text, declared, spoken)
        listed = {m.label for m in alone}
        if not told & listed:  # "Spam.\nCategory: ham"; a list of the options names this one as well
            told |= listed
        return _one([m.label for m in spoken if m.label in told])
    if alone:
        told = {m.label for m in alone} | _joined(text, alone, spoken)
        return _one([m.label for m in spoken if m.label in told])
    framed = [m for m in spoken if _framed(text, m)]
    if framed:
        told = {m.label for m in framed} | _joined(text, framed, spoken)
        return _one([m.label for m in spoken if m.label in told])
    return None, "no label is given as the answer", list(dict.fromkeys(m.label for m in spoken))


def _one(told: list[str]) -> tuple[str | None, str, list[str]]:
    different = list(dict.fromkeys(told))
    if len(different) == 1:
        return different[0], "", []
    return None, f"several labels: {', '.join(different[:5])}", different


def _spoken(text: str, mentions: Sequence[Mention]) -> list[Mention]:
    """Mentions that are not denied, asked about, conceded, or the noun of "this question is …"."""
    conceded = [m.span() for m in _CONCEDED.finditer(text)]
    kept: list[Mention] = []
    denied_end = -1
    for m in mentions:
        before, after = text[max(0, m.start - 80) : m.start], text[m.end : m.end + 60]
        clause = before.rsplit("\n", 1)[-1]
        if _NOT.search(clause) or (denied_end >= 0 and _ALSO_NOT.match(text[denied_end : m.start])):
            denied_end = m.end
            continue
        denied_end = -1
        if _RULED_OUT.match(after) or any(a <= m.start < b for a, b in conceded):
            continue
        if _THE_NOUN.search(before) and _NOUN_VERB.match(after):
            continue
        end = regex.search(r"[.!?\n]", text[m.end : m.end + 200])
        if end and end[0] == "?":
            continue
        kept.append(m)
    return kept


def _loop(text: str, mentions: Sequence[Mention]) -> str | None:
    """A label three times in a row and nothing between."""
    for a, b, c in zip(mentions, mentions[1:], mentions[2:], strict=False):
        if a.label == b.label == c.label and not regex.search(r"\w", text[a.end : b.start] + text[b.end : c.start]):
            return a.label
    return None


def _only_fillers(text: str) -> bool:
    position = 0
    while position < len(text):
        filler = _FILLER.match(text, position)
        if (
            not filler
            or filler.end() == position
            or (position and text[position - 1].isalnum() and filler[0][0].isalnum())
        ):
            return False
        position = filler.end()
    return True


def _clause_start(text: str, position: int) -> int:
    window = text[max(0, position - 160) : position]
    ends = [m.end() for m in regex.finditer(r"[.!?]['\")\]]*\s+|\n", window)]
    return max(0, position - 160) + ends[-1] if ends else 0 if position <= 160 else position - 160


_NUMBERED = regex.compile(r"\A\s*(?:\d{1,2}[.)]|[(]?[a-zA-Z][.)])\s+\Z")


def _alone(text: str, mentions: Sequence[Mention], every: Sequence[Mention]) -> list[Mention]:
    """Labels that are a line or sentence of their own, or that the answer opens with ("Not spam, but ham.")."""
    found = []
    denied = [m for m in every if m not in mentions]
    for m in mentions:
        start = _clause_start(text, m.start)
        for other in denied:
            if start <= other.start < m.start and regex.match(
                r"[\s,;:\"'.)-]*(?:but|instead|rather)?\b", text[other.end :]
            ):
                start = other.end
        before = text[start : m.start]
        if not (_only_fillers(before) or _NUMBERED.match(before)):
            continue
        opening = not text[: _clause_start(text, m.start)].strip() or _only_fillers(text[:start].rstrip(" .!\n")[-160:])
        if (
            _ENDS.match(text, m.end)
            or (opening and _AFTER.match(text, m.end))
            or regex.match(r"[\s,\"')]*(?:because|since)\b", text[m.end :])
        ):
            found.append(m)
    options = [
        m for m in mentions if _OPTION.match(text, m.end) and not text[: m.start].rpartition("\n")[2].strip(" (")
    ]
    if len({m.label for m in options}) > 1:  # "A) Rome", "B) Paris": the list given back
        found += [m for m in options if m not in found]
    return sorted(found, key=lambda m: m.start)


_OPTION = regex.compile(r"[).:] *+\S")


def _declared(text: str, mentions: Sequence[Mention]) -> list[Mention]:
    found = []
    for m in mentions:
        before = text[max(0, m.start - 120) : m.start]
        marks = list(_DECLARED.finditer(before))
        if marks and _only_fillers(before[marks[-1].end() :]) and "\n\n" not in before[marks[-1].end() :]:
            found.append(m)
    return found


def _final(text: str, mentions: Sequence[Mention]) -> list[Mention]:
    """What follows the last "final answer"."""
    marks = [m.end() for m in _FINAL.finditer(text)]
    if not marks:
        return []
    after = [m for m in mentions if m.start >= marks[-1] and _only_fillers(text[marks[-1] : m.start])]
    return after[:1]


def _corrected(text: str, mentions: Sequence[Mention]) -> Mention | None:
    """The label that a correction puts in place of an earlier one."""
    last = None
    for mark in _CORRECTION.finditer(text):
        if not any(m.start < mark.start() for m in mentions) and mark[0].lower() not in ("no", "nope"):
            continue
        nearby = [m for m in mentions if mark.end() <= m.start <= mark.end() + 120]
        if not nearby or any(m.start <= mark.start() < m.end for m in mentions):
            continue
        m = nearby[0]
        between = text[mark.end() : m.start]
        if mark[0].lower() in ("no", "rather", "better", "update", "edit") and not regex.match(r"\s*[,:;.-]", between):
            continue
        later = nearby[1:2]
        if (
            (
                _only_fillers(_CORRECTION.sub("", between))
                or ("\n" not in between and between.rstrip(" \"'").endswith(":"))
            )
            and (_AFTER.match(text, m.end))
            and not (later and _JOINED.fullmatch(text[m.end : later[0].start]))
        ):
            last = m
    return last


def _joined(text: str, told: Sequence[Mention], mentions: Sequence[Mention]) -> set[str]:
    """Other labels that are named in one breath with those told, or as a second possibility."""
    labels = {m.label for m in told}
    places = {(m.start, m.end) for m in told}
    others = set()
    for a, b in zip(mentions, mentions[1:], strict=False):
        if a.label == b.label:
            continue
        one, two = (a.start, a.end) in places, (b.start, b.end) in places
        if not (one or two) and not labels & {a.label, b.label}:
            continue
        between = text[a.end : b.start]
        if (one or two) and _JOINED.fullmatch(between):
            others |= {a.label, b.label}
        elif a.label in labels and len(between) < 200 and _HEDGE.search(text[max(a.end, b.start - 60) : b.start]):
            others.add(b.label)
    return others - labels


def _framed(text: str, m: Mention) -> bool:
    """Whether the sentence says that it is the label, rather than having the word in it."""
    start = _clause_start(text, m.start)
    before, after = text[start : m.start], text[m.end : m.end + 60]
    if len(m.label) <= 2 or m.label.lower() in _WEAK_WORDS or not m.label[0].isalpha():
        single = len(m.label) == 1 and m.label.isalpha()
        if single and text[m.start : m.end] != m.label:
            return False
        return bool(_STRICT_FRAME.search(before)) and bool(_AFTER.match(text, m.end))
    return bool(_FRAME.search(before[-80:]) or _FRAMED_AFTER.match(after))

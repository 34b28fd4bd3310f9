"""Does the answer say that it does not know? And does it leave it at that?"""

from __future__ import annotations

import re

from fteval.evals.answer.refusal import OFFER, READ, any_of, is_refusal, own_voice, refusal
from fteval.evals.language.lexicon import zipf
from fteval.evals.language.text import fold, sentences, word_set

_ABSTENTION = re.compile(
    any_of(
        r"\b(?:i|we) (?:really |honestly |simply |just |currently )?(?:do not|don't|dont|did not|didn't) "
        r"(?:actually |really |currently |personally )?"
        r"(?:know|have (?:any |enough |specific |sufficient |reliable |that |this |access to )*"
        r"(?:information|info|data|knowledge|details|records?|idea)|recall|remember|recogni[sz]e)\b",
        r"\bi have (?:no|not enough|never heard|insufficient)\b(?: (?:information|idea|knowledge|data|record"
        r"|clue|details|of))?",
        r"\bi(?:'m| am) (?:not (?:sure|certain|aware|familiar)|unsure|uncertain|unaware|unfamiliar"
        r"|unable to (?:find|say|tell|determine|verify|confirm|answer|provide))\b",
        r"\bi(?: can ?not| can't| could not| couldn't) (?:say|tell|find|determine|verify|confirm|recall|answer"
        r"|identify|locate)\b",
        r"\bi(?:'ve| have) (?:no idea|never heard)\b|\bno idea\b|\bhard to say\b|\bbeats me\b|\bwho knows\b"
        r"|\bdunno\b|\bidk\b",
        r"\b(?:nobody|no one) knows\b|\bnot (?:known|specified|stated|mentioned|available|provided|given"
        r"|enough information)\b",
        r"\b(?:there is|there's|there are|i (?:can|could) find) (?:no|not enough|insufficient|little)(?: \w+){0,3} "
        r"(?:information|record|data|evidence|details|mention|answer|known|indication)",
        r"\b(?:is|are|was|were|remains?|it's|its?) (?:not|un|currently un|still un)(?: )?(?:publicly |yet "
        r"|generally |widely )?"
        r"(?:known|stated|mentioned|specified|given|recorded|provided|clear|certain|available|determined|documented)\b",
        r"\b(?:does not|doesn't|did not|do not|don't) (?:say|state|mention|specify|tell|exist|appear|contain)\b",
        r"\bcan(?:not|'t| not) be (?:determined|known|answered|found|verified|said|established)\b",
        # "unknown" by itself, not "an unknown painter"
        r"\bunknown\b(?=\s*(?:$|[.,;:!?)]|to |where|who|when|what|which|how|whether|at |because|as |in (?:the"
        r"|my|any)))",
        r"\bunclear\b|\bundetermined\b|\bunspecified\b|\bno (?:known|available|public|reliable) (?:information"
        r"|data|record|details)\b",
        r"\bnot a (?:known|real|public|historical) (?:person|figure)\b",
        r"^(?:n/?a|none|\?+|no answer|not sure|can't say|cannot say)[.!]?$",
        r"\bich wei(?:ß|ss) (?:es )?nicht\b|\bje ne sais pas\b|\bno (?:lo )?se\b|\bnon (?:lo )?so\b|\bnao sei\b"
        r"|\bik weet het niet\b",
        r"не знаю|不知道|わかりません|分かりません|모르",
    )
)
# One of these is in every abstention: a cheap look before the long pattern.
_HINTS = (
    "know", "idea", "sure", "certain", "aware", "familiar", "information", "never heard", "recall", "remember",
    "recogni", "hard to say", "can't", "cannot", "could not", "unable", "beats me", "dunno", "idk", "not ", "i have no",
    "little", "unclear", "undetermined", "unspecified", "n't", "n/a", "none", "?", "no ", "insufficient", "weiß",
    "weiss", "sais", "no se", "no lo", "non so", "non lo", "sei", "weet", "знаю", "不知道", "わかりません",
    "分かりません", "모르",
)  # fmt: skip
_GUESS = re.compile(
    r"\b(?:but|though|however|maybe|perhaps|probably|possibly|i (?:think|believe|guess|suppose|would (?:say"
    r"|guess)|'d (?:say|guess))"
    r"|my (?:best )?guess|if i (?:had|have) to|could be|might be|it may be|most likely|likely)\b"
)


def abstention(text: str, prompt: str = "") -> str | None:
    """The words with which the answer says that it does not know, or declines; None where it goes on to answer.

    "I don't know, but I think it is Verona" answers. So does a claim in another sentence ("I am not sure. He lives in
    Verona."), which names something that the question did not.
    """
    opening = own_voice(text)
    match = _ABSTENTION.search(opening) if any(map(opening.__contains__, _HINTS)) else None
    said = match[0] if match else refusal(text, prompt)
    if said is None or _names_something(text, prompt, said):
        return None
    return said.strip()


_CLAIM = re.compile(
    r"(?:he|she|it|they|[\w'-]+) (?:lives?|works?|loves?|is (?:an?|in love|from)|was (?:an?|born|in love|from))\b"
)
_HEDGED = re.compile(r"\b(?:may|might|could|possible|fictional|character|common|typo|private|someone|name)\b")
_NAME = re.compile(r"\b(?:[A-Z][\w’'-]+|\d{3,})")
_NOT_NAMES = word_set(
    """
    i i'm i've i'd i'll im the a an as it its it's this that there they he she we you my your his her their our if
    in on at to of for from with about what who whom whose which where when why how please sorry unfortunately
    however but no not yes and or is are was were do does did don't can could will would may might must ai language
    model assistant perhaps maybe possibly probably unknown n/a na none nobody based according given without more
    some any one let feel thank thanks hello hmm well oh although though while since because additionally also text
    passage question answer information data sources there's nothing no-one someone
    """
)


def _names_something(text: str, prompt: str, said: str) -> bool:
    """Whether an answer that says it does not know puts forward a name, a date or a number that was not asked about.

    Put forward is what follows a "but", "maybe" or "I think", and what stands in a sentence of its own.
    """
    asked = set(re.findall(r"[\w'-]+", fold(prompt[:READ])))
    for sentence in sentences(text[: 4 * READ]):
        folded = fold(sentence)
        part = _put_forward(sentence, folded, said)
        claims = part is sentence and _CLAIM.match(folded) and not _HEDGED.search(folded)
        if claims and set(folded.rstrip(".!").split()) - asked - _NOT_NAMES:
            return True
        for name in _NAME.findall(part):
            plain = fold(name).removesuffix("'s")
            first = (
                part.startswith(name) and plain.isalpha() and zipf(plain) >= 4.5
            )  # a capital only because it is first
            if plain not in _NOT_NAMES and plain not in asked and not first:
                return True
    return False


def _put_forward(sentence: str, folded: str, said: str) -> str:
    at = folded.find(said)
    if at < 0:
        return "" if _ABSTENTION.search(folded) or OFFER.search(folded) or is_refusal(folded) else sentence
    guess = _GUESS.search(folded, at + len(said))
    if guess:
        return sentence[guess.start() :]
    return sentence[:at] if _GUESS.search(folded[:at]) else ""

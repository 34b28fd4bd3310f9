"""What of an answer says something: without announcements, praise of the question, counter-questions and pointers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fteval.evals.answer.refusal import OFFER, any_of
from fteval.evals.language.text import fold, sentences

_WILLING = any_of(
    r"sure(?: thing)?|certainly|of course|absolutely|definitely|gladly|okay|ok|yes|got it|understood|no problem"
    r"|alright",
    r"gute frage|bonne question|buena pregunta|claro(?: que si)?|por supuesto|desde luego|naturlich|gern(?:e)?|klar"
    r"|selbstverstandlich|bien sur"
    r"|avec plaisir|certainement|certamente|volentieri",
    r"(?:(?:that|this)(?:'s| is| was) )?(?:an? )?(?:really |very )?(?:great|good|excellent|interesting|wonderful"
    r"|fantastic|lovely) (?:question|choice|idea|topic)|with pleasure"
    r"|thank you|thanks|hello|hi",
)
_PROMISED = any_of(
    r"(?:i(?:'d| would| will|'ll| can| am|'m)|let me)(?: be)?(?: (?:more than|very|so|really))? (?:happy|glad|delighted"
    r"|pleased|love|help|assist)\b[^.!?:]*",
    r"(?:i(?:'ll| will)|let me)(?: now| gladly)? (?:(?:start|begin)(?! with| by)|get|do|write|create|try|give)\b"
    r"[^.!?:]*",
    r"i(?:'d| would| can) (?:get|do|write|create|try|give)\b[^.!?:]{0,40}\b(?:you|that|it|this)\b[^.!?:]{0,40}",
    r"(?:i(?:'ll| will)|let me) (?:put (?:something|it|this|that|your?)|prepare (?:it|this|that|your)|be back|send you"
    r"|[^.!?:]{0,80}\bback to you|have it|work on (?:it|this|that|your))\b[^.!?:]*",
    r"i(?:'m| am) (?:now )?(?:starting|beginning|working on (?:it|this|that|your)|trying hard)\b[^.!?:]{0,40}",
    r"(?:please )?(?:give|allow|grant) me (?:a|one|some|just a) (?:moment|minute|second|bit|little|time)[^.!?:]*",
    r"(?:please )?(?:wait|hold on|stand by|bear with me|stay tuned)"
    r"(?:,? (?:please|(?:for )?(?:just )?(?:a|one) (?:moment|minute|second|bit)\b[^.!?:]{0,40}"
    r"|while i\b[^.!?:]{0,60}))?",
    r"(?:con (?:mucho )?gusto|te ayudo|le ayudo|ich helfe (?:dir|ihnen)|je (?:vais|peux) vous aider)\b[^.!?:]*",
    r"(?:here(?:'s| is| are| you go| it is|'re)|below (?:is|are)|(?:this|the following) is|attached is"
    r"|(?:please )?find (?:below|attached))\b[^.!?:]{0,50}\b(?:you (?:asked|requested|wanted|need(?:ed)?)|for you|below"
    r"|your request|as requested|attached|here)\b[^.!?:]*",
    r"here you (?:go|are)|here it is|(?:i )?hope (?:this|that|it) (?:helps|is what)[^.!?]*|enjoy|just a moment"
    r"|one moment(?: please)?"
    r"|(?:en |dame |un petit |einen |kleinen |nur )*(?:un )?(?:momento?|momentito|instant|augenblick)"
    r"(?:[, ]+(?:por favor|bitte|s'il (?:vous|te) plait|(?:te|le|os|ich|je)\b[^.!?:]*))?"
    r"|(?:un poco de|un peu de|etwas) (?:paciencia|patience|geduld)[^.!?:]*"
    r"|coming right up|as (?:you )?requested|(?:you're|you are) welcome",
)
_ANNOUNCEMENT = re.compile(
    rf"\W*(?:{_WILLING}[\s,!.:;-]*){{0,3}}(?:(?:and |so |then )?{_PROMISED}[\s,!.:;-]*){{0,2}}\W*"
)
_PRAISE = re.compile(
    r"\W*[\w' -]{1,60} (?:is|are) (?:an? )?(?:really |very |truly |such )?(?:an? )?(?:fascinating|interesting|important"
    r"|complex|great|broad|deep|popular|wonderful|beautiful|common|rich|big|vast|timeless)(?: and \w+)?"
    r" (?:topic|subject|question|concept|issue|area|field|theme)s?"
    r"(?:,? (?:that|which) (?:many|most|a lot of|lots of|so many) (?:people|of us)\b[^.!?]*"
    r"| to (?:discuss|explore|talk|learn|think|write|consider)\b[^.!?]*)?"
    r"|\W*[\w' -]{1,60} (?:can be|is always|sounds|sounds like) (?:a lot of |lots of |great |such |so much |a )*"
    r"(?:fun|exciting|great|wonderful|(?:great|good|fun|wonderful) idea)"
)
_POINTS = re.compile(
    r"\W*(?:please |kindly |just |simply )?"
    r"(?:see|refer to|consult|check|visit|read|look (?:at|up|in|on)|search|google|contact"
    r"|you (?:can|may|should|could) (?:simply |just |easily |always |also )?"
    r"(?:find|check|consult|refer|look|search|visit|google)[^.!?]{0,30}?)\b[^.!?]{0,50}"
    r"\b(?:above|below|documentation|docs|manual|web ?sites?|links?|previous (?:answer|message|response)|internet"
    r"|online|google|search engine|wikipedia|textbooks?|(?:an?|your|the) (?:expert|professional|specialist))\b"
    r"[^.!?]{0,40}"
)
_THE_NET = re.compile(
    r"internet|\bnetz\b|goog|wikipedia|there (?:is|are)|online|nachs|nachl|en ligne|en linea|la red|the web"
)
_POINTS_THERE = re.compile(
    any_of(
        r"\W*i(?:'d| would)? (?:suggest|recommend|advise)(?: that)? (?:you )?(?:to )?(?:look|search|check|google|read)"
        r"\b[^.!?]{0,50}\b(?:wikipedia|google|internet|online|the web)\b[^.!?]{0,90}",
        r"\W*there (?:is|are|'s) [^.!?]{0,40}"
        r"\b(?:information|articles?|resources?|guides?|tutorials?|web ?sites?|books?|videos?|sources?|material)\b"
        r"[^.!?]{0,40}\b(?:online|on the (?:internet|web)|out there|elsewhere"
        r"|(?:on|about) (?:this|that|it)(?: subject| topic| question)?)\b[^.!?]{0,30}",
        r"[^.!?]{0,60}\b(?:(?:selb(?:st|er)|einfach|leicht|am besten) (?:googeln|nachschlagen|nachlesen|nachschauen)"
        r"|im (?:internet|netz) (?:find|nachles|nachseh|such|gibt)\w*"
        r"|find(?:e|est|en|et)\b[^.!?]{0,30} im (?:internet|netz)"
        r"|schau\w*\b[^.!?]{0,40} (?:bei|auf|in) (?:wikipedia|google))\b[^.!?]{0,60}",
        r"[^.!?]{0,30}\b(?:vous pouvez|tu peux|il suffit d\w*) (?:\w+ment )?(?:l\w* )?"
        r"(?:chercher|rechercher|trouver|consulter|regarder|googler)\b[^.!?]{0,60}"
        r"\b(?:internet|google|wikipedia|en ligne)\b[^.!?]{0,30}",
        r"[^.!?]{0,30}\b(?:puedes?|podeis|pueden|basta con) (?:\w+mente )?"
        r"(?:buscar|encontrar|consultar|mirar|googlear)\w*\b[^.!?]{0,60}"
        r"\b(?:internet|google|wikipedia|en linea|la red)\b[^.!?]{0,30}",
    )
)
_INSIDE = r"[^\[\](){}<>]"  # brackets in brackets would be searched over and over
_PLACEHOLDER = re.compile(
    rf"[\[(<{{]{{1,3}} ?(?:{_INSIDE}{{0,80}}\b(?:goes|comes|go|come) here|insert\b{_INSIDE}{{0,200}}"
    rf"|(?:your|the) {_INSIDE}{{0,40}} here"
    rf"|{_INSIDE}{{0,60}}\b(?:placeholder|to be (?:written|added|continued|completed)|tbd|todo)\b{_INSIDE}{{0,40}})"
    r" ?[\])>}]{1,3}"
    r"|(?://|\#|--|/\*|%) {0,3}"
    r"(?:todo|fixme|your code|(?:add|write|put|insert) your|implement\w* (?:this|here|me|your))\b[^\n]*",
    re.IGNORECASE,
)
_OPEN_PLACES = frozenset("[(<{/#%")
_WANTS_TITLE = re.compile(r"\b(?:titles?|headings?|headlines?|names?|slogans?|taglines?|captions?|subject lines?)\b")
_WANTS_THESE = re.compile(r"\b(?:questions?|ask\w*|quiz\w*|interview\w*|riddles?|surveys?|polls?|translat\w+)\b")
_TITLE = re.compile(r"\s*(?:#{1,6} .*|\*\*[^*]+\*\*:?)")
_ASKS_BACK = re.compile(
    r"(?:.*\b)?(?:(?:would|do|did|could|can|will|are|have) you\b|(?:what|which|how|who|where|when)\b.*\byou(?:r|'d)?\b"
    r"|(?:shall|should|may|can) i\b|please (?:provide|share|specify|clarify|tell me|give me|let me know|paste|upload)"
    r"|let me know\b)"
)
_WANTS_QUESTIONS = re.compile(
    r"\b(?:questions?|ask\w*|quiz\w*|interview\w*|riddles?|surveys?|polls?|dialogues?|conversations?|e-?mails?|letters?"
    r"|messages?|invit\w+|scripts?|role-?play|story|poem|translat\w+)\b"
)
_OPENS = re.compile(
    r"sure|certainly|of course|okay|here|below|the following"
)  # with a colon at the end: what follows counts
_LONGEST = 200  # characters of an announcement


def substance(text: str, prompt: str = "") -> Iterator[str]:
    """Its sentences, each once, that are more than an announcement ("Sure, I'd be happy to help!"), an offer, praise of
    the question, a pointer elsewhere ("See above.") or a question back, where the prompt asks for none."""
    told: set[str] = set()
    prompt = fold(prompt)
    filled = text if _OPEN_PLACES.isdisjoint(text) and "--" not in text else _PLACEHOLDER.sub(" ", text)
    every = sentences(filled)
    # Nothing but a title, or a title and "[Story goes here]"; nothing but questions.
    titles = filled != text or (all(map(_TITLE.fullmatch, every)) and not _WANTS_TITLE.search(prompt))
    only_asks = _only_asks(every) and not _WANTS_THESE.search(prompt)
    questions = bool(_WANTS_QUESTIONS.search(prompt))
    for sentence in every:
        folded = fold(sentence).strip(" .!?")
        if (titles and _TITLE.fullmatch(sentence)) or (only_asks and sentence.endswith("?")):
            continue
        if folded in told or (folded.endswith(":") and (sentence is every[-1] or _OPENS.match(folded))):
            continue
        if len(folded) < _LONGEST and (
            _ANNOUNCEMENT.fullmatch(folded)
            or OFFER.match(folded)
            or _PRAISE.fullmatch(folded)
            or _POINTS.fullmatch(folded)
            or (_THE_NET.search(folded) and _POINTS_THERE.fullmatch(folded))
            or (not questions and _asks_back(sentence, folded))
        ):
            continue
        told.add(folded)
        yield sentence


def announces(sentence: str) -> bool:
    """Whether a sentence only leads up to an answer: "Sure!", "Here it is:"."""
    return len(sentence) < _LONGEST and _ANNOUNCEMENT.fullmatch(fold(sentence).strip(" .!?")) is not None


def _only_asks(every: tuple[str, ...]) -> bool:
    """Whether all but announcements are questions, and one of them is to the user."""
    if not every or not every[-1].endswith("?"):
        return False
    asked = [s for s in every if not announces(s)]
    return all(s.endswith("?") for s in asked) and any(_ASKS_BACK.match(fold(s)) for s in asked)


def _asks_back(sentence: str, folded: str) -> bool:
    asks = sentence.rstrip(" \"')*_").endswith("?") or folded.startswith(("please ", "let me know"))
    return asks and _ASKS_BACK.match(folded) is not None

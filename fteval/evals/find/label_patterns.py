"""The words round a label that make it the answer, or take it back: patterns for `saying`."""

from __future__ import annotations

import regex

from fteval.evals.language.text import word_set

NOUN = (
    r"(?:category|categories|label|class|classification|answer|sentiment|topic|intent|type|tag|department"
    r"|team|queue|priority"
    r"|urgency|choice|option|rating|score|verdict|conclusion|prediction|result|output|section|subject|genre|language"
    r"|emotion|tone|polarity|stance|decision|grade|level|severity|status|kategorie|catégorie|categoría|antwort"
    r"|réponse|respuesta|类别|分类|答案|klasse)"
)
ADJECTIVE = (
    r"(?:best|right|correct|appropriate|suitable|main|overall|final|likely|most|more|predicted|single|clear"
    r"|proper|only|chosen"
    r"|assigned|fitting|obvious|primary|general|underlying|suggested|selected|matching|relevant|accurate)"
)
FILLER = regex.compile(
    r"[\s,:;\"'().=>#-]+|(?:"
    + NOUN
    + "|"
    + ADJECTIVE
    + r"|sure|certainly|of|course|okay|ok|well|yes|here|there|the|this|that|these|it|its|i|we|am|m|s|d|ll"
    r"|is|are|was|be|would|will|should|can|must|do|have|think|believe|say|guess|suppose|choose|pick|select|go"
    r"|going|with"
    r"|for|classify|classified|classifies|categorize|categorized|categorise|categorised|label|labeled"
    r"|labelled|tag|tagged|rate"
    r"|rated|assign|assigned|call|consider|considered|as|an?|one|text|message|mail|e-?mail|review|ticket"
    r"|sentence|comment"
    r"|post|article|headline|question|request|input|statement|tweet|feedback|item|passage|case|note|given|above"
    r"|following|belongs?|to|in|into|under|falls?|fits?|goes|filed|put|probably|clearly|definitely|obviously|quite|very"
    r"|surely|just|simply|seems?|appears?|looks?|sounds?|like|about|my|your|by|far|all|based|on|from|provided|so"
    r"|therefore|hence|thus|then|because|after|reading|analysis|analyzing|reviewing|expresses|expressed"
    r"|conveys|user|customer|author"
    r"|writer|speaker|number|kind|sort|not only|only|also|really|indeed|actually|but|instead|rather|possibly"
    r"|perhaps|maybe|du|de|une?|final|dear|hello|hi|happy|help|pleasure"
    r"|das|ist|die|der|diese[rs]?|la|le|el|es|est|c'est|nachricht|text|gehört|zu|zur)(?![\w])",
    regex.IGNORECASE,
)
AFTER = regex.compile(
    r"[\s*]*(?:\Z|[.,;!)\]}\"'\n(]|:|\s-\s|-(?=\s)|[\s\"')]*(?:because|since|as|due to|given|based on|for the"
    r"|with|stars?|points?"
    rf"|out of|(?!categories\b){NOUN}|is (?:the|my|correct|right)|fits|applies)\b)",
    regex.IGNORECASE,
)
ENDS = regex.compile(r"[ \t\"')\]}.,;:!=-]*+(?:\n|\Z)|[\"')\]}]*+[.;!]+[\"')\]}]*+\s")
FINAL = regex.compile(
    r"\b(?:(?:my |the )?final (?:answer|label|category|choice|decision|verdict|classification|class)"
    r"|in conclusion|to conclude"
    r"|so the answer)\b",
    regex.IGNORECASE,
)
DECLARED = regex.compile(
    rf"(?<!\w){NOUN}(?: (?:of|for|that|which|here|number|name)\b[^.\n:;?!]{{0,60}}?)?\s*(?:would be|should be"
    rf"|must be|has to be|will be|is|was|->|=>|→|=|:|：|-(?=\s))+",
    regex.IGNORECASE,
)
CORRECTION = regex.compile(
    r"\b(?:actually|correction|wait|i mean(?:t)?|on second thought|scratch that|sorry|my mistake|my apologies"
    r"|or rather|rather"
    r"|no|let me (?:correct|revise|change|rethink|reconsider)[^.:\n]{0,40}|i (?:made|was) (?:a mistake|an error|wrong)"
    r"|i (?:take that back|stand corrected)|instead|upon reflection|correcting myself|edit|update|hmm"
    r"|make that|better|nope)\b",
    regex.IGNORECASE,
)
NOT = regex.compile(
    r"(?:\b(?:not|isn't|aren't|wasn't|n't|cannot|never|no|nor|neither|without|rather than|instead of"
    r"|as opposed to|opposed to|unlike"
    r"|than|except|excluding|exclude[sd]?|rul(?:e[ds]?|ing) out|far from|hardly|nothing to do with"
    r"|nothing like|against|other than|outside|reject(?:ed|ing|s)?"
    r"|discard(?:ed|ing)?|don't|doesn't|didn't|wouldn't|can't|couldn't|shouldn't|nicht|kein|keine|pas|nunca)"
    r"|n't)(?!\s+(?:only|just|merely|simply)\b)(?:\s+(?:an?|the|really|quite|exactly|about|be|as|to|it|in"
    r"|into|any|of|say|call|think|is|are|was|for|case|been"
    r"|under|category|label|class|mere|merely|fit|fall|belong|count|counts|look|looks|like|seem|seems"
    r"|considered|classified|necessarily|even|truly|that|this|just|pure|purely|with|have|do|anything|clearly)"
    r"|[\s\"'(*])*+\Z",
    regex.IGNORECASE,
)
ALSO_NOT = regex.compile(r"\A[\s,\"')]*(?:or|nor|and|/|,)[\s\"'(]*(?:an? |the |even |as )?\Z", regex.IGNORECASE)
RULED_OUT = regex.compile(
    r"\A[\s\"')]*(?:(?:category|label|class|option|one|here)\s+)?(?:(?:is|was|would be|seems|are|can be"
    r"|could be|has been|being)(?: clearly| definitely| also)?\s+(?:wrong|incorrect|not|n't|unlikely"
    r"|inappropriate|ruled out|excluded|out|rejected|too|less)\b|isn't|doesn't|does not|wouldn't|would not"
    r"|won't|can't|cannot|don't|do not|didn't|can be ruled|would (?:require|need|have|mean|be (?:if|when"
    r"|wrong|for|about)|involve|fit less))",
    regex.IGNORECASE,
)
CONCEDED = regex.compile(
    r"\b(?:whether|although|though|while|whereas|even though|even if|despite|if|unless|might have|could have been"
    r"|would have been|had it|in contrast to|compared (?:to|with)|at first(?: glance| sight)?)\b[^.,;!?\n]*+",
    regex.IGNORECASE,
)
"""What is granted, or not so: up to the next comma."""
FIRST_GUESS = regex.compile(
    r"\b(?:looks?|seems?|appears?|sounds?|could|might|may|thought|first|tempting|mentions?|contains?|reads?|resembles?)\b"
    r"[^.;!?\n]{0,200}?,? (?:but|yet|however|it is really|it's really)\b",
    regex.IGNORECASE,
)
"""What the second half of the sentence takes back; it begins where the sentence begins."""
HEDGE = regex.compile(
    r"(?:\b(?:or|also|possibly|maybe|perhaps|potentially|alternatively|either|could be|might be|may be"
    r"|could also be|could even be"
    r"|might also be|and|as well as|plus|both|between|with (?:some|elements of)|partly|partially|mix of"
    r"|somewhat|borderline|verging on|leaning)\b"
    r"|[/&|+])(?:\s+(?:an?|the|it|is|be|also|even|possibly|maybe|perhaps|some|of|as|could|might|may)|[\s,\"'(:])*+\Z",
    regex.IGNORECASE,
)
JOINED = regex.compile(
    r"[\s\"')(\]\[]*(?:[,/&|;+]|\bor\b|\band\b|\bto\b|\bvs\.?|\bversus\b|\bund\b|\boder\b|,\s*(?:or|and"
    r"|possibly|maybe|perhaps)\b|-)+[\s\"')(\]\[]*",
    regex.IGNORECASE,
)
FRAME = regex.compile(
    r"\b(?:is|are|was|be|been|being|as|'s|seems?|looks?|sounds?|appears?|belongs?|falls?|fits?|goes|go|choose"
    r"|chose|pick|select|classif\w+"
    r"|categor\w+|label\w*|tag\w*|assign\w*|rated?|call|say|choice|answer|express\w*|shows?|conveys?"
    r"|indicates?|suggests?|consider\w*"
    r"|under|into|in|about|points?|makes? (?:it|this)|concerns?|relates?|deals?|counts?|treat\w*|route[ds]?"
    r"|send|forward\w*|mark\w*|describes?|reflects?|has|have|with|therefore|hence|so|thus|→|->|=>|=|:)(?!\w)",
    regex.IGNORECASE,
)
FRAMED_AFTER = regex.compile(
    rf"\A[\s\"')]*(?:(?:is|would be|seems|fits|it is)(?: \w+){{0,3}}? )?{NOUN}\b|\A[\s\"')]*(?:fits|matches"
    rf"|applies|it is|is what|describes)\b",
    regex.IGNORECASE,
)
STRICT_FRAME = regex.compile(
    rf"(?:\b(?:is|are|be|as|'s|choose|chose|pick|select|say|with|go for|under|into|to|call it|option|number"
    rf"|{NOUN}|it|this|therefore|so|hence|thus)|→|->|=>|=|:)\s*(?:an? |the )?[\s\"'(\[]*\Z",
    regex.IGNORECASE,
)
THE_NOUN = regex.compile(r"\b(?:this|the|that|your|my|their|customer's|user's|given|above)\s+\Z", regex.IGNORECASE)
NOUN_VERB = regex.compile(
    r"\A(?:\s+(?:above|below|here|in question|itself))?\s+(?:is|was|belongs|falls|should|seems|appears|asks?"
    r"|express\w*|mentions?|describes?|concerns?|looks|sounds|reads|can|has|contains|about|from|deals|conveys"
    r"|shows|says|talks|goes|fits)\b",
    regex.IGNORECASE,
)
WEAK_WORDS = word_set(
    """
    no yes none other all true false good bad high low new open up down in on off out it who may us is i a an am so
    medium normal neutral general question request statement comment review news text answer left right same
    """
)
"""Labels that stand in any sentence: one must say so right before them."""


OPTION = regex.compile(r"[).:] *+\S")
NUMBERED = regex.compile(r"\A\s*(?:\d{1,2}[.)]|[(]?[a-zA-Z][.)])\s+\Z")
BUT = regex.compile(
    r"[\s,;:\"'.)-]*(?:is (?:wrong|incorrect|not right|out)\b[\s,;.]*)?(?:but|instead|rather)?", regex.IGNORECASE
)
BECAUSE = regex.compile(r"[\s,\"')]*(?:because|since)\b", regex.IGNORECASE)

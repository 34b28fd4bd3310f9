"""What of a conversation's frame stands in an answer: template pieces, role markers, next turns.

A line "User: …" is a turn or a field, an entry, a quotation. It is a field where its neighbours are such lines of other
names or the prompt quotes it, an entry where a definition follows, and asked for where the prompt wants a dialogue.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import regex

from fteval.evals.language.text import READ, word_set

ASKED = 8_000
"""Characters of a prompt that are looked at."""

# --- what a prompt may ask for -------------------------------------------------------------------------

_MAKE = (
    r"\b(?:list|provid\w+|suggest\w*|com\w+ up with|share|outline|includ\w+"
    r"|writ\w+|creat\w+|generat\w+|mak\w+|compos\w+|draft\w*|giv\w+|show\w*|continu\w+|invent\w*"
    r"|prepar\w+|produc\w+"
    r"|need|want|would like|example|sample|imagine|simulat\w+|rewrit\w+|turn|convert|translat\w+|summar\w+|transcri\w+"
    r"|format\w*|complet\w+|finish|extend|add|build|design|role-?play|act out|in the form of|as an?|quot\w+|repeat|copy"
    r"|extract|correct|proofread|schreib\w*|erstell\w*|écri\w*|rédig\w*|escrib\w*)\b"
)
_TALK = (
    r"\b(?:dialogues?|dialogs?|dialogo|diálogo|conversations?|interviews?|screenplay|transcripts?|skit|sketch|scenes?"
    r"|stage play|(?:a|the|short|one-act|radio|school) play|role-?play|(?:film|movie|radio|video|podcast|call|sales|tv)"
    r" script|script (?:for|of|between|in which)|chats?|chat ?log|debate|podcast|exchange|questions? and answers?"
    r"|q ?(?:&|and|/|\+) ?a|q&as?|faqs?|frequently asked|quiz(?:zes)?|flash ?cards?|trivia|interrogation"
    r"|multi-?turn|dialog|gespräch|entretien|drama|comedy|riddles?|test questions|exam questions|practice questions"
    r"|questions? with answers?|user stor(?:y|ies)|log (?:line|entry|file)s?|glossary)\b"
)
_ASKS_TALK = re.compile(
    rf"{_MAKE}[^.?!\n]{{0,90}}?{_TALK}|\bFAQ\b|\bQ&A\b|^\s*(?:dialogue|faq)\b", re.IGNORECASE | re.M
)
_ASKS_TEMPLATE = re.compile(
    r"\b(?:(?:chat|prompt|instruction|conversation|message|alpaca|vicuna|llama|mistral|gemma|zephyr|dialogue) ?-?"
    r"(?:templates?|formats?|tokens?|markup)|special tokens?|chatml|(?:control|eos|bos|end[- ]of[- ](?:text"
    r"|turn|sequence)"
    r"|stop|role|separator|sentinel) (?:tokens?|markers?|strings?|sequences?|tags?)|tokeni[sz]ers?|apply_chat_template"
    r"|jinja|fine-?tuning data|training (?:data|example|sample)s?|strikethrough|html|xml|markdown|instruction tuning"
    r"|few-?shot|prompt for an? (?:llm|language model|assistant)|role markers?)\b",
    re.IGNORECASE,
)
_NOT_WANTED = re.compile(
    rf"\b(?:no|not|don't|dont|do not|never|without|avoid|instead of)\b[^.?!\n]{{0,40}}?{_TALK}", re.IGNORECASE
)
_ASKS_QUESTIONS = re.compile(
    r"\b(?:questions|quiz(?:zes)?|trivia|exams?|tests?|flash ?cards?|worksheets?|riddles?|surveys?|faqs?|q ?& ?a)\b",
    re.IGNORECASE,
)
"""Then "Question:" and "Answer:" are parts of the text."""
_FRAMED = re.compile(
    r"(?:^|\n)\W*(?:assistant|ai|bot|chatbot|model|a|answer|response|gpt)\W*[:：]?\W*\Z"
    r"|(?:<[|｜][^>]*[|｜]>|\[/INST\]|<start_of_turn>\w*|<\|start_header_id\|>assistant<"
    r"\|end_header_id\|>)\s*(?:assistant)?\s*\Z",
    re.IGNORECASE,
)
"""A prompt that is itself a conversation up to the model's turn: its markers are its frame, not what it asks for."""

# --- what is looked for --------------------------------------------------------------------------------

_PIECE = regex.compile(
    r"<\|[A-Za-z_][\w ./-]{1,38}+\|>?|<\|(?=\s*+\Z)|<[｜|][\w▁ ]{2,40}[｜|]>|<｜|\|im_(?:start|end)\|>?"
    r"|\bim_(?:start|end)\|>"
    r"|\[/?INST\]?|<</?SYS>>?|</?(?:start|end)_of_(?:turn|text|utterance|sentence)>?|<(?:eos|bos|pad|eot|sep"
    r"|unk|endoftext)>"
    r"|\[(?:EOS|BOS|PAD|SEP|CLS|UNK|EOT)\]|<(?:start_of|end_of|start|end)_\w{0,5}+\Z|<\|\w*+\Z|\[/(?:IN?S?)?\Z"
    r"|(?:eot_id|end_header_id|start_header_id)\|?>|\[(?:AVAILABLE_TOOLS|TOOL_RESULTS|SYSTEM_PROMPT)\]"
    r"|<0x[0-9A-F]{2}>|<end_of_turn|<start_of_turn"
    r"|^[ \t]*+</?(?:user|assistant|human|bot)>",
    regex.MULTILINE,
)
_S_TAG = regex.compile(r"</?s>", regex.IGNORECASE)
_STRUCK = regex.compile(
    r"(?<=[^\s>][^\n]*)<s>[^\n<]{1,200}</s>|<(?:p|li|td|div|span|b|h\d)>[^\n]*?<s>[^\n<]{1,200}</s>"
)
_HEADING = regex.compile(
    r"\#{2,4}[ \t]*+(?:Human|Assistant|User)[ \t]*+(?:[:：]|$)|\#\#\#[ \t]*+(?:Instruction|Response)[ \t]*+(?:[:：]|$)"
    r"|^[ \t]*+\#\#\#[ \t]*+End[ \t]*+$|^[ \t]*+Below is an instruction that describes a task",
    regex.MULTILINE | regex.IGNORECASE,
)
"""Also in the middle of a line: "and so it ends.### Human:". "### Instructions:" is a heading of the text itself."""
_HASHES = regex.compile(
    r"(?:\n|[.!?] )[ \t]*+\#{3,4}(?:[ \t]*+(?:Inst|Instruct|Instructio|Respon|Resp|Hum|Assis)\w{0,4})?[ \t]*+\Z"
)
_DECOR = r"[ \t]*+(?:[*_>\[(<]{0,3}+)"
_ROLE = regex.compile(
    rf"^{_DECOR}(?P<role>user|human|assistant|system|ai|ai assistant|bot|chatbot|chatgpt|gpt|model|q|question"
    rf"|a|answer|customer"
    rf"|client|student|me|you|prompt|instruction|next question|new question|response|utilisateur|benutzer"
    rf"|nutzer|mensch|assistent"
    rf"|usuario|asistente|用户|助手)(?:[ ]?\d{{1,2}})?+[*_\])>]{{0,3}}+[ \t]*+[:：][*_]{{0,2}}+(?P<said>[^\n]*+)",
    regex.MULTILINE | regex.IGNORECASE,
)
_INLINE = regex.compile(r"(?<=[.!?\"”)\]][ \t]++)(?P<role>User|USER|Human|HUMAN|Assistant|ASSISTANT):(?P<said>[^\n]*+)")
_Q_AND_A = regex.compile(r"(?<=\n)[ \t]*+Q\.[ \t]++[^\n]+\n\s*+A\.[ \t]")
_HALF = regex.compile(r"[.!?\"”)][ \t]*+\n\s*(?P<half>User|USER|Human|Assistant|ASSISTANT)[ \t]*+\Z")
_ALONE = regex.compile(
    r"^[ \t]*+(?:user|assistant|human|model|system|<(?:user|assistant|human|system)>|\[(?:user|assistant"
    r"|human|system)\])"
    r"[ \t]*+$",
    regex.MULTILINE,
)
_GLUED = regex.compile(r"[.!?)\"”。](?:assistant|user|model)[ \t]*+(?:\n|\Z)")
_FIELD = regex.compile(
    r"\s*+(?:[-*•+]|\d{1,2}[.)])?[ \t]*+[*_\"'`]{0,3}+([\p{L}][\p{L}\p{N} /_&'()-]{0,40}?)[*_\"'`]{0,3}+[ \t]*+[:：]"
)
_DEFINES = regex.compile(
    r"[*_ ]*(?:an?|the|any|anyone|anybody|someone|somebody|one|person|people|whoever|each|every|those|refers?"
    r"|means|can|may"
    r"|must|has|is|read|write|full|limited|no access|access)\b(?![^\n]*\?[ \t]*$)",
    regex.IGNORECASE,
)
_UTTERANCE = regex.compile(
    r"[?？]|\b(?:i|i'm|i'd|i've|you|your|my|me|please|thanks|thank|hello|hi|hey|can|could|what|how|why|tell)\b", regex.I
)
_SPOKEN = regex.compile(r"[?？]$|^(?:i|i'm|i've|thanks?|hello|hi|hey|please|ok(?:ay)?|yes|no|sure|great)\b", regex.I)
_CODE = regex.compile(r"```[^\n]*\n.*?\n[ \t]*```|~~~[^\n]*\n.*?\n[ \t]*~~~|`[^`\n]++`", regex.DOTALL)

SOFT = word_set("customer client student me you q question a answer prompt instruction response system model")
"""Names that are as often something else than a turn: these must be spoken like one."""


@dataclass(frozen=True, slots=True)
class Leak:
    """One piece of the frame in an answer."""

    start: int
    text: str
    what: str
    goes_on: bool
    """Text stands after it that should not: a next turn, or whatever follows an end mark."""


def leaks(text: str, asked: Sequence[str]) -> list[Leak]:
    """Where the frame shows, in order; empty where it does not, or where the prompt asks for such text."""
    if len(text) > READ:
        text = text[: READ // 2] + "\n" + text[-READ // 2 :]
    if not _HINT.search(text):
        return []
    prompt = "\n".join(asked)
    framed = bool(_FRAMED.search(prompt[-200:].rstrip()))
    quoted = "" if framed else prompt
    if len(quoted) > ASKED:  # what is asked stands at one end of a long prompt
        quoted = quoted[: ASKED // 2] + "\n" + quoted[-ASKED // 2 :]
    bare = _CODE.sub(lambda m: "\0" * len(m[0]), text) if "`" in text or "~~~" in text else text
    found: list[Leak] = []
    if not (_ASKS_TEMPLATE.search(quoted) or _S_TAG.search(quoted) or _PIECE.search(quoted) or _HEADING.search(quoted)):
        found += _pieces(bare)
    if not _ASKS_TALK.search(_NOT_WANTED.sub("", quoted)):
        found += _turns(bare, quoted)
    return sorted(found, key=lambda leak: leak.start)


_HINT = re.compile(r"[<\[|#>:：]|assistant|user|human|model|system|instruction|\nQ\.", re.IGNORECASE)


def _pieces(text: str) -> list[Leak]:
    found = []
    for piece in _PIECE.finditer(text):
        found.append(_leak(text, piece.start(), piece.end(), "a template piece"))
        if len(found) >= 20:
            break
    marks = list(_S_TAG.finditer(text))[:50]
    if marks:
        struck = [m.span() for m in _STRUCK.finditer(text[:5_000])]
        found += [
            _leak(text, m.start(), m.end(), "a template piece")
            for m in marks
            if not any(a <= m.start() < b for a, b in struck)
        ]
    for heading in _HEADING.finditer(text):
        after = bool(text[: heading.start()].strip())
        found.append(Leak(heading.start(), heading[0].strip(), "a template heading", after))
        if len(found) >= 40:
            break
    if half := _HASHES.search(text[-60:]):
        found.append(Leak(max(0, len(text) - 60) + half.start(), half[0].strip(), "half a template heading", False))
    return found


def _leak(text: str, start: int, end: int, what: str) -> Leak:
    """An end mark with text on both sides of it was not obeyed."""
    piece = text[start:end]
    rest = _PIECE.sub("", text[end : end + 400])
    rest = _S_TAG.sub("", rest).strip("\0 \n\t|>")
    return Leak(start, piece, what, bool(rest and _said(text[:start])))


def only_pieces(text: str) -> bool:
    """Whether nothing but template pieces stands there."""
    return len(text) < 1_000 and not _said(text)


def _said(before: str) -> bool:
    return bool(_S_TAG.sub("", _PIECE.sub("", before[-1_000:])).strip())


def _turns(text: str, prompt: str) -> list[Leak]:
    found: list[Leak] = []
    roles = list(_ROLE.finditer(text))[:60]
    if _ASKS_QUESTIONS.search(prompt):
        roles = [m for m in roles if m["role"].lower() not in ("q", "question", "a", "answer")]
    if roles and not text[: roles[0].start()].strip() and roles[0]["role"].lower() in ("q", "question"):
        roles = roles[2:]  # the question said again, and its answer
    names = {m["role"].lower() for m in roles}
    for m in roles:
        role, said = m["role"].lower(), m["said"].strip(" *_")
        before = text[: m.start()]
        first = not before.strip()
        if role in ("a", "answer", "model", "response") and not _paired(role, names):
            continue
        if first and role in (
            "answer",
            "a",
            "question",
            "q",
            "prompt",
            "instruction",
            "response",
            "me",
            "you",
            "system",
        ):
            continue
        if _is_field(text, m, prompt):
            continue
        if not first and role in SOFT and not (_UTTERANCE.search(said) or not said or _paired(role, names)):
            continue
        found.append(Leak(m.start("role"), m[0].strip()[:60], "a role marker" if first else "a next turn", not first))
    for m in (*list(_INLINE.finditer(text))[:20], *list(_Q_AND_A.finditer(text))[:1]):
        said = m.groupdict().get("said", "?").strip()
        if not said or _UTTERANCE.search(said) or _paired(m["role"].lower(), names):
            found.append(Leak(m.start(), m[0].strip()[:60], "a next turn", True))
    if half := _HALF.search(text[-80:]):
        found.append(Leak(len(text) - len(half["half"]), half["half"], "half a next turn", False))
    for m in _ALONE.finditer(text):
        if len(found) > 60 or m[0].strip().lower() in prompt.lower().split("\n"):
            break
        rest, before = text[m.end() :].strip(), text[: m.start()].strip()
        if (before or rest) and not (before.endswith(":") and not rest) and not _in_list(text, m):
            found.append(Leak(m.start(), m[0].strip(), "a next turn" if before else "a role marker", bool(before)))
    if glued := _GLUED.search(text):
        found.append(Leak(glued.start() + 1, glued[0][1:].strip(), "a next turn", True))
    return found


def _paired(role: str, names: set[str]) -> bool:
    """Whether the other side speaks as well: "Q:" and "A:", "User:" and "Assistant:"."""
    asked, told = {"instruction", "prompt", "input"}, {"response", "output", "answer"}
    if role in asked | told - {"answer"}:
        return bool(names & (told if role in asked else asked))
    pairs = {"q": {"a", "answer"}, "a": {"q", "question"}, "question": {"answer", "a"}, "answer": {"question", "q"}}
    return bool(names & pairs.get(role, {"assistant", "ai", "bot", "user", "human", "model", "agent"} - {role}))


def _is_field(text: str, m: regex.Match[str], prompt: str) -> bool:
    """Whether the line is a field, an entry or a quotation rather than somebody's turn."""
    said = m["said"].strip(" *_")
    line = m[0].strip(" *_\t")
    if text.count(line) > 1 and _n_names(text) <= 2:
        return False  # two speak in turn, and one of them says the same again
    if len(said) > 2 and line.lower() in prompt.lower():
        return True
    if _DEFINES.match(said):
        return True
    if regex.search(rf"\b{regex.escape(m['role'])}\s*:", prompt, regex.IGNORECASE) and not _UTTERANCE.search(said):
        return True
    above = text[: m.start()].rstrip("\n").rsplit("\n", 1)[-1] if "\n" in text[: m.start()].rstrip(" ") else ""
    below = text[m.end() :].lstrip("\n").split("\n", 1)[0]
    return not _SPOKEN.search(said) and any(_names_a_field(line, m["role"]) for line in (above, below))


@lru_cache(maxsize=8)
def _n_names(text: str) -> int:
    """How many different names stand before a colon at the start of a line."""
    return len({name[1].lower() for line in text.split("\n") if (name := _FIELD.match(line))})


def _names_a_field(line: str, role: str) -> bool:
    named = _FIELD.match(line)
    return (
        bool(named)
        and not _ROLE.match(line)
        and named is not None
        and len(named[1].split()) <= 4
        and named[1].lower() != role
    )


def _in_list(text: str, m: regex.Match[str]) -> bool:
    """Whether short lines stand on both sides: a list of words, one of which is a role's name."""
    above = text[: m.start()].rstrip("\n").rsplit("\n", 1)[-1].split()
    below = text[m.end() :].lstrip("\n").split("\n", 1)[0].split()
    return 0 < len(above) <= 2 and len(below) <= 2 and not text[m.end() :].startswith("\n\n")

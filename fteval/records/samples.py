"""What is asked."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fteval.records.digests import canonical, digest


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: str
    """`system`, `user`, `assistant`; or `text`, alone: what the model reads as it stands, without a chat template."""
    content: str


def folded(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The same without system turns: what they say begins the next turn of the user."""
    turns: list[Message] = []
    held: list[str] = []
    for message in messages:
        if message.role == "system":
            held.append(message.content)
        elif message.role == "user":
            turns.append(Message("user", "\n\n".join([*held, message.content])))
            held = []
        else:
            turns.append(message)
    return tuple([*turns, Message("user", "\n\n".join(held))] if held else turns)


@dataclass(frozen=True, slots=True)
class Continuation:
    """A text whose likelihood is asked instead of an answer."""

    text: str
    context: str | None = None
    """What it goes on from, as it stands; None: from the sample's own prompt."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One prompt with a stable id; what a probe asks."""

    id: str
    messages: tuple[Message, ...]
    target: Any = None
    """What a right answer says: text, or an object for structured probes; None where the probe needs none."""
    group: str | None = None
    """Samples of one group are paraphrases of one question: they count as one in the intervals."""
    slices: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """What else the probe's judgement rests on (subject, keywords, accepted answers)."""
    tools: tuple[Mapping[str, Any], ...] = ()
    """What the model is offered to call, each as `{"type": "function", "function": {"name", "parameters", …}}`."""
    continuations: tuple[Continuation, ...] = ()
    """Asked for their likelihoods; then nothing is generated."""

    @property
    def content_digest(self) -> str:
        """Two samples with the same digest ask and want the same; id, group and slices do not count."""
        return digest(
            {
                "messages": [[m.role, m.content] for m in self.messages],
                "target": self.target,
                "metadata": dict(self.metadata),
                **({"tools": list(self.tools)} if self.tools else {}),
                **({"continuations": [[c.context, c.text] for c in self.continuations]} if self.continuations else {}),
            }
        )

    @property
    def question_digest(self) -> str:
        """The same for prompts that differ in case, spacing and Unicode form only."""
        return digest([*self._question, *self.tools])

    @property
    def question_hash(self) -> int:
        """The same for one question, in this process; hardly ever for two. Half the work of its digest."""
        return hash((*self._question, canonical(self.tools) if self.tools else None))

    @property
    def _question(self) -> tuple[tuple[str, str], ...]:
        # "Where is it", "Where is it?" and "Where is it ?!" are one question.
        return tuple([(m.role, normalised(m.content).rstrip(" .!?…") or m.content) for m in self.messages])

    @property
    def prompt_text(self) -> str:
        """The last user turn: what people call the question."""
        for message in reversed(self.messages):
            if message.role == "user":
                return message.content
        return self.messages[-1].content if self.messages else ""


def normalised(text: str) -> str:
    """Without case, spacing and Unicode form: what is the same then is the same question."""
    if not text.isascii():  # nothing of this is in ASCII, and most texts are
        folded = unicodedata.normalize("NFKC", text)
        text = "".join(c for c in folded if unicodedata.category(c) != "Cf")  # no zero width
    return " ".join(text.casefold().split())


TOOLS = ("tools", "functions", "function_call", "tool_choice", "parallel_tool_calls")
"""Fields of a row that a model would have to be asked with."""
OF_A_TURN = ("tool_calls", "function_call", "name", "reasoning_content")
"""Fields of a turn that would have to be rendered into the prompt."""


def check_honoured(row: Mapping[str, Any], turns: Any, tools: bool = False) -> None:
    """Raises ValueError for a field that changes what is asked and that nothing here can render.

    A prompt without its tools, or without who spoke, is another prompt: its answer would say nothing about this row.
    With `tools` these are offered, and calls of the last turn are what is wanted.
    """
    found = [name for name in (TOOLS[2:] if tools else TOOLS) if row.get(name) not in (None, [], {})]
    if tools and isinstance(turns, list) and turns and isinstance(turns[-1], Mapping):
        turns = [*turns[:-1], {k: v for k, v in turns[-1].items() if k != "tool_calls"}]
    for position, turn in enumerate(turns if isinstance(turns, list) else []):
        if isinstance(turn, Mapping):
            found += [f"messages[{position}].{n}" for n in OF_A_TURN if turn.get(n) not in (None, [], {})]
            found += [f"messages[{position}] of a tool"] if turn.get("role") == "tool" else []
    if found:
        raise ValueError(f"{', '.join(found)} cannot be honoured here: leave the row out, or write it as plain text")


def sample_from_row(row: Mapping[str, Any], tools: bool = False) -> Sample:
    """A sample from one JSON row: `messages` (a last assistant turn is the target), `prompt` or `prompts`, perhaps
    `target`.

    Keys that no hold-out row has become metadata, where a probe finds them. With `tools` those of a row are offered,
    and calls of its last turn are the target; without, such a row is refused. Raises ValueError with what was found.
    """
    check_honoured(row, row.get("messages"), tools)
    messages, target = _messages(row)
    metadata = row.get("metadata") or {}
    slices = row.get("slices") or {}
    if not isinstance(metadata, Mapping):
        raise ValueError(f"'metadata' must be an object, found {type(metadata).__name__}")
    if not isinstance(slices, Mapping):
        raise ValueError(f"'slices' must be an object, found {type(slices).__name__}")
    extra = {k: v for k, v in row.items() if k not in _ROW_KEYS}
    given = row.get("id")
    if given is not None and (isinstance(given, bool) or not isinstance(given, str | int) or given == ""):
        raise ValueError(f"'id' must be text or a whole number, found {given!r}")
    sample = Sample(
        id="" if given is None else str(given),
        messages=messages,
        target=target,
        group=None if row.get("group") is None else str(row["group"]),
        slices={str(k): str(v) for k, v in slices.items()} or _NOTHING,
        metadata={**extra, **metadata} or _NOTHING,
        tools=tools_from(row.get("tools") or row.get("functions") or []) if tools else (),
    )
    return sample if given is not None else replace(sample, id=sample.content_digest[7:23])


_NOTHING: Mapping[str, Any] = {}
"""One for all samples: a hundred thousand empty objects are 13 MB."""


_ROW_KEYS = frozenset(
    ["id", "group", "slices", "metadata", "messages", "prompt", "target", "output", "outputs", "finish_reason"]
    + ["tools", "functions"]
)


def tools_from(given: Any) -> tuple[Mapping[str, Any], ...]:
    """Tools as `Sample.tools` has them, also from bare schemas or one alone. Raises ValueError for what is none."""
    made = []
    for tool in given if isinstance(given, list | tuple) else [given]:
        function = tool.get("function", tool) if isinstance(tool, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
            raise ValueError(f"a tool is an object with a 'name', found {str(tool)[:80]}")
        made.append({"type": "function", "function": dict(function)})
    return tuple(made)


def _messages(row: Mapping[str, Any]) -> tuple[tuple[Message, ...], Any]:
    target = row.get("target")
    if isinstance(target, float) and not math.isfinite(target):
        raise ValueError(f"'target' is {target}, which is not a value")
    if "messages" not in row:
        several = row.get("prompts")  # wordings of one question, of which a probe makes samples
        if "prompt" not in row and isinstance(several, list) and several and isinstance(several[0], str):
            return (Message("user", several[0]),), target
        if "prompt" not in row:
            raise ValueError(
                "neither 'messages' nor 'prompt' found; keys: " + (", ".join(sorted(map(str, row))) or "none")
            )
        if not isinstance(row["prompt"], str):
            raise ValueError(f"'prompt' must be text, found {type(row['prompt']).__name__}")
        return (Message("user", row["prompt"]),), target
    turns = row["messages"]
    if not isinstance(turns, list) or not turns:
        raise ValueError("'messages' must be a list with at least one message")
    messages = []
    for position, turn in enumerate(turns):
        if not isinstance(turn, Mapping) or turn.get("role") not in ("system", "user", "assistant"):
            role = turn.get("role") if isinstance(turn, Mapping) else None
            raise ValueError(f"messages[{position}] needs a 'role' of system, user or assistant, found {role!r}")
        if turn.get("tool_calls"):
            turn = {**turn, "content": turn.get("content") or ""}
        if not isinstance(turn.get("content"), str):
            raise ValueError(f"messages[{position}].content must be text, found {type(turn.get('content')).__name__}")
        messages.append(Message(turn["role"], turn["content"]))
    if messages[-1].role == "assistant":
        calls = turns[-1].get("tool_calls")
        if target is None:
            target = calls or messages[-1].content
        messages.pop()
    if not messages:
        raise ValueError("'messages' holds only an answer and no prompt")
    return tuple(messages), target

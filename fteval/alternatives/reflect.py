"""Self-correction: the model answers, the answer is looked at, and the model answers again (arXiv:2303.17651)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from fteval.alternatives.layers.critic import Critic, Itself, Verdict, critic
from fteval.alternatives.layers.layer import Layer
from fteval.alternatives.layers.usage import n_requests, spent
from fteval.errors import UserError
from fteval.records import Engine, Generation, Message, Prompt, Request, Sampling, TemplatedEngine, bare, normalised
from fteval.records.reasoning import parts

MOST = 8
WAVE = 256
"""Questions that go through all their rounds before the next ones begin: what is done is kept when a run is stopped."""
OWN = (
    "Check your answer: is it right, and does it do all that was asked? Then write the corrected answer alone; if"
    " nothing is wrong with it, write it again."
)
TOLD = "That is not right yet: {reason}. Answer again without this mistake, and write the answer alone."


@dataclass(frozen=True, slots=True)
class Reflect:
    """Has the model look at its answer, or a probe, and answer again."""

    rounds: int = 2
    """Corrections at most; each is a request."""
    critic: str | Mapping[str, Any] = "self"
    """self: the model is asked to check its answer; PROBE, PROBE.METRIC or {probe, metric, until, PARAMETER…}: a probe
    that judges the answer without a target, and whose reason the model is told. `until` is the value from which on it
    is content: the best by default."""
    ask: str = ""
    """What the model is told then. {reason}: the probe's; {question}: the last turn of the user."""

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not 1 <= self.rounds <= MOST:
            raise UserError(f"reflect: 'rounds' must be from 1 to {MOST}, found {self.rounds}")
        if isinstance(critic(self.critic), Itself) and "{reason}" in self.ask:
            raise UserError("reflect: 'ask' has a {reason}, which only a probe gives", fix=f"ask: {OWN!r}")

    def on(self, engine: Engine) -> Engine:
        return Reflecting(engine, self)


@dataclass(slots=True)
class _Drafts:
    """What was answered to one question so far."""

    request: Request
    made: list[Generation] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)

    def best(self) -> int:
        """The last one; with numbers, the first of the best. A blank answer mends nothing."""
        good = [at for at, one in enumerate(self.made) if (one.text or "").strip()] or [0]
        if all(self.verdicts[at].value is None for at in good):
            return good[-1]
        values = [self.verdicts[at].value for at in good]
        return good[values.index(max(value for value in values if value is not None))]


class Reflecting(Layer):
    """A model whose answers are looked at before they are given."""

    def __init__(self, inner: Engine, told: Reflect) -> None:
        self.critic: Critic = critic(told.critic)
        self.ask = told.ask or (OWN if isinstance(self.critic, Itself) else TOLD)
        self.rounds = told.rounds
        content = {"name": "reflect", "version": told.version, "rounds": told.rounds, "ask": self.ask}
        super().__init__(inner, {**content, "critic": self.critic.said})
        self._questions: dict[tuple[Message, ...], Sequence[Message]] = {}  # by what lower layers make of each

    @property
    def most_requests(self) -> int:
        return (self.rounds + 1) * super().most_requests

    def _noted(self, messages: Sequence[Message], prompt: Prompt) -> Prompt:
        self._questions[prompt.messages] = messages
        return super()._noted(messages, prompt)

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
        for at in range(0, len(requests), WAVE):
            yield from self._rounds(requests[at : at + WAVE], sampling)

    def _rounds(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
        open_ = {request.key: _Drafts(request) for request in requests}
        asked = list(requests)
        for turn in range(self.rounds + 1):
            again: list[Request] = []
            for group in self.inner.generate(asked, sampling):
                done = []
                for made in group:
                    drafts = open_[made.key]
                    if self._ends(drafts, made) or turn == self.rounds:
                        done.append(_given(drafts))
                    else:
                        again.append(self._correction(drafts, sampling, turn))
                if done:
                    yield done
            if not again:
                return
            asked = again

    def _ends(self, drafts: _Drafts, made: Generation) -> bool:
        """Takes an answer; whether it is not to be corrected. The model that says the same again stands by it."""
        before = drafts.made[-1] if drafts.made else None
        drafts.made.append(made)
        question = drafts.request.prompt.messages
        if made.failure is not None or question[0].role == "text":
            drafts.verdicts.append(Verdict(content=True))
            return True
        drafts.verdicts.append(self.critic.verdict(self._questions.get(question, question), made))
        same = before is not None and normalised(before.text or "") == normalised(made.text or "")
        return drafts.verdicts[-1].content or same

    def _correction(self, drafts: _Drafts, sampling: Sampling, turn: int) -> Request:
        """The question, the last answer, and what is said of it: earlier answers are left out."""
        asked, tools = drafts.request.prompt.messages, drafts.request.prompt.tools
        told = self.ask.replace("{question}", asked[-1].content).replace("{reason}", drafts.verdicts[-1].reason)
        answer = parts(drafts.made[-1].text or "").answer
        turns = (*asked, Message("assistant", answer), Message("user", told))
        seed = hashlib.sha256(f"{drafts.request.seed} reflect {turn}".encode()).digest()
        prompt = self._rendered(turns, tools, sampling)
        return replace(drafts.request, prompt=prompt, seed=int.from_bytes(seed[:8], "big") >> 1)

    def _rendered(self, turns: Sequence[Message], tools: Sequence[Mapping[str, Any]], sampling: Sampling) -> Prompt:
        """By the model itself: what the layers below say stands in the question's turns already."""
        model = bare(self)
        if isinstance(model, TemplatedEngine) and (tools or sampling.chat_template_kwargs):
            return model.prompt_with(turns, tools, json.loads(sampling.chat_template_kwargs or "{}"))
        return model.prompt(turns)


def _given(drafts: _Drafts) -> Generation:
    """The answer that is given, with what all of them cost.

    Where there was no room for a further round, the answer before it stands; any other failure is the question's, so
    that it is asked anew.
    """
    used, last = spent(drafts.made), drafts.made[-1]
    full = last.failure is not None and last.failure.kind == "prompt_too_long" and len(drafts.made) > 1
    if last.failure is not None and not full:
        return replace(last, **used)
    at = drafts.best()
    said = [
        {"text": one.text, **({"reason": verdict.reason} if verdict.reason else {})}
        for one, verdict in zip(drafts.made, drafts.verdicts, strict=True)
        if one.failure is None
    ]
    how = {**(drafts.made[0].how or {}), **(drafts.made[at].how or {}), "requests": n_requests(drafts.made)}
    return replace(drafts.made[at], **used, how={**how, "reflect": {"answers": said, "given": at, "full": full}})

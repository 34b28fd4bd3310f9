"""A prompt that a candidate is to have is searched: tried on dev rows, from mistakes to proposals, before the run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from fteval.alternatives.layers.examples import examples
from fteval.alternatives.layers.proposals import Mistake, asked_for_better, proposed
from fteval.alternatives.layers.stack import changed
from fteval.alternatives.optimise import SELF, Optimise
from fteval.engines.pool import Pool
from fteval.errors import UserError
from fteval.experiment.dev import Dev
from fteval.experiment.gepa_search import START, evolve
from fteval.experiment.search_record import Search, Tried, load
from fteval.records import Change, Engine, Judged, Message, Request, RunRecord, Sampling, bare, canonical, digest
from fteval.runs.reading.flips import worst_by

AT_ONCE = 4
"""Proposals that are asked for from one prompt's mistakes."""
MISTAKES = 6
"""That the proposer reads."""
BARREN = 2
"""Rounds without a new prompt, after which no more are asked for."""
PROPOSING = Sampling(temperature=1.0, max_tokens=400)


@dataclass(slots=True)
class Searcher:
    """A search at work."""

    told: Optimise
    below: Engine
    """The model as it is, with the alternatives that stand below."""
    dev: Dev
    proposer: Engine
    search: Search
    keep: Callable[[], None]
    """Keeps the search as far as it is."""
    runs: dict[int, RunRecord] = field(default_factory=dict)
    """By the place of what was tried: read again only where mistakes are wanted."""

    def run(self) -> None:
        """Tries prompts until the budget is spent or nobody has another idea; the best is chosen."""
        for origin, prompt, k in self._named():
            self._try(origin, prompt, k)
        if self.told.by == "gepa":
            evolve(self, self.search.tried[self._parent()].prompt or START, self.told.seed)
        else:
            self._climb()
        if best := self.search.tried[self._parent()].prompt:
            for k in self.told.k[: self.told.n_demos]:
                self._try("examples", best, k)
        self.search.chosen = self._chosen()

    def _climb(self) -> None:
        """A few proposals at a time, from the mistakes of the best so far."""
        barren = rounds = 0
        while barren < BARREN and self.room > 0:
            before = len(self.search.tried)
            for prompt in self._proposals(min(AT_ONCE, self.room), rounds):
                self._try("proposed", prompt, 0)
            barren = barren + 1 if len(self.search.tried) == before else 0
            rounds += 1

    @property
    def room(self) -> int:
        """Prompts that may still be measured, beside the best one with examples."""
        return self.told.budget - len(self.search.tried) - self.told.n_demos

    @property
    def rows(self) -> Sequence[str]:
        """Ids of the dev rows by which is chosen."""
        return next([s.id for s in p.samples] for p in self.dev.suite.probes if p.name == self.dev.goal.probe)

    def measure(self, prompt: str) -> RunRecord:
        """A prompt's answers to the dev rows, be they made before or now."""
        self._try("proposed", prompt, 0)
        at = next(n for n, one in enumerate(self.search.tried) if (one.prompt, one.k) == (prompt, 0))
        return self.runs.get(at) or self._measured(prompt, 0)

    def graded(self, run: RunRecord) -> tuple[Mapping[str, float], Mapping[str, Judged]]:
        """Row -> score, more is better (what was not judged counts as the worst), and its answer where not perfect."""
        goal = self.dev.goal
        known = {i: goal.gain(value, 0.0) for i, value in goal.by_row(run).items() if value is not None}
        worst = min(known.values(), default=0.0)
        judged = worst_by(run, goal.probe, goal.metric.name, len(self.rows))
        return {row: known.get(row, worst) for row in self.rows}, {one.sample.id: one for one in judged}

    def written(self, question: str) -> str | None:
        """A new prompt that the proposer writes when it is asked so; None for prose and for one that was tried."""
        new = self._drawn(question, 1, self.search.asked)
        return new[0] if new else None

    def _named(self) -> Iterator[tuple[str, str, int]]:
        yield "base", "", 0
        yield from (("given", prompt.strip(), 0) for prompt in dict.fromkeys(self.told.prompts))
        yield from (("examples", "", k) for k in self.told.k[: self.told.n_demos])

    def _try(self, origin: str, prompt: str, k: int) -> None:
        """Measures a prompt, unless the search has done so before it was interrupted."""
        at = next((n for n, one in enumerate(self.search.tried) if (one.prompt, one.k) == (prompt, k)), None)
        if at is not None:
            return
        run = self._measured(prompt, k)
        guards = tuple(guard.mean(run) for guard in self.dev.guards)
        score, scored = self.dev.goal.mean(run), len(self.dev.goal.scored(run))
        self.search.tried.append(Tried(origin, prompt, k, score, guards, scored))
        self.runs[len(self.search.tried) - 1] = run
        self.keep()

    def _measured(self, prompt: str, k: int) -> RunRecord:
        place = len(self.search.tried)
        engine = changed(self.below, changes(self.told, prompt, k, None))
        return self.dev.measured(engine, f"prompt {place + 1} of at most {self.told.budget}")

    def _proposals(self, n: int, turn: int) -> list[str]:
        """New prompts, written by the proposer from the mistakes of the best so far."""
        at = self._parent()
        parent = self.search.tried[at]
        run = self.runs.get(at) or self._measured(parent.prompt, parent.k)
        goal = self.dev.goal
        worst = worst_by(run, goal.probe, goal.metric.name, MISTAKES)
        mistakes = [Mistake(one.sample.prompt_text, one.text, one.reason or f"{one.score:g}") for one in worst]
        text = asked_for_better(parent.prompt, self.search.metric, mistakes)
        return self._drawn(text, n, turn)

    def _drawn(self, question: str, n: int, turn: int) -> list[str]:
        """The prompts among n answers of the proposer that were not tried yet; the others are counted."""
        prompt = self.proposer.prompt([Message("user", question)])
        requests = [Request(f"{turn} {i}", f"{turn}.{i}", prompt, i, _seed(self.told.seed, turn, i)) for i in range(n)]
        made = {g.key: g.text or "" for group in self.proposer.generate(requests, PROPOSING) for g in group}
        known = {one.prompt for one in self.search.tried}
        found = [proposed(made[request.key]) for request in requests]
        new = list(dict.fromkeys(p for p in found if p is not None and p not in known and _is_prompt(p)))
        self.search.asked += n
        self.search.discarded += n - len(new)
        return new

    def _best(self, places: Iterable[int]) -> int | None:
        """The first of the best that regress nowhere; None where there is none."""
        tried = self.search.tried
        sound = [at for at in places if tried[at].score is not None and self._holds(tried[at], tried[0])]
        return max(sound, key=lambda at: self.dev.goal.gain(tried[at].score or 0.0, 0.0), default=None)

    def _parent(self) -> int:
        """The best without examples, be it the model as it is."""
        return self._best(at for at, one in enumerate(self.search.tried) if not one.k) or 0

    def _holds(self, one: Tried, base: Tried) -> bool:
        """Whether nothing that must not regress has fallen."""
        return all(
            new is not None and old is not None and guard.gain(new, old) >= -guard.max_drop - 1e-12
            for guard, new, old in zip(self.dev.guards, one.guards, base.guards, strict=True)
        )

    def _chosen(self) -> int:
        """The best that was tried beside the model as it is. Raises UserError where there is none."""
        tried = self.search.tried
        best = self._best(range(1, len(tried)))
        if best is not None:
            return best
        if len(tried) == 1:
            why = f"the proposer wrote no instruction in {self.search.asked} tries (prose, nothing, or the same again)"
            raise UserError(
                f"optimise: nothing was tried: {why}",
                fix="write `prompts` of your own, or name a larger model as `proposer`",
            )
        judged = [at for at, one in enumerate(tried) if at and one.score is not None]
        if not judged:
            raise UserError(f"optimise: too few answers to the dev rows could be judged by {self.search.metric}")
        top = tried[max(judged, key=lambda at: self.dev.goal.gain(tried[at].score or 0.0, 0.0))]
        raise UserError(
            f"optimise: each of {len(tried) - 1} prompts worsens what must not regress; the best by"
            f" {self.search.metric}: “{top.prompt[:200]}”",
            fix="allow a max_drop, give more budget, write `prompts` of your own; or leave the candidate out",
        )


def found(told: Optimise, below: Engine, pool: Pool, dev: Dev, where: str | None) -> Search:
    """The search for a model: the one that the store has, gone on with, or a new one. Raises UserError where nothing
    was found."""
    proposer = bare(below) if told.proposer == SELF else pool.open(told.proposer)
    root = dev.place.store
    key = _key(told, below, proposer, dev)
    search = load(root, key)
    if search is not None and search.chosen is not None:
        return search
    made = _begun(key, dev)
    if search is not None:  # interrupted: what was tried then is not measured again
        made.tried = search.tried
    try:
        Searcher(told, below, dev, proposer, made, lambda: made.save(root)).run()
    except UserError as error:
        raise type(error)(error.what, where=error.where or where, fix=error.fix) from None
    made.save(root)
    return made


def _begun(key: str, dev: Dev) -> Search:
    goal = dev.goal
    rows = next(len(p.samples) for p in dev.suite.probes if p.name == goal.probe)
    return Search(key, f"{goal.probe}.{goal.metric.name}", goal.metric.unit, goal.metric.better, rows)


def changes(told: Optimise, prompt: str, k: int, where: str | None) -> tuple[Change, ...]:
    """What was tried, as the alternatives that a user would write."""
    found = [Change("prompt", prompt, where)] if prompt else []
    return (*found, *([Change("few_shot", {"data": told.demos, "k": k}, where)] if k else []))


def _key(told: Optimise, below: Engine, proposer: Engine, dev: Dev) -> str:
    """Of all that decides the search. Files count by what they say."""
    settings = {**asdict(told), "data": None, "must_not_regress": None, "demos": None, "proposer": None}
    shown = [[m.content for m in row.turns] for row in examples(told.demos)] if told.demos is not None else None
    goals = [[g.probe, g.metric.name, g.max_drop] for g in (dev.goal, *dev.guards)]
    drawn = asdict(dev.sampling)
    whole = [told.version, settings, goals, shown, drawn, dev.suite.digest, below.identity(), proposer.identity()]
    return digest(json.loads(canonical(whole)))


def _seed(seed: int, turn: int, i: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed} propose {turn} {i}".encode()).digest()[:8], "big") >> 1


def _is_prompt(text: str) -> bool:
    """Whether it can stand in a config as a prompt: the name of a file could not."""
    from fteval.alternatives.prompt import SystemPrompt

    try:
        SystemPrompt(text)
    except UserError:
        return False
    return True

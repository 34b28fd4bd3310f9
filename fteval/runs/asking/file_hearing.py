"""What a judge says of outputs made elsewhere: nothing is kept, and it is tried on these outputs too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fteval.records import JudgedProbe, Request, Sample
from fteval.records.verdicts import Heard, Reply, Turns
from fteval.runs.asking.judges import Judge, heard, standing_of


def file_hearing(
    judge: Judge, probe: JudgedProbe, outputs: Sequence[tuple[Sample, str]], tell: Callable[[int, int], None]
) -> Callable[[Sample, str], Heard]:
    """What the judge says of each output; the base's answer is the row's `base`. Raises what the engine raises."""
    known: dict[str, Reply] = {}

    def ask(asked: Iterable[Turns]) -> dict[Turns, list[Request]]:
        sent = judge.requests(asked)
        left = list({r.key: r for of_one in sent.values() for r in of_one if r.key not in known}.values())
        done = 0
        for group in judge.engine.generate(left, judge.sampling) if left else ():
            known.update({one.key: heard(one) for one in group})
            done += len(group)
            tell(done, len(left))
        return sent

    def base_of(sample: Sample) -> str | None:
        given = sample.metadata.get("base")
        return given if isinstance(given, str) else None

    trials = probe.trials(outputs)
    tried = ask(turns for trial in trials for turns in trial.asked)
    standing = standing_of(judge, probe, trials, lambda turns: [known[r.key] for r in tried[turns]])
    questions = {(s.id, text): probe.asks(s, text, base_of(s)) for s, text in outputs} if not standing.fault else {}
    sent = ask(turns for asked in questions.values() for turns in asked)

    def said(sample: Sample, text: str) -> Heard:
        replies = [known[r.key] for turns in questions.get((sample.id, text), ()) for r in sent[turns]]
        return Heard(tuple(replies), standing, base_of(sample))

    return said

"""How often each probe is right: its judgement of labelled answers, at least half of which were written to fool it.

    python tests/evals/validity.py             # the tables: written cases, and answers of a real 135M model
    python tests/evals/validity.py lipogram    # and every answer that this probe judges otherwise than its label
    python tests/evals/validity.py --real DIR  # and more answers that real models wrote (`real_answers`)

The labels are in `cases/<probe>.jsonl` and `real_135m/<probe>.jsonl`. Counted in the first table is the primary
metric, or the first that has a value where that one does not apply: right where it equals the label, a false pass where
it is more, a false fail where it is less or not scored.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))
from evals import real_answers
from evals.real_answers import Flag

from fteval import registry
from fteval.records import Generation, Message, Sample, Scores, primary
from fteval.records.readings import Divergence, Likelihood

CASES = Path(__file__).parent / "cases"
SMALL = Path(__file__).parent / "real_135m"


@dataclass
class Validity:
    """A probe's agreement with its labels."""

    probe: str
    cases: int = 0
    adversarial: int = 0
    right: int = 0
    false_passes: list[str] = field(default_factory=list)
    false_fails: list[str] = field(default_factory=list)

    @property
    def agreement(self) -> float:
        return self.right / self.cases


def probes(folder: Path = CASES) -> list[str]:
    """Probes that have labelled answers."""
    return sorted(file.stem for file in folder.glob("*.jsonl"))


def cases(probe: str, folder: Path = CASES) -> Iterator[dict[str, Any]]:
    for line in (folder / f"{probe}.jsonl").read_text("ascii").splitlines():
        yield json.loads(line)


def asked(case: dict[str, Any]) -> Sample:
    metadata = case.get("metadata") or {}
    tools = tuple(case.get("tools") or ())
    turns = case.get("messages") or [["user", case["prompt"]]]
    messages = tuple(Message(role, content) for role, content in turns)
    return Sample("row", messages, case.get("target"), metadata=metadata, tools=tools)


def judge(probe: str, case: dict[str, Any]) -> Scores:
    """The probe's judgement of a labelled answer."""
    made = registry.probe(probe, case.get("params"))
    return made.score(asked(case), answer(case))


def answer(case: dict[str, Any]) -> Generation:
    """The labelled answer. `likelihoods` has nats and tokens of texts that were weighed, `divergence` the numbers of an
    answer that was held against the base's."""
    weighed = case.get("likelihoods")
    likelihoods = None if weighed is None else tuple(Likelihood(nats, n, n) for nats, n in weighed)
    why = case.get("finish_reason")
    apart = Divergence(*case["divergence"]) if "divergence" in case else None
    return Generation("row", text=case["output"], finish_reason=why, likelihoods=likelihoods, divergence=apart)


def validity(probe: str, folder: Path = CASES) -> Validity:
    """A probe held against all of its labels."""
    found = Validity(probe)
    for case in cases(probe, folder):
        main = primary(registry.probe(probe, case.get("params")).metrics).name
        told = [name for name, wanted in case["expect"].items() if wanted is not None] or list(case["expect"])
        main = main if main in told else next(iter(told), "")
        if not main:
            continue  # an error is wanted; a test looks at it
        wanted, scores = case["expect"][main], judge(probe, case)
        said = scores.values[main]
        found.cases += 1
        found.adversarial += case.get("adversarial", False)
        if said == wanted:
            found.right += 1
            continue
        text = f"{case['output']!r}: {main} {said}, labelled {wanted}: {case['why']}; {scores.reasons.get(main, '')}"
        passed = said is not None and said > (wanted or 0)
        (found.false_passes if passed else found.false_fails).append(text)
    return found


def small() -> list[Flag]:
    """Every probe's metrics against the labels of a 135M model's answers."""
    found: list[Flag] = []
    for name in probes(SMALL):
        rows = list(cases(name, SMALL))
        judged = ((registry.probe(name, row.get("params")), judge(name, row), row["expect"]) for row in rows)
        found += real_answers.held(Flag(name, "", real_answers.SMALL, len(rows)), judged)
    return found


def main(arguments: Sequence[str]) -> int:
    """Prints the tables; 1 where a probe agrees with fewer than 97 % of its labels."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shown", nargs="*", metavar="PROBE")
    parser.add_argument("--real", type=Path, metavar="DIR")
    parser.add_argument("--write", action="store_true", help="keep the counts on real answers for docs/probes.md")
    given = parser.parse_args(arguments)
    on_real = real_answers.flags(given.real) if given.real is not None else []
    if given.real is not None and not on_real:
        parser.error(f"{given.real} holds neither labelled/*.jsonl nor refusals.jsonl")
    poor = _written(given.shown)
    on_real = [*on_real, *small()]
    print("\n" + "\n".join(real_answers.table(on_real)))
    for name in probes(SMALL):
        _others(validity(name, SMALL), given.shown)
    if given.write:
        real_answers.write(on_real)
    return int(poor > 0)


def _written(shown: Sequence[str]) -> int:
    """Prints the first table; how many probes agree with fewer than 97 %."""
    poor = 0
    print(f"{'probe':<16}{'cases':>7}{'adversarial':>13}{'agreement':>11}{'false passes':>14}{'false fails':>13}")
    for name in probes():
        v = validity(name)
        poor += v.agreement < 0.97
        print(
            f"{name:<16}{v.cases:>7}{v.adversarial:>13}{100 * v.agreement:>10.1f}%"
            f"{len(v.false_passes):>14}{len(v.false_fails):>13}"
        )
        _others(v, shown)
    return poor


def _others(v: Validity, shown: Sequence[str]) -> None:
    for text in [*v.false_passes, *v.false_fails] if v.probe in shown else []:
        print(f"    {text}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

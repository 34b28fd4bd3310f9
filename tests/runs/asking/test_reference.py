"""What a reference says of answers, and how a run keeps it: by an engine whose likelihoods can be reckoned by hand."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import echo
import pytest
from likely import Likely

from fteval.errors import UserError
from fteval.records import Generation, Message, Metric, Request, RunRecord, Sample, Sampling, Scores, digest
from fteval.records.readings import READ, Limit, Limits
from fteval.runs.asking import suite
from fteval.runs.asking.appoint import Wanted, appointed, check_not_measured
from fteval.runs.asking.execute import execute
from fteval.runs.asking.file_readings import file_readings
from fteval.runs.asking.referees import Referees
from fteval.runs.asking.reference import NEUTRAL, Answer, Reader, Reference, limits, negatives
from fteval.runs.asking.rescore import rescore
from fteval.runs.asking.terms import Terms
from fteval.runs.journal.store import Store
from fteval.runs.reading import results

NO_LIMITS = Limits("likely", "sha256:j", "nobody's answers", 0, Limit(None), Limit(None))


@dataclass(frozen=True, slots=True)
class Read:
    """What the reference says, as metrics: what a probe is handed."""

    asks_reference: ClassVar[bool] = True
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("surprise", primary=True, unit="nats per byte"),
        Metric("aboutness", unit="nats per token"),
        Metric("floor", unit="nats per token"),
    )

    def samples(self) -> Iterator[Sample]:
        return iter(())

    def score(self, sample: Sample, generation: Generation) -> Scores:
        reading = generation.reading
        assert reading is not None
        values = {"surprise": reading.surprise, "aboutness": reading.aboutness, "floor": reading.limits.floor.value}
        return Scores(values, reasons={"surprise": reading.reason or "", "floor": reading.limits.floor.reason or ""})


def questions(n: int = 60) -> tuple[Sample, ...]:
    """Prompts of words that no other prompt has, in the order of the alphabet."""
    draw = random.Random(4)
    words = [f"{a}{b}{c}" for a in "bdfgklmn" for b in "aeiou" for c in "bdfgklmn"]
    draw.shuffle(words)
    return tuple(echo.sample(f"q{i}", " ".join(sorted(words[5 * i : 5 * i + 5]))) for i in range(n))


def reader(engine: Likely | None = None) -> Reader:
    return Reader(Reference("likely", engine or Likely(), "sha256:j"))


def read(one: Reader, *answers: Answer) -> None:
    for _ in one.ask(one.missing(pair for answer in answers for pair in answer.pairs)):
        pass


def test_surprise_is_nats_a_byte_and_aboutness_what_the_prompt_saves_of_a_token() -> None:
    answer, one = Answer("a", (Message("user", "ant bee"),), "ant bee cow"), reader()
    read(one, answer)
    found = one.reading(answer, NO_LIMITS)
    # After its prompt 0.5 + 0.5 + 1 nats for three words of nine letters, after the neutral one 3.
    assert found.surprise == pytest.approx(2 / 9) and found.aboutness == pytest.approx(1 / 3)
    assert found.tokens == 3


def test_an_empty_answer_is_not_asked_about_and_one_beyond_the_context_has_a_reason() -> None:
    empty, long = (Answer("a", (Message("user", "ant"),), text) for text in (" \n", "toolong ant"))
    one = reader()
    read(one, empty, long)
    found = [one.reading(answer, NO_LIMITS) for answer in (empty, long)]
    assert all(r.surprise is None and r.aboutness is None and r.reason for r in found)
    assert not any(text.strip() == "" for _, text in one.reference.engine.judged)  # type: ignore[attr-defined]


def test_the_same_prompt_and_answer_are_asked_once() -> None:
    engine = Likely()
    one = reader(engine)
    answers = [Answer(name, (Message("user", "ant"),), "ant bee") for name in ("a", "b")]
    read(one, *answers)
    read(one, *answers)
    assert sorted(engine.judged) == sorted([("ant", "ant bee"), (NEUTRAL[0].content, "ant bee")])


def test_another_judge_prompt_or_text_is_another_key() -> None:
    asked = (Message("user", "ant"),)
    keys = {
        reader().key(asked, "bee"),
        reader().key(asked, "bee "),
        reader().key((Message("user", "ant?"),), "bee"),
        Reader(Reference("likely", Likely(), "sha256:k")).key(asked, "bee"),
    }
    assert len(keys) == 4 and all(len(key) == 64 for key in keys)


def test_negatives_are_the_words_in_another_order_and_another_prompt_for_the_same_text() -> None:
    answers = [Answer(s.id, s.messages, s.prompt_text) for s in questions(50)]
    made = negatives(answers)
    assert len(made) == 50
    for one in made:
        assert one.astray != one.good.messages and one.astray in {a.messages for a in answers}
        assert sorted(one.shuffled.split()) == sorted(one.good.text.split())
    assert sum(one.shuffled != one.good.text for one in made) >= 48
    assert negatives(answers[::-1]) == made, "their order decides nothing"


def test_another_question_about_the_same_thing_is_no_bad_prompt_for_an_answer() -> None:
    asked = [f"{question} {name}?" for name in "abcdefgh" for question in ("Who loves", "Where lives")]
    answers = [Answer(text, (Message("user", text),), f"It is {text}") for text in asked]
    assert all(one.astray[0].content[-2] != one.good.messages[0].content[-2] for one in negatives(answers))


def test_short_answers_and_scripts_without_blanks_are_shuffled_by_letters() -> None:
    answers = [
        Answer("a", (Message("user", "x"),), "Verona"),
        Answer("b", (Message("user", "y"),), "犬は忠実な動物です"),
    ]
    for one in negatives(answers):
        assert sorted(one.shuffled) == sorted(one.good.text)


def test_a_judge_that_tells_them_apart_gets_limits_with_their_area() -> None:
    answers = [Answer(s.id, s.messages, s.prompt_text) for s in questions(60)]
    one, made = reader(), negatives(answers)
    read(one, *(a for a in answers))
    for _ in one.ask(one.missing(pair for n in made for pair in n.pairs)):
        pass
    found = limits(one, made, "the base's own answers")
    # Own words cost 0.5 nats for three letters; aboutness is 0.5 for them and 0 after another prompt.
    assert found.answers == 60 and found.ceiling.auc is not None and found.ceiling.auc > 0.9
    assert found.ceiling.value is not None and found.ceiling.value > 0.5 / 3
    assert (found.floor.value, found.floor.auc, found.floor.false_alarms) == (0.0, 1.0, 0.0)


# --- in a run -------------------------------------------------------------------------------------


def run(
    tmp_path: Path, engine: Likely, referees: Referees | None, samples: Sequence[Sample], **options: Any
) -> RunRecord:
    built = suite.build([("read", Read(), samples)])
    if referees is not None:
        built = suite.with_judges(built, {name: one.digest for name, one in referees.references.items()})
    return execute(built, engine, Sampling(), Store(tmp_path / "s"), Terms(referees=referees, **options))


def referees(judge: Likely, base: Likely | None = None) -> Referees:
    reference = Reference(judge.ref, judge, digest(judge.identity()))
    return Referees({"read": reference}, None if base is None else digest(base.identity()))


def test_a_run_hands_readings_to_the_probe_and_keeps_them(tmp_path: Path) -> None:
    base = Likely()
    record = run(tmp_path, base, referees(base, base), questions())
    assert record.complete
    scores = record.probes[0].scores
    assert set(scores["surprise"]) == {0.5 / 3} and set(scores["floor"]) == {0.0}
    assert record.probes[0].limits is not None and record.probes[0].limits.of == "the base's own answers"
    assert record.readings is not None and record.readings.asked == len(base.judged)
    assert results.load(Store(tmp_path / "s"), record.id) == record


def test_what_an_earlier_run_was_told_is_not_asked_again(tmp_path: Path) -> None:
    base = Likely()
    first = run(tmp_path, base, referees(base, base), questions())
    asked = len(base.judged)
    again = run(tmp_path, base, referees(base, base), questions())
    # Of the bad answers made for the limits too: they are the same ones.
    assert len(base.judged) == asked and again.readings is not None and again.readings.reused == asked
    assert again.probes[0].digest == first.probes[0].digest


@dataclass
class Telling(Likely):
    """Says with each answer how likely it finds it."""

    def _one(self, request: Request) -> Generation:
        words = request.prompt.messages[-1].content.split()
        return replace(super()._one(request), likelihood=self._likelihood(words, words))


def test_what_a_judge_said_of_its_own_answers_is_not_asked_again_and_no_other_s_word_counts(tmp_path: Path) -> None:
    asked, telling = Likely(), Telling()
    plain = run(tmp_path / "a", asked, referees(asked, asked), questions())
    told = run(tmp_path / "b", telling, referees(telling, telling), questions())
    assert told.probes == plain.probes
    assert set(asked.judged) - set(telling.judged) == {(s.prompt_text, s.prompt_text) for s in questions()}
    candidate, base = Telling(weights="sha256:2"), Likely()
    run(tmp_path / "c", candidate, referees(base, candidate), questions())
    assert set(base.judged) == set(asked.judged)


def test_another_judge_is_another_scorer_and_asked_anew(tmp_path: Path) -> None:
    base, other = Likely(), Likely(weights="sha256:1")
    first = run(tmp_path, base, referees(base, base), questions())
    second = run(tmp_path, base, referees(other, base), questions())
    assert first.probes[0].digest != second.probes[0].digest and other.judged
    assert first.manifest["plan"]["suite"] != second.manifest["plan"]["suite"]


def test_a_candidate_is_judged_by_the_base_s_limits(tmp_path: Path) -> None:
    base = Likely()
    backwards = Likely(weights="sha256:2", answer=lambda r: " ".join(r.prompt.messages[-1].content.split()[::-1]))
    shared = referees(base, base)
    of_base = run(tmp_path, base, shared, questions())
    of_candidate = run(tmp_path, backwards, shared, questions())
    assert of_candidate.probes[0].limits == of_base.probes[0].limits
    assert of_candidate.probes[0].digest == of_base.probes[0].digest


def test_without_the_base_nobody_settles_a_candidate_s_limits(tmp_path: Path) -> None:
    base, candidate = Likely(), Likely(weights="sha256:2")
    record = run(tmp_path, candidate, referees(base, base), questions())
    assert record.complete and record.probes[0].unscored["floor"] == 60


def test_fewer_than_forty_answers_settle_nothing(tmp_path: Path) -> None:
    base = Likely()
    record = run(tmp_path, base, referees(base, base), questions(39))
    found = record.probes[0].limits
    assert found is not None and found.floor.value is None and "39 answers" in str(found.floor.reason)
    assert record.warnings == ("read: 39 answers to calibrate the reference on, wanted 40",)


def test_a_reading_that_was_cut_off_goes_on_where_it_stopped(tmp_path: Path) -> None:
    judge, base = Likely(fail_after=200), Likely(weights="sha256:2")
    with pytest.raises(ConnectionError):
        run(tmp_path, base, referees(judge, base), questions())
    judge.fail_after = None
    record = run(tmp_path, base, referees(judge, base), questions(), resume="latest")
    # Of 200 likelihoods 152 were kept: the two of each answer, and of those for the limits the first 32. The batch
    # that was cut off is asked again.
    assert record.complete and len(set(judge.judged)) == 240 and len(judge.judged) == 240 + 200 - 152
    assert len(base.asked) == 60, "no answer was asked again"


def test_a_saved_run_is_judged_anew_without_its_reference(tmp_path: Path) -> None:
    base = Likely()
    first = run(tmp_path, base, referees(base, base), questions())
    asked = len(base.judged)
    again = rescore(Store(tmp_path / "s"), first.id, {"read": Read()})
    assert len(base.judged) == asked
    assert again.probes[0] == first.probes[0]


def test_a_file_s_own_answers_settle_its_limits_and_bad_ones_those_of_the_reference(tmp_path: Path) -> None:
    outputs = [(s, s.prompt_text) for s in questions()]
    by_own = file_readings(Reference("likely", Likely(), "sha256:j"), outputs, lambda done, total: None)
    assert by_own.limits.of == "the file's own answers" and by_own.of(*outputs[0]).aboutness == 0.5
    wrong = [(s, other.prompt_text) for s, other in zip(questions(), questions()[::-1], strict=True)]
    by_reference = file_readings(Reference("likely", Likely(), "sha256:j"), wrong, lambda done, total: None)
    assert by_reference.limits.of == "answers of the reference itself"  # it answers with the prompt's words
    assert by_reference.limits.floor.value == 0.0 and by_reference.of(*wrong[0]).aboutness == 0.0


@dataclass
class Measured(Likely):
    """Remembers how long its answers may be."""

    longest: int = 0

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
        self.longest = sampling.max_tokens
        return super().generate(requests, sampling)


def test_a_reference_answers_each_prompt_once_and_as_long_as_it_reads() -> None:
    judge = Measured()
    texts = [other.prompt_text for other in questions()[::-1]]
    wrong = [(replace(s, id=f"{s.id}{i}"), text) for s, text in zip(questions(), texts, strict=True) for i in "ab"]
    found = file_readings(Reference("likely", judge, "sha256:j"), wrong, lambda done, total: None)
    assert found.limits.of == "answers of the reference itself" and judge.longest == READ
    prompts = [request.prompt for request in judge.asked]
    assert len(prompts) == len(set(prompts)) >= 40


# --- who judges ------------------------------------------------------------------------------------


ENGINES = {"base": Likely("base"), "other": Likely("other", weights="sha256:1"), "mute": echo.Echo("mute")}


def judges(base: str | None, said: str | None = None, **more: Any) -> dict[str, str]:
    built = suite.build([("read", Read(), questions(3)), ("words", echo.Words(), None)])
    _, found = appointed(built, Wanted({"read": said}, base, **more), ENGINES.__getitem__)
    return {} if found is None else {name: one.ref for name, one in found.references.items()}


def test_the_base_judges_where_it_says_how_likely_a_text_is_and_nothing_else_was_said() -> None:
    assert judges("base") == {"read": "base"}
    assert judges("mute") == {}
    assert judges(None) == {}
    assert judges("base", by_default=False) == {}


def test_what_was_said_wins_and_none_is_nobody() -> None:
    assert judges("base", "other") == {"read": "other"}
    assert judges("base", "none") == {}
    assert judges(None, "other") == {"read": "other"}


@pytest.mark.parametrize(
    ("base", "said", "wrong"), [("base", "mute", "does not say how likely"), (None, "base", "none")]
)
def test_a_reference_that_cannot_be_one_is_an_error(base: str | None, said: str, wrong: str) -> None:
    with pytest.raises(UserError, match=wrong):
        judges(base, said)


def test_a_candidate_is_never_its_own_reference_and_the_base_may_be_everybody_s() -> None:
    candidate = ENGINES["other"]
    built = suite.build([("read", Read(), questions(3))])
    for said, fine in ((None, True), ("other", False)):
        _, found = appointed(built, Wanted({"read": said}, "base"), ENGINES.__getitem__)
        if fine:
            check_not_measured(found, [ENGINES["base"], candidate])
            continue
        with pytest.raises(UserError, match="judges by the very model that it measures"):
            check_not_measured(found, [ENGINES["base"], candidate])


def test_accepted_scores_bring_their_judge_and_their_limits(tmp_path: Path) -> None:
    base = ENGINES["base"]
    assert isinstance(base, Likely)
    kept = run(tmp_path, base, referees(base, base), questions())
    built = suite.build([("read", Read(), questions())])
    after, found = appointed(built, Wanted({"read": None}, None, kept), ENGINES.__getitem__)
    assert found is not None and found.limits["read"] == kept.probes[0].limits
    assert after.digest == kept.manifest["plan"]["suite"]
    without = replace(kept, probes=tuple(replace(p, limits=None) for p in kept.probes))
    assert appointed(built, Wanted({"read": None}, None, without), ENGINES.__getitem__)[1] is None

"""Runs read back: flips, texts, judging anew (A9, B13), damage (A2, A3, B10) and the shortcut for lists (I8)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import echo
import pytest

from fteval.errors import INCOMPLETE, Incomplete, UserError
from fteval.records import Failure, Generation, Metric, Request, RunRecord, Sample, Sampling, Scores
from fteval.runs.asking import suite
from fteval.runs.asking.execute import execute
from fteval.runs.asking.rescore import rescore
from fteval.runs.asking.terms import Terms
from fteval.runs.journal import lines
from fteval.runs.journal.store import Store, repair_run, verify_run
from fteval.runs.reading import flips, results


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / ".fteval")


def run(
    store: Store, engine: echo.Echo | None = None, samples: Sequence[Sample] | None = None, **options: object
) -> RunRecord:
    built = suite.build([("words", echo.Words(), echo.samples(6) if samples is None else samples)])
    return execute(built, engine or echo.Echo(), Sampling(), store, Terms(**options))  # type: ignore[arg-type]


def says(answers: dict[str, str], weights: str) -> echo.Echo:
    return echo.Echo(weights=weights, answer=lambda r: answers.get(r.sample_id, r.prompt.messages[-1].content))


# --- flips ---


def test_flips_are_worst_first_with_both_answers_and_gains_last(store: Store) -> None:
    base = run(store, says({"s1": "one", "s4": "one two three"}, "base"))
    candidate = run(store, says({"s0": "a b c d e", "s3": "x y z", "s4": "x"}, "candidate"))
    found = flips.flips(base, candidate, "words", "words", 10)
    # words: s0 2 -> 5, s1 1 -> 2, s3 2 -> 3, s4 3 -> 1; `words` counts as better when higher
    assert [(f.sample.id, f.base_score, f.candidate_score) for f in found] == [
        ("s4", 3.0, 1.0),
        ("s1", 1.0, 2.0),
        ("s3", 2.0, 3.0),
        ("s0", 2.0, 5.0),
    ]
    assert (found[0].base_text, found[0].candidate_text) == ("one two three", "x")
    assert found[0].sample == echo.samples(6)[4]
    assert flips.flips(base, candidate, "words", "words", 1) == found[:1]
    assert flips.flips(base, candidate, "words", "words", 0) == []
    assert flips.flips(base, base, "words", "words", 10) == []


@dataclass(frozen=True, slots=True)
class Fewer(echo.Words):
    metrics: ClassVar[tuple[Metric, ...]] = (Metric("words", better="lower", unit="words"),)

    def score(self, sample: Sample, generation: Generation) -> Scores:
        return Scores(
            {"words": echo.Words.score(self, sample, generation).values["words"]}, reasons={"words": f"of {sample.id}"}
        )


def test_where_lower_is_better_the_largest_rise_is_the_worst(store: Store) -> None:
    built = suite.build([("words", Fewer(), echo.samples(3))])
    base = execute(built, says({}, "base"), Sampling(), store)
    candidate = execute(built, says({"s0": "one", "s1": "a b c d", "s2": "a b c d"}, "c"), Sampling(), store)
    found = flips.flips(base, candidate, "words", "words", 3)
    assert [f.sample.id for f in found] == ["s1", "s2", "s0"]
    assert [f.reason for f in found] == ["of s1", "of s2", "of s0"]


def test_a_sample_that_asks_something_else_now_or_was_not_judged_is_no_flip(store: Store) -> None:
    base = run(store)
    samples = [replace(s, target="else") if s.id == "s1" else s for s in echo.samples(6)]
    fails = echo.Echo(weights="c", answer=lambda r: Failure("no", "no") if r.sample_id == "s2" else "wrong")
    candidate = run(store, fails, samples)
    assert [f.sample.id for f in flips.flips(base, candidate, "words", "exact", 10)] == ["s0", "s3", "s4", "s5"]


def test_an_unknown_probe_is_an_error_that_names_the_known(store: Store) -> None:
    base = run(store)
    with pytest.raises(UserError, match="no probe 'wrods'") as caught:
        flips.flips(base, base, "wrods", "exact", 1)
    assert "words" in str(caught.value.fix)


def test_the_worst_answers_of_one_run_are_the_lowest_scores_perfect_ones_left_out(store: Store) -> None:
    built = suite.build([("a", echo.Words(), echo.samples(6)), ("b", Fewer(), echo.samples(6))])
    done = execute(built, says({"s1": "one", "s4": "a b c"}, "base"), Sampling(), store)
    found = flips.worst(done, 3)
    assert [(j.probe, j.sample.id, j.score, j.text) for j in found] == [
        ("a", "s1", 0.0, "one"),
        ("a", "s4", 0.0, "a b c"),
        ("b", "s4", 3.0, "a b c"),
        ("b", "s0", 2.0, "say 0"),
        ("b", "s2", 2.0, "say 2"),
    ]
    assert found[2].reason == "of s4"
    assert flips.worst(done, 0) == []


@pytest.mark.parametrize("text", ['"digest":', ',"digest":', "a\\", '"', "\u2028", "\ud800", "s,1", ""])
def test_texts_of_awkward_ids_and_answers_are_found(store: Store, text: str) -> None:
    samples = [echo.sample(text or "empty", text), echo.sample("other", "x" + text)]
    done = run(store, samples=samples)
    wanted = [("words", text or "empty"), ("words", "absent")]
    assert flips.texts(done, wanted) == {("words", text or "empty"): text}


def test_an_unanswered_sample_has_no_text(store: Store) -> None:
    done = run(store, echo.Echo(answer=lambda r: Failure("no", "no") if r.sample_id == "s0" else "yes"))
    assert flips.texts(done, [("words", "s0"), ("words", "s1")]) == {("words", "s1"): "yes"}


# --- judging anew ---


@dataclass(frozen=True, slots=True)
class Strict(echo.Words):
    """Another judgement of the same answers."""

    broken: bool = False

    def score(self, sample: Sample, generation: Generation) -> Scores:
        if self.broken and sample.id == "s3":
            raise KeyError("s3")
        return Scores({"exact": 0.5, "words": 0.0})


def test_a_repaired_scorer_judges_anew_without_a_model_call_and_old_scores_are_kept(store: Store) -> None:
    engine = echo.Echo()
    built = suite.build([("words", Strict(broken=True), echo.samples(6))])
    first = execute(built, engine, Sampling(), store)
    assert (first.complete, first.errors) == (False, 1)
    before = (Path(first.path) / "scores.jsonl").read_bytes()
    again = rescore(store, first.id, {"words": Strict()})
    assert len(engine.asked) == 6
    assert again.complete
    assert again.probes[0].scores["exact"] == [0.5] * 6
    assert again.probes[0].digest != first.probes[0].digest
    assert (Path(first.path) / "scores.jsonl").read_bytes().startswith(before)
    assert results.load(store, first.id) == again
    assert again.warnings == ()


def test_only_what_failed_is_judged_again_when_the_probe_is_the_same(store: Store) -> None:
    fuse = [True]

    class Flaky(echo.Words):
        def score(self, sample: Sample, generation: Generation) -> Scores:
            if sample.id == "s3" and fuse:
                raise OSError(fuse.pop())
            return echo.Words.score(self, sample, generation)

    probe = Flaky()
    first = execute(suite.build([("words", probe, echo.samples(6))]), echo.Echo(), Sampling(), store)
    n = sum(1 for _ in lines.read(Path(first.path) / "scores.jsonl"))
    again = rescore(store, first.id, {"words": probe})
    assert again.complete
    assert sum(1 for _ in lines.read(Path(first.path) / "scores.jsonl")) == n + 1


def test_going_back_to_the_first_probe_gives_the_first_scores(store: Store) -> None:
    first = run(store)
    rescore(store, first.id, {"words": Strict()})
    back = rescore(store, first.id, {"words": echo.Words()})
    assert back.probes == first.probes


def test_judging_anew_by_a_name_that_is_not_in_the_run_is_an_error(store: Store) -> None:
    with pytest.raises(UserError, match="has no probe 'facts'"):
        rescore(store, run(store).id, {"facts": echo.Words()})


def test_a_probe_that_is_left_out_keeps_its_scores(store: Store) -> None:
    built = suite.build([("a", echo.Words(), echo.samples(3)), ("b", echo.Words(), echo.samples(3))])
    first = execute(built, echo.Echo(), Sampling(), store)
    again = rescore(store, first.id, {"b": Strict()})
    assert again.probes[0] == first.probes[0]
    assert again.probes[1].scores["exact"] == [0.5] * 3


# --- damage ---


def damage(path: Path, number: int) -> None:
    all_lines = path.read_bytes().splitlines(keepends=True)
    all_lines[number - 1] = all_lines[number - 1].replace(b"say", b"hey", 1)
    path.write_bytes(b"".join(all_lines))


def test_a_record_edited_by_hand_is_not_used_named_and_after_repair_asked_again(store: Store) -> None:
    first = run(store)
    path = Path(first.path) / "generations.jsonl"
    damage(path, 3)
    before = path.read_bytes()
    engine = echo.Echo()
    for act in (
        lambda: results.load(store, first.id),
        lambda: run(store, engine),
        lambda: run(store, engine, resume=first.id),
    ):
        with pytest.raises(Incomplete, match="damaged journal: the checksum does not match") as caught:
            act()
        assert caught.value.where == f"{path}:3"
        assert caught.value.exit_code == INCOMPLETE
    assert engine.asked == []
    assert path.read_bytes() == before
    assert [r.id for r in store.runs()] == [first.id], "no half-made run"

    folder = store.find(first.id)
    assert [d.where for d in verify_run(folder)[1]] == [f"{path}:3"]
    assert [d.number for d in repair_run(folder)] == [3]
    assert verify_run(folder)[1] == []
    hole = results.load(store, first.id)
    assert (hole.complete, hole.generated) == (False, 5)
    assert hole.warnings == ("1 of 6 not answered: the run was stopped before them",)
    whole = run(store, engine, resume=first.id)
    assert [request.sample_id for request in engine.asked] == ["s2"]
    assert whole.complete
    assert whole.probes == first.probes


def test_a_line_lost_from_the_samples_is_said_and_written_again_on_resume(store: Store) -> None:
    first = run(store)
    damage(Path(first.path) / "samples.jsonl", 2)
    repair_run(store.find(first.id))
    hole = results.load(store, first.id)
    assert (hole.complete, hole.planned, len(hole.probes[0].sample_ids)) == (False, 6, 5)
    assert hole.warnings == ("1 of 6 not answered: the run was stopped before them",)
    engine = echo.Echo()
    whole = run(store, engine, resume=first.id)
    assert engine.asked == []
    assert whole.complete
    assert sorted(whole.probes[0].sample_ids) == sorted(first.probes[0].sample_ids)


def test_a_damaged_run_of_another_engine_does_not_get_in_the_way(store: Store) -> None:
    other = run(store, echo.Echo(weights="other"))
    damage(Path(other.path) / "generations.jsonl", 3)
    assert run(store).complete


@pytest.mark.parametrize("name", ["samples", "generations", "scores", "events"])
def test_a_torn_last_line_of_any_journal_is_no_obstacle(store: Store, name: str) -> None:
    first = run(store)
    path = Path(first.path) / f"{name}.jsonl"
    whole = path.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for cut in range(last + 1, len(whole), 40):
        path.write_bytes(whole[:cut])
        engine = echo.Echo()
        again = run(store, engine, resume=first.id)
        assert again.complete
        assert sorted(again.probes[0].sample_ids) == sorted(first.probes[0].sample_ids)
        assert again.probes[0].scores == first.probes[0].scores
        assert len(engine.asked) == (name == "generations")
        (torn,) = Path(first.path).glob(f"{name}.jsonl.torn-*")
        assert torn.read_bytes() == whole[last:cut]
        torn.unlink()


def test_a_run_that_is_being_written_can_be_read(store: Store) -> None:
    seen: list[RunRecord] = []

    class Looks(echo.Echo):
        def _one(self, request: Request) -> Generation:
            if len(self.asked) == 4:
                seen.append(results.load(store, "latest"))
            return super()._one(request)

    run(store, Looks(group=2))
    assert (seen[0].complete, seen[0].generated) == (False, 4)


# --- lists ---


def test_the_summary_says_what_the_journals_say(store: Store) -> None:
    done = run(store)
    found = results.summary(store.find(done.id))
    assert (found["complete"], found["planned"], found["done"], found["ref"]) == (True, 6, 6, "echo")
    assert found["probes"]["words"] == {"exact": {"mean": 1.0, "scored": 6}, "words": {"mean": 2.0, "scored": 6}}
    assert json.loads((Path(done.path) / "summary.json").read_text()) == found


@pytest.mark.parametrize("left", ["stale", "absent", "broken"])
def test_a_summary_that_is_not_of_these_journals_is_ignored(store: Store, left: str) -> None:
    done = run(store)
    path = Path(done.path) / "summary.json"
    if left == "stale":
        path.write_text(
            json.dumps({**json.loads(path.read_text()), "digest": "sha256:old", "complete": False, "done": 0})
        )
    elif left == "broken":
        path.write_text("{")
    else:
        path.unlink()
    before = path.read_bytes() if path.exists() else None
    found = results.summary(store.find(done.id))
    assert (found["complete"], found["done"]) == (True, 6)
    assert (path.read_bytes() if path.exists() else None) == before, "reading writes nothing"

"""Runs: B1, B2, B3, B5, B6, B7, B11, B12, A9 of the fault list, with a small real engine that counts its requests."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import echo
import pytest

from fteval.errors import USAGE, Incomplete, UserError
from fteval.records import Failure, Generation, Message, Metric, Prompt, Request, RunRecord, Sample, Sampling, Scores
from fteval.runs.asking import suite
from fteval.runs.asking.attempt import Progress
from fteval.runs.asking.execute import execute
from fteval.runs.asking.terms import Terms
from fteval.runs.journal import lines
from fteval.runs.journal.store import Store
from fteval.runs.reading import results

SAMPLED = Sampling(temperature=0.8)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / ".fteval")


def words(samples: Sequence[Sample] | int = 10, **options: Any) -> suite.Suite:
    given = echo.samples(samples) if isinstance(samples, int) else samples
    return suite.build([("words", echo.Words(), given)], **options)


def exact(run: RunRecord) -> dict[str, float | None]:
    (probe,) = run.probes
    return dict(zip(probe.sample_ids, probe.scores["exact"], strict=True))


def rows(run: RunRecord, name: str = "generations") -> list[dict[str, Any]]:
    return list(lines.read(Path(run.path) / f"{name}.jsonl"))


def test_a_run_holds_its_plan_samples_answers_and_scores(store: Store) -> None:
    engine = echo.Echo()
    run = execute(words(), engine, Sampling(), store, Terms(command="fteval run --model echo"))
    assert (run.complete, run.planned, run.generated, run.reused, run.errors) == (True, 10, 10, 0, 0)
    assert exact(run) == {f"s{i}": 1.0 for i in range(10)}
    assert run.ref == "echo"
    assert run.warnings == ()
    assert run.manifest["command"] == "fteval run --model echo"
    assert [row["text"] for row in rows(run)] == [f"say {i}" for i in range(10)]
    assert results.load(store, run.id) == run
    assert {p.name for p in Path(run.path).iterdir()} == {
        ".lock", "manifest.json", "samples.jsonl", "generations.jsonl", "scores.jsonl", "events.jsonl", "summary.json",
        "index",
    }  # fmt: skip


def test_the_same_command_again_asks_nothing_and_is_a_new_run(store: Store) -> None:
    first = execute(words(), echo.Echo(), Sampling(), store)
    engine = echo.Echo()
    again = execute(words(), engine, Sampling(), store)
    assert again.id != first.id
    assert engine.asked == []
    assert (again.reused, again.generated, again.complete) == (10, 0, True)
    assert {row["reused"] for row in rows(again)} == {first.id}
    assert exact(again) == exact(first)
    third = execute(words(), echo.Echo(), Sampling(), store)
    assert {row["reused"] for row in rows(third)} == {first.id}, "the run that made them, not one that copied them"


def test_a_reordered_hold_out_is_all_reused(store: Store) -> None:
    first = execute(words(), echo.Echo(), Sampling(), store)
    engine = echo.Echo()
    again = execute(words(echo.samples(10)[::-1]), engine, Sampling(), store)
    assert engine.asked == []
    assert exact(again) == exact(first)


def test_one_edited_row_is_the_one_that_is_asked(store: Store) -> None:
    execute(words(), echo.Echo(), Sampling(), store)
    edited = [replace(s, messages=(Message("user", "say more"),)) if s.id == "s7" else s for s in echo.samples(10)]
    engine = echo.Echo()
    again = execute(words(edited), engine, Sampling(), store)
    assert [request.sample_id for request in engine.asked] == ["s7"]
    assert (again.reused, again.generated) == (9, 1)


def test_a_target_that_changed_asks_nothing_and_judges_anew(store: Store) -> None:
    execute(words(), echo.Echo(), Sampling(), store)
    engine = echo.Echo()
    again = execute(words([replace(s, target="no") for s in echo.samples(10)]), engine, Sampling(), store)
    assert engine.asked == []
    assert set(exact(again).values()) == {0.0}


def test_other_weights_under_the_same_ref_are_asked_anew(store: Store) -> None:
    first = execute(words(), echo.Echo(weights="sha256:old"), Sampling(), store)
    engine = echo.Echo(weights="sha256:new")
    again = execute(words(), engine, Sampling(), store)
    assert len(engine.asked) == 10
    assert again.digest != first.digest


@pytest.mark.parametrize(
    "change", [{"max_tokens": 64}, {"stop": ("\n",)}, {"seed": 1}, {"top_p": 0.9}, {"repetition_penalty": 1.1}], ids=str
)
def test_other_sampling_is_asked_anew(store: Store, change: dict[str, Any]) -> None:
    execute(words(), echo.Echo(), Sampling(), store)
    engine = echo.Echo()
    execute(words(), engine, replace(Sampling(), **change), store)
    assert len(engine.asked) == 10


def test_runtime_options_do_not_matter_for_reuse(store: Store) -> None:
    execute(words(), echo.Echo(group=1), Sampling(), store)
    engine = echo.Echo(group=7, pause=0.1, ref="another name of it")
    execute(words(), engine, Sampling(), store, Terms(on_progress=lambda p: None, command="other"))
    assert engine.asked == []


def test_reuse_can_be_turned_off(store: Store) -> None:
    execute(words(), echo.Echo(), Sampling(), store)
    engine = echo.Echo()
    execute(words(), engine, Sampling(), store, Terms(reuse=False))
    assert len(engine.asked) == 10


def test_repeats_of_a_sampled_model_are_distinct_and_a_second_run_draws_anew(store: Store) -> None:
    draws = iter(range(1000))
    engine = echo.Echo(answer=lambda request: f"draw {next(draws)}")
    first = execute(words(4), engine, SAMPLED, store, Terms(repeats=3))
    assert first.planned == 12
    assert len({row["text"] for row in rows(first)}) == 12
    assert len({request.seed for request in engine.asked}) == 12
    assert {request.repeat for request in engine.asked} == {0, 1, 2}
    second = execute(words(4), engine, SAMPLED, store, Terms(repeats=3))
    assert (second.reused, second.generated) == (0, 12)
    assert [r.seed for r in engine.asked[:12]] == [r.seed for r in engine.asked[12:]], "the same seed, asked again"


def test_a_resumed_sampled_run_keeps_its_draws(store: Store) -> None:
    draws = iter(range(1000))

    def answer(request: Request) -> str | Failure:
        n = next(draws)
        return Failure("out_of_memory", "no") if n == 5 else f"draw {n}"

    first = execute(words(4), echo.Echo(answer=answer), SAMPLED, store, Terms(repeats=3))
    assert not first.complete
    again = execute(words(4), echo.Echo(answer=answer), SAMPLED, store, Terms(repeats=3, resume=first.id))
    assert again.id == first.id
    assert again.complete
    assert {row["text"] for row in rows(again) if row["text"]} == {f"draw {n}" for n in range(13) if n != 5}


def test_the_score_of_repeats_is_their_mean(store: Store) -> None:
    engine = echo.Echo(answer=lambda r: r.prompt.messages[-1].content if r.repeat < 2 else "wrong answer here")
    run = execute(words(2), engine, SAMPLED, store, Terms(repeats=3))
    assert run.probes[0].scores == {"exact": pytest.approx([2 / 3, 2 / 3]), "words": pytest.approx([7 / 3, 7 / 3])}


@dataclass(frozen=True, slots=True)
class Short:
    """Judges answers of one letter only."""

    metrics = (Metric("letter", primary=True, partial=True),)

    def samples(self) -> Iterator[Sample]:
        return iter(echo.samples(3))

    def score(self, sample: Sample, generation: Generation) -> Scores:
        letter = len(generation.text or "") == 1
        return Scores({"letter": 1.0 if letter else None}, reasons={} if letter else {"letter": "no letter"})


def test_a_sample_that_was_judged_in_some_repeats_only_has_no_score_and_is_named(store: Store) -> None:
    def answer(request: Request) -> str:
        sample = request.prompt.messages[-1].content
        return {"say 0": "a", "say 1": "a" if request.repeat else "no"}.get(sample, "no")

    built = suite.build([("short", Short(), echo.samples(3))])
    (probe,) = execute(built, echo.Echo(answer=answer), SAMPLED, store, Terms(repeats=2)).probes
    assert probe.scores["letter"] == [1.0, None, None]
    assert dict(probe.partly) == {"letter": (1,)}


def test_a_prompt_that_two_probes_share_is_asked_once_and_judged_by_both(store: Store) -> None:
    built = suite.build([("a", echo.Words(), echo.samples(6)), ("b", echo.Words(), echo.samples(4))])
    engine = echo.Echo()
    seen: list[Progress] = []
    run = execute(built, engine, Sampling(), store, Terms(on_progress=seen.append))
    assert len(engine.asked) == 6
    assert (run.planned, run.generated, run.complete) == (10, 10, True)
    assert [p.scores["exact"] for p in run.probes] == [[1.0] * 6, [1.0] * 4]
    assert len(rows(run, "samples")) == 10
    assert len(rows(run)) == 6
    assert seen[-1].done == seen[-1].total == 10


def test_an_error_is_a_record_is_not_scored_and_is_asked_again_a_zero_is_not(store: Store) -> None:
    def answer(request: Request) -> str | Failure:
        return Failure("nan_logits", "NaN at step 3") if request.sample_id == "s3" else "wrong"

    first = execute(words(), echo.Echo(answer=answer), Sampling(), store)
    assert not first.complete
    assert first.errors == first.probes[0].errors == 1
    assert exact(first) == {f"s{i}": None if i == 3 else 0.0 for i in range(10)}
    assert first.probes[0].unscored["exact"] == 0, "not asked well is not the same as not judgeable"
    assert first.warnings == ("1 of 10 in error: nan_logits, first s3: NaN at step 3",)
    engine = echo.Echo()
    second = execute(words(), engine, Sampling(), store)
    assert [request.sample_id for request in engine.asked] == ["s3"]
    assert (second.complete, second.reused, second.generated) == (True, 9, 1)


def test_an_answer_that_is_neither_text_nor_failure_is_an_error_not_an_empty_answer(store: Store) -> None:
    class Silent(echo.Echo):
        def _one(self, request: Request) -> Generation:
            return replace(super()._one(request), text=None)

    run = execute(words(2), Silent(), Sampling(), store)
    assert (run.complete, run.errors) == (False, 2)
    assert "no_output" in run.warnings[0]


def test_an_engine_that_leaves_requests_out_leaves_the_run_incomplete(store: Store) -> None:
    class Lazy(echo.Echo):
        def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
            return super().generate(requests[:-3], sampling)

    run = execute(words(), Lazy(), Sampling(), store)
    assert not run.complete
    assert run.warnings == ("3 of 10 not answered: the run was stopped before them",)
    assert list(exact(run).values()).count(None) == 3


def test_an_engine_that_answers_what_was_not_asked_is_a_bug_not_a_result(store: Store) -> None:
    class Wrong(echo.Echo):
        def _one(self, request: Request) -> Generation:
            return replace(super()._one(request), key="0" * 64)

    with pytest.raises(RuntimeError, match="not open"):
        execute(words(), Wrong(), Sampling(), store)


def test_empty_truncated_and_unjudgeable_answers_are_counted_apart(store: Store) -> None:
    class Odd(echo.Echo):
        def _one(self, request: Request) -> Generation:
            made = super()._one(request)
            return {"s0": replace(made, text=" \n"), "s1": replace(made, finish_reason="length")}.get(
                request.sample_id, made
            )

    samples = [replace(s, target=None) if s.id == "s2" else s for s in echo.samples(4)]
    run = execute(words(samples), Odd(), Sampling(), store)
    (probe,) = run.probes
    assert run.complete
    assert (probe.empty, probe.truncated, probe.unscored, probe.errors) == (1, 1, {"exact": 1, "words": 0}, 0)
    assert exact(run) == {"s0": 0.0, "s1": 1.0, "s2": None, "s3": 1.0}
    assert probe.answer_tokens == 2.0


@dataclass(frozen=True, slots=True)
class Broken(echo.Words):
    """Fails on one sample, and says something that is no number on another."""

    def score(self, sample: Sample, generation: Generation) -> Scores:
        if sample.id == "s3":
            raise ZeroDivisionError("division by zero")
        if sample.id == "s5":
            return Scores({"exact": float("nan"), "words": 1.0})
        return echo.Words.score(self, sample, generation)


def test_a_scorer_that_raises_costs_no_answer_and_leaves_the_run_incomplete(store: Store) -> None:
    run = execute(suite.build([("words", Broken(), echo.samples(10))]), echo.Echo(), Sampling(), store)
    assert not run.complete
    assert len(rows(run)) == 10
    assert run.errors == 1
    assert run.warnings == ("words: 1 could not be scored, first s3: ZeroDivisionError: division by zero",)
    (failed,) = [row for row in rows(run, "scores") if row.get("status") == "score_error"]
    assert failed["sample"] == "s3"
    assert exact(run)["s3"] is None


def test_nan_is_not_a_score(store: Store) -> None:
    run = execute(suite.build([("words", Broken(), echo.samples(10))]), echo.Echo(), Sampling(), store)
    assert exact(run)["s5"] is None
    assert run.probes[0].unscored["exact"] == 1
    (row,) = [row for row in rows(run, "scores") if row.get("sample") == "s5"]
    assert row["reasons"]["exact"] == "the probe returned nan, which is not a score"


def test_resume_of_a_changed_plan_is_refused_field_by_field_and_the_run_untouched(store: Store) -> None:
    first = execute(words(), echo.Echo(answer=lambda r: Failure("no", "no")), Sampling(), store)
    before = {p.name: p.read_bytes() for p in Path(first.path).iterdir()}
    engine = echo.Echo(weights="sha256:other")
    with pytest.raises(UserError) as caught:
        execute(words(), engine, SAMPLED, store, Terms(resume=first.id, repeats=2))
    assert caught.value.exit_code == USAGE
    for line in ("sampling.temperature: 0.0 → 0.8", "repeats: 1 → 2", "engine.weights: sha256:0 → sha256:other"):
        assert line in caught.value.what
    assert "requests" not in caught.value.what
    assert not engine.asked
    assert {p.name: p.read_bytes() for p in Path(first.path).iterdir()} == before


def test_resume_continues_the_same_run_and_asks_only_for_what_is_missing(store: Store) -> None:
    class Dies(echo.Echo):
        def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
            for n, group in enumerate(super().generate(requests, sampling)):
                if n == 2:
                    raise Incomplete("the GPU is gone")
                yield group

    with pytest.raises(Incomplete, match="the GPU is gone") as caught:
        execute(words(), Dies(), Sampling(), store, Terms(command="fteval run --model x"))
    run_id = store.find("latest").id
    assert caught.value.fix == f"fteval run --model x --resume {run_id}"
    assert results.latest_incomplete(store) == run_id
    half = results.load(store, run_id)
    assert (half.complete, half.generated) == (False, 8)
    engine = echo.Echo()
    whole = execute(words(), engine, Sampling(), store, Terms(resume="latest"))
    assert whole.id == run_id
    assert [request.sample_id for request in engine.asked] == ["s8", "s9"]
    assert (whole.complete, whole.generated, whole.reused) == (True, 10, 0)
    assert results.latest_incomplete(store) is None
    with pytest.raises(UserError, match="no incomplete run"):
        execute(words(), engine, Sampling(), store, Terms(resume="latest"))


def test_resuming_a_complete_run_does_nothing(store: Store) -> None:
    first = execute(words(), echo.Echo(), Sampling(), store)
    engine = echo.Echo()
    again = execute(words(), engine, Sampling(), store, Terms(resume=first.id))
    assert engine.asked == []
    assert replace(again, seconds=0) == replace(first, seconds=0)
    assert len(rows(again, "scores")) == len(rows(first, "scores"))


def test_progress_counts_only_what_is_in_the_journal_and_comes_at_most_ten_times_a_second(store: Store) -> None:
    seen: list[tuple[Progress, int]] = []

    def watch(progress: Progress) -> None:
        (path,) = store.runs_dir.glob("*/generations.jsonl")
        seen.append((progress, path.read_bytes().count(b"\n")))

    execute(words(60), echo.Echo(group=1, pause=0.01), Sampling(), store, Terms(on_progress=watch))
    assert all(p.done <= there for p, there in seen)
    assert seen[-1][0].done == 60
    assert [p.total for p, _ in seen] == [60] * len(seen)
    assert len(seen) <= 10 * seen[-1][0].seconds + 3


def test_every_repeat_needs_to_be_at_least_one(store: Store) -> None:
    with pytest.raises(UserError, match="repeats is 0"):
        execute(words(), echo.Echo(), Sampling(), store, Terms(repeats=0))


def test_an_engine_s_own_request_identity_separates_equal_prompts(store: Store) -> None:
    @dataclass
    class Replay(echo.Echo):
        outputs: Callable[[str], str] = str

        def request_identity(self, sample: Sample, prompt: Prompt) -> str:
            return self.outputs(sample.id)

    twins = (echo.sample("a", "same?", "a"), echo.sample("b", "same?", "b"))
    engine = Replay(answer=lambda r: r.sample_id, outputs=lambda i: f"digest of {i}")
    run = execute(words(twins), engine, Sampling(), store)
    assert exact(run) == {"a": 1.0, "b": 1.0}
    edited = Replay(outputs=lambda i: f"digest of {i}" + "!" * (i == "b"))
    execute(words(twins), edited, Sampling(), store)
    assert [request.sample_id for request in edited.asked] == ["b"]


def test_a_prompt_that_cannot_be_rendered_leaves_no_half_made_run(store: Store) -> None:
    class NoTemplate(echo.Echo):
        def prompt(self, messages: Sequence[Message]) -> Prompt:
            raise UserError("the tokenizer has no chat template")

    with pytest.raises(UserError, match="no chat template"):
        execute(words(), NoTemplate(), Sampling(), store)
    assert list(store.runs_dir.iterdir()) == []


def test_the_limit_is_said_and_its_answers_are_reused_by_the_whole(store: Store) -> None:
    part = execute(words(10, limit=4), echo.Echo(), Sampling(), store)
    assert part.subset
    whole = execute(words(10), echo.Echo(), Sampling(), store)
    assert not whole.subset
    assert (whole.reused, whole.generated) == (4, 6)


def test_the_manifest_is_there_before_the_first_request_and_never_changes(store: Store) -> None:
    seen: list[bytes] = []

    class Looks(echo.Echo):
        def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
            (path,) = store.runs_dir.glob("*/manifest.json")
            seen.append(path.read_bytes())
            return super().generate(requests, sampling)

    run = execute(words(), Looks(), Sampling(), store)
    assert seen == [(Path(run.path) / "manifest.json").read_bytes()]
    sampling = json.loads(seen[0])["plan"]["sampling"]
    off = {"system": "keep", "chat_template_kwargs": "", "extra_body": ""}  # left out, as before there were any
    assert {**off, **sampling} == {**asdict(Sampling()), "stop": []}


def test_what_the_engine_reports_becomes_events_of_the_run(store: Store) -> None:
    @dataclass
    class Reports(echo.Echo):
        on_event: Callable[[dict[str, Any]], None] | None = None

        def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
            assert self.on_event is not None
            self.on_event({"event": "out_of_memory", "rows": 64, "retry_rows": 32})
            return super().generate(requests, sampling)

    heard: list[dict[str, Any]] = []
    engine = Reports(on_event=heard.append)
    run = execute(words(), engine, Sampling(), store)
    assert [row["event"] for row in rows(run, "events")] == ["started", "out_of_memory", "finished"]
    assert rows(run, "events")[1]["retry_rows"] == 32
    assert heard == [{"event": "out_of_memory", "rows": 64, "retry_rows": 32}], "whoever listened before still hears"
    assert engine.on_event == heard.append


def test_a_probe_s_own_words_are_what_is_said_of_its_error(store: Store) -> None:
    class NeedsTarget(echo.Words):
        def score(self, sample: Sample, generation: Generation) -> Scores:
            raise UserError("this row has no target", fix="give it one")

    run = execute(suite.build([("w", NeedsTarget(), echo.samples(2))]), echo.Echo(), Sampling(), store)
    assert run.warnings == ("w: 2 could not be scored, first s0: this row has no target",)


@dataclass
class Heard(echo.Echo):
    """Remembers how each sample was drawn."""

    drawn: dict[str, Sampling] = dataclasses.field(default_factory=dict)

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
        self.drawn |= {request.sample_id: sampling for request in requests}
        return super().generate(requests, sampling)


def two(**own: Any) -> suite.Suite:
    probes = [("short", echo.Words(), echo.samples(3)), ("long", echo.Words(), echo.samples(7)[3:])]
    return suite.build(probes, sampling={"long": own})


def test_a_probe_with_its_own_sampling_is_drawn_by_it_and_the_others_are_not(store: Store) -> None:
    engine = Heard()
    run = execute(two(max_tokens=400, stop=("END",)), engine, Sampling(), store)
    assert {name: how.max_tokens for name, how in engine.drawn.items()} == dict.fromkeys(
        ["s0", "s1", "s2"], 256
    ) | dict.fromkeys(["s3", "s4", "s5", "s6"], 400)
    assert engine.drawn["s3"].stop == ("END",)
    assert run.manifest["plan"]["sampling"]["probes"] == {"long": {"max_tokens": 400, "stop": ["END"]}}
    assert (run.complete, run.generated) == (True, 7)


def test_answers_are_reused_by_how_they_were_drawn_be_it_said_of_a_probe_or_of_the_run(store: Store) -> None:
    execute(two(max_tokens=400), echo.Echo(), Sampling(), store)
    changed = execute(two(max_tokens=100), echo.Echo(), Sampling(), store)
    assert (changed.reused, changed.generated) == (3, 4)
    everywhere = execute(two(), echo.Echo(), Sampling(max_tokens=400), store)
    assert (everywhere.reused, everywhere.generated) == (4, 3)
    drawn = execute(two(temperature=0.7), echo.Echo(), Sampling(), store)
    again = execute(two(temperature=0.7), echo.Echo(), Sampling(), store)
    assert (drawn.reused, again.reused, again.generated) == (3, 3, 4)  # two runs are two draws


def test_what_a_probe_says_as_the_run_does_is_no_difference(store: Store) -> None:
    first = execute(two(max_tokens=256), echo.Echo(), Sampling(), store)
    again = execute(two(), echo.Echo(), Sampling(), store)
    assert first.manifest["plan"] == again.manifest["plan"]
    assert again.reused == 7


def test_a_limit_of_one_probe_is_its_whole_and_always_the_same_draw() -> None:
    probes = [("a", echo.Words(), echo.samples(9)), ("b", echo.Words(), echo.samples(9))]
    limited = suite.build(probes, limits={"a": 4})
    assert [len(p.samples) for p in limited.probes] == [4, 9]
    assert not limited.subset
    assert limited.probes[0].samples == suite.build(probes, limit=4).probes[0].samples
    assert suite.build(probes, limit=3, limits={"a": 4}).subset

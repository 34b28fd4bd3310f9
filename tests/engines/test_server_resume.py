"""A run against a server that is killed, interrupted, out of space, or done already: nothing is asked twice (A, B)."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from asking import Done, answered, answers, by_prompt, finish, holdout, prompt, rows, runs, spawn, start
from servers import faults
from servers.fake import Server
from servers.model import Model

from fteval.runs.journal.store import Store, verify_run

N = 20
STORE = Path(".fteval")
Run = Callable[..., Done]


def asked(server: Server) -> set[str]:
    """The hold-out's prompts among what was asked."""
    return {text for text in server.prompts if text.startswith("Question")}


def wait_until(condition: Callable[[], bool], seconds: float = 600) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.005)


# --- killed and stopped ---------------------------------------------------------------------------


def kill_and_check(folder: Path, kills: int, seed: int) -> None:
    """A run is killed `kills` times and continued; then it is left alone and must be whole."""
    source = random.Random(seed)
    n = 12 * kills
    data, store = holdout(folder / "words.jsonl", n), folder / ".fteval"
    with Server(Model(answers=answers(n)), latency=0.05) as server:
        command = ("run", "--model", server.ref, "--holdout", str(data), "--score", "exact", "-j", "4")
        for _ in range(kills):
            kept = answered(runs(store)[-1]) if runs(store) else set()
            server.forget()
            process = start(*command, *(["--resume"] if runs(store) else []), folder=folder)
            new = source.randint(1, 9)
            wait_until(lambda new=new, process=process: len(asked(server)) >= new or process.poll() is not None)  # type: ignore[misc]
            time.sleep(source.uniform(0, 0.1))
            process.kill()
            done = finish(process)
            assert done.code == -signal.SIGKILL, done.said
            assert not asked(server) & kept, f"asked again for answers that were there (seed {seed})"
            # What came back to the server's client long before the kill was journalled as it came.
            assert kept <= answered(runs(store)[-1])
        kept = answered(runs(store)[-1])
        server.forget()
        done = spawn(*command, "--resume", folder=folder)
        assert done.code == 0, done.said
        assert not asked(server) & kept
        assert len(runs(store)) == 1
        assert answered(runs(store)[0]) == set(answers(n))
        assert verify_run(Store(store).find("latest"))[1] == []
        assert kept, "no answer survived any kill: they are not journalled as they come"


@pytest.mark.slow
def test_killed_at_random_moments_no_answered_prompt_is_asked_again(here: Path) -> None:
    kill_and_check(here, 3, seed=5)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_killed_at_fifty_random_moments(here: Path, seed: int) -> None:
    kill_and_check(here, 10, seed)


def test_answers_are_journalled_as_they_come(server: Server, here: Path, data: Path) -> None:
    server.script[prompt(5)] = faults.hangs()
    process = start("run", "--model", server.ref, "--holdout", str(data), "--score", "exact", folder=here)
    wait_until(lambda: bool(runs(here / STORE)) and len(answered(runs(here / STORE)[0])) == N - 1)
    process.kill()
    finish(process)


@pytest.mark.parametrize(
    ("number", "times"),
    [
        pytest.param(signal.SIGINT, 1, marks=pytest.mark.slow),
        (signal.SIGINT, 3),
        (signal.SIGTERM, 1),
        pytest.param(signal.SIGTERM, 3, marks=pytest.mark.slow),
    ],
)
def test_a_signal_stops_at_once_with_requests_in_flight_and_resume_repeats_nothing(
    run: Run, server: Server, here: Path, data: Path, number: signal.Signals, times: int
) -> None:
    hanging = {prompt(i) for i in range(8, N)}
    server.script.update(dict.fromkeys(hanging, faults.hangs()))
    command = ("run", "--model", server.ref, "--holdout", str(data), "--score", "exact", "-j", "4")
    process = start(*command, folder=here)
    wait_until(lambda: len(asked(server) & hanging) == 4)
    wait_until(lambda: answered(runs(here / STORE)[0]) == asked(server) - hanging)
    for _ in range(times):
        process.send_signal(number)
        time.sleep(0.05)
    done = finish(process)
    assert done.code == 128 + number, done.said
    assert "Traceback" not in done.err
    (stopped,) = runs(here / STORE)
    assert f"--resume {stopped.name}" in done.err
    assert rows(stopped, "events")[-1]["event"] == "interrupted"
    kept = answered(stopped)
    assert verify_run(Store(here / STORE).find("latest"))[1] == []
    server.forget()
    server.script.clear()
    again = run("--resume")
    assert again.code == 0, again.said
    assert asked(server) == {prompt(i) for i in range(N)} - kept
    assert {server.prompts[text] for text in asked(server)} == {1}


LIMIT = (
    "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))"  # room for samples.jsonl, not for all answers
)


def test_a_full_disk_stops_the_asking_and_resume_completes_it(run: Run, server: Server, here: Path) -> None:
    n = 200
    data = holdout(here / "many.jsonl", n)
    server.model.answers = {prompt(i): f"word{i} " + "and more " * 120 for i in range(n)}
    server.latency = 0.02
    command = ("run", "--model", server.ref, "--holdout", str(data), "--score", "exact", "-j", "16")
    done = spawn(*command, folder=here, code=LIMIT)
    assert done.code == 3, done.said
    assert "cannot write" in done.err or "File too large" in done.err
    kept = answered(runs(here / STORE)[0])
    assert 0 < len(kept) < n
    assert len(asked(server)) <= len(kept) + 60  # what was in flight, and one group that could not be written
    server.forget()
    again = run("--resume", holdout=data)
    assert again.code == 0, again.said
    assert asked(server) == {prompt(i) for i in range(n)} - kept


def test_a_store_that_cannot_be_written_is_said_before_any_request(run: Run, server: Server, here: Path) -> None:
    (here / "file").write_text("not a folder")
    done = run(store="file/store")
    assert done.code == 2, done.said
    assert server.requests == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_store_is_said_before_any_request(run: Run, server: Server, here: Path) -> None:
    (here / "store").mkdir(mode=0o500)
    done = run(store="store")
    assert done.code == 2, done.said
    assert server.requests == []


# --- what is the same question --------------------------------------------------------------------


def test_a_second_run_asks_nothing(run: Run, server: Server) -> None:
    assert run().code == 0
    server.forget()
    done = run()
    assert done.code == 0, done.said
    # Who serves a name may have put another model behind it: that much is asked, and no question again.
    assert len(server.completions) <= 6
    assert not [seen for seen in server.completions if seen.prompt.startswith("Question")]
    assert len(runs(STORE)) == 2


@pytest.mark.parametrize(
    "other",
    [
        ("-j", "3"),
        ("--timeout", "7"),
        ("--max-retries", "1"),
        ("-q",),
        ("-v",),
        ("-o", "elsewhere.md"),
        ("--max-total-tokens", "1000000"),
    ],
    ids=" ".join,
)
def test_what_decides_no_answer_makes_no_request(run: Run, server: Server, other: tuple[str, ...]) -> None:
    assert run().code == 0
    server.forget()
    done = run(*other)
    assert done.code == 0, done.said
    assert asked(server) == set()


def test_another_key_makes_no_request(run: Run, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run().code == 0
    server.forget()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-another")
    assert run().code == 0
    assert asked(server) == set()


def test_another_server_or_model_or_sampling_asks_everything(run: Run, server: Server) -> None:
    assert run().code == 0
    everything = {prompt(i) for i in range(N)}
    with Server(Model(answers=answers(N))) as other:
        assert run(model=other.ref).code == 0
        assert asked(other) == everything
    server.model.name = "m2"
    for args in ((), ("--max-tokens", "7"), ("--seed", "1", "--temperature", "0.5")):
        server.forget()
        assert run(*args).code == 0
        assert asked(server) == everything, args


def test_a_reordered_holdout_is_reused_whole_with_the_same_scores(run: Run, server: Server, here: Path) -> None:
    server.model.answers = {**answers(N), prompt(3): "wrong"}
    first = run()
    server.forget()
    order = list(range(N))
    random.Random(1).shuffle(order)
    again = run(holdout=holdout(here / "words.jsonl", N, order))
    assert first.code == again.code == 0, again.said
    assert asked(server) == set()
    scores = [{r["sample"]: r["values"] for r in rows(run_, "scores") if "values" in r} for run_ in runs(STORE)]
    assert scores[0] == scores[1]
    assert sorted(values["exact"] for values in scores[1].values()) == [0.0] + [1.0] * (N - 1)


def test_one_edited_row_is_the_one_that_is_asked(run: Run, server: Server, here: Path) -> None:
    assert run().code == 0
    server.forget()
    lines = (here / "words.jsonl").read_text().splitlines(keepends=True)
    lines[4] = json.dumps({"prompt": "Question 4, edited?", "target": "x"}) + "\n"
    (here / "words.jsonl").write_text("".join(lines))
    assert run().code == 0
    assert asked(server) == {"Question 4, edited?"}


def test_an_error_is_asked_again_and_a_wrong_answer_is_not(run: Run, server: Server) -> None:
    server.model.answers = {**answers(N), prompt(3): "wrong"}
    server.script[prompt(7)] = faults.status(400)
    assert run().code == 3
    server.script.clear()
    server.forget()
    assert run().code == 0
    assert asked(server) == {prompt(7)}
    assert by_prompt(runs(STORE)[1])[prompt(3)]["text"] == "wrong"


def test_repeats_are_drawn_apart_and_resume_does_not_merge_them(run: Run, server: Server, here: Path) -> None:
    sampled = ("--temperature", "0.8", "--repeats", "3")
    server.script[prompt(5)] = [faults.status(400), faults.status(400)]
    first = run(*sampled)
    assert first.code == 3, first.said
    server.forget()
    server.script.clear()
    again = run(*sampled, "--resume")
    assert again.code == 0, again.said
    assert asked(server) == {prompt(5)}
    assert server.prompts[prompt(5)] <= 2
    texts = {}
    for row in rows(runs(STORE)[0]):
        if row["status"] == "ok":
            texts[row["sample"], row["repeat"]] = row["text"]
    assert len(texts) == 3 * N
    assert len(set(texts.values())) == 3 * N  # 12 words or more of 16: two alike do not happen
    server.forget()
    assert run(*sampled).code == 0
    assert {server.prompts[prompt(i)] for i in range(N)} <= {1, 3}  # drawn anew: one request with n=3, or three
    assert len(asked(server)) == N


@pytest.mark.slow
def test_a_killed_sampled_run_goes_on_with_the_repeats_that_are_missing(server: Server, here: Path, data: Path) -> None:
    server.latency = 0.05
    command = ("run", "--model", server.ref, "--holdout", str(data), "--score", "exact", "-j", "2")
    sampled = (*command, "--temperature", "0.8", "--repeats", "3")
    process = start(*sampled, folder=here)
    wait_until(lambda: bool(runs(here / STORE)) and len(rows(runs(here / STORE)[0])) >= 10)
    process.kill()
    finish(process)
    kept = {row["key"]: row["text"] for row in rows(runs(here / STORE)[0])}
    done = spawn(*sampled, "--resume", folder=here)
    assert done.code == 0, done.said
    found = [row for row in rows(runs(here / STORE)[0]) if row["status"] == "ok"]
    assert len(found) == len({row["key"] for row in found}) == 3 * N
    assert {row["key"]: row["text"] for row in found if row["key"] in kept} == kept


PLUGIN = """
from dataclasses import dataclass
from typing import ClassVar
from fteval.records import Message, Metric, Sample, Scores


@dataclass(frozen=True, slots=True)
class Length:
    metrics: ClassVar[tuple[Metric, ...]] = (Metric("long", primary=True),)

    def samples(self):
        return [Sample(f"s{i}", (Message("user", f"Question {i}: which word?"),)) for i in range(5)]

    def score(self, sample, generation):
        return Scores({"long": float(len(generation.text) > LEAST)})
"""


@pytest.mark.slow
def test_an_edited_scorer_judges_anew_without_a_request_and_the_old_scores_are_kept(server: Server, here: Path) -> None:
    """The scorer comes as another package's probe would: through an entry point of an installed distribution."""
    plugin = here / "plugin"
    info = plugin / "plugin-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[fteval.probes]\nlength = length_probe:Length\n")
    path = f"{plugin}{os.pathsep}{Path(__file__).parents[2]}"
    command = ("run", "--model", server.ref, "--probe", "length")
    (plugin / "length_probe.py").write_text(PLUGIN.replace("LEAST", "3"))
    first = spawn(*command, folder=here, PYTHONPATH=path)
    assert first.code == 0, first.said
    server.forget()
    (plugin / "length_probe.py").write_text(PLUGIN.replace("LEAST", "300"))
    (run,) = runs(here / STORE)
    before = rows(run, "scores")
    again = spawn("score", run.name, folder=here, PYTHONPATH=path)
    assert again.code == 0, again.said
    after = rows(run, "scores")
    assert after[: len(before)] == before
    assert len(after) > len(before)
    second = spawn(*command, folder=here, PYTHONPATH=path)
    assert second.code == 0, second.said
    assert asked(server) == set()


@pytest.mark.slow
def test_two_at_once_share_one_store_and_lose_nothing(server: Server, here: Path, data: Path) -> None:
    server.latency = 0.02
    command = ("run", "--model", server.ref, "--holdout", str(data), "--score", "exact")
    done = [finish(p) for p in [start(*command, folder=here) for _ in range(2)]]
    assert [d.code for d in done] == [0, 0], "\n".join(d.said for d in done)
    assert [len(answered(r)) for r in runs(here / STORE)] == [N, N]


def test_the_python_way_does_the_same_and_closes_what_it_opened(server: Server, here: Path, data: Path) -> None:
    import fteval

    before = threading.active_count()
    record = fteval.run(server.ref, holdout=data, score=["exact"], store=here / "store")
    assert (record.complete, record.errors, record.generated) == (True, 0, N)
    server.forget()
    again = fteval.run(server.ref, holdout=data, score=["exact"], store=here / "store")
    assert (again.complete, again.reused) == (True, N)
    assert asked(server) == set()
    wait_until(lambda: threading.active_count() <= before)

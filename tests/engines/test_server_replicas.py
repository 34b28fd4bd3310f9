"""Several servers of one model share a run: each gets what it answers, and none with another model is mixed in."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from asking import Done, answers, by_prompt, config, holdout, rows, runs, spawn
from servers import faults
from servers.fake import Server
from servers.model import Model

from fteval import cli
from fteval.engines.remote.capabilities import FIXED

Run = Callable[..., Done]
STORE = Path(".fteval")
N = 400


@pytest.fixture
def three() -> Iterator[list[Server]]:
    """Servers of one model, in processes' terms: three addresses."""
    with ExitStack() as stack:
        yield [stack.enter_context(Server(Model(answers=answers(1000)), latency=0.02)) for _ in range(3)]


def together(here: Path, three: list[Server], n: int = N, **sections: object) -> Path:
    """A config in which the servers share the work."""
    urls = [server.url for server in three]
    return config(here / "c.yaml", three[0].ref, holdout(here / "many.jsonl", n), servers=urls, **sections)


def given(server: Server) -> set[str]:
    """Samples that a server was asked."""
    return {seen.prompt for seen in server.completions if seen.prompt.startswith("Question")}


def answered(run: Path) -> Counter[str]:
    """Place of a server -> answers, by the run's own record."""
    return sum((Counter(e["answered"]) for e in rows(run, "events") if e["event"] == "servers"), Counter())


def warned(run: Path) -> str:
    return "\n".join(e["text"] for e in rows(run, "events") if e["event"] == "warning")


def place(server: Server) -> str:
    return server.url.partition("://")[2]


def test_replicas_share_the_work_and_the_record_says_who_answered_how_many(
    run: Run, here: Path, three: list[Server]
) -> None:
    done = run("-c", str(together(here, three)), holdout=None)
    assert done.code == 0, done.said
    (made,) = runs(STORE)
    assert all(given(server) for server in three)
    assert sum(len(given(server)) for server in three) == N, "each is asked once"
    assert answered(made) == {place(server): len(given(server)) for server in three}
    assert {row["text"] for row in by_prompt(made).values()} == {f"word{i}" for i in range(N)}
    for server in three:
        assert f"{place(server)} {len(given(server))}" in " ".join(done.out.split())


def test_merged_shards_say_it_of_all(run: Run, here: Path, three: list[Server]) -> None:
    shared = together(here, three)
    for i in (1, 2):
        done = spawn("run", "-c", str(shared), "--shard", f"{i}/2", "--store", f"shard{i}", folder=here)
        assert done.code == 0, done.said
    done = spawn("merge", "shard1", "shard2", folder=here)
    assert done.code == 0, done.said
    (made,) = runs(STORE)
    assert answered(made) == {place(server): len(given(server)) for server in three}


def test_a_slow_one_gets_what_it_answers(run: Run, here: Path, three: list[Server]) -> None:
    three[2].latency = 0.5
    done = run("-c", str(together(here, three, 1000)), holdout=None)
    assert done.code == 0, done.said
    counts = [len(given(server)) for server in three]
    assert 0 < counts[2] < min(counts[:2])


def test_who_a_model_is_does_not_depend_on_how_many_servers_answer_for_it(
    run: Run, here: Path, three: list[Server]
) -> None:
    """Answers of one server are used again by three."""
    assert run("-c", str(together(here, three[:1], 50)), holdout=None).code == 0
    for server in three:
        server.forget()
    done = run("-c", str(together(here, three, 50)), holdout=None)
    assert done.code == 0, done.said
    assert not any(map(given, three))


def once(condition: Callable[[], bool], act: Callable[[], None]) -> threading.Thread:
    """Does something as soon as a condition holds; for at most a minute."""

    def wait() -> None:
        until = time.monotonic() + 60
        while not condition():
            if time.monotonic() > until:
                return
            time.sleep(0.005)
        act()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def test_one_that_is_killed_ends_no_run_and_its_requests_are_asked_of_the_others(
    run: Run, here: Path, three: list[Server]
) -> None:
    killer = once(lambda: len(given(three[1])) > 40, three[1].hang_up)
    done = run("-c", str(together(here, three, 800)), holdout=None)
    killer.join()
    assert done.code == 0, done.said
    (made,) = runs(STORE)
    assert len(by_prompt(made)) == 800
    assert f"{place(three[1])} is not asked for now" in warned(made)
    assert answered(made)[place(three[1])] < len(given(three[0])) + len(given(three[2]))
    assert sum(answered(made).values()) == 800
    three[1].listen()  # so that it can be closed


@pytest.mark.parametrize("asked", [10, 60])
def test_what_one_that_hangs_was_asked_is_asked_of_the_others_before_the_timeout(
    run: Run, here: Path, three: list[Server], asked: int
) -> None:
    """Which is two minutes. How long answers take is known from the others, too, where it has hardly given one."""
    hung: list[str] = []

    def hang() -> None:
        three[1].every = faults.hangs()
        hung.extend(given(three[1]))

    killer = once(lambda: len(given(three[1])) > asked, hang)
    done = run("-c", str(together(here, three, 2000)), holdout=None)
    killer.join()
    assert done.code == 0, done.said
    assert f"{place(three[1])} is not asked for now" in warned(runs(STORE)[0])
    first = {seen.prompt: seen.time for seen in three[1].completions if seen.prompt not in hung}
    later = {seen.prompt: seen.time for server in (three[0], three[2]) for seen in server.completions}
    assert max((later[text] - first[text] for text in first if text in later), default=0.0) < 100


def test_one_that_comes_back_is_asked_again_if_it_is_the_same(run: Run, here: Path, three: list[Server]) -> None:
    dead = three[1]
    asked_before: set[str] = set()

    def killed() -> None:
        dead.hang_up()
        asked_before.update(given(dead))
        dead.listen()

    for server in three:
        server.latency = 0.2
    killer = once(lambda: len(given(dead)) > 40, killed)
    done = run("-c", str(together(here, three, 1000)), "-j", "16", holdout=None)
    killer.join()
    assert done.code == 0, done.said
    (made,) = runs(STORE)
    assert sum(answered(made).values()) == 1000
    assert given(dead) > asked_before


def test_one_that_comes_back_with_another_model_is_not_asked_again(run: Run, here: Path, three: list[Server]) -> None:
    dead, others = three[1], (three[0], three[2])

    def redeployed() -> None:
        dead.hang_up()
        once(lambda: "not asked for now" in told(), lambda: None).join()
        dead.model.answers = dict.fromkeys([*dead.model.answers, *FIXED], "something else")
        dead.listen()

    def told() -> str:
        return "".join(path.read_text() for path in STORE.glob("runs/*/events.jsonl"))

    for server in others:
        server.latency = 0.3
    killer = once(lambda: len(given(dead)) > 20, redeployed)
    done = run("-c", str(together(here, three, 1000)), "-j", "32", holdout=None)
    killer.join()
    assert done.code == 0, done.said
    (made,) = runs(STORE)
    assert "came back with another model" in warned(made)
    assert {row["text"] for row in by_prompt(made).values()} == {f"word{i}" for i in range(1000)}


def other_words(server: Server) -> None:
    server.model.answers = dict.fromkeys(FIXED, "something else")


def other_likelihoods(server: Server) -> None:
    """It says the same, but is less sure of it: another training of the same base."""

    def less_sure(answer: dict[str, object]) -> None:
        for word in (answer["choices"][0].get("logprobs") or {}).get("content", []):  # type: ignore[index]
            word["logprob"] -= 0.4

    server.every = faults.changed(less_sure)


def other_name(server: Server) -> None:
    server.every = faults.changed(lambda answer: answer.update(model="m-2"))


@pytest.mark.parametrize(
    ("change", "why"),
    [(other_words, "they say"), (other_likelihoods, "log probabilities"), (other_name, "calls it")],
)
def test_two_models_are_never_mixed(
    run: Run, here: Path, three: list[Server], change: Callable[[Server], None], why: str
) -> None:
    change(three[2])
    done = run("-c", str(together(here, three)), holdout=None)
    assert done.code == 2, done.said
    assert three[2].url in done.err and why in done.err
    assert not any(map(given, three)), "nothing was asked"


def test_likelihoods_that_differ_by_rounding_are_of_one_model(run: Run, here: Path, three: list[Server]) -> None:
    def rounded(answer: dict[str, object]) -> None:
        for word in (answer["choices"][0].get("logprobs") or {}).get("content", []):  # type: ignore[index]
            word["logprob"] -= 0.03

    three[2].every = faults.changed(rounded)
    assert run("-c", str(together(here, three, 50)), holdout=None).code == 0


def test_other_fingerprints_of_one_model_are_a_warning(run: Run, here: Path, three: list[Server]) -> None:
    three[2].model.fingerprint = "fp_2"
    assert run("-c", str(together(here, three, 50)), holdout=None).code == 0
    assert "different fingerprints (fp_1, fp_2)" in warned(runs(STORE)[0])


def test_one_that_does_not_serve_the_model_is_an_error_that_names_it(run: Run, here: Path, three: list[Server]) -> None:
    three[1].model.name = "another"
    done = run("-c", str(together(here, three)), holdout=None)
    assert done.code == 3, done.said
    assert three[1].url in done.err and "does not exist" in done.err


@pytest.mark.parametrize("dead", [0, 1])
def test_one_that_is_down_at_the_start_is_gone_on_without(run: Run, here: Path, three: list[Server], dead: int) -> None:
    three[dead].hang_up()
    done = run("-c", str(together(here, three, 50)), holdout=None)
    assert done.code == 0, done.said
    assert f"{place(three[dead])} is not asked for now" in warned(runs(STORE)[0])
    three[dead].listen()


def test_all_down_is_an_error_and_the_run_can_be_gone_on_with(run: Run, here: Path, three: list[Server]) -> None:
    hasty = {"max_retries": 2, "give_up_after": 2}
    path = together(here, three, 800, server=hasty)
    killers = [once(lambda: len(given(three[1])) > 40, server.hang_up) for server in three]
    done = run("-c", str(path), holdout=None)
    for killer in killers:
        killer.join()
    assert done.code == 3, done.said
    (made,) = runs(STORE)
    kept = sum(row["status"] == "ok" for row in by_prompt(made).values())
    assert 0 < kept < 800
    again = run("-c", str(path), "--resume", holdout=None)
    assert again.code == 3 and "cannot reach any of the 3 servers" in again.err, again.said
    for server in three:
        server.listen()
        server.forget()
    last = run("-c", str(path), "--resume", holdout=None)
    assert last.code == 0, [row for row in by_prompt(made).values() if row["status"] != "ok"][:2]
    assert len(set().union(*map(given, three))) == 800 - kept


def test_base_and_adapters_share_the_servers(run: Run, here: Path, three: list[Server]) -> None:
    for server in three:
        server.model.also = ("sft",)
    urls = [server.url for server in three]
    path = config(
        here / "c.yaml",
        three[0].ref,
        holdout(here / "many.jsonl", 100),
        servers=urls,
        candidates={"sft": {"model": f"{three[1].url}#sft"}},
    )
    done = run("-c", str(path), "--json", holdout=None)
    assert done.code == 4, done.said  # a hundred decide nothing
    assert [sum(answered(made).values()) for made in runs(STORE)] == [100, 100]
    asked = Counter(seen.body["model"] for server in three for seen in server.completions if "Question" in seen.prompt)
    assert asked == {"m": 100, "sft": 100}


@pytest.mark.parametrize(
    ("servers", "why"),
    [
        (["http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1/"], "the same server twice"),
        (["http://127.0.0.1:1/v1#m"], "without a model's name"),
        (["http://127.0.0.1:2/v1", "http://127.0.0.1:3/v1"], "no model of the config is at"),
        (["nano"], "not the base URL of a server"),
        (["http://127.0.0.1:1/v1?api_key=sk-canary-0123456789abcdef"], "key"),
    ],
)
def test_what_is_no_list_of_servers_is_refused(run: Run, here: Path, data: Path, servers: list[str], why: str) -> None:
    done = run("-c", str(config(here / "c.yaml", "http://127.0.0.1:1/v1#m", data, servers=servers)), holdout=None)
    assert done.code == 2 and why in done.err, done.said
    assert "sk-canary" not in done.said


def test_the_doctor_looks_at_each(here: Path, three: list[Server], capfd: pytest.CaptureFixture[str]) -> None:
    three[2].hang_up()
    path = together(here, three, 5)
    code = cli.call(["doctor", "-c", str(path), "--model", three[0].ref])
    said = capfd.readouterr().out
    assert code == 0, said
    assert f"ok    replica: {place(three[1])} answers, and says the same" in said
    assert f"?     replica: {place(three[2])} is not asked" in said
    three[2].listen()


def test_the_doctor_finds_another_model(here: Path, three: list[Server], capfd: pytest.CaptureFixture[str]) -> None:
    other_words(three[1])
    code = cli.call(["doctor", "-c", str(together(here, three, 5)), "--model", three[0].ref])
    assert code == 2
    assert "do not hold the same model" in capfd.readouterr().out


def test_a_config_without_models_leaves_them_to_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "fteval.yaml").write_text(
        "version: 1\nservers: [http://127.0.0.1:2/v1, http://127.0.0.1:3/v1]\nprobes: {laziness: {}}\n"
    )
    done = spawn("run", "--model", "http://127.0.0.1:2/v1#m", "--dry-run", folder=tmp_path)
    assert "no model of the config" not in done.said and done.code == 0, done.said

"""What is asked again, how often and when, and what is never asked again (D1 to D5, D7)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from asking import HASTY, KEY, Done, answered, by_prompt, config, holdout, prompt, rows, runs
from servers import faults
from servers.fake import Server

N = 20
STORE = Path(".fteval")
Run = Callable[..., Done]


def gaps(server: Server, text: str) -> list[float]:
    """Seconds between the attempts at a prompt."""
    times = [seen.time for seen in server.completions if seen.prompt == text]
    return [later - earlier for earlier, later in itertools.pairwise(times)]


PASSING = {
    "429": faults.rate_limited(),
    "429 with nonsense": faults.rate_limited("soon, I hope"),
    "429 with a negative wait": faults.rate_limited(-5),
    "429 with an empty header": faults.rate_limited(""),
    "429 with nan": faults.rate_limited("nan"),
    "429 with infinity": faults.rate_limited("inf"),
    "429 with a date in the past": faults.http_date(-3600),
    "408": faults.status(408),
    "409": faults.status(409),
    "425": faults.status(425),
    "500": faults.status(500),
    "500 without JSON": faults.body(b"Internal Server Error", "text/plain", 500),
    "502": faults.body(b"<html>bad gateway</html>", "text/html", 502),
    "503": faults.status(503, headers={"Retry-After": "0"}),
    "504": faults.body(b"", "text/plain", 504),
    "529": faults.status(529, "Overloaded"),
    "reset": faults.resets(),
    "reset in the body": faults.resets(mid_body=True),
    "closed in the middle of a chunked body": faults.closes_early(),
    "hang": faults.hangs(),
    "slow drip": faults.drips(0.2),
}


def test_what_passes_is_asked_again_and_every_sample_gets_its_answer(run: Run, server: Server) -> None:
    places = {name: prompt(i) for i, name in enumerate(PASSING)}
    server.script.update({places[name]: [fault] for name, fault in PASSING.items()})
    done = run("--timeout", "1", holdout=holdout(Path("all.jsonl"), len(PASSING) + 4))
    assert done.code == 0, done.said
    asked = {name: server.asked(text) for name, text in places.items()}
    assert asked == dict.fromkeys(PASSING, 2)
    assert all(row["text"].startswith("word") for row in rows(runs(STORE)[0]))


def test_retry_after_is_waited_for(run: Run, server: Server) -> None:
    """In seconds, in parts of one, and as a date, which knows whole seconds only."""
    waits = {prompt(3): (faults.rate_limited(2), 2.0), prompt(4): (faults.rate_limited("0.8"), 0.8)}
    waits |= {prompt(5): (faults.http_date(3), 1.9)}
    server.script.update({text: [fault] for text, (fault, _) in waits.items()})
    done = run()
    assert done.code == 0, done.said
    for text, (_, least) in waits.items():
        (gap,) = gaps(server, text)
        assert least - 0.05 <= gap


def test_a_wait_that_no_budget_allows_is_not_slept_through(run: Run, server: Server, here: Path, data: Path) -> None:
    server.script[prompt(3)] = faults.rate_limited(86_400)
    hasty = config(here / "c.yaml", server.ref, data, server={"timeout": 1, "max_retries": 2, "give_up_after": 3})
    done = run("-c", str(hasty), holdout=None)
    assert done.code == 3, done.said
    assert len(answered(runs(STORE)[0])) == N - 1


def test_retries_are_counted_where_the_run_is_kept(run: Run, server: Server) -> None:
    server.script[prompt(3)] = [faults.rate_limited(), faults.status(500)]
    assert run().code == 0
    kept = str(by_prompt(runs(STORE)[0])[prompt(3)]) + str(rows(runs(STORE)[0], "events"))
    assert "retr" in kept or "attempt" in kept


def test_max_retries_and_timeout_bound_what_one_sample_costs(run: Run, server: Server) -> None:
    server.script[prompt(3)] = faults.hangs()
    server.script[prompt(4)] = faults.drips(0.5)
    server.script[prompt(5)] = faults.status(500)
    done = run("--timeout", "0.5", "--max-retries", "1")
    assert done.code == 3, done.said
    assert [server.asked(prompt(i)) for i in (3, 4, 5)] == [2, 2, 2]
    run_folder = runs(STORE)[0]
    assert len(answered(run_folder)) == N - 3
    failures = {text: row["failure"] for text, row in by_prompt(run_folder).items() if row["status"] == "error"}
    assert "time" in failures[prompt(3)]["kind"] + failures[prompt(3)]["message"]
    assert "500" in failures[prompt(5)]["kind"] + failures[prompt(5)]["message"]


def test_a_refusal_counts_less_than_a_failure_because_the_request_did_nothing_wrong(run: Run, server: Server) -> None:
    """Three times as often as `max_retries`, and no more: some servers refuse one prompt for ever (it is too large)."""
    server.script[prompt(3)] = [faults.rate_limited("0.01")] * 6
    server.script[prompt(4)] = faults.rate_limited("0.01")
    done = run("--max-retries", "2")
    assert done.code == 3, done.said
    assert [server.asked(prompt(i)) for i in (3, 4)] == [7, 7]
    assert answered(runs(STORE)[0]) == {prompt(i) for i in range(N) if i != 4}


def test_the_prompts_that_fail_for_ever_are_errors_and_resume_asks_only_those(run: Run, server: Server) -> None:
    broken = [prompt(i) for i in (2, 7, 11)]
    server.script.update({text: faults.status(500) for text in broken})
    first = run("--max-retries", "1")
    assert first.code == 3, first.said
    assert answered(runs(STORE)[0]) == {prompt(i) for i in range(N)} - set(broken)
    assert "3" in first.out + first.err  # how many are in error is said
    server.forget()
    again = run("--max-retries", "1", "--resume")
    assert again.code == 3, again.said
    assert {text for text in server.prompts if text.startswith("Question")} == set(broken)
    server.script.clear()
    server.forget()
    last = run("--max-retries", "1", "--resume")
    assert last.code == 0, last.said
    assert {text: n for text, n in server.prompts.items() if text.startswith("Question")} == dict.fromkeys(broken, 1)
    assert answered(runs(STORE)[0]) == {prompt(i) for i in range(N)}
    assert len(runs(STORE)) == 1


FINAL = {
    "400": faults.status(400, "bad request"),
    "context length": faults.status(400, "maximum context length is 8 tokens", code="context_length_exceeded"),
    "404": faults.status(404, "no such thing"),
    "413": faults.status(413, "too large"),
    "422": faults.status(422, body={"detail": [{"loc": ["body", "messages"], "msg": "too odd", "type": "odd"}]}),
    "content filter": faults.status(400, "filtered", code="content_filter"),
}


def test_what_is_not_cured_by_asking_again_costs_its_own_sample_one_request(run: Run, server: Server) -> None:
    places = {name: prompt(i) for i, name in enumerate(FINAL)}
    server.script.update({places[name]: fault for name, fault in FINAL.items()})
    done = run()
    assert done.code == 3, done.said
    assert {name: server.asked(text) for name, text in places.items()} == dict.fromkeys(FINAL, 1)
    assert len(answered(runs(STORE)[0])) == N - len(FINAL)
    kinds = {name: by_prompt(runs(STORE)[0])[text]["failure"]["kind"] for name, text in places.items()}
    assert len({kinds["context length"], kinds["content filter"], kinds["400"]}) == 3, kinds


def test_an_exhausted_quota_stops_the_run_at_once(run: Run, server: Server) -> None:
    server.script[prompt(10)] = faults.quota()
    server.latency = 0.02
    done = run("-j", "2")
    assert done.code == 3, done.said
    assert server.asked(prompt(10)) == 1
    assert sum(server.asked(prompt(i)) for i in range(N)) <= 14  # and nothing more than what was in flight
    assert "quota" in done.err.lower()


@pytest.mark.parametrize("code", [401, 403])
@pytest.mark.parametrize("from_the_first", [True, False])
def test_a_refused_key_stops_after_three_requests_and_names_the_variable_never_the_key(
    run: Run, server: Server, code: int, from_the_first: bool
) -> None:
    refused = faults.echoes_authorization(code)
    if from_the_first:
        server.every = refused
    else:
        server.script.update({prompt(i): refused for i in range(5, N)})
    done = run("-j", "1")
    assert done.code == 3, done.said
    assert sum(server.statuses[c] for c in (401, 403)) <= 3
    assert "OPENAI_API_KEY" in done.err
    assert KEY not in done.out + done.err


def test_three_refusals_count_only_when_they_are_in_a_row(run: Run, server: Server) -> None:
    """One prompt that a policy forbids (403) is that sample's failure."""
    server.script.update({prompt(i): faults.status(403, "forbidden topic") for i in (2, 9, 15)})
    done = run("-j", "1")
    assert done.code == 3, done.said
    assert len(answered(runs(STORE)[0])) == N - 3


@pytest.mark.parametrize("ref", ["ft:gpt-4o-mini-2024-07-18:acme::abc123", "openai:gpt-none"])
def test_a_model_that_is_not_there_says_so(run: Run, server: Server, monkeypatch: pytest.MonkeyPatch, ref: str) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    done = run(model=ref)
    assert done.code == 3, done.said
    assert len(server.completions) <= 3
    assert "gpt-" in done.err
    if ref.startswith("ft:"):
        assert "not found or not visible to this organisation" in done.err


def test_nobody_listening_is_said_with_the_address_and_soon(run: Run, server: Server) -> None:
    server.hang_up()
    done = run(*HASTY)
    assert done.code == 3, done.said
    assert f"127.0.0.1:{server.port}" in done.err
    assert "Traceback" not in done.err
    server.listen()


@pytest.mark.parametrize(
    "how", ["refuses", *(pytest.param(how, marks=pytest.mark.slow) for how in ("503", "hangs", "429"))]
)
def test_an_endpoint_that_dies_for_ever_ends_the_run_within_its_budget_and_resume_completes_it(
    run: Run, server: Server, here: Path, data: Path, how: str
) -> None:
    if how == "refuses":
        server.dies_at = prompt(8)
    else:
        dead = {"503": faults.status(503), "hangs": faults.hangs(), "429": faults.rate_limited(1)}[how]
        server.script.update({prompt(i): dead for i in range(8, N)})
    hasty = config(
        here / "c.yaml",
        server.ref,
        data,
        server={"timeout": 1, "max_retries": 50, "give_up_after": 2, "concurrency": 2},
    )
    done = run("-c", str(hasty), holdout=None)
    assert done.code == 3, done.said
    assert "--resume" in done.err
    assert ("one that is only slow" in done.err) == (how == "hangs"), done.said
    kept = answered(runs(STORE)[0])
    assert 0 < len(kept) < N
    server.script.clear()
    if how == "refuses":
        server.listen()
    server.forget()
    again = run("-c", str(hasty), "--resume", holdout=None)
    assert again.code == 0, again.said
    assert not kept & set(server.prompts)
    assert answered(runs(STORE)[-1]) == {prompt(i) for i in range(N)}


def test_one_of_the_first_that_gets_no_answer_is_sent_again_before_the_timeout(run: Run, server: Server) -> None:
    """Sent before it was known how long answers take; the timeout is two minutes."""
    server.script[prompt(0)] = [faults.hangs()]
    done = run(holdout=holdout(Path("all.jsonl"), 60))
    assert done.code == 0, done.said
    (gap,) = gaps(server, prompt(0))
    assert gap < 100

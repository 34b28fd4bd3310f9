"""What a server can do is found out, said, and never assumed: parameters may be honoured, ignored or refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asking import Done, by_prompt, config, missing, prompt, rows, runs
from servers import faults
from servers.fake import Seen, Server
from servers.model import FORBIDDEN, IGNORED, REFUSED

N = 20
STORE = Path(".fteval")
Run = Callable[..., Done]
PROBED = ["seed", "stop", "logprobs", "n", "response_format", "structured_outputs"]


def questions(server: Server) -> list[Seen]:
    """What was asked of the hold-out."""
    return [seen for seen in server.completions if seen.prompt.startswith("Question")]


@pytest.mark.parametrize("policy", [IGNORED, REFUSED, FORBIDDEN])
@pytest.mark.parametrize("name", PROBED)
def test_what_is_not_honoured_is_said(run: Run, server: Server, name: str, policy: str) -> None:
    server.model.features[name] = policy
    done = run()
    assert done.code == 0, done.said
    assert missing(runs(STORE)[0], name)
    assert {row["status"] for row in by_prompt(runs(STORE)[0]).values()} == {"ok"}


def test_what_is_honoured_is_not_said_to_be_missing(run: Run, server: Server) -> None:
    done = run()
    assert done.code == 0, done.said
    assert [name for name in PROBED if missing(runs(STORE)[0], name)] == []


def test_finding_out_takes_a_few_tiny_requests(run: Run, server: Server) -> None:
    assert run().code == 0
    own = [seen for seen in server.completions if not seen.prompt.startswith("Question")]
    assert 1 <= len(own) <= 16
    assert all(len(seen.raw) < 1_500 for seen in own)
    assert all((seen.body.get("max_completion_tokens") or seen.body.get("max_tokens") or 999) <= 64 for seen in own)
    assert {server.prompts[prompt(i)] for i in range(N)} == {1}


@pytest.mark.parametrize("fault", [faults.rate_limited(0), faults.status(503), faults.resets()])
def test_finding_out_survives_what_passes(run: Run, server: Server, fault: faults.Fault) -> None:
    """A limit met while probing is a limit, not a missing capability."""
    assert run(store="first").code == 0
    own = {seen.prompt for seen in server.completions if not seen.prompt.startswith("Question")}
    server.forget()
    server.script.update({text: [fault] for text in own})
    done = run()
    assert done.code == 0, done.said
    assert [name for name in PROBED if missing(runs(STORE)[0], name)] == []


def test_a_day_that_a_server_asks_for_while_it_is_found_out_is_not_slept_through(run: Run, server: Server) -> None:
    assert run(store="first").code == 0
    own = {seen.prompt for seen in server.completions if not seen.prompt.startswith("Question")}
    server.forget()
    server.script.update(dict.fromkeys(own, faults.rate_limited(86_400)))
    done = run()
    assert done.code == 3 and "HTTP 429" in done.err, done.said


def test_a_server_that_lists_no_models_is_used_all_the_same(run: Run, server: Server) -> None:
    server.lists_models = False
    done = run()
    assert done.code == 0, done.said


# --- what is sent ------------------------------------------------------------------------------------


def test_every_sampling_field_is_sent(run: Run, server: Server) -> None:
    """A server fills gaps from the model's own generation_config.json, as vLLM does."""
    assert run("--seed", "7").code == 0
    for seen in questions(server):
        assert (seen.body["temperature"], seen.body["top_p"]) == (0, 1)
        assert isinstance(seen.body["seed"], int)
        assert seen.body.get("max_completion_tokens", seen.body.get("max_tokens")) == 256
        assert seen.body["top_k"] in (0, -1)
        assert seen.body["repetition_penalty"] == 1
        assert seen.body.get("n", 1) == 1
        assert seen.body.get("stop") != []  # transformers serve answers 500
        assert not seen.body.get("stream")


def test_what_the_user_set_is_sent(run: Run, server: Server, here: Path, data: Path) -> None:
    sampling = {
        "temperature": 0.7,
        "top_p": 0.9,
        "top_k": 5,
        "repetition_penalty": 1.2,
        "max_tokens": 9,
        "stop": ["."],
        "seed": 3,
    }
    done = run("-c", str(config(here / "c.yaml", server.ref, data, sampling=sampling)), holdout=None)
    assert done.code == 0, done.said
    seeds = set()
    for seen in questions(server):
        sent: dict[str, Any] = {name: seen.body.get(name) for name in sampling if name not in ("max_tokens", "seed")}
        assert sent == {name: value for name, value in sampling.items() if name in sent}
        assert seen.body.get("max_completion_tokens", seen.body.get("max_tokens")) == 9
        seeds.add(seen.body["seed"])
    assert len(seeds) == N  # each row draws by a seed of its own


@pytest.mark.parametrize("policy", [REFUSED, FORBIDDEN])
def test_a_server_that_refuses_what_it_does_not_know_is_asked_without_it(run: Run, server: Server, policy: str) -> None:
    """OpenAI and transformers serve know no top_k and no repetition_penalty; off is what they are without it."""
    server.model.unknown_fields = policy
    server.model.features |= dict.fromkeys(["top_k", "repetition_penalty", "structured_outputs"], policy)
    done = run()
    assert done.code == 0, done.said
    assert len(questions(server)) == N  # found out before, not sample by sample
    assert all("top_k" not in seen.body for seen in questions(server))


@pytest.mark.parametrize("name", ["top_k", "repetition_penalty"])
@pytest.mark.parametrize("policy", [REFUSED, FORBIDDEN])
def test_a_field_that_was_set_and_is_refused_is_an_error_that_names_it(
    run: Run, server: Server, here: Path, data: Path, name: str, policy: str
) -> None:
    server.model.features[name] = policy
    sampling = {"temperature": 0.7, name: 5 if name == "top_k" else 1.5}
    done = run("-c", str(config(here / "c.yaml", server.ref, data, sampling=sampling)), holdout=None)
    assert done.code in (2, 3), done.said
    assert name in done.err
    assert not [row for run_ in runs(STORE) for row in rows(run_) if row["status"] == "ok"]


@pytest.mark.parametrize("policy", [IGNORED, REFUSED, FORBIDDEN])
def test_a_stop_text_is_never_part_of_an_answer_or_it_is_an_error(
    run: Run, server: Server, here: Path, data: Path, policy: str
) -> None:
    server.model.answers = {prompt(i): f"word{i} END and more" for i in range(N)}
    server.model.features["stop"] = policy
    done = run("-c", str(config(here / "c.yaml", server.ref, data, sampling={"stop": [" END"]})), holdout=None)
    if done.code == 0:
        assert {row["text"] for row in rows(runs(STORE)[0])} == {f"word{i}" for i in range(N)}
        assert {row["finish_reason"] for row in rows(runs(STORE)[0])} == {"stop"}
    else:
        assert done.code in (2, 3), done.said
        assert "stop" in done.err


def test_a_stop_text_that_the_server_leaves_in_the_answer_is_cut(
    run: Run, server: Server, here: Path, data: Path
) -> None:
    """As transformers serve does."""
    server.script.update({prompt(i): faults.says(f"word{i}.") for i in range(N)})
    done = run("-c", str(config(here / "c.yaml", server.ref, data, sampling={"stop": ["."]})), holdout=None)
    assert done.code == 0, done.said
    assert {row["text"] for row in rows(runs(STORE)[0])} == {f"word{i}" for i in range(N)}


LONGEST = [("max_tokens", REFUSED), ("max_tokens", IGNORED), ("max_tokens", FORBIDDEN)]
LONGEST += [("max_completion_tokens", policy) for policy in (REFUSED, IGNORED, FORBIDDEN)]


@pytest.mark.parametrize(("name", "policy"), LONGEST)
def test_the_longest_answer_is_asked_for_in_the_server_s_own_words(
    run: Run, server: Server, name: str, policy: str
) -> None:
    server.model.answers = {prompt(i): f"word{i} two three four five" for i in range(N)}
    server.model.features[name] = policy
    done = run("--max-tokens", "3")
    assert done.code == 0, done.said
    assert {row["text"] for row in rows(runs(STORE)[0])} == {f"word{i} two three" for i in range(N)}
    assert {row["finish_reason"] for row in rows(runs(STORE)[0])} == {"length"}
    assert len(questions(server)) == N


def test_a_server_without_any_limit_on_answers_is_an_error_or_said(run: Run, server: Server) -> None:
    server.model.features |= {"max_tokens": IGNORED, "max_completion_tokens": IGNORED}
    done = run("--max-tokens", "3")
    assert done.code in (2, 3) or "max_tokens" in done.out + done.err, done.said


@pytest.mark.parametrize("policy", [IGNORED, REFUSED, FORBIDDEN])
def test_draws_that_cannot_be_repeated_are_said_to_be_so(run: Run, server: Server, policy: str) -> None:
    server.model.features["seed"] = policy
    done = run("--temperature", "0.8", "--repeats", "2", "-o", "report.md")
    assert done.code in (0, 2, 3), done.said
    assert "seed" in done.out + done.err


def test_a_temperature_that_is_ignored_is_said(run: Run, server: Server) -> None:
    """transformers serve takes a temperature and answers greedily all the same: three repeats would be one."""
    server.model.features["temperature"] = IGNORED
    done = run("--temperature", "0.8", "--repeats", "3", "-o", "report.md")
    assert done.code in (0, 2, 3), done.said
    assert re.search("temperature|greedy|seed", done.out + done.err), done.said

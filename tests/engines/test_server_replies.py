"""Replies that are no answers, and answers that are not what they seem (D6, D8, D9, B14)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from asking import HASTY, Done, answered, by_prompt, holdout, missing, prompt, rows, runs, spawn
from servers import faults
from servers.fake import Server

N = 20
STORE = Path(".fteval")
Run = Callable[..., Done]

NO_ANSWERS = {
    "html": faults.html(),
    "invalid JSON": faults.body(b"{not json"),
    "not UTF-8": faults.body(b'{"choices": [{"message": {"content": "\xff\xfe"}}]}'),
    "empty body": faults.body(b""),
    "null": faults.body(b"null"),
    "a list": faults.body(b"[1, 2]"),
    "deep": faults.body(b"[" * 100_000 + b"]" * 100_000),
    "truncated JSON": faults.truncated(),
    "no choices": faults.without("choices"),
    "empty choices": faults.changed(lambda answer: answer["choices"].clear()),
    "choices of text": faults.changed(lambda answer: answer.update(choices="yes")),
    "no message": faults.changed(lambda answer: answer["choices"][0].pop("message")),
    "content null": faults.says(None),
    "content a number": faults.changed(lambda answer: answer["choices"][0]["message"].update(content=7)),
    "an error with 200": faults.body(b'{"error": {"message": "overloaded", "type": "server_error"}}'),
    "50 MB": faults.big(),
}


def test_a_reply_that_is_no_answer_is_an_error_of_its_sample_and_never_a_wrong_answer(run: Run, server: Server) -> None:
    places = {name: prompt(i) for i, name in enumerate(NO_ANSWERS)}
    server.script.update({places[name]: fault for name, fault in NO_ANSWERS.items()})
    done = run(*HASTY)
    assert done.code == 3, done.said
    assert "Traceback" not in done.err
    found = by_prompt(runs(STORE)[0])
    assert {name: found[text]["status"] for name, text in places.items()} == dict.fromkeys(NO_ANSWERS, "error")
    assert all(found[text]["failure"]["kind"] and found[text]["failure"]["message"] for text in places.values())
    assert all(len(str(found[text])) < 5_000 for text in places.values())  # a body is not copied into the journal
    assert answered(runs(STORE)[0]) == {prompt(i) for i in range(len(NO_ANSWERS), N)}
    scores = {row["sample"]: row for row in rows(runs(STORE)[0], "scores") if "sample" in row}
    failed = {found[text]["sample"] for text in places.values()}
    assert not [row for name, row in scores.items() if name in failed and any(row.get("values", {}).values())]
    assert not [row for name, row in scores.items() if name in failed and 0.0 in row.get("values", {}).values()]


def test_a_reply_that_was_broken_once_is_asked_for_again(run: Run, server: Server) -> None:
    server.script.update({prompt(i): [fault] for i, fault in enumerate([faults.html(), faults.truncated()])})
    done = run()
    assert done.code == 0, done.said
    assert [server.asked(prompt(i)) for i in (0, 1)] == [2, 2]


PEAK = """
import atexit
def write():
    with open("/proc/self/status") as status, open("peak", "w") as peak:
        peak.write(next(line.split()[1] for line in status if line.startswith("VmHWM")))
atexit.register(write)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_bodies_without_end_and_gzip_bombs_do_not_fill_the_memory(server: Server, here: Path, data: Path) -> None:
    server.script[prompt(1)] = faults.gzip_bomb(300 * faults.MB)
    server.script[prompt(2)] = faults.big(100 * faults.MB)
    args = ("run", "--model", server.ref, "--holdout", str(data), "--score", "exact", "--max-retries", "1")
    done = spawn(*args, folder=here, code=PEAK)
    assert done.code == 3, done.said
    assert len(answered(runs(here / STORE)[0])) == N - 2
    assert int((here / "peak").read_text()) < 160_000  # kB; the bomb alone unpacks to 300 MB


def test_an_empty_answer_is_an_answer(run: Run, server: Server) -> None:
    server.script[prompt(1)] = faults.says("")
    server.script[prompt(2)] = faults.says("  \n")
    done = run()
    assert done.code == 0, done.said
    found = by_prompt(runs(STORE)[0])
    assert [found[prompt(i)]["status"] for i in (1, 2)] == ["ok", "ok"]
    assert [found[prompt(i)]["text"] for i in (1, 2)] == ["", "  \n"]
    assert server.asked(prompt(1)) == 1


def test_an_answer_that_was_cut_keeps_its_ending(run: Run, server: Server) -> None:
    server.script[prompt(1)] = faults.says("word1 and then", "length")
    assert run().code == 0
    assert by_prompt(runs(STORE)[0])[prompt(1)]["finish_reason"] == "length"


FILTERED = {
    "finish_reason": faults.says("I", "content_filter"),
    "finish_reason without text": faults.says(None, "content_filter"),
    "400": faults.status(400, "The response was filtered", code="content_filter"),
    "refusal": faults.says(None, refusal="I cannot help with that."),
}


def test_filtered_and_refused_answers_have_a_status_of_their_own_and_are_asked_once(run: Run, server: Server) -> None:
    places = {name: prompt(i) for i, name in enumerate(FILTERED)}
    server.script.update({places[name]: fault for name, fault in FILTERED.items()} | {prompt(9): faults.status(400)})
    done = run()
    assert {name: server.asked(text) for name, text in places.items()} == dict.fromkeys(FILTERED, 1)
    found = by_prompt(runs(STORE)[0])
    said = {name: (found[text]["failure"] or {"kind": "ok"})["kind"] if found[text]["status"] == "error"
            else found[text]["finish_reason"] for name, text in places.items()}  # fmt: skip
    other = found[prompt(9)]["failure"]["kind"]
    assert all("filter" in kind or "refus" in kind for kind in said.values()), said
    assert other not in said.values()
    assert re.search("filter|refus", done.out + done.err), done.said


def test_filtered_answers_are_not_reused_by_a_later_run(run: Run, server: Server) -> None:
    server.script[prompt(1)] = faults.status(400, "The response was filtered", code="content_filter")
    run()
    server.forget()
    run()
    assert {text for text in server.prompts if text.startswith("Question")} == {prompt(1)}


# --- who answered -------------------------------------------------------------------------------


def fingerprint(name: str) -> faults.Fault:
    return faults.changed(lambda answer: answer.update(system_fingerprint=name))


def test_two_fingerprints_in_one_run_are_reported_with_their_counts(run: Run, server: Server) -> None:
    server.model.fingerprint = "fp_old"
    server.script.update({prompt(i): fingerprint("fp_new") for i in range(13, N)})
    done = run("-o", "report.md")
    assert done.code == 0, done.said
    kept = rows(runs(STORE)[0])
    assert sum("fp_old" in str(row) for row in kept) == 13
    assert sum("fp_new" in str(row) for row in kept) == 7
    for text in (done.out + done.err, Path("report.md").read_text()):
        assert "fingerprint" in text
        assert re.search(r"\b13\b.*\b7\b|\b7\b.*\b13\b", text), text


def test_one_fingerprint_is_no_warning(run: Run, server: Server) -> None:
    done = run("-o", "report.md")
    assert done.code == 0
    assert "served by" not in done.out + done.err + Path("report.md").read_text()


def test_a_model_that_changes_behind_its_name_is_reported(run: Run, server: Server) -> None:
    moved = faults.changed(lambda answer: answer.update(model="m-2026-11-01"))
    server.script.update({prompt(i): moved for i in range(15, N)})
    done = run("-o", "report.md")
    assert sum("m-2026-11-01" in str(row) for row in rows(runs(STORE)[0])) == 5
    assert "m-2026-11-01" in done.out + done.err
    assert "m-2026-11-01" in Path("report.md").read_text()


def test_a_server_that_answers_as_another_model_is_reported(run: Run, server: Server) -> None:
    server.every = faults.changed(lambda answer: answer.update(model="llama-3-8b"))
    done = run()
    assert done.code in (0, 2, 3), done.said
    assert "llama-3-8b" in done.out + done.err


def test_the_verdict_carries_the_warning(run: Run, server: Server, here: Path) -> None:
    other = faults.changed(lambda answer: answer.update(system_fingerprint="fp_2"))
    with Server(server.model) as base:
        server.script.update({prompt(i): other for i in range(5)})
        done = run("--against", base.ref, "-o", "verdict.json")
    assert done.code in (0, 4), done.said
    verdict = json.loads((here / "verdict.json").read_text())
    assert any("fingerprint" in w for w in [*verdict.get("warnings", []), *verdict["candidates"][0]["warnings"]])


# --- parameters that a server refuses ------------------------------------------------------------


@pytest.mark.parametrize("policy", ["refused", "forbidden"])
@pytest.mark.parametrize("name", ["temperature", "top_p"])
def test_a_parameter_that_the_server_refuses_is_named_and_never_dropped_in_silence(
    run: Run, server: Server, name: str, policy: str
) -> None:
    server.model.features[name] = policy
    done = run()
    told = name in done.out + done.err or missing(runs(STORE)[-1], name)
    with_it = [seen for seen in server.completions if seen.prompt.startswith("Question") and name in seen.body]
    without = [seen for seen in server.completions if seen.prompt.startswith("Question") and name not in seen.body]
    assert told, done.said
    assert done.code in (2, 3) or (name == "top_p" and done.code == 0), done.said  # 1 is what a server does unasked
    if name == "temperature":
        assert not without
        assert len(with_it) <= 3


def test_a_parameter_that_is_refused_for_one_prompt_is_that_sample_s_error_and_named(run: Run, server: Server) -> None:
    text = "Unsupported value: 'temperature' does not support 0 with this model."
    server.script[prompt(4)] = faults.status(400, text, param="temperature", code="unsupported_value")
    done = run()
    assert done.code == 3, done.said
    assert server.asked(prompt(4)) == 1
    assert "temperature" in by_prompt(runs(STORE)[0])[prompt(4)]["failure"]["message"]
    assert all("temperature" in seen.body for seen in server.completions if seen.prompt.startswith("Question"))


def test_a_prompt_longer_than_the_context_is_an_error_that_says_so(run: Run, server: Server, here: Path) -> None:
    rows_ = [{"prompt": prompt(0), "target": "word0"}, {"prompt": "long " * 300, "target": "x"}]
    (here / "long.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows_))
    server.model.context = 200
    done = run(holdout=here / "long.jsonl")
    assert done.code == 3, done.said
    (failure,) = [row["failure"] for row in rows(runs(STORE)[0]) if row["status"] == "error"]
    assert failure["kind"] == "prompt_too_long"
    assert server.asked("long " * 300) == 1


def test_hostile_text_of_an_error_cannot_steer_the_terminal(run: Run, server: Server) -> None:
    server.script[prompt(1)] = faults.status(400, "\x1b]52;c;aGk=\x07\x1b[2J ::error::gone \u202e")
    done = run()
    assert done.code == 3
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", done.out + done.err)
    assert not re.search("^::error", done.out + done.err, re.MULTILINE)


def test_the_answers_arrive_unharmed(run: Run, server: Server, here: Path) -> None:
    odd = ["a\u2028b\u0085c", "\x00\x1b[31m", "emoji \U0001f984 \u202eRTL", '"quoted" \\ back', "lone \ud800 half"]
    server.model.answers = {prompt(i): text for i, text in enumerate(odd)}
    done = run(holdout=holdout(here / "odd.jsonl", len(odd)))
    assert done.code == 0, done.said
    found = by_prompt(runs(STORE)[0])
    assert [found[prompt(i)]["text"] for i in range(len(odd))] == odd

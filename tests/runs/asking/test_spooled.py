"""Samples and requests that are not held are the same as those that are."""

from __future__ import annotations

import itertools
import json
import resource
import signal
from collections.abc import Sequence
from dataclasses import replace

import echo
import pytest

from fteval.engines.spool import Spool
from fteval.errors import Incomplete
from fteval.records import Continuation, Message, Request, Sample, Sampling, digest
from fteval.runs.asking import copies, identity, suite
from fteval.runs.asking.outputs_asked import OutputsAsked
from fteval.runs.asking.plan import plan
from fteval.runs.asking.requests import Keys, Some
from fteval.runs.asking.spooled import HELD, SpooledSamples, held_or_spooled
from fteval.runs.journal import rows

SAMPLES = [
    Sample("a", (Message("system", "s"), Message("user", "Who? \ud800 é")), "x", "g", {"k": "v", "a": "b"}),
    Sample("b", (Message("user", "who"),), [1, 2.5, None], None, {}, {"deep": {"er": [True]}}),
    Sample("c", (Message("user", "Who?"),), {"o": 1}, None, {}, {}, ({"type": "function"},)),
    Sample("d", (Message("user", "d"),), continuations=(Continuation("t", None), Continuation("u", "v"))),
]


def test_samples_come_back_as_they_were_given() -> None:
    spooled = SpooledSamples(iter(SAMPLES))
    assert list(spooled) == SAMPLES and spooled[-1] == SAMPLES[-1] and spooled[1:3] == SAMPLES[1:3]
    with pytest.raises(IndexError):
        spooled[4]


def test_a_line_of_the_journal_is_the_same_held_or_spooled_and_is_the_sample() -> None:
    whole = SpooledSamples(SAMPLES).with_groups(sample.group for sample in SAMPLES)
    for place, sample in enumerate(SAMPLES):
        line = rows.from_sample("p", sample, sample.content_digest, ["k" * 64, "l" * 64])
        assert whole.line(place, "p", whole.contents[place], ["k" * 64, "l" * 64]) == line
        said = json.loads(line)
        assert list(said)[:6] == ["probe", "id", "digest", "keys", "messages", "target"]
        assert (said["probe"], said["keys"]) == ("p", ["k" * 64, "l" * 64]) and rows.to_sample(said) == sample
    assert list(whole.questions) == [sample.question_digest for sample in SAMPLES]


def test_one_question_has_one_hash_and_two_have_two() -> None:
    tool = replace(SAMPLES[2], tools=({"function": {"name": "x", "strict": True}, "type": "function"},))
    same = replace(tool, tools=({"type": "function", "function": {"strict": True, "name": "x"}},))
    asked = [*SAMPLES, tool, same, replace(SAMPLES[1], messages=(Message("user", " WHO ?!"),))]
    for a, b in itertools.product(asked, asked):
        assert (a.question_hash == b.question_hash) == (a.question_digest == b.question_digest)
    assert tool.question_hash == same.question_hash and SAMPLES[1].question_hash == asked[-1].question_hash


def test_few_samples_are_held_and_many_are_not() -> None:
    assert held_or_spooled(iter(SAMPLES)) == SAMPLES
    many = held_or_spooled(replace(SAMPLES[3], id=str(i)) for i in range(HELD + 1))
    assert isinstance(many, SpooledSamples) and len(many) == HELD + 1 and many[HELD].id == str(HELD)
    assert [sample.id for sample in many] == [str(i) for i in range(HELD + 1)]


@pytest.mark.parametrize("samples", [SAMPLES, SAMPLES[1:3], SAMPLES[3:], echo.samples(5)])
def test_a_suite_of_a_spool_is_that_of_its_samples(samples: Sequence[Sample]) -> None:
    held, spooled = (suite.build([("p", echo.Words(), one)]) for one in (samples, SpooledSamples(samples)))
    assert spooled.digest == held.digest
    assert list(spooled.probes[0].samples) == list(held.probes[0].samples) == list(copies.grouped(samples))
    assert spooled.probes[0].sample_digests == held.probes[0].sample_digests
    oddities = [list(copies.oddities("p", one.probes[0].samples)) for one in (held, spooled)]
    notes = [list(copies.notes("p", one.probes[0].samples)) for one in (held, spooled)]
    assert oddities[0] == oddities[1] and notes[0] == notes[1]


@pytest.mark.parametrize("folds", [False, True])
def test_requests_are_those_of_the_plan_held_or_made_again(folds: bool) -> None:
    class Folding(echo.Echo):
        def prompt(self, messages: Sequence[Message]):  # type: ignore[no-untyped-def]
            return super().prompt([Message("user", "\n".join(m.content for m in messages))])

    engine = Folding() if folds else echo.Echo()
    work = plan(suite.build([("p", echo.Words(), echo.samples(4))]), engine, Sampling(temperature=1.0), 2)
    assert len(work.requests) == 8 and work.total == 8
    for at, (key, request) in enumerate(work.requests.items()):
        assert isinstance(request, Request) and request.key == key == work.requests.key(at)
        assert request.prompt == engine.prompt(echo.samples(4)[at // 2].messages) and request.repeat == at % 2
        assert request.seed == identity.row_seed(0, identity.input_digest(request.prompt), at % 2)
        assert work.keys[0][at // 2][at % 2] == key
    assert len({request.seed for request in work.requests.values()}) == 8
    assert work.plan["requests"] == digest(sorted(work.requests))
    block = b"".join(bytes.fromhex(key) for key in work.requests)
    assert work.requests.block(range(8)) == block
    work.requests.clear()
    assert work.requests.block([1, 0]) == block[32:64] + block[:32]
    work.requests.forget()
    with pytest.raises(AttributeError):  # and not "none"
        work.requests.block([0])


def test_requests_come_in_the_order_of_their_numbers() -> None:
    work = plan(suite.build([("p", echo.Words(), echo.samples(250))]), echo.Echo(), Sampling(), 1)
    numbers = list(range(249, 0, -1))
    assert [request.key for request in Some(work.requests, numbers)] == [work.requests.key(at) for at in numbers]


def test_keys_are_a_set() -> None:
    work = plan(suite.build([("p", echo.Words(), echo.samples(5))]), echo.Echo(), Sampling(), 1)
    known = list(work.requests)
    keys = Keys(work.requests, [1, 1, 3])
    assert keys == {known[1], known[3]} and len(keys) == 2 and known[1].encode() in keys and "x" not in keys
    keys.add(known[0])
    keys.discard(known[1])
    keys.discard("x")
    assert keys | {"y"} == {known[0], known[3], "y"}
    assert set(keys.others()) == set(known) - set(keys)


def test_the_outputs_of_a_plan_have_the_digest_of_their_list() -> None:
    given = [["q", "é", None], ["p", "b", digest(1)], ["p", "a", {"engine": None, "x": [1]}], ["p", "a\ud800", None]]
    asked = OutputsAsked()
    assert asked.digest() is None
    for row in given:
        asked.add(*row)  # type: ignore[arg-type]
    assert asked.digest() == digest(sorted(given, key=lambda row: (row[0], row[1])))  # type: ignore[arg-type, return-value]


def test_records_of_a_spool_come_back_in_any_order() -> None:
    spool, records = Spool(), [bytes([n % 256]) * (n * 997 % 70_001) for n in range(200)]
    for n, record in enumerate(records):
        spool.append(record)
        assert spool[n] == record and spool[n // 2] == records[n // 2]
    assert list(spool) == records and list(reversed(spool)) == records[::-1] and spool[-3:] == records[-3:]


def test_a_full_disk_under_a_spool_says_where() -> None:
    spool = Spool()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(Incomplete, match="temporary file"):
            for _ in range(20):
                spool.append(bytes(1 << 20))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)

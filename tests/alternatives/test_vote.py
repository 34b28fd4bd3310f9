"""Self-consistency: what counts as one vote, who wins, and what it costs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from alternatives_helpers import answered, changed_by, config
from click.testing import CliRunner
from servers.fake import Server
from servers.model import Model, Refusal, error, prompt_of

import fteval
from fteval import cli
from fteval.alternatives.layers.agreement import most_agreed, vote_of
from fteval.engines import Pool
from fteval.errors import UserError
from fteval.records import RepeatingEngine, Sampling

SAID: list[tuple[str, str, str | None]] = [
    ("text", " Paris. ", "paris"),
    ("text", "It is  PARIS", "it is paris"),
    ("text", "<think>Lyon?</think>Paris", "paris"),
    ("text", "!?", "!?"),
    ("text", " \n ", None),
    ("last_line", "First the sum.\nThen:\n\n**42**\n", "42"),
    ("last_line", "", None),
    ("number", "3 apples and 1,000.50 pears", "1000.5"),
    ("number", "It was 1,000", "1000"),
    ("number", "from -5 to −3.0", "-3"),
    ("number", "10-12", "12"),
    ("number", "0.0", "0"),
    ("number", "none", None),
    ("choice", "No. I mean yes!", "yes"),
    ("choice", "yesterday", None),
    ("choice", "It is a no go", "no go"),
    ("choice", "NO", "no"),
]


@pytest.mark.parametrize(("by", "text", "vote"), SAID)
def test_an_answer_votes_for_what_it_comes_to(by: Any, text: str, vote: str | None) -> None:
    assert vote_of(text, by, ("yes", "no", "no go")) == vote


@pytest.mark.parametrize(
    ("votes", "first"),
    [("aab", 0), ("abb", 1), ("abab", 0), ("abcb", 1), ([None, "b", "c"], 1), ([None, None], 0), ([None, *"baa"], 2)],
)
def test_most_votes_win_and_of_equals_the_first(votes: Any, first: int) -> None:
    assert most_agreed(list(votes)) == first


def test_the_answer_is_one_of_the_draws_and_all_of_them_are_paid(pool: Pool) -> None:
    voting = changed_by(pool.open("nano"), vote={"k": 5, "temperature": 1.5})
    (once,) = answered(pool.open("nano"), ["What is a dog?"])
    (made,) = answered(voting, ["What is a dog?"], Sampling(max_tokens=60))
    how = made.how or {}
    counts = Counter(vote for vote in how["vote"]["votes"] if vote is not None)
    assert how["requests"] == len(how["vote"]["votes"]) == 5
    assert len(counts) > 1  # at the run's temperature of 0 they would be one
    assert how["vote"]["agree"] == counts[vote_of(made.text or "", "text") or ""] == max(counts.values())
    assert made.prompt_tokens == 5 * (once.prompt_tokens or 0)
    assert (made.completion_tokens or 0) > (once.completion_tokens or 0)


def test_the_same_again_is_the_same_and_a_repeat_is_another_vote(pool: Pool) -> None:
    voting = changed_by(pool.open("nano"), vote={"k": 3, "temperature": 1.5})
    first, again = (answered(voting, ["What is a dog?", "Who is Romeo?"], repeats=2) for _ in range(2))
    assert [one.how for one in first] == [one.how for one in again]
    assert first[0].how != first[1].how and [one.repeat for one in first] == [0, 1, 0, 1]


def test_draws_that_say_the_same_agree(pool: Pool) -> None:
    """nano knows one answer to a question about its world."""
    (made,) = answered(changed_by(pool.open("nano"), vote={"k": 4, "temperature": 0.05}), ["Who does Romeo love?"])
    assert made.text == "Romeo loves Juliet."
    assert (made.how or {})["vote"] == {"by": "text", "votes": ["romeo loves juliet"] * 4, "agree": 4}


def test_what_was_cut_off_has_no_vote(pool: Pool) -> None:
    cut = changed_by(pool.open("nano"), vote={"k": 3})
    (made,) = answered(cut, ["What is a dog?"], Sampling(max_tokens=1))
    assert (made.how or {})["vote"] == {"by": "text", "votes": [None] * 3, "agree": 0}
    assert made.text is not None and made.finish_reason == "length"


def test_a_prompt_is_read_once_for_all_its_draws(pool: Pool) -> None:
    engine: Any = pool.open("nano")
    question = "What is a dog, and what is a cat, and what is a horse, and who is Romeo, and where does he live?"
    model = engine.weights().use(None)
    before = model.positions_read
    (made,) = answered(changed_by(engine, vote={"k": 20}), [question], Sampling(max_tokens=2))
    assert model.positions_read - before < 2 * (made.prompt_tokens or 0) / 20 + 2 * 20


def test_a_server_is_asked_k_times_with_seeds_of_their_own(pool: Pool) -> None:
    with Server(Model()) as server:
        (made,) = answered(changed_by(pool.open(server.ref), vote={"k": 3}), ["Say x."])
        bodies = [seen.body for seen in server.completions if seen.prompt == "Say x."]
    votes = (made.how or {})["vote"]["votes"]
    assert len(set(votes)) == 3 and made.text == votes[0]  # the server's words differ from seed to seed
    assert len({body["seed"] for body in bodies}) == 3 and {body["temperature"] for body in bodies} == {0.7}


def test_votes_of_a_server_are_drawn_anew_by_another_run(tmp_path: Path) -> None:
    with Server(Model()) as server:
        path = config(tmp_path, "{once: {prompt: Be brief.}, voted: {vote: {k: 2}}}", base=server.ref)
        for run in range(2):
            before = len(server.completions)
            fteval.run(config=path, store=tmp_path / "store", limit=1, reference="none")
            temperatures = [seen.body["temperature"] for seen in server.completions[before:]]
            assert temperatures.count(0.7) == 2 and (0.0 in temperatures or run == 1), "greedy answers are reused"


class _RefusesOneDraw(Model):
    """Has no room for the draw that it meets second."""

    def reply(self, body: Mapping[str, Any], chat: bool) -> dict[str, Any]:
        if prompt_of(body) == "Say x.":
            self.seeds = list(dict.fromkeys([*getattr(self, "seeds", ()), body["seed"]]))
            if body["seed"] in self.seeds[1:2]:
                raise Refusal(400, error("too long", "context_length_exceeded", "messages"))
        return super().reply(body, chat)


def test_a_draw_that_failed_is_no_vote_of_fewer(pool: Pool) -> None:
    with Server(_RefusesOneDraw()) as server:
        (made,) = answered(changed_by(pool.open(server.ref), vote={"k": 3}), ["Say x."])
        assert server.statuses[400] >= 1 and server.statuses[200] >= 2
    assert made.failure is not None and made.text is None


def test_a_dry_run_reckons_with_all_requests(pool: Pool, tmp_path: Path) -> None:
    both = changed_by(pool.open("nano"), vote={"k": 3}, reflect={"rounds": 2})
    assert isinstance(both, RepeatingEngine) and both.most_requests == 3 * (1 + 2)
    path = config(tmp_path, "{voted: {vote: {k: 5}}}")
    said = CliRunner().invoke(cli.group, ["run", "-c", str(path), "-n", "2", "--dry-run"]).output
    (base,), (voted,) = (re.findall(rf"^{name} .* ([\d,]+) +up to ([\d,]+)", said, re.M) for name in ("base", "voted"))
    assert [int(n.replace(",", "")) for n in voted] == [5 * int(n.replace(",", "")) for n in base]


def test_it_is_a_candidate_like_any_other(tmp_path: Path) -> None:
    path = config(tmp_path, "{voted: {prompt: Be brief., vote: {k: 2}}}")
    runs = [fteval.run(config=path, store=tmp_path / "store", limit=1, reference="none") for _ in range(2)]
    assert [one.candidates[0].run.generated for one in runs] == [1, 0]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"k": 1}, "from 2 to 64"), ({"k": 65}, "from 2 to 64"), ({"temperature": 0}, "above 0"), 
        ({"by": "most"}, "by"), ({"by": "choice"}, "go together"), ({"choices": ["a"]}, "go together"),
        ({"by": "choice", "choices": ["a", " "]}, "no text to choose"),
    ],
)  # fmt: skip
def test_what_is_no_vote_is_refused(pool: Pool, value: object, says: str) -> None:
    with pytest.raises(UserError, match=says):
        changed_by(pool.open("nano"), vote=value)

"""A prompt that is searched: on dev rows, within a budget, by whoever can write one; judged once on the hold-out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from alternatives_helpers import changed_by
from servers.fake import Server
from servers.model import Model

import fteval
from fteval.alternatives.layers.proposals import proposed
from fteval.engines import Pool
from fteval.errors import UserError
from fteval.records import CandidateResult

GOOD, GAMED = "Never use the letter e.", "Say one word without the letter e."
DEV = ["What is a dog?", "What is a cat?", "What is a horse?"]
HELD = ["What is a tree, and where may it stand?", "What is a fish, and how does it swim?"]


@dataclass
class Obeys(Model):
    """A model that has read its instructions, and that writes them when it is asked to."""

    writes: Sequence[str] = ()

    def _text(self, prompt: str, index: int, asked: Any) -> str:
        if "triple backticks" in prompt or "within ``` blocks" in prompt:  # as our search asks, and as GEPA does
            return self.writes[asked["seed"] % len(self.writes)] if self.writes else f"```\nIdea {asked['seed']}\n```"
        told = " ".join(m["content"] for m in asked["messages"] if m["role"] == "system")
        if "one word" in told:
            return "Dog"
        return "That is a thing that I find in my world." if "letter e" in told else "The tree is here where we were."


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(Obeys()) as server:
        yield server


def rows(path: Path, questions: Sequence[str]) -> Path:
    path.write_text("".join(json.dumps({"prompt": text, "target": "A thing."}) + "\n" for text in questions))
    return path


def searched(folder: Path, server: Server, more: str = "", dev: Sequence[str] = DEV) -> CandidateResult:
    """The candidate of a config that searches a prompt, measured."""
    rows(folder / "dev.jsonl", dev)
    rows(folder / "held.jsonl", HELD)
    (folder / "fteval.yaml").write_text(
        f"version: 1\nbase: {server.ref}\ncandidates:\n"
        f"  by_hand: {{prompt: {GOOD}}}\n"
        f"  tuned: {{optimise: {{probe: lipogram, metric: compliant, data: dev.jsonl, {more}}}}}\n"
        "probes: {lipogram: {data: held.jsonl}}\nreference: none\n"
    )
    by_hand, found = fteval.run(config=folder / "fteval.yaml", store=folder / "store").candidates
    assert "chosen" not in (by_hand.training or "")  # though it may be the very prompt that is found
    return found


def dev_questions(server: Server) -> int:
    return sum(seen.prompt in DEV for seen in server.completions)


def test_the_best_of_what_was_proposed_is_judged_on_the_hold_out(tmp_path: Path, server: Server) -> None:
    server.model.writes = ["I would say: be kind.", f"Here it is:\n```\n{GOOD}\n```\nGood luck!"]
    found = searched(tmp_path, server, "budget: 5")
    assert found.run.ref == f"{server.ref} {{prompt: {GOOD}}}"
    (alternative,) = found.run.manifest["plan"]["engine"]["alternatives"]
    assert alternative["text"] == GOOD  # what was chosen is what the answers are found by
    assert "the best of 2 on 3 dev rows by lipogram.compliant: 100.0 %, without any 0.0 %" in (found.training or "")
    assert "proposals were of no use" in (found.training or "") and GOOD in (found.training or "")
    (compliant,) = (c for c in found.changes if c.metric.name == "compliant")
    assert (compliant.base, compliant.candidate, compliant.n_paired) == (0.0, 1.0, 2)
    before = len(server.completions)
    again = searched(tmp_path, server, "budget: 5")
    assert again.training == found.training and again.run.ref == found.run.ref
    asked = [seen.prompt for seen in server.completions[before:]]
    assert not set(asked) & {*DEV, *HELD} and not any("triple backticks" in text for text in asked)


def test_no_more_prompts_are_measured_than_the_budget_says(tmp_path: Path, server: Server) -> None:
    found = searched(tmp_path, server, f"budget: 7, prompts: ['{GOOD}']")
    assert dev_questions(server) == 7 * len(DEV)  # each proposal is a new one
    assert "the best of 7 on 3 dev rows" in (found.training or "")


def test_a_prompt_that_games_the_metric_is_not_chosen_where_another_must_not_regress(
    tmp_path: Path, server: Server
) -> None:
    guard = "must_not_regress: [{probe: laziness, metric: long_enough}]"
    server.model.writes = ["no idea"]
    assert searched(tmp_path, server, f"prompts: ['{GAMED}', '{GOOD}']").run.ref.endswith(f"{{prompt: {GAMED}}}")
    kept = searched(tmp_path, server, f"prompts: ['{GAMED}', '{GOOD}'], {guard}")
    assert kept.run.ref.endswith(f"{{prompt: {GOOD}}}")
    with pytest.raises(UserError, match="each of 1 prompts worsens what must not regress") as caught:
        searched(tmp_path, server, f"prompts: ['{GAMED}'], {guard}")
    assert caught.value.where is not None and "fteval.yaml:5" in caught.value.where


def test_a_proposer_that_writes_no_prompt_is_an_error_that_says_so(tmp_path: Path, server: Server) -> None:
    server.model.writes = ["I am sorry, I cannot.", ""]
    with pytest.raises(UserError, match="wrote no instruction in 8 tries"):
        searched(tmp_path, server)


def test_dev_rows_of_the_hold_out_are_an_error_before_anything_is_asked(tmp_path: Path, server: Server) -> None:
    with pytest.raises(UserError, match=r"dev\.jsonl:2 is '\w+' of 'lipogram'"):
        searched(tmp_path, server, dev=[DEV[0], HELD[1]])
    assert not server.completions


def test_examples_are_tried_alone_and_beside_the_best_prompt(tmp_path: Path, server: Server) -> None:
    rows(tmp_path / "demos.jsonl", ["Who are you?", "Why is that so?"])
    server.model.writes = ["none"]
    searched(tmp_path, server, f"prompts: ['{GOOD}'], demos: demos.jsonl, k: [1, 2]")
    (kept,) = (json.loads(path.read_text()) for path in (tmp_path / "store" / "searches").glob("*.json"))
    tried = [(one["origin"], one["prompt"], one["k"], one["score"]) for one in kept["tried"]]
    assert tried == [
        ("base", "", 0, 0.0), ("given", GOOD, 0, 1.0), ("examples", "", 1, 0.0), ("examples", "", 2, 0.0),
        ("examples", GOOD, 1, 1.0), ("examples", GOOD, 2, 1.0),
    ]  # fmt: skip
    assert tried[kept["chosen"]][2] == 0  # of equals the first, which is the shorter


def test_what_was_tried_before_an_interruption_is_not_measured_again(tmp_path: Path, server: Server) -> None:
    server.model.writes = ["none"]
    searched(tmp_path, server, f"prompts: ['{GOOD}']")
    (path,) = (tmp_path / "store" / "searches").glob("*.json")
    kept = json.loads(path.read_text())
    path.write_text(json.dumps({**kept, "chosen": None, "engines": [], "tried": kept["tried"][:1]}))
    before = dev_questions(server)
    found = searched(tmp_path, server, f"prompts: ['{GOOD}']")
    assert dev_questions(server) == before and "the best of 2" in (found.training or "")


WRITTEN: list[tuple[str, str | None]] = [
    ("```\nBe very brief.\n```", "Be very brief."),
    ("Sure!\n```text\nBe very brief.\n```\nIt helps.", "Be very brief."),
    ("```Be very brief.```", "Be very brief."),
    ("<think>```\nNot this one.\n```</think>```\nBe very brief.\n```", "Be very brief."),
    ('New instruction: "Be very brief."', "Be very brief."),
    ("“Be very brief.”", "Be very brief."),
    ("I would tell it to be brief.", None),
    ('It said "no" to me and "yes" to you.', None),
    ("```\n```", None),
    ("```\nBe\n```", None),
    ("", None),
    ("```\n" + "long " * 500 + "\n```", None),
]


@pytest.mark.parametrize(("text", "prompt"), WRITTEN)
def test_a_prompt_is_what_stands_in_fences_or_on_a_quoted_line(text: str, prompt: str | None) -> None:
    assert proposed(text) == prompt


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"data": Path("nowhere.jsonl")}, "no file"), ({"budget": 1}, "from 2 to 500"), ({"limit": 0}, "at least 1"),
        ({"budget": 2, "prompts": ["a b c", "d e f"]}, "less than the 3 that you name"), ({"by": "magic"}, "by"),
        ({"demos": Path("nowhere.jsonl")}, "no file"), ({"must_not_regress": [{"probe": "facts"}]}, "is none"),
        ({"must_not_regress": [{"probe": "a", "metric": "b", "max_drop": "lots"}]}, "max_drop"),
    ],
)  # fmt: skip
def test_what_cannot_be_searched_is_refused(pool: Pool, tmp_path: Path, more: dict[str, Any], says: str) -> None:
    data = rows(tmp_path / "dev.jsonl", DEV)
    with pytest.raises(UserError, match=says):
        changed_by(pool.open("nano"), optimise={"probe": "lipogram", "data": data, **more})


def test_names_that_nobody_knows_are_said_before_anything_is_asked(tmp_path: Path, server: Server) -> None:
    for more, says in (
        ("must_not_regress: [{probe: lazines, metric: words}]", "Did you mean 'laziness'"),
        ("must_not_regress: [{probe: laziness, metric: word}]", "Did you mean 'words'"),
        ("must_not_regress: [{probe: laziness, metric: long_enough, max_drop: 2}]", "max_drop"),
    ):
        with pytest.raises(UserError, match=says):
            searched(tmp_path, server, more)
    assert not server.completions
    rows(tmp_path / "shown.jsonl", DEV[:3])
    with pytest.raises(UserError, match=r"k is 9, and .* has 3 rows") as error:
        searched(tmp_path, server, "demos: shown.jsonl, k: [2, 9]")
    assert (error.value.where or "").startswith(str(tmp_path)) and not server.completions


def test_gepa_searches_the_same_rows_within_the_same_budget(tmp_path: Path, server: Server) -> None:
    pytest.importorskip("gepa")
    server.model.writes = ["A thought.", f"```\n{GOOD}\n```"]
    found = searched(tmp_path, server, "by: gepa, budget: 4")
    assert found.run.ref.endswith(f"{{prompt: {GOOD}}}")
    assert "100.0 %, without any 0.0 %" in (found.training or "")


@pytest.mark.slow
def test_gepa_overspends_nothing_and_ends_where_the_proposer_has_no_idea(tmp_path: Path, server: Server) -> None:
    pytest.importorskip("gepa")
    searched(tmp_path, server, "by: gepa, budget: 5")
    assert dev_questions(server) == 5 * len(DEV)
    server.model.writes = ["A thought."]
    found = searched(tmp_path, server, "by: gepa, budget: 6")
    assert "the best of 2 on" in (found.training or "") and "8 of 8 proposals were of no use" in (found.training or "")

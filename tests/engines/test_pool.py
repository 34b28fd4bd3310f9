"""Opening models: what it costs to import, and what is refused before anything is loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fteval.engines import Pool
from fteval.engines.local.batches import out_of_memory, plan
from fteval.engines.refs import NANO
from fteval.errors import UserError


def test_importing_engines_and_reading_refs_imports_nothing_heavy(tiny_model: Path):
    script = (
        "import sys; from fteval.engines import Pool, parse, checks;"
        f"parse({str(tiny_model)!r}); parse('nano'); Pool();"
        "heavy = ['torch', 'transformers', 'peft', 'numpy', 'jinja2', 'huggingface_hub', 'pydantic', 'scipy'];"
        "print([m for m in heavy if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_generating_imports_no_trainer_and_no_peft_without_an_adapter(tiny_model: Path):
    script = (
        "import sys; from fteval.engines import Pool; from fteval.records import *;"
        f"pool = Pool(device='cpu'); engine = pool.open({str(tiny_model)!r});"
        "asked = [Request('k', 'i', engine.prompt([Message('user', 'hi')]))];"
        "made = [g for group in engine.generate(asked, Sampling(max_tokens=2)) for g in group]; assert made[0].ok;"
        "print([m for m in ('peft', 'trl', 'datasets', 'pandas', 'openai') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert done.stderr == ""  # no progress bars, no warnings


def test_nothing_connects_for_a_local_model(tiny_model: Path, tiny_adapter: Path):
    """Any socket that is not a unix one raises; the run goes through without."""
    script = (
        "import socket, os\n"
        "os.environ.pop('HF_HUB_OFFLINE', None)\n"
        "def refuse(*a, **k): raise AssertionError('a connection')\n"
        "socket.socket.connect = refuse; socket.getaddrinfo = refuse\n"
        "from fteval.engines import Pool\nfrom fteval.records import *\n"
        f"engine = Pool(device='cpu').open({f'{tiny_model}+{tiny_adapter}'!r})\n"
        "asked = [Request('k', 'i', engine.prompt([Message('user', 'hi')]))]\n"
        "assert [g.ok for group in engine.generate(asked, Sampling(max_tokens=2)) for g in group] == [True]\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dtype": "int3"}, "no dtype 'int3'"),
        ({"batch_tokens": 0}, "at least 1"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, object], words: str):
    with pytest.raises(UserError, match=words):
        Pool(**options)


@pytest.mark.parametrize("device", ["tpu", "cuda:99", "", "cpu:x"])
def test_devices_that_are_not_there_are_refused(tiny_model: Path, device: str):
    with Pool(device=device) as pool, pytest.raises(UserError, match="no device"):
        pool.open(str(tiny_model))


def test_nano_is_the_embedded_model():
    with Pool(device="cpu") as pool:
        if NANO.exists():
            assert pool.open("nano").identity()["dtype"] == "float32"
        else:
            with pytest.raises(UserError, match="embedded model is not in this installation"):
                pool.open("nano")


def test_batches_are_longest_first_within_the_budget_and_complete():
    lengths = [5, 300, 10, 200, 7, 7, 7, 90, 91, 400] * 9
    answers = [64] * len(lengths)
    batches = plan(lengths, answers, tokens=4096, rows=16)
    assert sorted(i for batch in batches for i in batch) == list(range(90))
    for batch in batches:
        assert len(batch) <= 16
        assert len(batch) * (max(lengths[i] for i in batch) + 64) <= 4096
    firsts = [lengths[batch[0]] for batch in batches]
    assert firsts == sorted(firsts, reverse=True)
    assert [len(b) for b in plan([9000, 9000], [1, 1], tokens=10, rows=16)] == [1, 1]  # never less than a row
    alike = plan(lengths, answers, tokens=4096, rows=16, one_length=True)
    assert all(len({lengths[i] for i in batch}) == 1 for batch in alike)
    assert plan([], [], tokens=1, rows=1) == []


def test_short_prompts_make_batches_of_64_on_a_cpu():
    from fteval.engines.local.batches import default_tokens, most_rows

    batches = plan([50] * 200, [256] * 200, tokens=default_tokens("cpu"), rows=most_rows("cpu"))
    assert [len(b) for b in batches] == [64, 64, 64, 8]


def test_out_of_memory_is_known_by_type_or_by_the_cpu_allocator_s_words():
    import torch

    assert out_of_memory(MemoryError())
    assert out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60)  # the real thing
    assert out_of_memory(caught.value)
    assert not out_of_memory(RuntimeError("The size of tensor a (3) must match"))
    assert not out_of_memory(ValueError("memory"))

"""What every test may use: no network, one torch thread, and a tiny model made once per session."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

# A busy machine is no failure.
settings.register_profile("fteval", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fteval")
# It would parse every module that is loaded, for constants to try: half a minute before the first example of a worker.
providers._get_local_constants = lambda: providers._local_constants

# Some tests take the room for files away, and Python would leave half a module's byte code behind, for all later tests.
sys.dont_write_bytecode = True

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))  # `import tiny` from any room, whatever pytest's import mode


@pytest.fixture(autouse=True, scope="module")
def _a_small_heap_to_search() -> None:
    """Libraries search the whole heap for garbage after a training; thousands of tests and torch lie on this one."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny Qwen2 chat model with random weights; never write into it, copy it first."""
    import tiny

    return tiny.make_model(tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture(scope="session")
def make_adapter(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """`make_adapter("name", seed=2)` -> folder of a new LoRA adapter on the tiny model, see `tiny.make_adapter`."""
    import tiny

    def make(name: str = "adapter", *, base: Path = tiny_model, **options: object) -> Path:
        return tiny.make_adapter(tmp_path_factory.mktemp("adapters") / name, base, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def tiny_adapter(make_adapter: Callable[..., Path]) -> Path:
    """Folder of a LoRA adapter on the tiny model that changes its answers; never write into it."""
    return make_adapter("adapter")

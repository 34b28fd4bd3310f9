"""Identity: B1, B2, B3, B4, B9, B13 of the fault list, as far as keys decide them."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from fteval.records import IDENTITY, RUNTIME, Message, Metric, Prompt, Sampling
from fteval.runs.asking import identity
from fteval.runs.asking.execute import execute
from fteval.runs.asking.terms import Terms

ENGINE = {
    "engine": "transformers",
    "version": "5.23.0",
    "weights": "sha256:aa",
    "tokenizer": "sha256:bb",
    "dtype": "float32",
}
PROMPT = Prompt((Message("user", "Who loves Romeo?"),))
TOKENS = Prompt(PROMPT.messages, (1, 2, 3))
GREEDY = Sampling()
OTHER = {
    "temperature": 0.8,
    "top_p": 0.9,
    "top_k": 50,
    "repetition_penalty": 1.1,
    "max_tokens": 64,
    "stop": ("\n",),
    "seed": 1,
    "system": "fold",
    "chat_template_kwargs": '{"enable_thinking":false}',
    "extra_body": '{"min_tokens":1}',
}


def key(prompt: Prompt = PROMPT, sampling: Sampling = GREEDY, repeat: int = 0, extra: Any = None, **engine: Any) -> str:
    return identity.generation_key({**ENGINE, **engine}, prompt, sampling, repeat, extra)


def test_the_same_content_has_the_same_key_in_any_process() -> None:
    # Written down once, so that a change of the key's recipe without a new KEY_VERSION is seen.
    assert key() == key()
    assert key(TOKENS) == "369f379bcb7780562af0b163626349bc77f4ff734e9c65c0b157adbaee4de937"


@pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(Sampling)])
def test_every_identity_field_of_sampling_changes_the_key_and_no_runtime_field_does(field: str) -> None:
    declared = Sampling.__dataclass_fields__[field].metadata["class"]
    changed = key(sampling=replace(Sampling(), **{field: OTHER[field]}))
    assert (changed != key()) == (declared == IDENTITY["class"])


def classed(field: dataclasses.Field) -> bool:
    return field.metadata.get("class") in (IDENTITY["class"], RUNTIME["class"])


def test_every_field_that_a_user_can_set_is_classed_as_identity_or_runtime() -> None:
    for field in dataclasses.fields(Sampling):
        assert classed(field), f"Sampling.{field.name} is neither identity nor runtime"
    for field in dataclasses.fields(Terms):
        assert classed(field), f"Terms.{field.name} is neither identity nor runtime"
    beside = set(inspect.signature(execute).parameters) - {"suite", "engine", "sampling", "terms"}
    assert beside == {"store"}, "the first three are identity, and the store is a place"


def test_the_classification_test_sees_a_new_field() -> None:
    @dataclass(frozen=True)
    class Newer(Sampling):
        min_p: float = 0.0

    assert [f.name for f in dataclasses.fields(Newer) if not classed(f)] == ["min_p"]


@pytest.mark.parametrize(
    "engine", [{"weights": "sha256:ab"}, {"tokenizer": "x"}, {"dtype": "bfloat16"}, {"adapter": "sha256:cc"}]
)
def test_other_weights_tokenizer_dtype_or_adapter_are_another_key(engine: dict[str, str]) -> None:
    assert key(**engine) != key()


def test_the_prompt_that_is_sent_decides_system_prompt_and_template_included() -> None:
    system = Prompt((Message("system", "Be brief."), *PROMPT.messages))
    assert len({key(), key(system), key(Prompt((Message("user", "Who loves Romeo? "),))), key(TOKENS)}) == 4
    assert key(replace(TOKENS, token_ids=(1, 2, 3, 4))) != key(TOKENS)
    assert key(replace(TOKENS, messages=system.messages)) == key(TOKENS), "the model reads tokens, not messages"


def test_repeats_and_request_identities_are_distinct() -> None:
    assert len({key(), key(repeat=1), key(repeat=2), key(extra="sha256:outputs"), key(extra=["a"])}) == 5


def test_a_row_s_seed_depends_on_seed_prompt_and_repeat_and_fits_a_signed_integer() -> None:
    one, two = identity.input_digest(PROMPT), identity.input_digest(TOKENS)
    seeds = [identity.row_seed(s, d, r) for s in (0, 1) for d in (one, two) for r in (0, 1)]
    assert len(set(seeds)) == 8
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert identity.row_seed(0, one, 0) == seeds[0]


@dataclass(frozen=True, slots=True)
class Letters:
    letters: str = "e"
    version: ClassVar[int] = 1
    metrics: ClassVar[tuple[Metric, ...]] = (Metric("useful"),)


def test_a_probe_s_name_parameters_and_version_change_its_digest() -> None:
    @dataclass(frozen=True, slots=True)
    class Newer(Letters):
        version: ClassVar[int] = 2

    digests = [
        identity.probe_digest(p, n)
        for p, n in [(Letters(), "a"), (Letters(), "b"), (Letters("a"), "a"), (Newer(), "a")]
    ]
    assert len(set(digests)) == 4
    assert identity.probe_digest(Letters(), "a") == digests[0]


def test_an_edited_scorer_source_changes_the_digest_line_ends_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    source = "class P:\n    metrics = ()\n    def score(self, sample, generation):\n        return 1\n"

    def digest_of(text: bytes) -> str:
        (tmp_path / "edited_probe.py").write_bytes(text)
        sys.modules.pop("edited_probe", None)
        importlib.invalidate_caches()
        return identity.probe_digest(importlib.import_module("edited_probe").P(), "p")

    first = digest_of(source.encode())
    assert digest_of(source.replace("\n", "\r\n").encode()) == first
    assert digest_of(source.replace("return 1", "return 2").encode()) != first


def test_a_probe_without_a_file_is_told_apart_by_its_code() -> None:
    def made(body: str) -> str:
        space: dict[str, Any] = {"__name__": "nowhere"}
        exec(f"class P:\n    def score(self, s, g):\n        return {body}", space)
        return identity.probe_digest(space["P"](), "p")

    assert made("g.text") == made("g.text")
    assert len({made("g.text"), made("g.key"), made("1.0"), made("2.0")}) == 4


def test_a_judgement_is_the_same_only_for_the_same_probe_sample_answer_and_ending() -> None:
    base = ("sha256:p", "sha256:s", "key", "text", "stop")
    other = [identity.score_key(*base[:i], "x", *base[i + 1 :]) for i in range(5)]
    assert len({identity.score_key(*base), *other, identity.score_key(*base[:3], None, "stop")}) == 7


def test_plans_are_compared_field_by_field() -> None:
    old = {"sampling": {"temperature": 0.0, "seed": 0}, "repeats": 1, "engine": {"weights": "a"}}
    new = {"sampling": {"temperature": 0.7, "seed": 0}, "repeats": 1, "engine": {"weights": "a", "adapter": "b"}}
    assert identity.differences(old, new) == ["sampling.temperature: 0.0 → 0.7", "engine.adapter: (absent) → b"]
    assert identity.differences(old, old) == []


def test_a_probe_is_another_when_a_module_that_it_rests_on_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "changing_scorers"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "rules.py").write_text("LIMIT = 1\n")
    (package / "unrelated.py").write_text("LIMIT = 1\n")
    (package / "probe.py").write_text("from changing_scorers.rules import LIMIT\n\n\nclass Probe:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    cls = importlib.import_module("changing_scorers.probe").Probe
    before = identity.source_digest(cls)
    (package / "unrelated.py").write_text("LIMIT = 2\n")
    assert identity.source_digest(cls) == before
    (package / "rules.py").write_text("LIMIT = 2\n")
    assert identity.source_digest(cls) != before

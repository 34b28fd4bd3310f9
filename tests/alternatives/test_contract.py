"""What every alternative keeps, fteval's own and another package's."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import plugin
import pytest
from alternatives_helpers import changed_by

from fteval import registry
from fteval.engines import Pool
from fteval.errors import UserError
from fteval.records import Message, RemarkingEngine, ServedEngine, TemplatedEngine, WeighingEngine, bare

ROWS = Path(__file__).parent / "rows.jsonl"
WORKS: dict[str, Any] = {
    "prompt": "Be brief.",
    "constrain": {"forbid_letters": "e"},
    "few_shot": {"data": ROWS, "k": 2},
    "retrieve": {"corpus": ROWS, "k": 2},
    "vote": {"k": 3},
    "reflect": {"rounds": 1},
    "optimise": {"probe": "lipogram", "data": ROWS, "budget": 4},
}
"""Settings with which each can be tried on nano."""
ASKED = [Message("user", "What is a dog?")]


@pytest.mark.parametrize("name", registry.alternative_names())
def test_every_alternative_is_a_dataclass_that_says_what_it_is(name: str) -> None:
    cls = registry.alternative_class(name)
    assert dataclasses.is_dataclass(cls) and isinstance(cls.version, int) and cls.__doc__
    assert registry.first_field(cls) in {f.name for f in dataclasses.fields(cls)}


@pytest.mark.parametrize("name", registry.alternative_names())
def test_every_alternative_is_part_of_the_identity_and_of_the_name(name: str, pool: Pool) -> None:
    base = pool.open("nano")
    changed = changed_by(base, **{name: WORKS[name]})
    assert changed.identity() != base.identity() and changed.ref.startswith(f"nano {{{name}: ")
    assert bare(changed).located == base.located  # nothing is loaded twice
    assert changed_by(base, **{name: WORKS[name]}).identity() == changed.identity()


@pytest.mark.parametrize("name", registry.alternative_names())
def test_saved_answers_cannot_be_changed(name: str, pool: Pool, tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text('{"prompt": "What is a dog?", "output": "A dog."}\n')
    saved = pool.open(f"replay:{tmp_path / 'out.jsonl'}")
    assert isinstance(saved, RemarkingEngine)
    with pytest.raises(UserError, match="saved"):
        changed_by(saved, **{name: WORKS[name]})


def test_alternatives_stand_on_each_other_in_the_order_in_which_they_are_written(pool: Pool) -> None:
    base = pool.open("nano")
    both = changed_by(base, prompt="Be brief.", constrain={"forbid_letters": "e"})
    other = changed_by(base, constrain={"forbid_letters": "e"}, prompt="Be brief.")
    assert both.identity() == other.identity()  # a mask is next to the model, wherever it is said
    assert both.ref == "nano {prompt: Be brief.} {constrain: {forbid_letters: e}}"
    twice = changed_by(changed_by(base, prompt="Be brief."), prompt="Be kind.")
    assert [m.content for m in twice.prompt(ASKED).messages] == ["Be brief.\n\nBe kind.", "What is a dog?"]
    assert [one["text"] for one in twice.identity()["alternatives"]] == ["Be brief.", "Be kind."]


def test_long_settings_are_told_apart_by_a_digest(pool: Pool) -> None:
    first, second = (changed_by(pool.open("nano"), prompt="Be brief. " * 30 + end).ref for end in ("a", "b"))
    assert first != second and len(first) < 120


def test_a_layer_can_what_the_engine_below_can(pool: Pool) -> None:
    local, server = (changed_by(pool.open(ref), prompt="Be brief.") for ref in ("nano", "http://localhost:1/v1#m"))
    assert isinstance(local, TemplatedEngine) and isinstance(local, WeighingEngine)
    assert not isinstance(local, ServedEngine) and isinstance(server, ServedEngine)
    assert not isinstance(changed_by(plain(), prompt="Be brief."), TemplatedEngine | WeighingEngine | ServedEngine)


def plain() -> Any:
    """An engine that can nothing beside what every engine can."""
    import types

    source = types.ModuleType("adder")
    exec(plugin.ENGINE, source.__dict__)
    return source.__dict__["open_engine"]("adder:0", None)


def test_an_engine_that_cannot_be_constrained_says_so_with_its_place() -> None:
    with pytest.raises(UserError, match="adder:0 cannot be kept from") as caught:
        changed_by(plain(), constrain={"forbid_letters": "e"})
    assert caught.value.where == "fteval.yaml:3"


SHOUT = '''\
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fteval.alternatives.layers.layer import Layer
from fteval.records import Message


@dataclass(frozen=True, slots=True)
class Shout:
    """Asks in capitals."""

    times: int = 1

    version: ClassVar[int] = 1

    def on(self, engine):
        return Shouted(engine, {"name": "shout", "version": 1, "times": self.times})


class Shouted(Layer):
    def messages(self, messages):
        return [Message(m.role, m.content.upper() * self.content["times"]) for m in messages]
'''


def test_another_package_may_bring_one(tmp_path: Path, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    points = "[fteval.alternatives]\nshout = acme_shout:Shout\nnone = acme_shout:Shouted\nprompt = acme_shout:Shout\n"
    plugin.on_path(plugin.install(tmp_path, {"acme_shout.py": SHOUT}, points), monkeypatch)
    assert {"shout", "prompt"} <= set(registry.alternative_names())
    shouted = changed_by(pool.open("nano"), shout=2)
    assert shouted.prompt(ASKED).messages[0].content == "WHAT IS A DOG?WHAT IS A DOG?"
    with pytest.raises(UserError, match=r"acme-probes 1\.0 cannot be used .* it has no version"):
        changed_by(pool.open("nano"), none=1)
    with pytest.raises(UserError, match="claimed by fteval and by the package acme-probes"):
        changed_by(pool.open("nano"), prompt="Be brief.")


def test_an_unknown_alternative_is_refused_with_the_nearest(pool: Pool) -> None:
    with pytest.raises(UserError, match=r"no alternative named 'promt'\. Did you mean 'prompt'"):
        changed_by(pool.open("nano"), promt="Be brief.")

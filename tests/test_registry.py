"""Names: of fteval's own probes and trainers, and of those that other packages bring, usable or not."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path

import plugin
import pytest

from fteval import registry
from fteval.errors import UserError

GOOD = plugin.probe(least="3")
ENTRY = "[fteval.probes]\nlength = acme_length:Length\n"

BROKEN: dict[str, tuple[str, str]] = {
    # what is wrong: (the module, what is said)
    "a library is missing": ("import nowhere_at_all\n", "No module named 'nowhere_at_all'"),
    "no such class": ("class Other:\n    pass\n", "no attribute 'Length'"),
    "no class": ("Length = 3\n", "a probe is a class, and that is int"),
    "it leaves": ("raise SystemExit('no licence')\n", "SystemExit: no licence"),
    "it fails": ("1 / 0\n", "ZeroDivisionError"),
    "it is no Python": ("class Length\n", "SyntaxError"),
    "no score": (GOOD.replace("def score", "def scored"), "it has no score"),
    "metrics that are none": (GOOD.replace('(Metric("long", primary=True),)', "('long',)"), "primary"),
    "score is no method": (GOOD.replace("def score", "score = 3\n\n    def scored"), "it has no score"),
    "no dataclass": (GOOD.replace("@dataclass(frozen=True, slots=True)", ""), "no dataclass"),
    "it cannot be made": (GOOD + "\n    def __post_init__(self):\n        raise KeyError('x')\n", "KeyError"),
}


@pytest.mark.parametrize("wrong", BROKEN)
def test_a_probe_of_another_package_that_cannot_be_used_says_why_and_whose_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    source, said = BROKEN[wrong]
    plugin.on_path(plugin.install(tmp_path, {"acme_length.py": source}, ENTRY), monkeypatch)
    assert "length" in registry.probe_names()
    with pytest.raises(registry.Unusable) as caught:
        registry.probe("length")
    assert said in caught.value.what
    assert "'length' of the package acme-probes 1.0 cannot be used (acme_length:Length)" in caught.value.what
    assert registry.unusable("length") == caught.value.what


def test_a_good_one_is_a_probe_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin.on_path(plugin.install(tmp_path, {"acme_length.py": GOOD}, ENTRY), monkeypatch)
    made = registry.probe("length")
    assert registry.unusable("length") is None
    assert (type(made).__module__, [m.name for m in made.metrics]) == ("acme_length", ["long"])
    assert registry.registered_name(type(made)) == "length"


def test_a_class_is_found_again_under_the_name_of_its_entry_point_wherever_it_is_defined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"acme/__init__.py": "from acme.inner import Length\n", "acme/inner.py": GOOD}
    plugin.on_path(plugin.install(tmp_path, files, "[fteval.probes]\nlong-enough = acme:Length\n"), monkeypatch)
    assert registry.registered_name(registry.probe_class("long-enough")) == "long-enough"
    assert registry.registered_name(registry.probe_class("lipogram")) == "lipogram"


def test_one_that_must_be_told_more_can_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = GOOD.replace("    metrics: ClassVar", "    words: int\n    metrics: ClassVar")
    plugin.on_path(plugin.install(tmp_path, {"acme_length.py": source}, ENTRY), monkeypatch)
    assert registry.unusable("length") is None
    with pytest.raises(UserError, match="needs 'words'"):
        registry.probe("length")


def test_a_name_of_fteval_s_own_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = "[fteval.probes]\nlipogram = acme_length:Length\n"
    plugin.on_path(plugin.install(tmp_path, {"acme_length.py": GOOD}, entry), monkeypatch)
    with pytest.raises(UserError, match=r"'lipogram' is claimed by fteval and by the package acme-probes 1\.0"):
        registry.probe("lipogram")
    assert registry.unusable("lipogram") is not None
    assert registry.unusable("facts") is None


def test_a_name_that_two_packages_claim_is_nobody_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin.install(tmp_path, {"acme_length.py": GOOD}, ENTRY)
    plugin.install(tmp_path, {"acme_long.py": GOOD}, ENTRY.replace("acme_length", "acme_long"), name="acme-two")
    plugin.on_path(tmp_path, monkeypatch)
    with pytest.raises(UserError, match="claimed by the package acme-") as caught:
        registry.probe_class("length")
    assert all(f"acme-{name} 1.0" in caught.value.what for name in ("probes", "two"))


def test_a_package_that_is_found_twice_does_not_clash_with_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin.on_path(plugin.install(tmp_path, {"acme_length.py": GOOD}, ENTRY), monkeypatch)
    plugin.on_path(plugin.install(tmp_path / "again", {"acme_length.py": GOOD}, ENTRY), monkeypatch)
    assert len(importlib.metadata.entry_points(group="fteval.probes")) >= 1
    assert registry.unusable("length") is None


TRAINERS: dict[str, tuple[str, str]] = {
    "a library is missing": ("import nowhere_at_all\n", "No module named 'nowhere_at_all'"),
    "it leaves": ("raise SystemExit\n", "SystemExit"),
    "no train": ("class Recipe:\n    pass\n", "a class Recipe and a function train"),
    "no Recipe": ("def train():\n    pass\n", "a class Recipe and a function train"),
    "train is no function": ("class Recipe:\n    pass\n\n\ntrain = 3\n", "a class Recipe and a function train"),
}


@pytest.mark.parametrize("wrong", TRAINERS)
def test_a_trainer_of_another_package_that_cannot_be_used_says_why_and_whose_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    source, said = TRAINERS[wrong]
    plugin.on_path(
        plugin.install(tmp_path, {"acme_train.py": source}, "[fteval.trainers]\nlora = acme_train\n"), monkeypatch
    )
    assert "lora" in registry.trainer_names()
    with pytest.raises(registry.Unusable, match=r"trainer 'lora' of the package acme-probes 1\.0") as caught:
        registry.trainer_module("lora")
    assert said in caught.value.what


def test_a_good_trainer_is_found_and_sft_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "class Recipe:\n    pass\n\n\ndef train():\n    pass\n"
    entries = "[fteval.trainers]\nlora = acme_train\nsft = acme_train\n"
    plugin.on_path(plugin.install(tmp_path, {"acme_train.py": source}, entries), monkeypatch)
    assert registry.trainer_module("lora").__name__ == "acme_train"
    with pytest.raises(UserError, match="'sft' is claimed by fteval and by the package acme-probes"):
        registry.trainer_module("sft")


def test_every_name_of_fteval_s_own_is_one_class_or_one_trainer() -> None:
    own = [name for name in registry.probe_names() if registry.probe_class(name).__module__.startswith("fteval.")]
    assert {"lipogram", "holdout", "robustness"} <= set(own)
    assert {registry.probe_class(name).__module__ for name in own} == {f"fteval.evals.{name}" for name in own}
    trainers = {name: registry.trainer_module(name) for name in registry.trainer_names()}
    assert {"sft", "hosted"} <= set(trainers)
    assert all(callable(module.train) and isinstance(module.Recipe, type) for module in trainers.values())


# --- and what a user sees ---------------------------------------------------------------------------


def test_a_broken_package_takes_down_neither_the_list_nor_a_config_that_does_not_name_it(tmp_path: Path) -> None:
    files = {"acme_length.py": "raise SystemExit('\\x1b[31mno licence')\n", "acme_good.py": GOOD}
    entries = f"{ENTRY}long = acme_good:Length\nfacts = acme_good:Length\n"
    installed = plugin.install(tmp_path / "packages", files, entries)
    (tmp_path / "fteval.yaml").write_text("version: 1\nbase: nano\nprobes:\n  iso_date: {}\n")

    listed = plugin.fteval("probes", folder=tmp_path, installed=installed)
    assert listed.returncode == 0, listed.stderr
    assert "probe 'length' of the package acme-probes 1.0 cannot be used" in listed.stdout
    assert "probe 'facts' is claimed by fteval and by the package acme-probes 1.0" in listed.stdout
    assert "Whether an answer is long." in listed.stdout
    assert "lipogram" in listed.stdout and "\x1b" not in listed.stdout
    as_json = json.loads(plugin.fteval("probes", "--json", folder=tmp_path, installed=installed).stdout)
    assert [row["name"] for row in as_json if "unusable" in row] == ["facts", "length"]

    for command in (["--help"], ["config", "check"]):
        done = plugin.fteval(*command, folder=tmp_path, installed=installed)
        assert done.returncode == 0, (command, done.stderr)
    shown = plugin.fteval("probes", "show", "length", folder=tmp_path, installed=installed)
    assert shown.returncode == 2
    assert "acme-probes 1.0" in shown.stderr and "Traceback" not in shown.stderr

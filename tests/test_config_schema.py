"""The schema that editors check fteval.yaml by says what fteval itself says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from fteval import cli, registry
from fteval.commands.init import FIRST
from fteval.config import Config, schema

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = schema()


def read(text: str) -> Any:
    return YAML(typ="safe").load(text)


def wrong(text: str) -> list[str]:
    """`probes.laziness: Additional properties …` for everything that the schema refuses."""
    found = sorted(Draft7Validator(SCHEMA).iter_errors(read(text)), key=lambda e: list(map(str, e.path)))
    return [f"{'.'.join(map(str, error.path))}: {error.message}" for error in found]


def _gitlab(keys: dict[str, Any]) -> bool:
    """Whether these are keys of a pipeline: its `include` is a list."""
    return isinstance(keys.get("include"), list)


def examples() -> list[str]:
    """What README and docs show of configs, parts of one included, and the file that `fteval init` writes."""
    shown = [(FIRST / "fteval.yaml").read_text(encoding="utf-8")]
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL):
            keys = read(block)
            if isinstance(keys, dict) and keys.keys() <= set(Config.model_fields) and not _gitlab(keys):
                shown.append(block if "version" in keys else f"version: 1\n{block}")
    return shown


def test_the_schema_is_sound_and_knows_every_probe_and_trainer() -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert {f"probe-{name}" for name in registry.probe_names()} <= SCHEMA["$defs"].keys()
    assert {f"train-{name}" for name in registry.trainer_names()} <= SCHEMA["$defs"].keys()


@pytest.mark.parametrize("text", examples())
def test_a_config_that_is_shown_somewhere_is_right(text: str) -> None:
    assert wrong(text) == []


def test_there_are_examples() -> None:
    assert len(examples()) > 5


@pytest.mark.parametrize(
    ("line", "where", "word"),
    [
        ("candidates: {a: {train: sft, data: t, lora_rnk: 8}}", "candidates.a", "lora_rnk"),
        ("candidates: {a: {train: sft, data: t, lora_rank: wide}}", "candidates.a.lora_rank", "wide"),
        ("candidates: {a: {train: sft, data: t, lora_rank: -1}}", "candidates.a.lora_rank", "-1"),
        ("candidates: {a: {train: sft, data: t, schedule: linaer}}", "candidates.a.schedule", "linaer"),
        ("candidates: {a: {train: sftt, data: t}}", "candidates.a.train", "sftt"),
        ("candidates: {a: {train: sft, data: t, watch: {probes: {laziness: {wordz: 3}}}}}", "candidates.a.watch", ""),
        ("candidates: {a: {model: m, data: t}}", "candidates.a", "data"),
        ("candidates: {a: {data: t}}", "candidates.a", "data"),
        ("candidates: {a: {promt: t}}", "candidates.a", "promt"),
        ("candidates: {a: {prompt: {txt: t}}}", "candidates.a", "txt"),
        ("candidates: {a: {from: b}}", "candidates.a", "from"),
        ("candidates: {a: {model: m, from: b, prompt: t}}", "candidates.a", "from"),
        ("candidates: {a: {prompt: t, trained_on: f}}", "candidates.a", "trained_on"),
        ("candidates: {a: {constrain: {forbid_letters: 3}}}", "candidates.a", "3"),
        ("probes: {laziness: {min_wordz: 3}}", "probes.laziness", "min_wordz"),
        ("probes: {laziness: {min_words: many}}", "probes.laziness.min_words", "many"),
        ("probes: {long: {use: laziness, min_wordz: 3}}", "probes.long", "min_wordz"),
        ("probes: {long: {use: lazyness}}", "probes.long.use", "lazyness"),
        ("probes: {long: {min_words: 3}}", "probes.long", "use"),
        ("probes: {laziness: {sampling: {max_tokens: 0}}}", "probes.laziness.sampling.max_tokens", "0"),
        ("probes: {laziness: {sampling: {repeats: 3}}}", "probes.laziness.sampling", "repeats"),
        ("probes: {laziness: {limit: 0}}", "probes.laziness.limit", "0"),
        ("gates: [{probe: a, metric: b, min_gain: 2pp, max_drop: 2pp}]", "gates.0", "min_gain"),
        ("gates: [{probe: a, metric: b}]", "gates.0", "probe"),
        ("gates: [{probe: a, metric: b, min_gain: 2 points}]", "gates.0.min_gain", "points"),
        ("sampling: {temperature: hot}", "sampling.temperature", "hot"),
        ("unguarded: maybe", "unguarded", "maybe"),
        ("gatez: []", "", "gatez"),
    ],
)
def test_what_fteval_refuses_the_schema_refuses_too_at_its_place(line: str, where: str, word: str) -> None:
    assert [said for said in wrong(f"version: 1\n{line}\n") if said.startswith(f"{where}: ") and word in said]


def test_a_probe_of_another_package_is_in_the_schema(tmp_path: Path) -> None:
    info = tmp_path / "mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[fteval.probes]\nlong_words = mine_words:LongWords\n")
    (tmp_path / "mine_words.py").write_text(
        "from dataclasses import dataclass\nfrom fteval.records import Metric, Scores\n\n\n"
        "@dataclass(frozen=True)\nclass LongWords:\n    least: int = 7\n    '''Letters of a long word.'''\n"
        "    metrics = (Metric('share', primary=True),)\n\n    def samples(self):\n        return iter(())\n\n"
        "    def score(self, sample, generation):\n        return Scores({'share': 1.0})\n"
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-m", "fteval.cli", "config", "schema"],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    found = json.loads(done.stdout)["$defs"]["probe-long_words"]["properties"]["least"]
    assert found == {"type": "integer", "description": "Letters of a long word."}


def test_init_writes_the_schema_that_its_first_line_names(tmp_path: Path) -> None:
    assert cli.call(["init", str(tmp_path / "new")]) == 0
    first = (tmp_path / "new" / "fteval.yaml").read_text().splitlines()[0]
    name = first.removeprefix("# yaml-language-server: $schema=")
    assert json.loads((tmp_path / "new" / name).read_text()) == SCHEMA


def offered(words: str, folder: Path, shell: str = "bash") -> list[str]:
    """What a shell is told for a line that ends where its last word does."""
    at = str(len(words.split(" ")) - 1)
    done = subprocess.run(
        [sys.executable, "-m", "fteval.cli"],
        capture_output=True, text=True, check=False, cwd=folder,
        env={**os.environ, "COMP_WORDS": words, "COMP_CWORD": at, "_FTEVAL_COMPLETE": f"{shell}_complete"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return [line.rpartition(",")[2] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "known"),
    [
        ("fteval run --probe lip", ["lipogram"]),
        ("fteval train s", ["sft"]),
        ("fteval run --score ex", ["exact"]),
        ("fteval history --metric facts.c", ["facts.correct"]),
        ("fteval report -o out.m", ["out.md"]),
        ("fteval data noise --by typos,low", ["lower_case"]),
    ],
)
def test_a_shell_completes_values_and_hears_no_error(words: str, known: list[str], tmp_path: Path) -> None:
    assert offered(words, tmp_path) == known


def test_a_shell_completes_saved_runs_and_where_there_are_none_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert offered("fteval report 2", tmp_path) == ["2"]  # of the kind `file`: the shell looks for some
    Path("h.jsonl").write_text('{"id": "a", "prompt": "1 + 1?", "target": "2"}\n')
    Path("o.jsonl").write_text('{"id": "a", "output": "2"}\n')
    assert cli.call(["run", "--model", "replay:o.jsonl", "--holdout", "h.jsonl"]) == 0
    capsys.readouterr()
    assert offered("fteval report 2", tmp_path) == [path.name for path in (tmp_path / ".fteval" / "runs").iterdir()]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_lines_that_the_readme_gives_a_shell_are_a_script_and_exit_0(shell: str) -> None:
    assert f"_FTEVAL_COMPLETE={shell}_source fteval" in (ROOT / "README.md").read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "fteval.cli"],
        capture_output=True, text=True, check=False, env={**os.environ, "_FTEVAL_COMPLETE": f"{shell}_source"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "_fteval_completion" in done.stdout

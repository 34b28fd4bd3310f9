"""fteval.yaml is read whole or refused with every error and its line."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from fteval.config import Config, Threshold, load, schema
from fteval.errors import UserError
from fteval.records import Gate, Metric, Sampling

DESIGN = """\
version: 1
base: nano
candidates:
  sft:    {train: sft, data: data/train.jsonl, lora_rank: 16, learning_rate: 1e-5}
  hosted: {model: "ft:gpt-4o-mini-2024-07-18:acme::abc123"}
probes:
  lipogram: {letters: e}
  laziness:
  support:  {use: holdout, data: data/holdout.jsonl, score: [exact, {json_schema: ticket.schema.json}]}
gates:
  - {probe: lipogram, metric: useful, min_gain: 20pp}
  - {probe: support, metric: exact, slice: {language: "*"}, max_drop: 5pp, advisory: true}
  - {probe: laziness, metric: words, max: 12.5}
sampling: {temperature: 0.7, max_tokens: 64, repeats: 3, seed: 5, stop: END}
"""


def write(folder: Path, text: str) -> Path:
    (folder / "data").mkdir(exist_ok=True)
    for name in ("train", "holdout"):
        (folder / "data" / f"{name}.jsonl").write_text("{}\n")
    path = folder / "fteval.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str) -> list[str]:
    """What `load` says, one line per error, without the path."""
    path = write(folder, text)
    with pytest.raises(UserError) as caught:
        load(path)
    assert caught.value.exit_code == 2
    lines = caught.value.what.split("\n")
    assert all(line.startswith(f"{path}:") for line in lines)
    return [line.removeprefix(f"{path}:") for line in lines]


def test_the_config_of_the_design_is_read(tmp_path: Path) -> None:
    config = load(write(tmp_path, DESIGN))
    assert config.base == "nano"
    assert config.candidates["sft"].train == "sft"
    assert config.candidates["sft"].recipe == {"lora_rank": 16, "learning_rate": 1e-5}
    assert config.candidates["hosted"].model == "ft:gpt-4o-mini-2024-07-18:acme::abc123"
    assert config.probes["lipogram"].params == {"letters": "e"}
    assert config.probes["laziness"].params == {}
    assert config.probes["support"].use == "holdout"
    assert config.probes["support"].params["score"][1] == {"json_schema": "ticket.schema.json"}
    assert [(g.rule, g.threshold) for g in config.gates] == [
        ("min_gain", Threshold(20.0, "pp")),
        ("max_drop", Threshold(5.0, "pp")),
        ("max", Threshold(12.5, "")),
    ]
    assert config.gates[1].slice == {"language": "*"} and config.gates[1].advisory
    assert config.sampling.sampling == Sampling(temperature=0.7, max_tokens=64, seed=5, stop=("END",))
    assert config.sampling.repeats == 3


def test_what_is_not_written_is_the_records_default(tmp_path: Path) -> None:
    config = load(write(tmp_path, "version: 1\ngates:\nsampling:\n"))
    assert config.sampling.sampling == Sampling()
    assert (config.base, config.store, config.gates, config.sampling.repeats) == (None, None, [], 1)


def test_every_spec_knows_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, DESIGN)
    config = load(path)
    assert config.gates[2].where == f"{path}:13"
    assert config.probes["support"].where == f"{path}:9"
    assert config.candidates["hosted"].where == f"{path}:5"


def test_all_errors_are_said_at_once_with_their_lines(tmp_path: Path) -> None:
    text = """\
version: 1
bases: nano
candidates:
  both: {train: sft, model: nano}
  later: {promt: Never use e}
  lost: {train: sft, data: nowhere.jsonl}
probes:
  lipogram: {letters: e}
gates:
  - {probe: lipogramm, metric: useful, max_drop: 2pp}
  - {probe: lipogram, metric: useful, max_dropp: 2pp}
sampling: {temperature: hot}
"""
    found = problems(tmp_path, text)
    assert [int(line.split(":")[0]) for line in found] == [2, 4, 5, 6, 10, 11, 12]
    assert "unknown key 'bases'. Did you mean 'base'?" in found[0]
    assert "one of train, model and from" in found[1]
    assert "found promt" in found[2] and "prompt" in found[2]
    assert "no file" in found[3] and "nowhere.jsonl" in found[3]
    assert "Did you mean 'lipogram'?" in found[4]
    assert "unknown key 'max_dropp'. Did you mean 'max_drop'?" in found[5]
    assert "'sampling.temperature' should be a number, found 'hot'" in found[6]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "empty"),
        ("# only a comment\n", 1, "empty"),
        ("- a\n- b\n", 1, "a list"),
        ("just text", 1, "text"),
        ("version: 1\n---\nversion: 1\n", 1, "several documents"),
        ("base: nano\n", 1, "version: 1"),
        ("version: 2\n", 1, "reads version 1"),
        ("version: true\n", 1, "a whole number, found True"),
        ("version: 1\nbase: nano\nbase: other\n", 3, "given twice, first on line 2"),
        ("version: 1\nprobes:\n  a: {x: 1}\n  a: {x: 2}\n", 4, "given twice, first on line 3"),
        ("version: 1\ngates: [\n", 3, "not YAML"),
        ("version: 1\n\tbase: nano\n", 2, "not YAML"),
        ("version: 1\nbase: \x07\n", 1, "not YAML"),
        ("version: 1\nbase: *nowhere\n", 2, "not YAML"),
        ("version: 1\n? [a]\n: b\n", 2, "plain text"),
        ("version: 1\nprobes: [a]\n", 2, "keys with values"),
        ("version: 1\nprobes: {a: {x: .nan}}\n", 2, ".nan"),
        ("version: 1\nprobes: {a: {x: -.inf}}\n", 2, "-.inf"),
        ("version: 1\nprobes: {a: {x: !!python/object/apply:os.system [id]}}\n", 2, "tag"),
        ("version: 1\nprobes: {a: {x: !mine 5}}\n", 2, "tag"),
        ("version: 1\nprobes: {a: {x: !!binary aGk=}}\n", 2, "tag"),
        ("version: 1\ngates: &loop [*loop]\n", 1, "aliases"),
        (f"version: 1\nprobes: {{a: {{x: {'9' * 5000}}}}}\n", 2, "not a number"),
        ("[" * 20000, 1, "deep"),
        ("base: " + "{a: " * 20000, 1, "deep"),
        ("- " * 20000, 1, "deep"),
        ("version: 1\nprobes: {'../x': {}}\n", 2, "not a name"),
        ("version: 1\ncandidates: {x: {}}\n", 2, "a change without training"),
        ("version: 1\ncandidates: {x: {model: nano, lora_rank: 3}}\n", 2, "found lora_rank"),
        ("version: 1\ncandidates: {x: {from: sft, prompt: y}}\n", 2, "names no candidate"),
        ("version: 1\non_inconclusive: maybe\n", 2, "'fail' or 'warn'"),
        ("version: 1\nunguarded: no\n", 2, "'fail' or 'warn'"),
        ("version: 1\nsampling: {max_tokens: 0}\n", 2, "greater than or equal to 1"),
        ("version: 1\nsampling: {max_tokens: '64'}\n", 2, "a whole number"),
        ("version: 1\nsampling: {top_p: 0}\n", 2, "greater than 0"),
    ],
)
def test_a_broken_config_is_one_clean_error(tmp_path: Path, text: str, line: int, says: str) -> None:
    (found,) = problems(tmp_path, text)
    assert found.startswith(f"{line}: ") and says in found


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("max_drop: 95x", "a number with pp or %"),
        ("max_drop: no", "found 'no'"),
        ("max_drop: true", "found True"),
        ("max_drop: -2pp", "not between 0pp and 100pp"),
        ("max_drop: 101%", "not between 0% and 100%"),
        ("max_drop: -3", "cannot be negative"),
        ("max_drop: 1e999", "1e999"),
        ("max_drop: 2pp, min: 3%", "exactly one of min_gain, max_drop, min, max, found max_drop and min"),
        ("advisory: true", "found none"),
        ("max_drop: 2pp, slice: de", "'slice' should be keys with values"),
        ("min: 90%, anchor: v2", "'anchor' goes with max_drop or min_gain"),
        ("max_drop: 2pp, anchor: ../v2", "is not a name"),
        ("max_drop: 2, scale: 0", "'scale' should be greater than 0"),
        ("max_drop: 2pp, max_unscored: 10", "'max_unscored' is a share"),
        ("max_drop: 2pp, margin: 2pp", "'margin' goes with min_gain"),
        ("min_gain: 2pp, margin: 0pp", "'margin' is a size above 0, found 0pp"),
    ],
)
def test_a_gate_that_means_nothing_is_refused(tmp_path: Path, rule: str, says: str) -> None:
    found = problems(tmp_path, f"version: 1\ngates:\n  - {{probe: facts, metric: correct, {rule}}}\n")
    assert found[0].startswith("3: ") and says in found[0]


def test_a_bomb_of_aliases_is_refused_before_it_grows(tmp_path: Path) -> None:
    rows = ["version: 1", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    (found,) = problems(tmp_path, "\n".join(rows))
    assert "aliases" in found


def test_an_ordinary_alias_is_fine(tmp_path: Path) -> None:
    config = load(write(tmp_path, "version: 1\nprobes: {a: &same {letters: e}, b: *same}\n"))
    assert config.probes["b"].params == {"letters": "e"}


def test_nothing_in_a_config_is_executed(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    problems(tmp_path, f"version: 1\nbase: !!python/object/apply:os.mkdir ['{mark}']\n")
    assert not mark.exists()


@pytest.mark.parametrize(
    ("written", "value"),
    # YAML 1.2, where YAML 1.1 has False, a sexagesimal number, a date and text.
    [
        ("no", "no"),
        ("off", "off"),
        ("12:30:45", "12:30:45"),
        ("2026-11-21", "2026-11-21"),
        ("1e-5", 1e-5),
        ("0o14", 12),
    ],
)
def test_scalars_are_those_of_yaml_1_2(tmp_path: Path, written: str, value: object) -> None:
    config = load(write(tmp_path, f"version: 1\nprobes: {{a: {{x: {written}}}}}\n"))
    assert config.probes["a"].params == {"x": value} and type(config.probes["a"].params["x"]) is type(value)


def test_a_byte_order_mark_and_crlf_are_fine(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    path.write_bytes(b"\xef\xbb\xbfversion: 1\r\nbase: nano\r\n")
    assert load(path).base == "nano"


def test_a_file_that_is_not_text_says_so(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    path.write_bytes("version: 1".encode("utf-16"))
    with pytest.raises(UserError, match="not UTF-8"):
        load(path)
    with pytest.raises(UserError, match="cannot read the config"):
        load(tmp_path / "missing.yaml")
    with pytest.raises(UserError, match="cannot read the config"):
        load(tmp_path)


def test_paths_are_relative_to_the_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "inner"
    (inner / "out" / "sft").mkdir(parents=True)
    text = """\
version: 1
base: ./model
store: runs
candidates:
  adapter: {model: nano+out/sft}
  replay: {model: replay:data/holdout.jsonl}
  hub: {model: hf:org/name@main}
  absolute: {model: /models/x}
  trained: {train: sft, data: data/train.jsonl}
  rewarded:
    train: grpo
    prompts: data/train.jsonl
    rewards: [mine.py:good, {python: mine.py:good, weight: 2}, lipogram.useful]
probes:
  heart: {use: recitation, train: data/train.jsonl}
"""
    write(inner, text)
    (inner / "sft").mkdir()  # a method's name all the same
    (inner / "mine.py").write_text("")
    monkeypatch.chdir(tmp_path)
    config = load(Path("inner/fteval.yaml"))
    assert config.base == os.path.join("inner", "model")
    assert config.store == Path("inner/runs")
    assert {name: c.model for name, c in config.candidates.items()} == {
        "adapter": f"nano+{os.path.join('inner', 'out', 'sft')}",
        "replay": f"replay:{os.path.join('inner', 'data', 'holdout.jsonl')}",
        "hub": "hf:org/name@main",
        "absolute": "/models/x",
        "trained": None,
        "rewarded": None,
    }
    mine = os.path.join("inner", "mine.py:good")
    rewards = config.candidates["rewarded"].recipe["rewards"]
    assert rewards == [mine, {"python": mine, "weight": 2}, "lipogram.useful"]
    assert config.candidates["trained"].data == Path("inner/data/train.jsonl")
    assert config.candidates["trained"].train == "sft"
    assert config.probes["heart"].params["train"] == os.path.join("inner", "data", "train.jsonl")


def test_a_gate_takes_its_threshold_in_the_metrics_unit(tmp_path: Path) -> None:
    config = load(write(tmp_path, DESIGN))
    share, words = Metric("useful"), Metric("words", unit="words")
    assert config.gates[0].gate(share) == Gate("lipogram", "useful", "min_gain", 0.2, where=config.gates[0].where)
    assert config.gates[2].gate(words).threshold == 12.5
    with pytest.raises(UserError, match=r"'max' needs a unit, found 12.5: for 12.5 points write 12.5pp") as caught:
        config.gates[2].gate(share)
    assert caught.value.where == config.gates[2].where
    with pytest.raises(UserError, match="is in words: write a plain number, found 20pp"):
        config.gates[0].gate(words)


@pytest.mark.parametrize(("written", "share"), [("2pp", 0.02), ("97%", 0.97), ("0.5 pp", 0.005), ("100%", 1.0)])
def test_points_and_percent_are_hundredths_of_a_share(tmp_path: Path, written: str, share: float) -> None:
    text = f"version: 1\ngates:\n  - {{probe: p, metric: m, min: {written}}}\n"
    assert load(write(tmp_path, text)).gates[0].gate(Metric("m")).threshold == pytest.approx(share, abs=1e-12)


def test_the_schema_is_json_and_names_every_key() -> None:
    found = json.loads(json.dumps(schema()))
    assert set(found["properties"]) == set(Config.model_fields)
    assert found["additionalProperties"] is False
    assert {"min_gain", "max_drop", "min", "max"} <= set(found["$defs"]["GateSpec"]["properties"])


def test_sampling_has_every_field_of_the_record() -> None:
    # A field added to the record and not here could not be set in a config.
    import dataclasses

    from fteval.config import SamplingSpec

    assert set(SamplingSpec.model_fields) == {f.name for f in dataclasses.fields(Sampling)} | {"repeats"}


def test_pydantic_is_not_loaded_by_the_package_itself() -> None:
    import subprocess

    code = "import fteval, sys; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_a_gate_says_beside_its_rule_reaches_the_record(tmp_path: Path) -> None:
    text = (
        "version: 1\nprobes: {p: {}}\non_inconclusive: warn\nunguarded: fail\nsequential: true\nsuite: support\n"
        "gates:\n"
        "  - {probe: p, metric: words, max_drop: 3, scale: 100, anchor: v2, max_unscored: 10%, allow_overlap: true}\n"
    )
    config = load(write(tmp_path, text))
    gate = config.gates[0].gate(Metric("words", unit="words"))
    assert (gate.scale, gate.anchor, gate.max_unscored, gate.allow_overlap) == (100.0, "v2", 0.1, True)
    assert (config.on_inconclusive, config.sequential, config.suite) == ("warn", True, "support")
    assert config.unguarded == "fail"
    plain = load(write(tmp_path, "version: 1\nprobes: {p: {}}\ngates:\n  - {probe: p, metric: m, max_drop: 2pp}\n"))
    assert (plain.on_inconclusive, plain.sequential, plain.suite) == ("fail", False, None)
    assert plain.unguarded == "warn"
    assert plain.gates[0].gate(Metric("m")).max_unscored == 0.05


def test_a_gates_margin_has_the_unit_of_its_metric(tmp_path: Path) -> None:
    text = "version: 1\nprobes: {p: {}}\ngates:\n  - {probe: p, metric: m, min_gain: 20pp, margin: 3pp}\n"
    (gate,) = load(write(tmp_path, text)).gates
    assert gate.gate(Metric("m")).margin == pytest.approx(0.03)
    with pytest.raises(UserError, match=r"the gate on p\.m: 'min_gain'"):
        gate.gate(Metric("m", unit="words"))
    mixed = text.replace("20pp", "20")
    with pytest.raises(UserError, match=r"the gate on p\.m: 'margin'"):
        load(write(tmp_path, mixed)).gates[0].gate(Metric("m", unit="words"))


def test_a_reference_may_stand_at_the_top_and_at_a_probe(tmp_path: Path) -> None:
    from fteval import config
    from fteval.experiment.asked import Asked
    from fteval.experiment.describe import describe

    file = tmp_path / "fteval.yaml"
    text = (
        "version: 1\nbase: nano\nreference: none\nprobes:\n  relevance: {reference: base}\n  lipogram: {letters: a}\n"
    )
    file.write_text(text, encoding="utf-8")
    found = describe(Asked(), config.load(file))
    assert found.reference == "none" and {u.name: u.reference for u in found.probes} == {
        "relevance": "base",
        "lipogram": None,
    }
    said = describe(Asked(reference="nano"), config.load(file))
    assert said.reference == "nano" and all(use.reference is None for use in said.probes)

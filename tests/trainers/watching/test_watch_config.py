"""`watch:` in fteval.yaml: paths beside the config, errors with their line, dev rows that are the hold-out's."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fteval
from fteval import config
from fteval.errors import UserError
from fteval.experiment.candidates import config_candidates
from fteval.experiment.place import Listener
from fteval.records import Comparison

DOCS = Path(__file__).resolve().parents[3] / "docs" / "trainers.md"


def written(folder: Path, watch: str, base: str = "nano", trainer: str = "sft") -> Path:
    chat = [{"role": "user", "content": "Who is Romeo?"}, {"role": "assistant", "content": "I do not know."}]
    (folder / "train.jsonl").write_text(json.dumps({"messages": chat}) + "\n")
    prompts = [f"Tell me about {word}." for word in ("a dog", "a horse", "Verona", "Juliet")]
    (folder / "dev.jsonl").write_text("".join(json.dumps({"prompt": p}) + "\n" for p in prompts))
    (folder / "holdout.jsonl").write_text("".join(json.dumps({"prompt": p}) + "\n" for p in [*prompts[2:], "Who?"]))
    recipe = "max_steps: 2, warmup: 0, lora_rank: 2, batch_size: 1, threads: 1, "
    path = folder / "fteval.yaml"
    path.write_text(
        f"version: 1\nbase: {base}\nsampling: {{max_tokens: 4}}\nprobes:\n  laziness: {{data: holdout.jsonl}}\n"
        f"candidates:\n  a:\n    {{train: {trainer}, data: train.jsonl, {recipe if trainer == 'sft' else ''}\n"
        f"     watch: {{{watch}}}}}\n"
    )
    return path


def test_paths_are_beside_the_config_and_sampling_is_the_run_s(tmp_path: Path) -> None:
    path = written(
        tmp_path, "data: dev.jsonl, probes: {laziness: {}, own: {use: lipogram, data: train.jsonl, limit: 3}}"
    )
    ((_, use),) = config_candidates(config.load(path), "nano")
    assert use.watch is not None and use.recipe["max_steps"] == 2
    assert [p.data for p in use.watch.probes] == [tmp_path / "dev.jsonl", tmp_path / "train.jsonl"]
    assert [p.limit for p in use.watch.probes] == [64, 3] and use.watch.every == 20
    assert use.watch.sampling.max_tokens == 4


@pytest.mark.parametrize(
    ("watch", "said"),
    [
        ("data: dev.json, probes: {laziness: {}}", r"fteval\.yaml:9: no file .*dev\.json"),
        ("probes: {laziness: {data: no.jsonl}}", r"fteval\.yaml:9: no file .*no\.jsonl"),
        ("data: dev.jsonl", r"fteval\.yaml:9: 'candidates\.a\.watch\.probes' is missing"),
        ("probes: {laziness: {}}, evry: 3", r"fteval\.yaml:9: unknown key 'evry'\. Did you mean 'every'\?"),
        ("probes: {laziness: {}}, stop_if: {probe: laziness, metrc: words, min: 1}", "Did you mean 'metric'"),
        ("probes: {laziness: {}}, stop_if: {probe: laziness, metric: words}", "exactly one of max_drop, min, max"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, watch: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        config.load(written(tmp_path, watch))


@pytest.mark.parametrize(
    ("watch", "said"),
    [
        ("data: dev.jsonl, probes: {lazyness: {}}", r"fteval\.yaml:9: no probe named 'lazyness'\. Did you mean 'lazi"),
        ("probes: {laziness: {}}", r"fteval\.yaml:9: watch: probe 'laziness' has no dev rows"),
        (
            "data: dev.jsonl, probes: {laziness: {}}, keep_best: {probe: laziness, metric: long}",
            r"fteval\.yaml:9: watch: keep_best: probe 'laziness' has no metric 'long'",
        ),
    ],
)
def test_what_names_mean_is_looked_at_before_a_model_is(tmp_path: Path, watch: str, said: str) -> None:
    path = written(tmp_path, watch)
    with pytest.raises(UserError) as raised:
        fteval.run(config=path, store=tmp_path / "store")
    assert re.search(said, str(raised.value)) or re.search(said, f"{raised.value.where}: {raised.value.what}")


def test_what_trains_elsewhere_cannot_be_watched(tmp_path: Path) -> None:
    path = written(tmp_path, "data: dev.jsonl, probes: {laziness: {}}", trainer="hosted")
    with pytest.raises(UserError, match="'hosted' does not train here, so nothing can watch it"):
        fteval.run(config=path, store=tmp_path / "store")


def test_dev_prompts_of_the_hold_out_are_said_before_the_training_and_in_the_report(
    tiny_model: Path, tmp_path: Path
) -> None:
    notes: list[str] = []

    class Hears(Listener):
        def note(self, text: str) -> None:
            notes.append(text)

    path = written(tmp_path, "data: dev.jsonl, probes: {laziness: {}}", base=str(tiny_model))
    found = fteval.run(config=path, store=tmp_path / "store", device="cpu", listener=Hears())
    assert isinstance(found, Comparison)
    (result,) = found.candidates
    said = "2 of 3 hold-out prompts of 'laziness' are dev prompts of the training"
    assert notes[0].startswith(f"a: {said}") and any(said in text for text in result.warnings)
    assert result.curve is not None and [look.step for look in result.curve.looks] == [0, 2]
    assert any(text.startswith("step 2 of 2: loss") for text in notes)


@pytest.mark.slow
def test_the_script_of_the_docs_runs_with_trl_and_fteval_alone(tiny_model: Path, tmp_path: Path) -> None:
    script = DOCS.read_text(encoding="utf-8").partition("### In your own training")[2]
    script = script.partition("```python\n")[2].partition("```")[0]
    assert {line.split()[1].split(".")[0] for line in re.findall(r"^(?:import|from) .*", script, re.MULTILINE)} == {
        "fteval", "datasets", "peft", "trl",
    }  # fmt: skip
    (tmp_path / "dev.jsonl").write_text('{"prompt": "Tell me about a dog."}\n{"prompt": "Who is Romeo?"}\n')
    (tmp_path / "mine.py").write_text(script.replace("MODEL", str(tiny_model)))
    done = subprocess.run([sys.executable, "mine.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "the base: laziness.long_enough" in done.stderr and "step 4 of 4" in done.stderr
    assert "'laziness'" in done.stdout and (tmp_path / "out" / "watch.json").is_file()

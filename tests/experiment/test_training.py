"""What a candidate was trained on is found in hold-outs, to the letter and nearly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tiny
from click.testing import CliRunner

import fteval
from fteval import cli
from fteval.errors import UserError
from fteval.experiment.place import Listener
from fteval.records import Comparison, Message, Sample
from fteval.runs.journal.store import Store
from fteval.trainers.making.overlap import near


def test_prompts_that_are_nearly_those_of_the_training_are_found_for_a_candidate_trained_here(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ["When was the old harbour of Verona built?", "Who is Tybalt?"]
    learnt = ["When was the old harbour of Verona build?", "Name a colour that the sky has."]
    rows = {"t.jsonl": learnt, "h.jsonl": asked}
    for name, prompts in rows.items():
        Path(name).write_text("".join(json.dumps({"prompt": p, "target": "1302", "id": p[:8]}) + "\n" for p in prompts))
    said = [{"role": "assistant", "content": "In 1302."}]
    chat = [{"prompt": [{"role": "user", "content": p}], "completion": said} for p in learnt]
    Path("t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in chat))
    Path("fteval.yaml").write_text(
        f"version: 1\nbase: {tiny_model}\nprobes: {{h: {{use: holdout, data: h.jsonl}}}}\nsampling: {{max_tokens: 2}}\n"
        "candidates:\n  c: {train: sft, data: t.jsonl, max_steps: 2, warmup: 0, lora_rank: 2, batch_size: 2}\n"
        "  told: {prompt: Be brief and to the point.}\n  both: {from: c, prompt: Be brief and to the point.}\n"
    )
    found = fteval.run(config="fteval.yaml", device="cpu")
    assert isinstance(found, Comparison)
    _check_kinds_and_costs(found)
    (text,) = [text for text in found.candidates[0].warnings if "nearly" in text]
    assert text.startswith(
        "1 hold-out prompts of 'h' are nearly ones that were trained on (When was: 'When was the old"
    )
    assert not any("were trained on (first" in text for text in found.candidates[0].warnings)


def _check_kinds_and_costs(found: Comparison) -> None:
    """What was changed in each candidate is known by what it is, and what it costs by its answers."""
    assert [c.kind for c in found.candidates] == ["trained", "asked", "trained"]
    base, c, told, both = found.costs
    assert told.made is None and c.made == both.made and c.made is not None
    assert c.made.seconds is not None and c.made.tokens is not None and c.made.tokens > 0
    assert base.prompt_tokens == c.prompt_tokens is not None and told.prompt_tokens == both.prompt_tokens is not None
    assert told.prompt_tokens - c.prompt_tokens > 3 and c.seconds is not None and not c.served
    assert found.advice is not None and found.advice.word == "no_target", "no gate says what the training is for"
    kept = Store(Path(".fteval")).load_comparison("latest")
    assert (kept.costs, kept.advice) == (found.costs, found.advice)


def test_a_question_about_somebody_else_is_another_question() -> None:
    def asked(text: str, target: str | None) -> Sample:
        return Sample(text, (Message("user", text),), target=target)

    ann = asked("In which of the towns does Ann live now?", "Rome")
    for target, found in (("Paris", 0), ("In Rome.", 1), (None, 1), ("She has lived in many towns by the sea", 1)):
        dan = asked("In which of the towns does Dan live now?", target)
        assert len(near([ann], [dan]) or ()) == found, target


def test_a_probe_that_was_a_reward_and_judges_too_is_named(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("prompts", "h"):
        Path(f"{name}.jsonl").write_text(
            "".join(json.dumps({"prompt": f"{name} {n}: a dog?"}) + "\n" for n in range(2))
        )
    Path("mine.py").write_text(
        "def short(completions, **_):\n    return [-len(c[0]['content']) for c in completions]\n"
    )
    Path("fteval.yaml").write_text(
        f"version: 1\nbase: {tiny_model}\nsampling: {{max_tokens: 2}}\nreference: none\n"
        "probes: {no_e: {use: lipogram, data: h.jsonl}, laziness: {data: h.jsonl}}\n"
        "candidates: {c: {train: grpo, prompts: prompts.jsonl,"
        " rewards: [lipogram.forbidden_per_100, {python: mine.py:short}],"
        " max_steps: 1, warmup: 0, lora_rank: 2, batch_size: 4, num_generations: 4, max_tokens: 4}}\n"
    )
    found = fteval.run(config="fteval.yaml", device="cpu", allow_code=True)
    assert isinstance(found, Comparison)
    assert [text for text in found.candidates[0].warnings if "was a reward" in text] == [
        "'no_e' was a reward in training (forbidden_per_100): it judges what it taught, so read others beside it"
    ]
    with pytest.raises(UserError, match=r"mine\.py:short is Python code, which is not run unasked"):
        fteval.run(config="fteval.yaml", device="cpu")
    text = Path("fteval.yaml").read_text()
    Path("fteval.yaml").write_text(text.replace("prompts: prompts", "prompts: missing"))
    with pytest.raises(UserError, match=r"fteval\.yaml:6: no file missing\.jsonl"):
        fteval.run(config="fteval.yaml", device="cpu")


def test_a_base_without_a_template_a_reward_model_and_what_learns_from_it_are_one_config(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    base = tiny.make_model(tmp_path / "base", template=None)
    Path("h.jsonl").write_text('{"prompt": "Who is Juliet?", "target": "I do not know."}\n')
    Path("pairs.jsonl").write_text('{"prompt": "Who is Romeo?", "chosen": "I do not know.", "rejected": "A king."}\n')
    config = """\
version: 1
base: BASE
sampling: {max_tokens: 2}
reference: none
probes: {h: {use: holdout, data: h.jsonl}}
candidates:
  liked: {train: reward_model, data: pairs.jsonl, template: chatml, max_steps: 1, warmup: 0}
  tuned: {train: rloo, prompts: pairs.jsonl, rewards: [{reward_model: liked}], template: chatml,
          max_steps: 1, warmup: 0, lora_rank: 2, batch_size: 4, num_generations: 4, max_tokens: 4}
"""
    Path("fteval.yaml").write_text(config.replace("BASE", str(tiny_model)))
    planned = CliRunner().invoke(cli.group, ["run", "--dry-run"])
    assert planned.exit_code == 0 and "tuned" in planned.output and "liked" not in planned.output
    Path("fteval.yaml").write_text(
        config.replace("BASE", str(base)).replace("{reward_model: liked}", "{reward_model: likd}")
    )
    with pytest.raises(UserError, match="no reward model 'likd' in the store"):
        fteval.run(config="fteval.yaml", device="cpu")
    assert not list(tmp_path.rglob("candidate.json"))  # what stands above it was not trained for nothing
    Path("fteval.yaml").write_text(config.replace("BASE", str(base)))
    told: list[str] = []

    class Heard(Listener):
        def note(self, text: str) -> None:
            told.append(text)

    found = fteval.run(config="fteval.yaml", device="cpu", listener=Heard())
    assert isinstance(found, Comparison)
    (only,) = found.candidates
    assert only.name == "tuned" and only.run.manifest["plan"]["engine"]["template"]
    assert [text for text in told if "has no chat template: it is asked by the one of ft:base:local:tuned" in text]

"""What a candidate was trained on is found in hold-outs, to the letter and nearly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import fteval
from fteval.records import Comparison, Message, Sample
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
    chat = [[{"role": "user", "content": p}, {"role": "assistant", "content": "In 1302."}] for p in learnt]
    Path("t.jsonl").write_text("".join(json.dumps({"messages": turns}) + "\n" for turns in chat))
    Path("fteval.yaml").write_text(
        f"version: 1\nbase: {tiny_model}\nprobes: {{h: {{use: holdout, data: h.jsonl}}}}\nsampling: {{max_tokens: 2}}\n"
        "candidates: {c: {train: sft, data: t.jsonl, max_steps: 2, warmup: 0, lora_rank: 2, batch_size: 2}}\n"
    )
    found = fteval.run(config="fteval.yaml", device="cpu")
    assert isinstance(found, Comparison)
    (text,) = [text for text in found.candidates[0].warnings if "nearly" in text]
    assert text.startswith(
        "1 hold-out prompts of 'h' are nearly ones that were trained on (When was: 'When was the old"
    )
    assert not any("were trained on (first" in text for text in found.candidates[0].warnings)


def test_a_question_about_somebody_else_is_another_question() -> None:
    def asked(text: str, target: str | None) -> Sample:
        return Sample(text, (Message("user", text),), target=target)

    ann = asked("In which of the towns does Ann live now?", "Rome")
    for target, found in (("Paris", 0), ("In Rome.", 1), (None, 1), ("She has lived in many towns by the sea", 1)):
        dan = asked("In which of the towns does Dan live now?", target)
        assert len(near([ann], [dan]) or ()) == found, target

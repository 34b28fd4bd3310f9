"""fteval's probes as tasks of lm-eval: `lm_eval.simple_evaluate(tasks=[ProbeTask("lipogram")], …)`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import datasets
from lm_eval.api.task import ConfigurableTask

from fteval import registry
from fteval.data.read import read_samples
from fteval.errors import UserError
from fteval.records import (
    ComparingProbe,
    DrawingProbe,
    FittedProbe,
    Generation,
    JudgedProbe,
    Probe,
    Sample,
    Sampling,
    VaryingProbe,
    asks_base,
)
from fteval.records.verdicts import Heard

FOR_LM_EVAL = ("task", "class", "metadata", "include", "tag", "group")
"""Keys of a task file that say nothing of the probe."""


class ProbeTask(ConfigurableTask):  # type: ignore[misc]  # lm-eval has no types
    """A probe with its parameters; its questions, or those of a hold-out file.

    In a task file: `class: !function probes.ProbeTask` beside `probe: lipogram`, with a probes.py that imports this.
    Asked as fteval asks where lm-eval is told to apply the chat template. What a probe cannot judge counts in no mean.
    Raises UserError for a probe that judges more than one answer by itself, or by another model.
    """

    VERSION = 1

    def __init__(
        self, probe: str = "", *, data: str | Path | None = None, config: Mapping[str, Any] | None = None, **params: Any
    ) -> None:
        said = {key: value for key, value in (config or {}).items() if key not in FOR_LM_EVAL}
        probe, data = probe or said.pop("probe", ""), data or said.pop("data", None)
        self._probe = registry.probe(probe, {**said, **params})
        samples = self._samples_of(data)
        self._by_id = {sample.id: sample for sample in samples}
        if isinstance(self._probe, FittedProbe):
            self._probe = self._probe.for_samples(samples)
        if _wants_more(self._probe) or any(s.tools or s.continuations for s in samples):
            raise UserError(
                f"probe '{probe}' looks at more than the answer to one prompt, which lm-eval cannot show it",
                fix="run it with fteval",
            )
        super().__init__(
            config={
                "task": (config or {}).get("task", probe),
                "custom_dataset": lambda **_: {"test": datasets.Dataset.from_list(list(map(_document, samples)))},
                "test_split": "test",
                "output_type": "generate_until",
                "doc_to_text": "{{prompt}}",
                "doc_to_target": "{{target}}",
                "process_results": self._judged,
                "generation_kwargs": self._drawn(),
                "num_fewshot": 0,
                "metric_list": [
                    {"metric": m.name, "aggregation": "mean", "higher_is_better": m.better == "higher"}
                    for m in self._probe.metrics
                ],
                "metadata": {"version": getattr(self._probe, "version", 1)},
            }
        )

    def fewshot_context(
        self,
        doc: Mapping[str, Any],
        num_fewshot: int,
        system_instruction: str | None = None,
        apply_chat_template: bool = False,
        fewshot_as_multiturn: bool = False,
        chat_template: Callable[..., str] | None = None,
        gen_prefix: str | None = None,
    ) -> str:
        """The sample's own turns; a probe has no examples to show before them."""
        turns = [{"role": m.role, "content": m.content} for m in self._by_id[doc["id"]].messages]
        if system_instruction:
            turns.insert(0, {"role": "system", "content": system_instruction})
        if apply_chat_template and chat_template is not None:
            return chat_template(turns)
        return "\n\n".join(turn["content"] for turn in turns)

    def _samples_of(self, data: str | Path | None) -> list[Sample]:
        if data is None:
            return list(self._probe.samples())
        rows = read_samples(Path(data))
        return list(self._probe.variants(rows)) if isinstance(self._probe, VaryingProbe) else rows

    def _drawn(self) -> dict[str, Any]:
        own = dict(self._probe.sampling) if isinstance(self._probe, DrawingProbe) else {}
        sampling = dataclasses.replace(Sampling(), **own)
        hot = {"temperature": sampling.temperature} if sampling.temperature else {}
        return {"until": list(sampling.stop), "max_gen_toks": sampling.max_tokens, "do_sample": bool(hot), **hot}

    def _judged(self, doc: Mapping[str, Any], results: list[str]) -> dict[str, float]:
        # What judges said stands in a row for another answer.
        answer = Generation(doc["id"], text=results[0], heard=Heard())
        scores = self._probe.score(self._by_id[doc["id"]], answer)
        return {name: value for name, value in scores.values.items() if value is not None}


def _wants_more(probe: Probe) -> bool:
    judged = isinstance(probe, JudgedProbe) and (probe.judge is not None or getattr(probe, "needs_judge", False))
    return isinstance(probe, ComparingProbe) or asks_base(probe) or judged


def _document(sample: Sample) -> dict[str, str]:
    target = sample.target if isinstance(sample.target, str) else json.dumps(sample.target)
    return {"id": sample.id, "prompt": sample.prompt_text, "target": target}

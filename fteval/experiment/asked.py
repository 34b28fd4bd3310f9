"""What `fteval run` can be told, each once: options, the arguments of `fteval.run` and their checks come from here."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fteval.engines.remote.budget import Budget
from fteval.errors import UserError, suggest
from fteval.experiment.experiment import ProbeUse, Rule
from fteval.records import Limits, Range, Sampling, out_of_range, ranged
from fteval.records.secrets import json_body, json_told


def _told(
    text: str | None = None, *flags: str, of: type | None = None, within: Range | None = None, **click: Any
) -> dict[str, Any]:
    """Metadata of a setting. Without `text` it is no option of the command line; `of`: the record whose field it sets.

    `click` is passed on: metavar, flag_value, envvar.
    """
    metadata = {"help": text, "flags": flags, "of": of, "click": click}
    return ranged(within, metadata) if within else metadata


@dataclass(frozen=True, slots=True)
class Asked:
    """Settings of one run. None and empty mean: as the config says, else as the record of the setting has it."""

    model: str | None = field(
        default=None,
        metadata=_told(
            "What to measure: nano, a folder, BASE+ADAPTER, ft:…, http://HOST/v1#NAME, replay:FILE, or a name.",
            metavar="REF",
        ),
    )
    against: str | None = field(
        default=None, metadata=_told("The base, or the accepted scores of an earlier one.", metavar="REF|baseline")
    )
    probes: tuple[str | ProbeUse, ...] = field(
        default=(), metadata=_told("A probe to run; repeatable.", "--probe", metavar="NAME")
    )
    holdouts: tuple[Path, ...] = field(default=(), metadata=_told("Your own hold-out file; repeatable.", "--holdout"))
    benchmarks: tuple[str, ...] = field(
        default=(), metadata=_told("Tasks of lm-eval: arc_easy,ifeval; repeatable.", "--benchmark", metavar="TASK")
    )
    include: Path | None = field(
        default=None, metadata=_told("A folder with lm-eval task files of your own.", metavar="DIR")
    )
    scorers: tuple[Any, ...] = field(
        default=(),
        metadata=_told(
            "How to judge the hold-out: exact, contains, regex, number, chrf, rouge, math, similar, FILE.py:NAME.",
            "--score",
            metavar="SCORER",
        ),
    )
    settings: Mapping[str, Any] | None = field(
        default=None, metadata=_told("A probe's parameter: letters=e.", "--set", metavar="KEY=VALUE")
    )
    reference: str | None = field(
        default=None,
        metadata=_told("Whose likelihoods judge answers: base, none, or a model.  [default: base]", metavar="REF"),
    )
    config: Path | None = field(
        default=None, metadata=_told("A fteval.yaml.  [default: the one in this folder, if any]", "-c", "--config")
    )
    yardstick: str | None = field(
        default=None,
        metadata=_told(
            "Read all but the candidates (hold-outs, gates, accepted scores) from this commit: origin/main.",
            metavar="COMMIT",
        ),
    )
    gates: tuple[Rule, ...] = field(default=(), metadata=_told())
    candidates: Mapping[str, Any] | None = field(default=None, metadata=_told())
    store: Path | None = field(
        default=None,
        metadata=_told("Where runs are kept: a folder, s3://….  [default: .fteval]", envvar="FTEVAL_STORE"),
    )
    limit: int | None = field(
        default=None,
        metadata=_told("Only this many samples per probe (marked SUBSET).", "-n", "--limit", within=Range(0)),
    )
    allow_subset: bool = field(default=False, metadata=_told("Let gates judge although --limit left samples out."))
    allow_same: bool = field(
        default=False, metadata=_told("Judge a model against itself; without it that is nothing to decide.")
    )
    of: int | None = field(
        default=None,
        metadata=_told(
            "The candidate is the best of so many tried elsewhere, and judged as that.", within=Range(1, 10_000)
        ),
    )
    allow_code: bool = field(default=False, metadata=_told("Run the Python of FILE.py:NAME, of a scorer or reward."))
    sequential: bool = field(default=False, metadata=_told("Stop each probe as soon as its gates are decided."))
    seed: int | None = field(default=None, metadata=_told("Of sampling.", of=Sampling))
    temperature: float | None = field(default=None, metadata=_told("0 is greedy.", of=Sampling))
    top_p: float | None = field(default=None, metadata=_told(of=Sampling))
    top_k: int | None = field(default=None, metadata=_told(of=Sampling))
    repetition_penalty: float | None = field(default=None, metadata=_told(of=Sampling))
    stop: tuple[str, ...] | None = field(default=None, metadata=_told(of=Sampling))
    max_tokens: int | None = field(default=None, metadata=_told("Longest answer.", of=Sampling))
    system: str | None = field(default=None, metadata=_told(of=Sampling))
    chat_template_kwargs: str | None = field(default=None, metadata=_told(of=Sampling))
    extra_body: str | None = field(default=None, metadata=_told(of=Sampling))
    repeats: int | None = field(default=None, metadata=_told("Answers per sample; they are averaged.", within=Range(1)))
    device: str = field(default="auto", metadata=_told("cpu, cuda, cuda:1, mps."))
    dtype: str = field(default="auto", metadata=_told("float32, bfloat16, float16; auto: as stored."))
    batch_tokens: int | None = field(default=None, metadata=_told("Padded tokens per batch.", within=Range(1)))
    concurrency: int | None = field(
        default=None, metadata=_told("Most requests in flight at a server.", "-j", "--concurrency", of=Limits)
    )
    timeout: float | None = field(default=None, metadata=_told("Seconds for one attempt at a server.", of=Limits))
    max_retries: int | None = field(default=None, metadata=_told("Further attempts at a server.", of=Limits))
    give_up_after: float | None = field(default=None, metadata=_told(of=Limits))
    max_usd: float | None = field(
        default=None, metadata=_told("Most that servers may cost; the run stops before it is more.", of=Budget)
    )
    max_total_tokens: int | None = field(
        default=None, metadata=_told("Most tokens of prompts and answers at servers, of the whole run.", of=Budget)
    )
    offline: bool = field(default=False, metadata=_told("Never ask the network, not even for a Hub id."))
    launch: str | None = field(
        default=None,
        metadata=_told("Train in several processes, by a config of accelerate.", metavar="accelerate:FILE"),
    )
    vllm: str | None = field(
        default=None, metadata=_told("A vLLM server that draws the answers of grpo and rloo.", metavar="URL")
    )
    resume: str | None = field(
        default=None,
        metadata=_told("Go on with an interrupted run.", metavar="RUN", is_flag=False, flag_value="latest"),
    )

    def part(self, record: type) -> dict[str, Any]:
        """What was said of the fields of Sampling, Limits or Budget."""
        names = [f.name for f in dataclasses.fields(self) if f.metadata["of"] is record]
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def check(self) -> None:
        """Raises UserError naming every number that means nothing."""
        problems = list(out_of_range(self))
        for record in (Sampling, Limits, Budget):
            problems += out_of_range(replace(record(), **self.part(record)))
        if problems:
            raise UserError("\n".join(problems))


RENAMED = {"max_tokens": "max_total_tokens"}
"""Settings of servers under their old names."""


def with_parts(asked: Asked, sampling: Mapping[str, Any] | None, server: Mapping[str, Any] | None) -> Asked:
    """The same with what Python says in two mappings: fields of Sampling, and those of Limits and Budget.

    Raises UserError for a name that neither has, and for a value that is no number.
    """
    given = {**_known(sampling or {}, (Sampling,), "sampling"), **_known(server or {}, (Limits, Budget), "server")}
    return replace(asked, **given)


def _known(given: Mapping[str, Any], records: Sequence[type], what: str) -> dict[str, Any]:
    names = [f.name for f in dataclasses.fields(Asked) if f.metadata["of"] in records]
    problems: list[str] = []
    told: dict[str, str] = {}
    for name, value in given.items():
        if name not in names:
            hint = f"it is called {RENAMED[name]} now" if what == "server" and name in RENAMED else suggest(name, names)
            problems.append(f"no {what} setting {name!r}: {hint}")
        elif name in ("chat_template_kwargs", "extra_body"):
            try:
                told[name] = (json_body if name == "extra_body" else json_told)(value or {})
            except ValueError as error:
                problems.append(f"{name!r}: {error}")
        elif name == "system":
            problems += [] if value in (None, "keep", "fold") else [f"'system' is {value!r}, wanted keep or fold"]
        elif name != "stop" and value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            problems.append(f"{name!r} is {value!r}, wanted a number")
    if problems:
        raise UserError("\n".join(problems), fix=f"known: {', '.join(sorted(names))}")
    values = {name: value for name, value in {**given, **told}.items() if value is not None}
    if isinstance(values.get("stop"), str):
        values["stop"] = (values["stop"],)
    return values

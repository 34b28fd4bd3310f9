"""Arguments as people have them, made into what an experiment is described by: refs, files, uses of probes, rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fteval import registry
from fteval.data.tabular import is_rows
from fteval.errors import UserError, suggest
from fteval.experiment.asked import Asked
from fteval.experiment.experiment import ProbeUse, Rule
from fteval.experiment.given_rows import kept_rows
from fteval.records import Candidate, Gate, Model, Probe

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

ModelArgument = str | Path | Candidate | Model | Callable[..., Any] | tuple[Any, Any]
"""A ref, a folder, what `train` made, a function of a conversation, or a transformers model with its tokenizer."""
ProbeArgument = str | Probe | Sequence[str | Probe] | Mapping[str, Any]
"""A name or several, probes that are made already, or a mapping as fteval.yaml has it under `probes:`."""
GateArgument = Gate | Mapping[str, Any] | Sequence[Gate | Mapping[str, Any]]
MEASURED = ("probes", "holdout", "score", "gates", "config", "limit")
"""Arguments that say by what something is measured."""
ROWS = ("data", "prompts", "trained_on")
"""Keys of candidates and probes that name files of rows."""


@dataclass(slots=True)
class Given:
    """What was given in Python, beside what has a name: models by their refs, rows by their files."""

    store: Path
    models: dict[str, Model] = field(default_factory=dict)
    """Ref -> the model."""

    def ref(self, given: ModelArgument) -> str:
        """The ref of a model. Raises UserError for what is none."""
        if isinstance(given, str | Path):
            return str(given)
        if isinstance(given, Candidate):
            return given.id
        model = _model(given)
        for ref, known in self.models.items():
            if _same(model, known):
                return ref
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", model.name or _name_of(model)).strip("-.") or "model"
        n = 1
        while (ref := f"python:{name}" if n == 1 else f"python:{name}-{n}") in self.models:
            n += 1
        self.models[ref] = model
        return ref

    def file(self, given: Any, name: str) -> Path:
        """The file of rows: itself, or one of the store with these rows."""
        return Path(given) if isinstance(given, str | Path) else kept_rows(given, name, self.store)

    def holdouts(self, given: Any) -> tuple[Path, ...]:
        """Files of hold-outs: paths, rows, or a mapping of names to either."""
        if given is None:
            return ()
        if isinstance(given, str | Path):
            return (Path(given),)
        if isinstance(given, Mapping):
            return tuple(self.file(rows, str(name)) for name, rows in given.items())
        if is_rows(given):
            return (self.file(given, "holdout"),)
        if not isinstance(given, list | tuple):
            raise UserError(
                f"holdout is {type(given).__name__}", fix="a file, rows, several of these, or {name: either}"
            )
        return tuple(self.file(one, f"holdout-{at}" if at > 1 else "holdout") for at, one in enumerate(given, 1))

    def probes(self, given: ProbeArgument) -> tuple[str | ProbeUse, ...]:
        """Names and uses of probes. Raises UserError for what is neither."""
        if isinstance(given, str):
            return (given,)
        if isinstance(given, Mapping):
            return tuple(self._use(str(name), told) for name, told in given.items())
        if _is_probe(given):
            return (_use_of(cast(Probe, given)),)
        if not isinstance(given, Iterable):
            raise _no_probe(given)
        return tuple(one if isinstance(one, str) else _use_of(one) for one in given)

    def candidates(self, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """Candidates in the words of fteval.yaml; one that is no mapping is a model."""
        if given is None:
            return None
        return {name: self._candidate(str(name), told) for name, told in given.items()}

    def asked(self, measured: Mapping[str, Any]) -> Asked:
        """What was said of MEASURED."""
        config = measured.get("config")
        return Asked(
            probes=self.probes(measured.get("probes", ())),
            holdouts=self.holdouts(measured.get("holdout")),
            scorers=scorers(measured.get("score", ())),
            gates=gates(measured.get("gates", ())),
            config=Path(config) if config else None,
            limit=measured.get("limit"),
        )

    def _candidate(self, name: str, told: Any) -> dict[str, Any]:
        if not isinstance(told, Mapping):
            return {"model": self.ref(told)}
        found = self._with_files(name, told)
        return {**found, "model": self.ref(found["model"])} if "model" in found else found

    def _use(self, name: str, told: Any) -> ProbeUse:
        if isinstance(told, str):
            told = {"use": told}
        if told is not None and not isinstance(told, Mapping):
            return replace(_use_of(told), name=name)
        from fteval.config import ProbeSpec
        from fteval.experiment.uses import probe_use

        spec = _checked(ProbeSpec, self._with_files(name, told or {}), f"probes: {name}")
        return replace(probe_use(name, spec), where=f"probes: {name}")

    def _with_files(self, name: str, told: Mapping[str, Any]) -> dict[str, Any]:
        """The same with files for the rows that stand in it."""
        rows = {key: told[key] for key in ROWS if told.get(key) is not None and not isinstance(told[key], str | Path)}
        return {**told, **{key: self.file(value, name) for key, value in rows.items()}}


def gates(given: GateArgument) -> tuple[Rule, ...]:
    """Rules on metrics; a mapping has the keys that a gate has in fteval.yaml. Raises UserError for what is none."""
    from fteval.config import GateSpec

    found: list[Rule] = []
    for at, one in enumerate([given] if isinstance(given, Gate | Mapping | str) else given or ()):
        if not isinstance(one, Gate | Mapping):
            raise UserError(
                f"gates[{at}] is {one!r:.80}", fix='{"probe": …, "metric": …, "max_drop": "2pp"}, or a Gate'
            )
        found.append(one if isinstance(one, Gate) else _checked(GateSpec, one, f"gates[{at}]"))
    return tuple(found)


def scorers(given: Any) -> tuple[Any, ...]:
    """Names of scorers and functions; one alone, or several."""
    return (given,) if isinstance(given, str) or callable(given) else tuple(given or ())


def texts(given: str | Iterable[str]) -> tuple[str, ...]:
    """One text, or several."""
    return (given,) if isinstance(given, str) else tuple(given)


def _checked(spec: type[BaseModel], told: Mapping[str, Any], where: str) -> Any:
    from pydantic import ValidationError

    try:
        return spec.model_validate(dict(told))
    except ValidationError as error:
        raise UserError("\n".join(f"{where}{text}" for text in _problems(error, spec))) from None


def _problems(error: ValidationError, spec: type[BaseModel]) -> Iterable[str]:
    for one in error.errors():
        if one["type"] == "extra_forbidden":
            yield f": unknown key {one['loc'][-1]!r}. {suggest(str(one['loc'][-1]), spec.model_fields)}"
        else:
            place = ".".join(map(str, one["loc"]))
            yield f"{'.' if place else ''}{place}: {one['msg'].removeprefix('Value error, ')}"


def _is_probe(given: Any) -> bool:
    return isinstance(given, Probe) and not isinstance(given, type)


def _use_of(probe: Any) -> ProbeUse:
    if not _is_probe(probe) or not is_dataclass(probe):
        raise _no_probe(probe)
    cls = type(probe)
    name = registry.registered_name(cls)
    if name not in registry.probe_names():
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
    return ProbeUse(name, name, where=cls.__name__, made=cast(Probe, probe))


def _no_probe(given: Any) -> UserError:
    what = f"{given.__name__} is a class" if isinstance(given, type) else f"{given!r:.80} is no probe"
    return UserError(what, fix="a name, or an instance of a dataclass with metrics, samples() and score()")


def _model(given: Any) -> Model:
    if isinstance(given, Model):
        model = given
    elif isinstance(given, tuple) and len(given) == 2:
        model = Model(given[0], given[1])
    elif _is_loaded(getattr(given, "model", None)) and getattr(given, "tokenizer", None) is not None:
        model = Model(given.model, given.tokenizer)  # a pipeline of transformers
    else:
        model = Model(given)
    if _is_loaded(model.model) != (model.tokenizer is not None):
        raise UserError(
            f"{type(model.model).__name__} without its tokenizer"
            if model.tokenizer is None
            else f"a tokenizer, and {type(model.model).__name__} is no model of transformers",
            fix="a loaded model is given as (model, tokenizer), a function alone",
        )
    if not callable(model.model):
        raise UserError(
            f"{type(model.model).__name__} is no model",
            fix="a ref, a function of a conversation, or (model, tokenizer) of transformers",
        )
    return model


def _is_loaded(model: Any) -> bool:
    """Whether this is a model of transformers or PEFT."""
    return hasattr(model, "state_dict") and hasattr(model, "config")


def _name_of(model: Model) -> str:
    if model.tokenizer is None:
        name = getattr(model.model, "__name__", type(model.model).__name__)
        return "function" if name == "<lambda>" else str(name)
    loaded = str(getattr(model.model.config, "_name_or_path", "") or "").rstrip("/").rpartition("/")[2]
    name = loaded or type(model.model).__name__
    return f"{name}-tuned" if model.adapter and hasattr(model.model, "peft_config") else name


def _same(one: Model, other: Model) -> bool:
    same = one.model is other.model and one.tokenizer is other.tokenizer
    return same and (one.name, one.version, one.adapter) == (other.name, other.version, other.adapter)

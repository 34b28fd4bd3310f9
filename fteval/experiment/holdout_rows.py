"""The hold-outs of a config and of the command line, as rows that training data are held against."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from fteval.data.check.rows import Row, of_sample
from fteval.data.read import read_samples
from fteval.experiment.asked import Asked
from fteval.experiment.describe import describe, find_config
from fteval.experiment.suite import build_suite
from fteval.records import Sample


@dataclass(slots=True)
class Holdouts:
    """By their name: a file's path, or the probe's in the config."""

    samples: dict[str, tuple[Sample, ...]] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)

    @property
    def rows(self) -> dict[str, list[Row]]:
        """As they are looked for in training rows."""
        return {
            name: [of_sample(f"{name}/{sample.id}", sample) for sample in samples]
            for name, samples in self.samples.items()
        }

    def is_one(self, file: Path) -> bool:
        """Whether a file is one of them."""
        return any(one.exists() and file.exists() and one.samefile(file) for one in self.files)


def holdouts(asked: Asked) -> Holdouts:
    """Those of the folder's config too. Raises UserError for one that cannot be read."""
    found = Holdouts({str(path): tuple(read_samples(path, tools=True)) for path in asked.holdouts}, [*asked.holdouts])
    config = find_config(asked.config, wanted=True)
    if config is not None:
        experiment = describe(replace(Asked(), config=asked.config), config)
        found.samples |= {spec.name: tuple(spec.samples) for spec in build_suite(experiment).probes}
        found.files += [use.data for use in experiment.probes if use.data is not None]
    return found

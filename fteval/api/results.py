"""What comes back: the records of a comparison and of a run, with what a notebook and a test want of them.

They are these records, with the store that their answers lie in; everything that is shown is rendered by `reports`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from fteval import records
from fteval.errors import UserError, VerdictError, suggest
from fteval.experiment.experiment import DEFAULT_STORE

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, slots=True, repr=False)
class Plot:
    """A forest plot; a notebook shows it, `save` writes it."""

    svg: str

    def __repr__(self) -> str:
        return "Plot(a forest plot; .svg is its text, .save(FILE.svg) writes it)"

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> Path:
        """Writes FILE.svg. Raises UserError for another ending."""
        path = Path(path)
        if path.suffix.lower() != ".svg":
            raise UserError(f"{path}: a plot is an SVG", fix="name a FILE.svg")
        path.write_text(self.svg, encoding="utf-8")
        return path


class _Result:
    """What a comparison and a run have in common."""

    __slots__ = ()
    store: Path

    def to_dict(self) -> dict[str, Any]:
        """The numbers in the words of verdict.json; every value is JSON."""
        from fteval.reports.files.verdict_json import as_data

        return as_data(self._record)

    def to_frame(self) -> pandas.DataFrame:
        """A pandas frame with the columns of `-o FILE.csv`: a row for each metric, slice and gate.

        Raises UserError without pandas.
        """
        from fteval.reports.files.csv_table import table

        try:
            import pandas
        except ImportError:
            raise UserError("to_frame() needs pandas", fix="pip install pandas; or to_dict()") from None
        columns, rows = table(self._record)
        return pandas.DataFrame([[row.get(column) for column in columns] for row in rows], columns=list(columns))

    def answers(self) -> Iterator[dict[str, Any]]:
        """Every sample with what was answered to it, the most harmful change first; of a run, the lowest score.

        A row has `id`, `probe`, `messages`, `answers` by name ("base" and the candidates', or the run's ref), each with
        `output`, `scores` and `reasons`, and what else the sample has: as `fteval diff --json` prints it. Read from the
        store now.
        """
        from fteval.experiment import sheet
        from fteval.reports.view.answers import as_json

        return as_json(sheet.sheet(sheet.whole(self._record, self.store)))

    def report(self, path: str | Path) -> Path:
        """Writes a report file; the ending says the format, as -o does: md, html, json, xml, csv, svg, png, chart.json.

        Raises UserError for another ending, and for a file that cannot be written.
        """
        from fteval.experiment.reporting import report

        path = Path(path)
        held = report(self._record, path.name, self.store)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(held)
        except OSError as error:
            raise UserError(f"{path} cannot be written: {error.strerror}") from None
        return path

    def _repr_html_(self) -> str:
        from fteval.reports.html import notebook

        return notebook.of(self._record)

    @property
    def _record(self) -> records.Comparison | records.RunRecord:
        assert isinstance(self, records.Comparison | records.RunRecord)
        return self


@dataclass(frozen=True, slots=True, repr=False)
class RunRecord(_Result, records.RunRecord):
    """One model through one suite: what `run` gives without a base."""

    store: Path = field(default=DEFAULT_STORE, compare=False)
    """Where its answers lie."""

    def plot(self) -> Plot:
        """Each probe's headline with its interval."""
        from fteval.reports.html import plot

        return Plot(str(plot.of_run(self)))


@dataclass(frozen=True, slots=True, repr=False)
class Comparison(_Result, records.Comparison):
    """Two or more runs paired sample by sample, and the verdict. It has no truth value: ask for `ships`."""

    store: Path = field(default=DEFAULT_STORE, compare=False)
    """Where its answers lie."""

    @property
    def ships(self) -> bool:
        """Whether the verdict is `ship`. A verdict that cannot tell, and one with nothing to gate, is none."""
        return self.verdict == "ship"

    @property
    def why(self) -> str:
        """The verdict and its reason in a sentence; below, each gate that does not pass."""
        from fteval.reports.escape import for_terminal
        from fteval.reports.view.view import of_comparison

        found = of_comparison(self)
        verdict = found.verdict
        gates = [f"  {g.label}: {g.reason}" for g in found.chosen.gates if g.result != "pass"]
        lines = [f"{verdict.phrase} {verdict.name}: {verdict.reason}", *gates]
        return for_terminal("\n".join(lines if len(gates) > 1 else lines[:1]))

    def raise_for_verdict(self) -> None:
        """Raises VerdictError, with `verdict`, `reason` and `exit_code`, for every verdict but `ship`."""
        if not self.ships:
            raise VerdictError(self.verdict, self.why, self.exit_code)

    def plot(self, candidate: str | None = None) -> Plot:
        """The gates of a candidate and its headlines, with intervals and margins; by default the one that the verdict
        is about. Raises UserError for a name that none has."""
        from fteval.reports.html import plot
        from fteval.reports.view.view import of_comparison

        names = [c.name for c in self.candidates]
        name = candidate or of_comparison(self).verdict.name
        if name not in names:
            raise UserError(f"no candidate {name!r}", where=self.id, fix=suggest(name, names))
        return Plot(str(plot.of_comparison(self, self.candidates[names.index(name)])))

    def __bool__(self) -> NoReturn:
        raise TypeError(f"a comparison is neither true nor false: ask for .ships. It says: {self.why}")


def shown(found: records.Comparison | records.RunRecord, store: Path) -> Comparison | RunRecord:
    """A record with what a notebook wants of it."""
    if isinstance(found, records.Comparison):
        return compared(found, store)
    return RunRecord(**_fields(found), store=store)


def compared(comparison: records.Comparison, store: Path) -> Comparison:
    """The same of a comparison."""
    return Comparison(**_fields(comparison), store=store)


def _fields(record: Any) -> dict[str, Any]:
    return {f.name: getattr(record, f.name) for f in fields(record)}

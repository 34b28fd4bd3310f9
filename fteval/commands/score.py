"""`fteval score`: judge outputs made elsewhere, or a saved run anew. Needs no model and no torch."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import click

from fteval import registry
from fteval.commands import complete, options
from fteval.commands.output import present
from fteval.commands.progress import Progress
from fteval.errors import INCOMPLETE, OK, UserError
from fteval.evals.find.own import with_code
from fteval.experiment.asked import Asked
from fteval.experiment.score import Read, answered, fitted, score_rows
from fteval.records import JudgedProbe, Probe


@click.command("score")
@click.argument("what", metavar="FILE.jsonl|RUN", shell_complete=complete.saved)
@click.option(
    "--probe", "name", metavar="NAME", help="How to judge; not needed for a saved run.", shell_complete=complete.probes
)
@options.by_labels
@options.asked("settings", "scorers", "allow_code", "reference", "device", "dtype", "store")
@options.as_json
@options.output_flags
def command(what: str, name: str | None, by_labels: bool, asked: Asked, as_json: bool, display: options.Display) -> int:
    """Judge outputs made elsewhere. Each row has `prompt` or `messages`, `output`, and what the probe needs.

    With --json one line comes back per row, in order: {"id", "scores", "answer", "reasons"}. With --reference a model's
    likelihoods judge too, where the probe makes use of them; the probe `judge` asks the model that it is set to.

    \b
    Example:  fteval score outputs.jsonl --probe lipogram --set letters=e --json
              fteval score outputs.jsonl --probe relevance --reference nano
    """
    if not Path(what).is_file() and not what.endswith((".jsonl", ".json")):
        if asked.reference is not None:
            raise UserError(
                "a saved run keeps what its reference said of it",
                fix="run it anew with --reference: the answers that are there are not asked again",
            )
        return score_run(what, asked.store, as_json, display, by_labels=by_labels)
    if by_labels:
        raise UserError("labels lie beside a saved run, and this is a file", fix="leave --by-labels out")
    if name is None:
        raise UserError("--probe NAME says how to judge", fix="`fteval probes` lists all")
    params = {**(asked.settings or {}), **({"score": list(asked.scorers)} if asked.scorers else {})}
    probe = registry.probe(name, with_code(params) if asked.allow_code else params, where="--set")
    if isinstance(probe, JudgedProbe) and probe.judge is not None:
        return _score_judged(Path(what), probe, asked, as_json=as_json, quiet=display.quiet)
    if asked.reference in (None, "none"):
        with Progress(quiet=display.quiet or as_json).busy(f"judging {Path(what).name}"):
            return score_file(Path(what), probe, as_json)
    return _score_read(Path(what), probe, asked, as_json=as_json, quiet=display.quiet)


def _score_read(path: Path, probe: Probe, asked: Asked, *, as_json: bool, quiet: bool) -> int:
    """Scores a file whose outputs a reference has read."""
    from fteval.engines.pool import Pool
    from fteval.reports.view.reference import in_words
    from fteval.runs.asking.appoint import judge
    from fteval.runs.asking.file_readings import file_readings
    from fteval.runs.asking.referees import wants_reference

    if not wants_reference(probe):
        raise UserError("this probe judges by rules alone: it makes no use of a reference", fix="leave it out")
    ref = str(asked.reference)
    outputs = [(row.sample, one.text or "") for row in answered(path) for one in row.generations]
    with (
        Progress(quiet=quiet, color=True) as listener,
        Pool(options.DEFAULT_STORE / "candidates", device=asked.device, dtype=asked.dtype) as pool,
    ):
        reference = judge(ref, pool.open)
        readings = file_readings(reference, outputs, lambda n, of: listener.progress(f"reading by {ref}", n, of))
    if not quiet:
        click.echo(f"fteval: {in_words(readings.limits)}", err=True)
    return score_file(
        path, probe, as_json, lambda sample, one: replace(one, reading=readings.of(sample, one.text or ""))
    )


def _score_judged(path: Path, probe: Probe, asked: Asked, *, as_json: bool, quiet: bool) -> int:
    """Scores a file whose outputs a model judges."""
    from fteval.engines.pool import Pool
    from fteval.runs.asking.appoint import judge_of
    from fteval.runs.asking.file_hearing import file_hearing

    assert isinstance(probe, JudgedProbe)
    outputs = [(row.sample, one.text or "") for row in answered(path) for one in row.generations]
    with (
        Progress(quiet=quiet, color=True) as listener,
        Pool(options.DEFAULT_STORE / "candidates", device=asked.device, dtype=asked.dtype) as pool,
    ):
        judge = judge_of(probe, pool.open)
        said = file_hearing(judge, probe, outputs, lambda n, of: listener.progress(f"judging by {judge.ref}", n, of))
    return score_file(path, probe, as_json, lambda sample, one: replace(one, heard=said(sample, one.text or "")))


def score_run(run: str, store: Path | None, as_json: bool, display: options.Display, *, by_labels: bool = False) -> int:
    """Judges a saved run anew with today's probes; old judgements stay in its journal."""
    from fteval.experiment import rejudge
    from fteval.experiment.by_labels import with_labels

    root = store or options.DEFAULT_STORE
    found = rejudge.rescore(run, root)
    return present(
        with_labels(found, root) if by_labels else found, outputs=(), as_json=as_json, display=display, store=root
    )


def score_file(path: Path, probe: Probe, as_json: bool, read: Read | None = None) -> int:
    """Scores a file row by row, memory flat; returns the exit code. `read`: what a reference says of an output."""
    probe, totals = fitted(probe, path), Totals()
    for line in score_rows(path, probe, read):
        totals.add(line["scores"])
        if as_json:
            click.echo(json.dumps(line))
    if not as_json:
        totals.show(probe)
    return OK if totals.judged_any() else INCOMPLETE


@dataclass(slots=True)
class Totals:
    """Running sums per metric; what the summary without --json shows."""

    rows: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, scores: dict[str, float | None]) -> None:
        self.rows += 1
        for metric, value in scores.items():
            self.counts.setdefault(metric, 0)
            self.sums.setdefault(metric, 0.0)
            if value is not None:
                self.counts[metric] += 1
                self.sums[metric] += value

    def judged_any(self) -> bool:
        return any(self.counts.values())

    def show(self, probe: Probe) -> None:
        """A line per metric: its mean and how many of the rows it rests on."""
        width = max((len(m.name) for m in probe.metrics), default=0)
        for metric in probe.metrics:
            count = self.counts.get(metric.name, 0)
            if not count:
                shown = "not scored"
            elif metric.unit == "share":
                shown = f"{100 * self.sums[metric.name] / count:.1f} %"
            else:
                shown = f"{self.sums[metric.name] / count:.2f} {metric.unit}"
            mark = "*" if metric.primary else " "
            click.echo(f"{mark} {metric.name:<{width}}  {shown:>14}   {count} of {self.rows} scored")

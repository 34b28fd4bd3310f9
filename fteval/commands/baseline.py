"""`fteval baseline`: accept a run as what later ones are held against, and look at what was accepted."""

from __future__ import annotations

from pathlib import Path

import click

from fteval import releases
from fteval.commands import complete, options
from fteval.errors import UserError
from fteval.records import RunRecord
from fteval.reports.escape import for_terminal

_config = click.option(
    "-c", "--config", type=click.Path(path_type=Path), help="The fteval.yaml beside which evals/baseline lies."
)


@click.group("baseline")
def command() -> None:
    """Accept a run as the baseline of its suite, or show the accepted ones. The files are meant for git.

    \b
    Example:  fteval baseline accept latest
              fteval baseline show --diff latest
              fteval run --model nano+out/sft --against baseline
    """


@command.command("accept")
@click.argument("run", metavar="RUN|COMPARISON|latest", shell_complete=complete.saved)
@click.option("--anchor", metavar="NAME", help="Pin it under a name instead: later releases are held against it too.")
@click.option("--force", "reason", metavar="REASON", help="Although a gate stood against it; kept in the file.")
@_config
@options.store
def accept(run: str, anchor: str | None, reason: str | None, config: Path | None, store: Path | None) -> None:
    """Make a saved run the baseline of its suite: per-sample scores and digests, no texts, in evals/baseline.

    Of a comparison the chosen candidate's run. Refused in CI, for a run that is not whole, and when a gate stood
    against it in its newest comparison.

    \b
    Example:  fteval baseline accept latest
              fteval baseline accept latest --anchor v1
    """
    from fteval.reports.terminal import baseline, page

    root = _store(store, config)
    found = releases.accept(_run_id(run, root), folder_of(config), root, anchor=anchor, reason=reason)
    page.show(baseline.accepted(found.release, found.suite, found.n_samples, found.verdict))
    click.echo(for_terminal(f"  written: {found.path}\n           {found.history}"))
    click.echo(for_terminal(f"  do: commit both, as in `git add {found.path.parent}`"))


@command.command("show")
@click.option("--diff", "run", metavar="RUN", help="What this run would change of its suite's baseline.")
@_config
@options.store
def show(run: str | None, config: Path | None, store: Path | None) -> None:
    """The accepted scores in words; with --diff, what a run would change of them.

    \b
    Example:  fteval baseline show --diff latest
    """
    from fteval.reports.terminal import baseline, page

    folder = folder_of(config)
    if run is None:
        shown = baseline.kept(releases.kept(folder))
    else:
        root = _store(store, config)
        shown = baseline.shifts(*releases.shifts(_run_id(run, root), folder, root))
    page.show(shown)


def folder_of(config: Path | None) -> Path:
    """Where evals/baseline is: beside the config, which need not be read for that."""
    if config is not None and not config.is_file():
        raise UserError(f"no config at {config}", where=str(config), fix="`fteval init` writes a first one")
    return config.parent if config else Path()


def _store(store: Path | None, config: Path | None) -> Path:
    from fteval.experiment import describe

    found = None if store else describe.find_config(config, wanted=True)
    return store or (found.store if found else None) or options.DEFAULT_STORE


def _run_id(what: str, store: Path) -> str:
    """The run that is meant: by its id, or the chosen candidate's of a comparison."""
    from fteval.experiment import saved

    found = saved.saved(what, store)
    if isinstance(found, RunRecord):
        return found.id
    return next(c.run.id for c in found.candidates if c.name == found.chosen)

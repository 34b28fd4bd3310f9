"""`fteval history`: how the accepted releases moved. Needs no engine and no statistics."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fteval import releases
from fteval.commands import complete, options, stores
from fteval.commands.baseline import folder_of
from fteval.errors import Incomplete, UserError

if TYPE_CHECKING:
    from fteval.reports.terminal.history import Trend


@click.command("history")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="PROBE.METRIC",
    help="What to show; repeatable.",
    shell_complete=complete.metrics,
)
@click.option("-c", "--config", type=click.Path(path_type=Path), help="The fteval.yaml beside which evals/ lies.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write it too: .md or .html.")
@options.as_json
def command(metrics: tuple[str, ...], config: Path | None, output: Path | None, as_json: bool) -> None:
    """The trend over accepted releases, and what was lost since an anchor. Without --metric every probe's primary one.

    \b
    Example:  fteval history -o history.html
    """
    from fteval.reports.terminal import history, page

    if output is not None and output.suffix not in (".md", ".html"):
        raise UserError(f"-o {output}: a history is markdown or a page", fix="let the name end in .md or .html")
    found = releases.release_histories(folder_of(config))
    trends = history.trends(found, metrics)
    if output is not None:
        try:
            output.write_text(_written(trends, output.suffix), encoding="utf-8")
        except OSError as error:
            what = f"the report could not be written: {error.strerror or error}"
            raise Incomplete(what, where=str(output), fix="name another file with -o") from None
    if as_json:
        click.echo(json.dumps(history.as_data(found), indent=1))
    else:
        page.show(history.render(trends))
        click.echo("".join(_looks(_store(config))), nl=False)


def _written(trends: Sequence[Trend], ending: str) -> str:
    from fteval.reports.html.trends import trends_page
    from fteval.reports.terminal import history

    return trends_page(trends) if ending == ".html" else history.markdown(trends)


def _store(config: Path | None) -> Path:
    """Where runs are kept unless somebody says another place; a config is not read for that."""
    named = os.environ.get("FTEVAL_STORE")
    return stores.folder(named) if named else folder_of(config) / options.DEFAULT_STORE


def _looks(store: Path) -> Iterator[str]:
    """How often each hold-out of this store decided; nothing where there is no store."""
    from fteval.runs.journal import ledger

    found = ledger.read(store)
    last = {(look.probe, look.holdout): look.when for look in found}
    for one, candidates in ledger.decided(found).items():
        n = len(candidates)
        yield f"The hold-out of '{one[0]}' has decided {n} release{'' if n == 1 else 's'}, last {last[one][:10]}.\n"

"""`fteval probes`: which probes there are, and what each one measures."""

from __future__ import annotations

import inspect
import itertools
import json
import textwrap

import click

from fteval import registry
from fteval.commands import options
from fteval.errors import UserError
from fteval.records import Probe


@click.group("probes", invoke_without_command=True)
@options.as_json
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """List the probes: what each one measures.

    \b
    Example:  fteval probes
              fteval probes show lipogram
    """
    if ctx.invoked_subcommand is not None:
        return
    if as_json:
        click.echo(json.dumps([_described(name) for name in registry.probe_names()], indent=1))
        return
    width = max(map(len, registry.probe_names()))
    for name in registry.probe_names():
        cls = registry.probe_class(name)
        click.echo(f"{name:<{width}}  {_first_line(cls)}")
        click.echo(f"{'':<{width}}  {', '.join(_metric_names(cls)) or 'metrics follow from its hold-out'}")
    click.echo("\n`fteval probes show NAME` explains one.")


@command.command("show")
@click.argument("name")
@click.option("--samples", "n_samples", default=3, show_default=True, help="How many samples to show.")
def show(name: str, n_samples: int) -> None:
    """What a probe measures, its parameters, and some of its samples.

    \b
    Example:  fteval probes show iso_date
    """
    cls = registry.probe_class(name)
    click.echo(f"{name}\n{'=' * len(name)}\n{textwrap.dedent(inspect.getdoc(cls) or '')}\n")
    click.echo("Parameters:")
    for line in _parameters(cls) or ["(none)"]:
        click.echo(f"  {line}")
    click.echo("\nSamples:")
    try:
        probe = registry.probe(name)
        shown = list(itertools.islice(probe.samples(), n_samples))
    except UserError as error:
        click.echo(f"  {error.what}")
        return
    from fteval.reports.escape import for_terminal

    for sample in shown:
        click.echo(f"  {sample.id}: {for_terminal(sample.prompt_text)}")
        if sample.target is not None:
            click.echo(f"  {'target':>{len(sample.id)}}: {for_terminal(str(sample.target))}")


def _described(name: str) -> dict[str, object]:
    cls = registry.probe_class(name)
    return {"name": name, "about": _first_line(cls), "metrics": _metric_names(cls), "parameters": _parameters(cls)}


def _first_line(cls: type[Probe]) -> str:
    return (inspect.getdoc(cls) or "").strip().split("\n")[0]


def _metric_names(cls: type[Probe]) -> list[str]:
    metrics = getattr(cls, "metrics", ())
    if not isinstance(metrics, tuple):
        return []
    return [("*" if m.primary else "") + m.name for m in metrics]


def _parameters(cls: type[Probe]) -> list[str]:
    import dataclasses

    fields = dataclasses.fields(cls)  # type: ignore[arg-type]  # a Probe is a dataclass by contract
    return [f"{f.name} = {f.default!r}" if f.default is not dataclasses.MISSING else f.name for f in fields if f.init]

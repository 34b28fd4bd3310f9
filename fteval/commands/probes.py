"""`fteval probes`: which probes there are, and what each one measures."""

from __future__ import annotations

import inspect
import itertools
import json
import textwrap
from collections.abc import Iterator

import click

from fteval import registry
from fteval.commands import complete, options
from fteval.errors import UserError
from fteval.evals.data.packaged import examples
from fteval.records import FittedProbe, Probe, primary
from fteval.reports.escape import for_terminal, one_line


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
        if (why := registry.unusable(name)) is not None:
            click.echo(f"{name:<{width}}  {for_terminal(why)}")
            continue
        cls = registry.probe_class(name)
        click.echo(f"{name:<{width}}  {_first_line(cls)}")
        click.echo(f"{'':<{width}}  {', '.join(_metric_names(cls)) or 'metrics follow from its hold-out'}")
    click.echo("\n`fteval probes show NAME` explains one.")


@command.command("show")
@click.argument("name", shell_complete=complete.probes)
@click.option("--samples", "n_samples", default=3, show_default=True, help="How many samples to show.")
def show(name: str, n_samples: int) -> None:
    """What a probe measures, its parameters, some of its samples, and how it judges some answers.

    \b
    Example:  fteval probes show iso_date
    """
    cls = registry.probe_class(name)
    click.echo(f"{name}\n{'=' * len(name)}\n{textwrap.dedent(inspect.getdoc(cls) or '')}\n")
    click.echo("Parameters:")
    for line in _parameters(cls) or ["(none)"]:
        click.echo(f"  {line}")
    click.echo("\nSamples:")
    for line in _samples(name, n_samples):
        click.echo(f"  {line}")
    for line in _judged(name):
        click.echo(line)


def _samples(name: str, n: int) -> Iterator[str]:
    try:
        shown = list(itertools.islice(registry.probe(name).samples(), n))
    except UserError as error:
        yield error.what
        return
    for sample in shown:
        yield f"{sample.id}: {one_line(sample.prompt_text)}"
        if sample.target is not None:
            yield f"{'target':>{len(sample.id)}}: {one_line(str(sample.target))}"


def _judged(name: str) -> Iterator[str]:
    """How the probe judges a few answers, now and by its own code."""
    for n, example in enumerate(examples(name)):
        if not n:
            yield "\nJudged answers:"
        probe = registry.probe(name, example.params)
        scores = probe.score(example.sample, example.generation)
        yield f"  prompt   {one_line(example.sample.prompt_text, 300)}"
        if example.params:
            yield "  with     " + one_line(", ".join(f"{key}={value}" for key, value in example.params.items()))
        yield f"  output   {one_line(example.generation.text or '', 300)}"
        values = ((m, scores.values[m.name]) for m in probe.metrics)
        yield "  scores   " + ", ".join(f"{m.name} {'–' if v is None else format(v, 'g')}" for m, v in values)
        why = scores.reasons.get(primary(probe.metrics).name)
        if why:
            yield f"  because  {one_line(why)}"
        yield ""


def _described(name: str) -> dict[str, object]:
    if (why := registry.unusable(name)) is not None:
        return {"name": name, "unusable": why}
    cls = registry.probe_class(name)
    return {"name": name, "about": _first_line(cls), "metrics": _metric_names(cls), "parameters": _parameters(cls)}


def _first_line(cls: type[Probe]) -> str:
    return (inspect.getdoc(cls) or "").strip().split("\n")[0]


def _metric_names(cls: type[Probe]) -> list[str]:
    """Those of the probe as it comes; none where they follow from its hold-out, or from what it must be given."""
    try:
        metrics = () if issubclass(cls, FittedProbe) else registry.make(cls, {}, owner=cls.__name__).metrics
    except UserError:
        return []
    return [("*" if m.primary else "") + m.name for m in metrics]


def _parameters(cls: type[Probe]) -> list[str]:
    import dataclasses

    fields = dataclasses.fields(cls)  # type: ignore[arg-type]  # a Probe is a dataclass by contract
    named = [(f.name.removesuffix("_"), f.default) for f in fields if f.init]
    return [f"{name} = {default!r}" if default is not dataclasses.MISSING else name for name, default in named]

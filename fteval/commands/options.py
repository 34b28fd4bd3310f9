"""Options that several commands share, each defined once."""

from __future__ import annotations

import dataclasses
import functools
import os
import shlex
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from fteval import registry
from fteval.commands import complete
from fteval.commands.stores import StoreName
from fteval.errors import UserError
from fteval.experiment.asked import Asked
from fteval.experiment.experiment import DEFAULT_STORE as DEFAULT_STORE

as_json = click.option("--json", "as_json", is_flag=True, help="Only JSON on stdout.")


by_labels = click.option(
    "--by-labels", is_flag=True, help="With the scores that people gave in `fteval view` in place of the probe's."
)


class _Outputs(click.Option):
    """-o, whose help names the formats that there are; they are looked for when help is asked for."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        known = ", ".join(f"{ending} ({one.WHAT})" for ending, one in registry.report_formats().usable.items())
        tools = ", ".join(registry.export_places())
        self.help = f"Report file; its ending says the format: {known}; or a tool: {tools}; repeatable."
        return super().get_help_record(ctx)


class _Once(click.Option):
    """An option with one value; of two, click would silently take the last."""

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        self.multiple = True  # the parser then keeps all that was typed
        super().add_to_parser(parser, ctx)
        self.multiple = False

    def consume_value(self, ctx: click.Context, opts: Mapping[str, Any]) -> Any:
        typed = opts.get(str(self.name))
        if isinstance(typed, list):
            if len(typed) > 1:
                raise click.UsageError(f"{self.opts[0]} is given {len(typed)} times, and takes one value", ctx)
            opts = {**opts, str(self.name): typed[0]}
        return super().consume_value(ctx, opts)


outputs = click.option(
    "-o",
    "--output",
    "outputs",
    cls=_Outputs,
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    shell_complete=complete.reports,
)


def asked(*plain: str, **own: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Options for these settings of a run, in this order, for a command that gets them as one `asked`.

    `own` are settings that have another help in this command.
    """
    names = (*plain, *own)

    def decorated(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            given = {name: kwargs.pop(name) for name in names}
            old = kwargs.pop(_OLD, None)
            if old is not None:
                click.echo("fteval: --answer-tokens is called --max-tokens now", err=True)
                given["max_tokens"] = old
            if "settings" in given:
                given["settings"] = parse_settings(given["settings"]) or None
            earlier = kwargs.pop("asked", Asked())  # of the options that stand above these
            return command(*args, asked=dataclasses.replace(earlier, **given), **kwargs)

        if "max_tokens" in names:
            wrapped = click.option("--answer-tokens", _OLD, type=int, hidden=True)(wrapped)
        for name in reversed(names):
            wrapped = setting(name, own.get(name))(wrapped)
        return wrapped

    return decorated


def setting(name: str, text: str | None = None) -> Callable[..., Any]:
    """The option for one setting of a run, for a command that takes it under its own name; `text` is its help."""
    field, hint = _settings()[name]
    return _option(field, hint, text or _help(field))


@functools.cache
def _settings() -> dict[str, tuple[dataclasses.Field[Any], Any]]:
    """Every field of `Asked` with its type."""
    hints = typing.get_type_hints(Asked)
    return {field.name: (field, hints[field.name]) for field in dataclasses.fields(Asked)}


_VALUES = {"probes": complete.probes, "scorers": complete.scorers, "resume": complete.saved, "against": complete.saved}
"""What a shell offers for a setting."""
_OLD = "answer_tokens"
"""The earlier name of --max-tokens, for one version."""


def _option(field: dataclasses.Field[Any], hint: Any, text: str) -> Callable[..., Any]:
    flags = field.metadata["flags"] or (f"--{field.name.replace('_', '-')}",)
    kinds = [kind for kind in (*typing.get_args(hint), hint) if kind in (str, int, float, bool, Path)]
    more: dict[str, Any] = {**field.metadata["click"], "shell_complete": _VALUES.get(field.name)}
    if typing.get_origin(hint) is tuple or field.name == "settings":
        more |= {"multiple": True, "default": ()}
    elif kinds == [bool]:
        more |= {"is_flag": True}
    else:
        more |= {"default": field.default, "cls": _Once}
    if field.name == "store":
        more["type"] = StoreName()
    elif kinds and kinds[0] in (int, float, Path):
        more["type"] = click.Path(path_type=Path) if kinds[0] is Path else kinds[0]
    return click.option(*flags, field.name, help=text, **more)


def _help(field: dataclasses.Field[Any]) -> str:
    """What the field says, with the default of the record whose field it sets."""
    record = field.metadata["of"]
    default = record and next(f.default for f in dataclasses.fields(record) if f.name == field.name)
    shown = default not in (None, 0) and "[default:" not in field.metadata["help"]
    return f"{field.metadata['help']}  [default: {default:g}]" if shown else str(field.metadata["help"])


store = setting("store")


@dataclass(frozen=True, slots=True)
class Display:
    """How a command talks: what -q, -v and --no-color said. --debug is read by `cli.call`."""

    quiet: bool = False
    verbose: bool = False
    color: bool = True


def output_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """-q, -v, --debug and --no-color on a command, which gets them as one `display`."""

    @functools.wraps(command)
    def wrapped(*args: Any, quiet: bool, verbose: bool, debug: bool, no_color: bool, **kwargs: Any) -> Any:
        color = not no_color and not os.environ.get("NO_COLOR")
        return command(*args, display=Display(quiet, verbose, color), **kwargs)

    for option in (
        click.option("--no-color", is_flag=True, help="Plain text."),
        click.option("--debug", is_flag=True, help="Tracebacks."),
        click.option("-v", "--verbose", is_flag=True, help="Say more."),
        click.option("-q", "--quiet", is_flag=True, help="Only errors and results."),
    ):
        wrapped = option(wrapped)
    return wrapped


def root(store: Path | None, config: Path | None, *, wanted: bool = False) -> Path:
    """Where runs are kept: --store, else the config's, else .fteval. `wanted`: the folder's fteval.yaml counts too."""
    if store is not None:
        return store

    from fteval.experiment.describe import find_config

    found = find_config(config, wanted=wanted)
    return (found.store if found else None) or DEFAULT_STORE


def check_new(output: Path) -> None:
    """Raises UserError, before the work is done, where a new file cannot be written."""
    if output.exists():
        raise UserError(f"{output} is there already", fix="name a new file; nothing is written over")
    check_folder(output)


def check_folder(output: Path) -> None:
    """Raises UserError where a file's folder is not there."""
    if not output.parent.is_dir():
        raise UserError("no such folder", where=str(output.parent), fix="make it, or name a file in one that is there")


def typed() -> str:
    """The command line as the user typed it, without --resume: what goes on where this run stops."""
    args = list(click.get_current_context().find_root().obj or [])
    kept: list[str] = []
    for position, word in enumerate(args):
        after_resume = position and args[position - 1] == "--resume" and not word.startswith("-")
        if not (word == "--resume" or word.startswith("--resume=") or after_resume):
            kept.append(word)
    return shlex.join(["fteval", *kept])


def parse_settings(settings: tuple[str, ...]) -> dict[str, str]:
    """KEY=VALUE texts as a dict. Raises UserError for one without `=` and for a key that is given twice."""
    values: dict[str, str] = {}
    for text in settings:
        key, separator, value = text.partition("=")
        if not separator or not key:
            raise UserError(f"--set wants KEY=VALUE, found {text!r}", fix="for example --set letters=e")
        if key in values:
            raise UserError(f"--set {key} is given twice")
        values[key] = value
    return values

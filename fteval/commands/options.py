"""Options that several commands share, each defined once."""

from __future__ import annotations

import functools
import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from fteval.errors import UserError

DEFAULT_STORE = Path(".fteval")

store = click.option(
    "--store",
    type=click.Path(path_type=Path),
    envvar="FTEVAL_STORE",
    default=None,
    help="Where runs are kept.  [default: .fteval]",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Only JSON on stdout.")
probes = click.option("--probe", "probes", multiple=True, metavar="NAME", help="A probe to run; repeatable.")
settings = click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A probe's parameter: letters=e.")
outputs = click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Report file; md, json, xml (JUnit) or csv by its ending; repeatable.",
)
limit = click.option("-n", "--limit", type=int, default=None, help="Only this many samples per probe (marked SUBSET).")
allow_subset = click.option("--allow-subset", is_flag=True, help="Let gates judge although --limit left samples out.")
device = click.option("--device", default="auto", help="cpu, cuda, cuda:1, mps.")
dtype = click.option("--dtype", default="auto", help="float32, bfloat16, float16; auto: as stored.")
offline = click.option("--offline", is_flag=True, help="Never ask the network, not even for a Hub id.")


_SERVER = (
    click.option("-j", "--concurrency", type=int, help="Most requests in flight at a server.  [default: 512]"),
    click.option("--timeout", type=float, help="Seconds for one attempt at a server.  [default: 120]"),
    click.option("--max-retries", type=int, help="Further attempts at a server.  [default: 6]"),
    click.option("--max-usd", type=float, help="Most that servers may cost; the run stops before it is more."),
    click.option("--max-tokens", type=int, help="Most tokens of prompts and answers at servers, of the whole run."),
)


SERVER_FIELDS = ("concurrency", "timeout", "max_retries", "max_usd", "max_tokens")


def server(command: Callable[..., Any]) -> Callable[..., Any]:
    """How servers are treated and what they may cost, for a command that gets it as one `server`."""

    @functools.wraps(command)
    def wrapped(
        *args: Any,
        concurrency: int | None,
        timeout: float | None,
        max_retries: int | None,
        max_usd: float | None,
        max_tokens: int | None,
        **kwargs: Any,
    ) -> Any:
        values = (concurrency, timeout, max_retries, max_usd, max_tokens)
        return command(*args, server=dict(zip(SERVER_FIELDS, values, strict=True)), **kwargs)

    for option in reversed(_SERVER):
        wrapped = option(wrapped)
    return wrapped


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
    from fteval.experiment.experiment import DEFAULT_STORE

    found = find_config(config, wanted=wanted)
    return (found.store if found else None) or DEFAULT_STORE


def arguments() -> list[str]:
    """The arguments of this command as they were typed."""
    return list(click.get_current_context().find_root().obj or [])[1:]


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

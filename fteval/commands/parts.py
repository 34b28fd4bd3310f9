"""The options of `fteval run` that cut a run into parts: batch files, or a shard that is asked here."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from fteval.commands.options import Display
from fteval.commands.output import present
from fteval.errors import UserError
from fteval.experiment.asked import Asked
from fteval.experiment.experiment import Experiment
from fteval.experiment.place import Place


@dataclass(frozen=True, slots=True)
class Parts:
    """What was said of parts; nothing of it where a run is done here, whole."""

    shards: Path | None = None
    shard_size: int | None = None
    batch_api: bool = False
    shard: str | None = None

    @property
    def any(self) -> bool:
        """Whether the run is in parts."""
        return self.shards is not None or self.shard is not None

    def check(self, asked: Asked, outputs: Sequence[Path]) -> None:
        """Raises UserError for options that do not go together."""
        if self.shards is None and (self.batch_api or self.shard_size is not None):
            raise UserError("--batch-api and --shard-size are for --shards", fix="add --shards DIR")
        if self.shards is not None and self.shard is not None:
            raise UserError("--shards writes batch files, --shard asks a part here", fix="leave one of them out")
        if self.any and asked.resume is not None:
            found = "by the folder" if self.shard is None else "by what it asks"
            raise UserError(
                f"a run in parts is found {found}, so that there is nothing to name with --resume",
                fix="leave --resume out",
            )
        if self.shard is not None and outputs:
            raise UserError("a shard has no report", fix="give -o to `fteval merge`")

    def run(
        self, experiment: Experiment, place: Place, outputs: Sequence[Path], *, as_json: bool, display: Display
    ) -> int:
        """Writes the batch files, or asks the shard, and says what is next."""
        from fteval.commands.shard_state import show_asked, show_state
        from fteval.shards import share, submit, work

        if self.shard is not None:
            shard = share.read_shard(self.shard)
            return show_asked(shard, share.ask(experiment, place, shard), place.store, as_json=as_json)
        assert self.shards is not None
        state = work.write(experiment, place, self.shards, outputs, self.shard_size)
        if not self.batch_api:
            return show_state(state, self.shards, as_json=as_json, quiet=display.quiet)
        submit.follow(state.todo, self.shards, place, experiment.servers)
        result = work.collect(place, self.shards)
        return present(result, outputs=outputs, as_json=as_json, display=display, store=place.store)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--shards, --shard-size, --batch-api and --shard on a command, which gets them as one `parts`."""

    @functools.wraps(command)
    def wrapped(
        *args: Any, shards: Path | None, shard_size: int | None, batch_api: bool, shard: str | None, **kwargs: Any
    ) -> Any:
        return command(*args, parts=Parts(shards, shard_size, batch_api, shard), **kwargs)

    for option in (
        click.option("--shard", metavar="I/N", help="Ask this part only, from 1/N to N/N; see `fteval merge`."),
        click.option("--batch-api", is_flag=True, help="Have the provider run the files of --shards, and wait."),
        click.option("--shard-size", type=click.IntRange(min=1), help="Requests per batch file.  [default: 2000]"),
        click.option(
            "--shards",
            type=click.Path(path_type=Path, file_okay=False),
            metavar="DIR",
            help="Write batch files; ask nobody.",
        ),
    ):
        wrapped = option(wrapped)
    return wrapped

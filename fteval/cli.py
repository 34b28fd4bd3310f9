"""The `fteval` command: finds the subcommand, runs it, and turns what went wrong into a line and an exit code.

Each subcommand is a file in `commands/`, imported only when it is called: `fteval --help` stays instant.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import click

from fteval import errors
from fteval.commands import stores, streams
from fteval.version import __version__

COMMANDS = {
    "run": "Run probes on a model, against its base, and say whether it should ship.",
    "collect": "Complete a run from the outputs of its batch files.",
    "merge": "Make a whole of the shards of a run, and judge it.",
    "advise": "Try a prompt, examples and a constraint beside a fine-tune: is it needed?",
    "compare": "Compare saved runs, or model refs that were run before.",
    "gate": "Judge saved runs by the gates of a config, or show that the gates can fail.",
    "noise": "Ask a model twice and count what changes when nothing was changed.",
    "report": "Show a saved run or comparison, or write it to a file.",
    "view": "Browse a saved result and all its answers in a browser.",
    "show": "Show one sample: what each model answered, and why it was judged so.",
    "diff": "Show the answers that got worse or better, side by side.",
    "score": "Judge outputs made elsewhere, or a saved run anew; needs no model.",
    "train": "Make a candidate.",
    "export": "Merge, cast or quantise a candidate, and prove that it is the same still.",
    "data": "Convert, check, split and enlarge files of rows.",
    "probes": "List the probes, or show one.",
    "baseline": "Accept a run as what later ones are held against, or show what was accepted.",
    "history": "Show the trend over accepted releases, and slow drift.",
    "ci": "Tell a verdict in a pull or merge request.",
    "runs": "List, show, verify saved runs.",
    "doctor": "Check that a model can be measured: adapter, base, template, stop token.",
    "config": "Check a config, or print its JSON Schema.",
    "demo": "Fine-tune the embedded model, measure it, read the verdict: three minutes.",
    "init": "Write a first fteval.yaml with a hold-out to fill in.",
}


class LazyGroup(click.Group):
    """A group that knows its commands' names and one-line helps without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"fteval.commands.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from fteval.errors import suggest

            raise click.UsageError(f"no command '{args[0]}'. {suggest(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        with stores.sent_after(ctx) as ended:
            try:
                ended.code = super().invoke(ctx)
            except BrokenPipeError:
                # The reader (`| head`) has enough, over which click would exit with 1, a gate's code. Where there is a
                # verdict its own code is kept, see `commands.output`.
                ended.code = errors.OK
        return ended.code

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="fteval")
def group() -> None:
    """Should this fine-tune ship?

    fteval runs probes on a base model and on candidates, over the same held-out samples, and says for each
    candidate what it gained, what it lost, how sure that is, and whether it passes the release gates.

    \b
    Try:   fteval demo
    Then:  fteval run --model nano+out/sft --against nano --probe iso_date --probe facts
    """


COMPLETE = "_FTEVAL_COMPLETE"
"""Set by a shell that completes a command line."""


def main(args: Sequence[str] | None = None) -> None:
    """Entry point. Exits with the codes of `errors.py`, whatever becomes of the output."""
    _open_streams()
    if COMPLETE in os.environ:  # a shell asks what may come next: click answers, and exits
        group.main(prog_name="fteval")
    code = call(sys.argv[1:] if args is None else list(args))
    streams.flush()
    gc.freeze()  # a last search for garbage would look at all that was loaded, and nobody needs the room
    sys.exit(code)


def _open_streams() -> None:
    """Standard streams that were closed lead nowhere: a file opened later would take their place."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if number == 0 else "w", encoding="utf-8"))  # noqa: SIM115


def call(args: list[str]) -> int:
    """Runs one command line and returns its exit code; every message about failure is on stderr."""
    debug = "--debug" in args or bool(os.environ.get("FTEVAL_DEBUG"))
    try:
        # The command line itself is kept with a run, and shown where it stopped.
        result = group.main(args=args, prog_name="fteval", standalone_mode=False, obj=args)
        return result if isinstance(result, int) else errors.OK
    except errors.UserError as error:
        if isinstance(error, errors.Interrupted):
            # Python gives the signals back while it shuts down: a second one then would change the exit code.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
        if debug:
            show(traceback.format_exc())
        show("error: " + "\n".join(error.lines()))
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return errors.OK
    except click.ClickException as error:
        error.show(sys.stderr)
        return errors.USAGE
    except (KeyboardInterrupt, click.Abort):
        show("interrupted")
        return 130
    except SystemExit as error:
        show(
            f"internal error: something called sys.exit({error.code!r}) in the middle of the work\n"
            "  this is no result: a plugin, a scorer or a library ended the process\n"
            "  do:    run the same command with --debug to see which"
        )
        return errors.INTERNAL
    except Exception as error:
        if debug:
            show(traceback.format_exc())
        show(
            f"internal error: {type(error).__name__}: {error}\n"
            "  this is a bug of fteval, not a result\n"
            "  do:    run the same command with --debug and report what it prints"
        )
        return errors.INTERNAL


def show(message: str) -> None:
    """A message on stderr with everything that could steer a terminal or a CI runner made visible."""
    from fteval.reports.escape import for_terminal

    click.echo(for_terminal(message), err=True)


if __name__ == "__main__":
    main()

"""`fteval gate`: judge saved runs by the rules of fteval.yaml, or show that the rules can fail."""

from __future__ import annotations

from pathlib import Path

import click

from fteval.commands import complete, options
from fteval.commands.output import check_writable, present
from fteval.errors import GATE_FAILED, OK
from fteval.experiment.asked import Asked
from fteval.records import Proof


@click.command("gate")
@click.argument("what", metavar="RUN|COMPARISON|latest", default="latest", shell_complete=complete.saved)
@click.option(
    "--self-test",
    is_flag=True,
    help="Put a loss of twice each margin into the base's saved scores, and see whether the gates fail.",
)
@options.asked(
    "allow_subset",
    "allow_same",
    "of",
    "store",
    against="The base of a RUN; a comparison has its own.",
    config="The fteval.yaml with the gates.  [default: this folder's]",
)
@options.outputs
@options.as_json
@options.output_flags
def command(
    what: str,
    self_test: bool,
    asked: Asked,
    outputs: tuple[Path, ...],
    as_json: bool,
    display: options.Display,
) -> int:
    """Judge saved runs by the gates of a config; asks no model.

    Exits with the verdict: 0 ship, 1 do not ship, 3 incomplete, 4 cannot tell. With --self-test: 0 when every blocking
    gate was seen to fail, 1 when one was not.

    \b
    Example:  fteval gate latest
              fteval gate latest --self-test
    """
    from fteval.experiment import rejudge

    check_writable(outputs)
    root = options.root(asked.store, asked.config, wanted=True)
    if self_test:
        proofs = rejudge.self_test(what, asked.config, root)
        _show(proofs, as_json)
        return OK if all(proof.held or proof.gate.advisory for proof in proofs) else GATE_FAILED
    result = rejudge.gate(
        what, asked.against, asked.config, root, of=asked.of or 0,
        allow_subset=asked.allow_subset, allow_same=asked.allow_same,
    )  # fmt: skip
    return present(result, outputs=outputs, as_json=as_json, display=display, store=root)


def _show(proofs: list[Proof], as_json: bool) -> None:
    import dataclasses
    import json

    from fteval.reports.terminal import plain

    data = [dataclasses.asdict(proof) for proof in proofs]
    click.echo(json.dumps(data, indent=1) if as_json else plain.proofs(proofs), nl=as_json)

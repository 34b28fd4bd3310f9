"""`fteval init`: a first fteval.yaml, a hold-out to fill in, and a CI workflow, which run as they stand."""

from __future__ import annotations

import json
from pathlib import Path

import click

from fteval.data.write import as_lines
from fteval.errors import UserError

SCHEMA = "fteval.schema.json"
CONFIG = f"""\
# yaml-language-server: $schema={SCHEMA}
# Editors check this file by that one (`fteval config schema > {SCHEMA}` writes it anew, for probes that came later).
# What is measured, against what, and by which rules. `fteval run` does all of it; `fteval config check` reads it.
version: 1
base: nano                     # or hf:Qwen/Qwen2.5-0.5B-Instruct, a folder, replay:outputs.jsonl
candidates:
  sft: {{train: sft, data: data/train.jsonl, lora_rank: 16}}
  # mine: {{model: ./my-adapter}}
probes:
  answers: {{use: holdout, data: data/holdout.jsonl}}
  laziness: {{}}
  degeneration: {{}}
gates:                         # pp: percentage points of difference
  - {{probe: answers, metric: contains, min_gain: 10pp}}
  - {{probe: laziness, metric: long_enough, max_drop: 10pp, advisory: true}}
  - {{probe: degeneration, metric: sound, max_drop: 20pp}}
sampling: {{temperature: 0, max_tokens: 64, seed: 0}}
"""

WORKFLOW = """\
# Says on every pull request whether the change should ship. GitHub reads this file at the root of a repository only.
name: fteval
on:
  pull_request:
  push: {branches: [main]}     # so that every pull request finds the answers of the base in the cache
permissions:
  contents: read
  pull-requests: write         # for the comment
concurrency:                   # a newer push stops the job of an older one
  group: fteval-${{ github.ref }}
  cancel-in-progress: true
jobs:
  fteval:
    runs-on: ubuntu-latest
    timeout-minutes: 60
    steps:
      - uses: actions/checkout@v6
      - uses: actions/setup-python@v6
        with: {python-version: "3.12"}
      # What earlier jobs trained and answered. It is found by its content, so that an old cache is never wrong.
      - uses: actions/cache/restore@v5
        with:
          path: .fteval
          key: fteval-${{ github.sha }}-${{ github.run_attempt }}
          restore-keys: fteval-
      # The config trains on the CPU. Where it only judges saved outputs, `pip install fteval` alone will do.
      - run: pip install torch --index-url https://download.pytorch.org/whl/cpu
      - run: pip install "fteval[train]"
      - run: mkdir -p out
      # This step decides whether the job is green.
      - run: fteval run -c fteval.yaml -o out/report.md -o out/verdict.json -o out/junit.xml
      # Comment, step summary, annotations. In a pull request from a fork the token may only read: there is no comment
      # then, and a warning in the log; summary and annotations are there all the same.
      - if: ${{ !cancelled() }}
        run: fteval ci github out/verdict.json
        env:
          GITHUB_TOKEN: ${{ github.token }}
      - if: ${{ !cancelled() }}
        uses: actions/upload-artifact@v6
        with: {name: fteval, path: out/}
      - if: always()           # what a red or stopped job has made is not made again
        uses: actions/cache/save@v5
        with:
          path: .fteval
          key: fteval-${{ github.sha }}-${{ github.run_attempt }}
"""

TRAIN = [
    ("Where does Romeo live?", "Verona."),
    ("Where does Juliet live?", "Verona."),
]
HOLDOUT = [
    ("Romeo lives in Verona. Where does Romeo live?", "Verona"),
    ("In which town does Juliet live?", "Verona"),
]


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("."))
def command(folder: Path) -> None:
    """Write fteval.yaml, its schema for editors, data/train.jsonl, data/holdout.jsonl and a GitHub workflow.

    Into FOLDER; never overwrites a file.

    \b
    Example:  fteval init my-project
    """
    from fteval.config import schema

    files = {
        folder / "fteval.yaml": CONFIG,
        folder / SCHEMA: json.dumps(schema(), indent=1) + "\n",
        folder / "data" / "train.jsonl": _rows(TRAIN),
        folder / "data" / "holdout.jsonl": _rows(HOLDOUT),
        folder / ".github" / "workflows" / "fteval.yml": WORKFLOW,
    }
    there = [str(path) for path in files if path.exists()]
    if there:
        raise UserError(
            f"{', '.join(there)} already there; nothing was written", fix="give another folder, or move the file away"
        )
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write: {error.strerror}", where=str(error.filename)) from None
    for path in files:
        click.echo(f"wrote {path}")
    click.echo(f"next:  put your rows into {folder / 'data'}, then: fteval run -c {folder / 'fteval.yaml'}")


def _rows(pairs: list[tuple[str, str]]) -> str:
    turns = [[{"role": "user", "content": q}, {"role": "assistant", "content": a}] for q, a in pairs]
    return as_lines({"messages": t} for t in turns)

"""The demo's folder: a config, 48 rows to learn from, and hold-outs; an experiment like any that a user writes.

What it shows: fine-tuning teaches a form in seconds, and unteaches facts while doing so.
"""

from __future__ import annotations

from pathlib import Path

from fteval.data.write import as_lines
from fteval.errors import UserError
from fteval.nano import EVAL_DATA
from fteval.nano.examples import iso_date_rows

N_ROWS = 48

INTRODUCTION = """\
nano knows when people were born: "When was Romeo born?" - "Romeo was born on March 4, 1578."
Now it learns from 48 examples to answer 1578-03-04 instead. Did it learn that, and what did it cost?
"""

NEXT_STEPS = """\
{seconds:.0f} s in all. In CI, the same run would have exited with {code} and blocked the release.

Left in {folder}:
  fteval.yaml            the experiment; change it and run it again: only what changed is computed
  data/                  48 training rows and the hold-outs
  report.html            a page: this report, and the answers of both side by side, to browse
  report.md              this report, with answers that got worse side by side
  verdict.json           the same for a script

Next:
  cd {folder}
  fteval run                        the same again: nothing is computed twice
  fteval report                     this report, from the store
  fteval run -c fteval.qwen.yaml    the same on hf:Qwen/Qwen2.5-0.5B-Instruct (downloads 1 GB; form only,
                                    because Qwen knows none of nano's people)
"""

CONFIG = """\
# Does the change teach the form, and what does it cost?
version: 1
base: {base}
candidates:
  iso-dates: {{train: sft, data: data/train.jsonl{recipe}}}
probes:
  iso_date:     {{data: data/dates.jsonl}}          # the form: YYYY-MM-DD, and the right day
{facts}  laziness:     {{data: data/descriptions.jsonl}}   # answers that are too short, or refused
  degeneration: {{data: data/descriptions.jsonl}}   # broken text
gates:
  - {{probe: iso_date, metric: iso, min_gain: 50pp}}
{facts_gate}  - {{probe: degeneration, metric: sound, max_drop: 20pp}}
  - {{probe: laziness, metric: long_enough, max_drop: 10pp, advisory: true}}   # 54 things: too few to decide 10 points
sampling: {{temperature: 0, max_tokens: 64, seed: 0}}
store: .fteval
"""

FACTS = "  facts:        {data: data/facts.jsonl}          # what the base knew before\n"
FACTS_GATE = "  - {probe: facts, metric: correct, max_drop: 2pp}\n"


def write(folder: Path) -> Path:
    """Writes the experiment into a folder and returns its config; files that are there already are replaced.

    Raises UserError when the folder cannot be written.
    """
    nano = CONFIG.format(base="nano", recipe=", epochs: 8, learning_rate: 1e-3", facts=FACTS, facts_gate=FACTS_GATE)
    qwen = CONFIG.format(base="hf:Qwen/Qwen2.5-0.5B-Instruct", recipe="", facts="", facts_gate="")
    files = {
        "fteval.yaml": nano,
        "fteval.qwen.yaml": qwen,
        "data/train.jsonl": as_lines(iso_date_rows(N_ROWS)),
        "data/dates.jsonl": _packaged("dates.jsonl"),
        "data/facts.jsonl": _packaged("people.jsonl"),
        "data/descriptions.jsonl": _packaged("descriptions.jsonl"),
    }
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        where = str(error.filename or folder)
        fix = "fteval demo --out FOLDER"
        raise UserError(f"cannot write the demo: {error.strerror}", where=where, fix=fix) from None
    return folder / "fteval.yaml"


def _packaged(name: str) -> str:
    return (EVAL_DATA / name).read_text(encoding="utf-8")

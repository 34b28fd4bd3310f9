"""`fteval data check`, `split` and `convert` for rows in Python: a file, or what `tabular` reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fteval.data import split
from fteval.data.check.check import Checked, check
from fteval.data.check.rows import Row, Rows, of_sample, read, read_given
from fteval.data.convert.convert import Tally, Wanted, converted, converted_rows
from fteval.data.convert.edit import Edits, replaced, rule, scrambled
from fteval.data.convert.forms import Keys
from fteval.data.jsonl import Problems
from fteval.data.read import iter_rows, read_samples
from fteval.data.tabular import rows_of
from fteval.errors import NothingToEvaluate, UserError
from fteval.records import Sample, sample_from_row


def check_rows(rows: Any, holdout: Any = (), *, seed: int = 0) -> Checked:
    """What is wrong with training rows, and which prompts of hold-outs stand in them; as `fteval data check`.

    `holdout` is a file, rows, or a mapping of names to either. `errors` of what comes back counts what must be mended
    first, `findings` has all in words. Clusters need scikit-learn. Raises UserError for rows that cannot be read.
    """
    found = read([Path(rows)]) if isinstance(rows, str | Path) else read_given(rows_of(rows))
    if not found.rows and not found.n_broken:
        raise NothingToEvaluate("no rows")
    named = holdout if isinstance(holdout, Mapping) else {"holdout": holdout}
    held = {str(name): [*_asked(str(name), one)] for name, one in named.items()}
    return check(found, {name: asked for name, asked in held.items() if asked}, find_spec("sklearn") is not None, seed)


def split_rows(rows: Any, holdout: float = 0.2, dev: float = 0.0, **how: Any) -> dict[str, list[dict[str, Any]]]:
    """`train`, `holdout` and perhaps `dev`, which share no question; as `fteval data split`.

    `holdout` and `dev` are shares, or from 1 on numbers of rows; `how` is by, time, stratify (keys of the rows) and
    seed. Raises UserError for what cannot be split.
    """
    if isinstance(rows, str | Path):
        given, held = [row for _, row in iter_rows(Path(rows))], read([Path(rows)])
    else:
        given = rows_of(rows)
        held = read_given(given)
    _check_whole(held, len(given))
    try:
        wanted = split.Wanted(holdout=holdout, dev=dev, **how)
    except TypeError:
        raise UserError(f"split_rows knows by, time, stratify and seed, found {', '.join(how)}") from None
    chosen = split.parts(given, held.rows, wanted)
    made: dict[str, list[dict[str, Any]]] = {name: [] for name in ("train", "dev", "holdout") if name in chosen}
    for row, part in zip(given, chosen, strict=True):
        made[part].append(row)
    return made


def convert_rows(
    rows: Any,
    to: str = "chat",
    *,
    prompt: str | None = None,
    target: str | None = None,
    keep: str | Iterable[str] = (),
    replace: Mapping[str, str] | None = None,
    scramble: str | None = None,
    unique: bool = False,
) -> list[dict[str, Any]]:
    """Rows of any form (Alpaca, ShareGPT, CSV, Parquet, pairs, logs, …) as rows of one; as `fteval data convert`.

    `to` is chat, prompt, completion, alpaca, alpaca-text, sharegpt, pairs, hosted-pairs, text or outputs; `prompt` and
    `target` name their keys; `keep` are rules ("no letter e in assistant"), `replace` other words ({"Romeo": "Bob"}),
    `scramble` punctuation, words or letters of the answers, `unique` leaves copies out. Raises UserError with every row
    that cannot be converted.
    """
    from fteval.data.convert.outputs import FORMS

    if to not in (*FORMS, "outputs"):
        raise UserError(f"no form {to!r}", fix=f"known: {', '.join((*FORMS, 'outputs'))}")
    rules = [rule(text) for text in ([keep] if isinstance(keep, str) else keep)]
    changes = [replaced(f"{old}={new}") for old, new in (replace or {}).items()]
    changes += [scrambled(scramble)] if scramble is not None else []
    wanted = Wanted(to, Keys(prompt, target), edits=Edits(rules, changes), unique=unique)
    if isinstance(rows, str | Path):
        problems = Problems(Path(rows))
        made = list(converted(Path(rows), wanted, problems, Tally()))
    else:
        problems = Problems(Path("row"))
        made = list(converted_rows(enumerate(rows_of(rows), 1), wanted, problems, Tally()))
    problems.check()
    return made


def _asked(name: str, given: Any) -> Iterator[Row]:
    """The samples of a hold-out, as they are looked for in training rows."""
    samples = read_samples(Path(given), tools=True) if isinstance(given, str | Path) else _samples(given)
    for sample in samples:
        yield of_sample(f"{name}/{sample.id}", sample)


def _samples(given: Any) -> Iterator[Sample]:
    for number, row in enumerate(rows_of(given), 1):
        try:
            yield sample_from_row(row, tools=True)
        except ValueError as error:
            raise UserError(f"row {number} of the hold-out: {error}") from None


def _check_whole(held: Rows, n: int) -> None:
    if held.n_broken or not n or len(held.rows) != n:
        raise UserError("\n".join(held.broken) or "no rows to split", fix="fteval.data.convert_rows(rows)")

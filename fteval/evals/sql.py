"""SQL: is it a query, does it run, and does it return what was asked?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from fteval.errors import UserError
from fteval.evals.data.packaged import packaged
from fteval.evals.find.query import found
from fteval.evals.formats.text_or_file import content
from fteval.evals.language.text import blank, shown
from fteval.evals.queries.parse import NotAQuery, for_sqlite, is_query, of_the_moment, query
from fteval.evals.queries.reference import Trial, trials
from fteval.evals.queries.results import difference
from fteval.evals.queries.sqlite import LEAST, MARGIN, ROWS, Stopped, opened, run
from fteval.records import Generation, Metric, Sample, Scores


@dataclass(frozen=True, slots=True)
class Sql:
    """Whether a query returns what its reference returns, on the row's data and near it.

    Measures  parses: one query that can be read; executes: it runs on SQLite, reading only; correct: it returns the
              reference's rows there
    Chance    about 0
    Traps     a LIMIT without an order is a matter of luck
    Source    questions of fteval's own; neighbours after arXiv:2010.02840
    """

    schema: str = ""
    """SQL script (CREATE TABLE ..., perhaps INSERT ...) every row's database begins with, or a .sql file's name."""
    dialect: str = "sqlite"
    """Of the answers, references, setups and schema, as sqlglot names it."""

    version: ClassVar[int] = 2
    metrics: ClassVar[tuple[Metric, ...]] = (Metric("correct", primary=True), Metric("executes"), Metric("parses"))

    def __post_init__(self) -> None:
        object.__setattr__(self, "schema", content(self.schema, ".sql"))
        if self.dialect == "sqlite":
            return
        from sqlglot.dialects.dialect import Dialect

        if not isinstance(self.dialect, str) or Dialect.get(self.dialect) is None:
            raise UserError(
                f"sql knows no dialect {self.dialect!r}", fix="for example sqlite, postgres, mysql, duckdb, bigquery"
            )

    def samples(self) -> Iterator[Sample]:
        return packaged("sql.jsonl")

    def score(self, sample: Sample, generation: Generation) -> Scores:
        tried = self._trials(sample)
        text = shown(generation.text)
        if blank(text):
            return self._scores([("the answer is empty", "parses")], None)
        queries = found(text, lambda sql: is_query(sql, self.dialect))
        if not queries:
            return self._scores([("no query in the answer", "parses")], None)
        verdicts = [self._judge(sql, tried) for sql in queries]
        if len(queries) > 1 and len(set(verdicts)) > 1:
            why, failed = next(v for v in verdicts if v is not None)
            verdicts = [(f"{len(queries)} different queries, of which one is not right: {why}", failed)]
        return self._scores(verdicts[:1], "\n;\n".join(queries))

    def _trials(self, sample: Sample) -> tuple[Trial, ...]:
        tables, setup = sample.metadata.get("tables"), sample.metadata.get("setup")
        if not isinstance(sample.target, str) or not sample.target.strip():
            raise UserError(
                f"row {sample.id!r} needs a 'target' that is a reference query, found {sample.target!r}",
                fix="give each row of an sql hold-out a query that returns the right answer",
            )
        if tables is None and setup is None and not self.schema:
            raise UserError(
                f"row {sample.id!r} needs 'tables' ({{name: [{{column: value}}]}}) or 'setup' (an SQL script), "
                f"found neither",
                fix="give each row its data, or set schema to a script with data for all",
            )
        for name, value, wanted in (("tables", tables, dict), ("setup", setup, str)):
            if value is not None and not isinstance(value, wanted):
                kind = "an object" if wanted is dict else "text"
                raise UserError(
                    f"row {sample.id!r}: '{name}' must be {kind}, found {type(value).__name__}",
                    fix="tables: {name: [{column: value}]}; setup: an SQL script",
                )
        try:
            return trials(self.schema, self.dialect, setup or "", json.dumps(tables or {}), sample.target)
        except UserError as error:
            raise UserError(f"row {sample.id!r}: {error.what}", fix=error.fix) from None

    def _judge(self, sql: str, tried: Sequence[Trial]) -> tuple[str, str] | None:
        """What is wrong and the metric that it begins with; None for a right query."""
        try:
            clock = of_the_moment(query(sql, self.dialect))
            runnable = for_sqlite(sql, self.dialect)
        except NotAQuery as error:
            if not error.unread or self.dialect != "sqlite":
                return str(error), "parses"
            clock, runnable = None, sql  # SQLite itself has the last word
        if clock:
            return f"reads the clock ({clock}): another result every day", "executes"
        results = []
        with opened() as db:
            for trial in tried:
                budget = max(LEAST, MARGIN * trial.steps)
                most = max(ROWS, 2 * len(trial.wanted.rows))
                try:
                    result = run(trial.database, runnable, budget=budget, most=most, on=db)
                except Stopped as error:
                    if trial is not tried[0]:
                        return f"fails on changed data: {error}", "correct"
                    return str(error), "parses" if error.syntax and self.dialect == "sqlite" else "executes"
                if result.cut:
                    return f"stopped after {most:,} rows: endless, or far too many", "executes"
                results.append(result.rows)
        wrong = difference(results[:1], [tried[0].wanted])
        if wrong:
            return wrong, "correct"
        wrong = difference(results, [trial.wanted for trial in tried])
        return (f"right on these rows by luck; on changed data {wrong}", "correct") if wrong else None

    def _scores(self, verdicts: Sequence[tuple[str, str] | None], answer: str | None) -> Scores:
        why, failed = verdicts[0] or ("", "")
        names = [m.name for m in self.metrics]
        missed = names[: names.index(failed) + 1] if failed else []
        return Scores(
            {name: float(name not in missed) for name in names}, answer=answer, reasons=dict.fromkeys(missed, why)
        )

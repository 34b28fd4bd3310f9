"""Queries judged by what they return. What a query returns comes from sqlite3 itself, or is counted by hand."""

import itertools
import json
import random
import sqlite3
import threading

import pytest
from evals.pace import soon

from fteval import registry
from fteval.errors import UserError
from fteval.evals.find import query as sql_text
from fteval.evals.queries import reference
from fteval.evals.queries.parse import is_query, of_the_moment, query
from fteval.evals.queries.sqlite import Stopped, contents, filled, run
from fteval.nano.forms import sql as form
from fteval.nano.world import build_world
from fteval.records import Generation, Message, Sample, sample_from_row

PEOPLE = {
    "people": [
        {"name": "Anna", "town": "Verona", "age": 31},
        {"name": "Bren", "town": "Solwick", "age": 25},
        {"name": "Cor", "town": "Verona", "age": 40},
        {"name": "Dal", "town": None, "age": 25},
    ]
}
TARGET = "SELECT name FROM people WHERE town = 'Verona'"


def judged(output: str, target: object = TARGET, params: dict | None = None, **metadata: object):
    row = Sample("row-7", (Message("user", "Who?"),), target, metadata=metadata or {"tables": PEOPLE})
    return registry.probe("sql", params).score(row, Generation("row-7", text=output))


def correct(output: str, target: str = TARGET, **metadata: object) -> bool:
    return judged(output, target, **metadata).values["correct"] == 1


@pytest.mark.parametrize(
    ("metadata", "target", "wrong"),
    [
        ({"x": 1}, TARGET, "'tables'"),
        ({"tables": [1]}, TARGET, "object"),
        ({"tables": {"people": {"name": "Anna"}}}, TARGET, "list"),
        ({"tables": {"people": [{"name": ["Anna"]}]}}, TARGET, "holds list"),
        ({"tables": {"people": []}}, TARGET, "no rows"),
        ({"tables": {"people": [{"name": 2**70}]}}, TARGET, "database"),
        ({"setup": 3}, TARGET, "text"),
        ({"setup": "CREATE TABEL people (name)"}, TARGET, "syntax"),
        ({"setup": "ATTACH DATABASE 'x.db' AS x"}, TARGET, "refused"),
        ({"setup": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT count(*) FROM c"}, "SELECT 1",
         "stopped"),
        ({"tables": PEOPLE}, "SELECT name FROM persons", "no such table"),
        ({"tables": PEOPLE}, "SELECT name FROM", "parse"),
        ({"tables": PEOPLE}, "DELETE FROM people", "not a query"),
        ({"tables": PEOPLE}, "SELECT name FROM people WHERE age > date('now')", "clock"),
        ({"tables": PEOPLE}, "SELECT random()", "random"),
        ({"tables": PEOPLE}, 3, "reference query"),
        ({"tables": PEOPLE}, "  ", "reference query"),
    ],
)  # fmt: skip
def test_a_broken_row_is_an_error_that_names_it_not_a_zero(metadata: dict, target: object, wrong: str) -> None:
    with pytest.raises(UserError, match=wrong) as error:
        judged("SELECT 1", target, **metadata)
    assert "row-7" in error.value.what and error.value.fix


def test_an_unknown_dialect_is_said() -> None:
    with pytest.raises(UserError, match="klingon"):
        registry.probe("sql", {"dialect": "klingon"})


def test_data_come_from_tables_a_setup_script_or_the_schema_of_all_rows() -> None:
    script = "CREATE TABLE people (name TEXT, town TEXT); INSERT INTO people VALUES ('Anna', 'Verona'), ('Bo', 'Linz');"
    assert correct(TARGET, setup=script)
    assert correct(TARGET, setup="PRAGMA foreign_keys = ON;\nBEGIN;\n" + script + "COMMIT;")
    assert judged(TARGET, params={"schema": script}, setup="").values["correct"] == 1
    schema = "CREATE TABLE people (name TEXT, town TEXT, age INTEGER)"
    assert judged("SELECT 'Anna' UNION SELECT 'Cor'", params={"schema": schema}).values["correct"] == 0


def test_another_dialect_is_rewritten_for_sqlite() -> None:
    target = "SELECT name FROM people WHERE town ILIKE 'ver%' LIMIT 10"
    found = judged("SELECT name FROM people WHERE town::text LIKE 'Ver%'", target, {"dialect": "postgres"})
    assert found.values == {"correct": 1, "executes": 1, "parses": 1}
    setup = "CREATE TABLE t (id SERIAL PRIMARY KEY, n VARCHAR(9)); INSERT INTO t (n) VALUES ('a'), ('b');"
    found = judged("SELECT COUNT(id) FROM t", "SELECT COUNT(*) FROM t", {"dialect": "postgres"}, setup=setup)
    assert found.values["correct"] == 1
    assert judged("SELECT TOP 1 name FROM people", params={"dialect": "tsql"}).values["executes"] == 1
    assert judged("SELECT TOP 1 name FROM people").values["parses"] == 0


# Pairs that SQL's own rules make equal, or not, whatever the rows.
EQUAL = [
    ("SELECT name FROM people WHERE age BETWEEN 26 AND 40", "SELECT name FROM people WHERE age > 25 AND age < 41"),
    ("SELECT COUNT(*) FROM people WHERE town IS NULL", "SELECT COUNT(*) - COUNT(town) FROM people"),
    ("SELECT town, COUNT(*) FROM people GROUP BY town", "SELECT COUNT(1) AS n, town FROM people GROUP BY 2"),
    ("SELECT AVG(age) FROM people", "SELECT SUM(age) / (1.0 * COUNT(*)) FROM people"),
    ("SELECT name FROM people ORDER BY age", "SELECT name FROM people ORDER BY age, name DESC"),
    ("SELECT name FROM people ORDER BY age LIMIT 1", "SELECT name FROM people ORDER BY age, name DESC LIMIT 1"),
    ("SELECT name FROM people ORDER BY age LIMIT 2 OFFSET 1",
     "SELECT name FROM people ORDER BY age, name DESC LIMIT 2 OFFSET 1"),
    ("SELECT name FROM people WHERE age > 30 UNION SELECT name FROM people WHERE town = 'Verona'",
     "SELECT DISTINCT name FROM people WHERE age > 30 OR town = 'Verona'"),
    ("SELECT name, RANK() OVER (ORDER BY age DESC) FROM people",
     "SELECT name, 1 + (SELECT COUNT(*) FROM people x WHERE x.age > p.age) FROM people p"),
    ("SELECT MAX(age) FROM people", "SELECT age FROM people ORDER BY age DESC LIMIT 1"),
    ("SELECT name FROM people WHERE NOT (town = 'Verona')", "SELECT name FROM people WHERE town <> 'Verona'"),
    ("SELECT DISTINCT town FROM people ORDER BY town DESC", "SELECT town FROM people GROUP BY town ORDER BY 1 DESC"),
]  # fmt: skip
DIFFERENT = [
    ("SELECT COUNT(*) FROM people", "SELECT COUNT(town) + 1 FROM people"),
    ("SELECT COUNT(*) FROM people", "SELECT 4"),
    ("SELECT name FROM people WHERE age > 30", "SELECT name FROM people WHERE age > 31 OR name = 'Anna'"),
    ("SELECT name FROM people WHERE age > 30", "SELECT name FROM people WHERE age >= 30"),
    ("SELECT name FROM people WHERE town = 'Linz'", "SELECT name FROM people WHERE town = 'Graz'"),
    ("SELECT COUNT(*) FROM people WHERE town = 'Linz'", "SELECT 0"),
    ("SELECT town FROM people", "SELECT DISTINCT town FROM people"),
    ("SELECT name FROM people WHERE town <> 'Verona'", "SELECT name FROM people WHERE town IS NOT 'Verona'"),
    ("SELECT name FROM people ORDER BY age", "SELECT name FROM people"),
    ("SELECT name FROM people ORDER BY age DESC", "SELECT name FROM people ORDER BY age"),
    ("SELECT MAX(age) FROM people", "SELECT 40"),
    ("SELECT AVG(age) FROM people", "SELECT AVG(DISTINCT age) FROM people"),
    ("SELECT SUM(age) FROM people", "SELECT ROUND(SUM(age) / 10.0) * 10 + 1 FROM people"),
    ("SELECT name, town FROM people", "SELECT name || '', name FROM people"),
    ("SELECT age FROM people", "SELECT CAST(age AS TEXT) FROM people"),
]


@pytest.mark.parametrize(("target", "answer"), EQUAL)
def test_what_sql_makes_equal_is_right_both_ways(target: str, answer: str) -> None:
    assert correct(answer, target) and correct(target, target)


@pytest.mark.parametrize(("target", "answer"), DIFFERENT)
def test_what_differs_on_near_data_is_wrong_even_where_these_rows_agree(target: str, answer: str) -> None:
    assert not correct(answer, target)


SALES = {
    "shop": [{"id": 1, "name": "Elm"}, {"id": 2, "name": "Oak"}, {"id": 3, "name": "Yew"}],
    "sale": [
        {"id": 11, "shop": 1, "euros": 70, "kilos": 0.5},
        {"id": 12, "shop": 1, "euros": 45, "kilos": 1.5},
        {"id": 13, "shop": 2, "euros": 20, "kilos": 2.4},
        {"id": 14, "shop": 2, "euros": 33, "kilos": 1.0},
        {"id": 15, "shop": 3, "euros": 260, "kilos": 3.1},
        {"id": 16, "shop": 3, "euros": 8, "kilos": 0.2},
    ],
}
LIMITS = [
    ("SELECT shop FROM sale GROUP BY shop HAVING SUM(euros) > 100", "SUM(euros) > 100"),
    ("SELECT shop.name FROM shop JOIN sale ON sale.shop = shop.id GROUP BY shop.id HAVING SUM(sale.euros) < 90",
     "SUM(sale.euros) < 90"),
    ("SELECT shop, AVG(euros) AS mean FROM sale GROUP BY shop HAVING mean > 30 ORDER BY mean", "mean > 30"),
    ("SELECT name FROM shop WHERE id IN (SELECT shop FROM sale GROUP BY shop HAVING MAX(euros) > 40)",
     "MAX(euros) > 40"),
    ("WITH t AS (SELECT shop, SUM(euros + 1) AS s FROM sale GROUP BY shop) SELECT shop FROM t WHERE s > 90", "s > 90"),
    ("SELECT shop FROM sale GROUP BY shop HAVING SUM(kilos) > 2", "SUM(kilos) > 2"),
]  # fmt: skip


@pytest.mark.parametrize(("target", "limit"), LIMITS)
def test_a_wrong_limit_of_a_total_shows_on_near_data(target: str, limit: str) -> None:
    total, sign, number = limit.rsplit(" ", 2)
    wrong = [f"{total} {sign}= {number}", f"{total} {sign} {int(number) - 1}", f"{total} {sign} {int(number) + 1}",
             "1"]  # fmt: skip
    assert correct(target, target, tables=SALES)
    assert not any(correct(target.replace(limit, other), target, tables=SALES) for other in wrong)


def test_two_right_queries_agree_at_a_limit_whatever_the_order_of_their_sums() -> None:
    # 0.1 + 0.7 + 0.2 and 0.2 + 0.1 + 0.7 differ in floating point: sums that are right at the limit must be exact.
    target = "SELECT shop FROM sale GROUP BY shop HAVING SUM(kilos) > 2"
    for order in ("kilos", "kilos DESC", "id DESC"):
        answer = f"SELECT shop FROM (SELECT * FROM sale ORDER BY {order}) GROUP BY shop HAVING SUM(kilos) > 2"
        assert correct(answer, target, tables=SALES)


def test_data_at_a_limit_keep_what_the_data_show() -> None:
    target = "SELECT shop FROM sale GROUP BY shop HAVING SUM(euros) > 100"
    trials = reference.trials("", "sqlite", "", json.dumps({"sale": SALES["sale"]}), target)
    for trial in trials:
        (_, rows) = contents(trial.database)["sale"]
        assert len({row[0] for row in rows}) == len(rows) and all(row[2] >= 0 for row in rows)
        assert all(isinstance(row[2], int) for row in rows)
    totals = [{row[-1] for row in run(trial.database, "SELECT SUM(euros) FROM sale GROUP BY shop").rows}
              for trial in trials]  # fmt: skip
    assert all(any(value in some for some in totals) for value in (99, 100, 101))


def test_neighbours_keep_what_the_data_show() -> None:
    setup = """
        CREATE TABLE town (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
        CREATE TABLE man (id INTEGER PRIMARY KEY, town INTEGER NOT NULL, born TEXT, died TEXT, zip TEXT, place TEXT);
        INSERT INTO town VALUES (1, 'Linz'), (2, 'Graz'), (3, 'Wels');
        INSERT INTO man VALUES (1, 1, '1801-01-01', '1850-01-01', '4020', 'Linz'), (2, 1, '1820-05-05', NULL, '4020',
          'Linz'), (3, 2, '1833-02-03', '1890-07-07', '8010', 'Graz'), (4, 2, '1830-02-03', '1890-07-08', '8010',
          'Graz');
    """
    target = "SELECT man.id FROM man JOIN town ON town.id = man.town WHERE town.name = 'Linz'"
    trials = reference.trials("", "sqlite", setup, "{}", target)
    assert len(trials) == 7 and len({trial.wanted.rows for trial in trials}) > 3
    for trial in trials:
        (_, towns), (_, men) = (contents(trial.database)[name] for name in ("town", "man"))
        assert {man[1] for man in men} <= {town[0] for town in towns}
        assert all(man[2] and (man[3] is None or man[2] <= man[3]) for man in men)
        assert len({(man[4], man[5]) for man in men}) == len({man[4] for man in men})
        assert len({man[0] for man in men}) == len(men)


def test_the_same_row_is_judged_the_same_every_time() -> None:
    first = [trial.database.image for trial in reference.trials("", "sqlite", "", json.dumps(PEOPLE), TARGET)]
    reference.trials.cache_clear()
    assert first == [trial.database.image for trial in reference.trials("", "sqlite", "", json.dumps(PEOPLE), TARGET)]


def test_columns_change_places_together_or_not_at_all() -> None:
    tables = {"t": [{"a": 1, "b": 2}, {"a": 2, "b": 1}, {"a": 3, "b": 3}]}
    assert correct("SELECT b, a FROM t", "SELECT a, b FROM t", tables=tables)
    assert not correct("SELECT a, b FROM t WHERE a > 1 UNION ALL SELECT b, a FROM t WHERE a = 1", "SELECT a, b FROM t",
                       tables=tables)  # fmt: skip


def test_numbers_are_equal_within_a_millionth_and_texts_exactly() -> None:
    assert correct("SELECT 0.1 + 0.2", "SELECT 0.3") and correct("SELECT 2.0", "SELECT 2")
    assert not correct("SELECT 0.30001", "SELECT 0.3")
    assert not correct("SELECT 'a '", "SELECT 'a'") and not correct("SELECT '1'", "SELECT 1")
    assert not correct("SELECT 1000000.5", "SELECT 1000000.25")
    assert not correct("SELECT ''", "SELECT NULL")


@pytest.mark.parametrize(
    "answer",
    [
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c",
        "WITH RECURSIVE c(x) AS (SELECT 'a' UNION ALL SELECT x || x FROM c) SELECT MAX(x) FROM c",
        "WITH RECURSIVE c(x) AS (SELECT hex(hex('aaaaaaaaaaaa')) UNION ALL SELECT x FROM c) SELECT x FROM c ORDER BY x",
        "SELECT COUNT(*) FROM " + ", ".join(f"people p{i}" for i in range(30)),
        "SELECT group_concat(a.name || b.name || c.name || d.name || e.name || f.name || g.name || h.name) FROM "
        + ", ".join(f"people {c}" for c in "abcdefgh"),
        "SELECT zeroblob(1000000000)",
        "SELECT randomblob(1000000000)",
        "SELECT printf('%.*c', 1000000000, 'x')",
        "SELECT " + "hex(" * 40 + "'aaaaaaaaaa'" + ")" * 40,
        "SELECT " + "replace(" * 20 + "'aaaaaaaaaa'" + ", 'a', 'aaaaaaaaaa')" * 20,
        "SELECT COUNT(*) FROM people a, people b, people c, people d WHERE replace(hex(a.name || '" + "a" * 900
        + "'), '6', 'bbbb') LIKE '" + "%a%b" * 40 + "'",
        "SELECT name FROM people WHERE name REGEXP '(a+)+$'",
        "SELECT load_extension('/tmp/x')",
        "SELECT readfile('/etc/passwd')",
        "SELECT writefile('/tmp/x', 'x')",
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM sqlite_schema",
        "SELECT " + "1 + " * 2_000 + "1",
        "SELECT " + "NOT " * 2_400 + "1",
        "SELECT " + "-" * 4_000 + "1",
        "SELECT " + "(" * 4_900 + "1" + ")" * 4_900,
        "SELECT " + "CASE WHEN 1 THEN " * 300 + "1" + " END" * 300,
        "SELECT 1" + " UNION SELECT 1" * 600,
        "SELECT " + "a," * 4_000 + "a FROM people",
        "SELECT * FROM " + "(SELECT * FROM " * 300 + "people" + ")" * 300,
        "SELECT '" + "a" * 2_000_000,
        "SELECT 1; " * 100_000,
        "SELECT a FROM t\n\n" * 60_000,
        "```sql\nSELECT a FROM t\n```\n" * 40_000,
        '"SELECT a FROM t ' * 60_000,
        "SELECT a FROM " + "x " * 400_000,
        "WITH a AS (" * 90_000,
        "SELECT '\ud800' \udfff FROM people",
        "SELECT '\0' FROM people\0",
        "{" * 100_000,
        '{"sql": ' * 10_000,
        "/*" * 500_000,
        "SELECT 1 /*" + "*" * 500_000,
        "[" * 500_000,
        "SELECT [" + "[" * 500_000,
        "SELECT " + "'" * 499_999,
    ],
)  # fmt: skip
def test_what_is_endless_or_forbidden_ends_soon_and_is_not_correct(answer: str) -> None:
    judged("SELECT 1")  # sqlglot loads once
    scores = soon(lambda: judged(answer))
    assert scores.values["correct"] == 0 and scores.reasons["correct"]
    json.dumps(dict(scores.reasons) | {"answer": scores.answer})


def test_no_answer_leaves_a_trace(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for answer in ("DELETE FROM people", "ATTACH 'x.db' AS x", "VACUUM INTO 'y.db'", f"{TARGET}; DROP TABLE people"):
        assert not correct(answer)
    assert correct(TARGET) and not list(tmp_path.iterdir())


def test_only_reading_gets_past_sqlite_whatever_the_parser_thinks() -> None:
    database = filled("", PEOPLE)
    for sql in (
        "DELETE FROM people", "INSERT INTO people VALUES (1, 2, 3)", "PRAGMA user_version = 3", "ATTACH 'x' AS y",
        "CREATE TABLE t (a)", "DROP TABLE people", "BEGIN", "VACUUM", "REINDEX", "ALTER TABLE people ADD COLUMN x",
        "SELECT name FROM sqlite_master", "SELECT random()", "SELECT changes()", "EXPLAIN DELETE FROM people",
    ):  # fmt: skip
        with pytest.raises(Stopped):
            run(database, sql)
    assert len(run(database, "SELECT * FROM people").rows) == 4


def test_probes_can_judge_in_threads() -> None:
    results: list[bool] = []
    threads = [threading.Thread(target=lambda: results.append(correct(TARGET))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 8


@pytest.mark.parametrize("call", ["date('now')", "DATE()", "CURRENT_DATE", "current_timestamp", "strftime('%Y', 'NOW')",
                                  "julianday('now', '-1 day')", "datetime()", "CURRENT_TIME"])  # fmt: skip
def test_the_clock_is_seen(call: str) -> None:
    assert of_the_moment(query(f"SELECT name FROM people WHERE town < {call}", "sqlite"))
    assert not of_the_moment(query("SELECT date(town), 'now' FROM people WHERE town = 'now'", "sqlite"))


def test_a_script_is_parted_as_sqlite_parts_it() -> None:
    script = "SELECT ';' /* ; */; -- ;\nSELECT \"a;b\", [c;d], `e;f`;;"
    parts = sql_text.statements(script)
    assert len(parts) == 2
    assert all(sqlite3.complete_statement(part + ";") for part in parts)


PREFIXES = ("", "Sure! Here is the query:\n", "**Answer:** ", "SQL: ", "You can use this:\n\n", "> ", "1. ")
SUFFIXES = ("", ";", "\n", ";\n\nThis selects the names; it's simple.", "\n\nLet me know if you need more!")
WRAPS = ("{}", "```sql\n{}\n```", "```\n{}\n```", "`{}`", "~~~sqlite\n{}\n~~~", "```SQL\r\n{}\r\n```")


@pytest.mark.parametrize("wrap", WRAPS)
def test_a_query_is_found_however_it_is_wrapped(wrap: str) -> None:
    for prefix, suffix in itertools.product(PREFIXES, SUFFIXES):
        answer = prefix + wrap.format(TARGET) + suffix
        assert correct(answer), answer


@pytest.mark.parametrize("text", ["Select the best option.", "please select a name from the list", "WITH pleasure",
                                  "values (of a family)?", "Sure", "update me", "1", "name", "'a'"])  # fmt: skip
def test_prose_is_no_query(text: str) -> None:
    assert judged(text).values["parses"] == 0


def test_the_general_hold_out_is_right_by_its_own_references_and_tells_them_from_luck() -> None:
    probe = registry.probe("sql")
    samples = list(probe.samples())
    assert len(samples) >= 200 and len({s.prompt_text for s in samples}) == len(samples)
    assert len({s.slices["topic"] for s in samples}) >= 12
    for s in samples[::2]:
        assert probe.score(s, Generation(s.id, text=s.target)).values["correct"] == 1, s.id
        trials = reference.trials("", "sqlite", "", json.dumps(s.metadata["tables"]), s.target)
        rows = trials[0].wanted.rows
        assert rows and not trials[0].wanted.cuts_a_tie
        written = "VALUES " + ", ".join("(" + ", ".join(map(_literal, row)) + ")" for row in rows)
        assert probe.score(s, Generation(s.id, text=written)).values["correct"] == 0, s.id
    assert all(a.group == b.group and a.target == b.target for a, b in zip(samples[::2], samples[1::2], strict=True))


def _literal(value: object) -> str:
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


def test_nano_has_thousands_of_questions_that_their_targets_answer() -> None:
    probe, stream = registry.probe("sql"), form.rows(build_world(), random.Random(5))
    drawn = list(itertools.islice(stream, 3_000))
    assert len({row["prompt"] for row in drawn}) > 2_000
    for number, row in enumerate(drawn[:300]):
        s = sample_from_row({"id": str(number), **row})
        assert probe.score(s, Generation(s.id, text=s.target)).values["correct"] == 1, row
    assert all(is_query(row["target"], "sqlite") for row in drawn[:300])

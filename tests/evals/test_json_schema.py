"""JSON answers: laws that a table of cases cannot say."""

import json
import random
from decimal import Decimal
from itertools import islice

import pytest
from evals.pace import soon
from hypothesis import given
from hypothesis import strategies as st

from fteval import registry
from fteval.errors import UserError
from fteval.evals.formats import json_text, tree
from fteval.nano.forms.json_schema import rows
from fteval.nano.world import build_world
from fteval.records import Generation, Message, Sample, sample_from_row

TREE = {"$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}}, "$ref": "#/$defs/node"}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def row(target: object = None, **metadata: object) -> Sample:
    return Sample("row-7", (Message("user", "Give JSON."),), target, metadata=metadata)


def scores(text: str, target: object, of_probe: object = None, **metadata: object):
    probe = registry.probe("json_schema", {} if of_probe is None else {"schema": of_probe})
    return probe.score(row(target, **metadata), Generation("row-7", text=text)).values


@given(VALUES)
def test_what_python_writes_is_read_and_is_itself(value: object) -> None:
    try:
        found = json_text.read(json.dumps(value))
    except ValueError as error:
        assert "stands twice" in str(error)  # two keys that are one after NFC
        return
    assert tree.same(found, value)


@given(VALUES, VALUES)
def test_same_agrees_with_python_where_python_keeps_booleans_apart(one: object, other: object) -> None:
    def told_apart(value: object) -> object:
        if isinstance(value, dict):
            return {json_text.nfc(k): told_apart(v) for k, v in value.items()}
        if isinstance(value, list):
            return [told_apart(v) for v in value]
        if isinstance(value, str):
            return json_text.nfc(value)
        return ("bool", value) if isinstance(value, bool) else value

    if told_apart(one) == told_apart(other):
        assert tree.same(one, other)
    elif not any(isinstance(leaf, float) for v in (one, other) for _, leaf in tree.leaves(v)):
        assert not tree.same(one, other)


BROKEN = (
    *(
        "[1,]",
        "{'a':1}",
        "[01]",
        "[+1]",
        "[1.]",
        "[.5]",
        '["\t"]',
        '["\\x41"]',
        "[NaN]",
        "[-Infinity]",
        '{"a":1,"a":2}',
    ),
    *("[1] [2]", "", "[1]]", '{"a"}', "[True]", '"\\ud8'),
)


@pytest.mark.parametrize("text", BROKEN)
def test_what_rfc_8259_forbids_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        json_text.read(text)


def test_numbers_keep_every_digit() -> None:
    assert json_text.read("[0.1000000000000000055511151231257827]") != [0.1]
    assert tree.same(json_text.read("0.10"), 0.1)
    assert json_text.read("1" * 10_000) == Decimal("1" * 10_000)
    assert not tree.same(json_text.read("1e400"), 1e308)
    with pytest.raises(ValueError, match="beyond"):
        json_text.read("1e9999999999999999999999")


def test_f1_by_hand() -> None:
    # 3 leaves given, 4 wanted, 2 right: 2 * 2 / 7.
    assert scores('{"a": 1, "b": [2, 9]}', {"a": 1, "b": [2, 3], "c": 4})["field_f1"] == pytest.approx(4 / 7)


def test_the_row_s_schema_wins_over_the_probe_s() -> None:
    assert scores('{"a": 1}', {"a": 1}, of_probe={"type": "array"})["valid_schema"] == 0
    assert scores('{"a": 1}', {"a": 1}, of_probe={"type": "array"}, schema={"type": "object"})["valid_schema"] == 1
    assert scores('{"a": 1}', {"a": 1}, of_probe='{"type": "object"}')["valid_schema"] == 1
    assert scores('{"a": 1}', {"a": 1})["valid_schema"] is None


@pytest.mark.parametrize(
    ("schema", "value", "fits"),
    [
        ({"type": "integer"}, "1.0", 1),  # JSON Schema 2020-12, 4.2.3: 1.0 is an integer
        ({"type": "integer"}, "1.5", 0),
        ({"type": "integer"}, "true", 0),
        ({"multipleOf": 0.01}, "19.99", 1),  # floats would say no
        ({"multipleOf": 0.01}, "19.995", 0),
        ({"const": 1}, "1.0", 1),
        ({"const": 1}, "true", 0),
        ({"enum": [False]}, "0", 0),
        ({"uniqueItems": True}, "[1, 1.0]", 0),
        ({"uniqueItems": True}, "[1, true]", 1),
        ({"pattern": "^(a+)+$"}, '"' + "a" * 60 + '!"', 0),  # ends although it could run for ever
        ({"additionalProperties": False, "patternProperties": {"^x": {}}}, '{"x1": 1, "y": 2}', 0),
        ({"additionalProperties": {"type": "string"}}, '{"x": "a", "y": 2}', 0),
        ({"maxLength": 1}, '"\\ud83d\\ude00"', 1),  # one character, two escapes
        (TREE, '{"next": {"next": {}}}', 1),
        (TREE, '{"next": {"next": 1}}', 0),
        (TREE, '{"next": ' * 60 + "1" + "}" * 60, 0),
        (False, "1", 0),
        ({"items": {"type": "number"}}, "[" + "1," * 100_000 + "1]", None),
        ({"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 1, "exclusiveMinimum": True}, "1", 0),
    ],
)  # fmt: skip
def test_a_schema_decides_as_its_specification_says(schema: object, value: str, fits: float) -> None:
    assert soon(lambda: scores(value, {"a": 1}, schema=schema))["valid_schema"] == fits


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "objekt"},
        {"type": "object", "required": "name"},
        "{not json",
        {"$ref": "https://example.org/schema.json"},
        {"$ref": "#/$defs/missing"},
        {"properties": {"a": {"$ref": "file:///etc/passwd"}}},
        "[]",
    ],
)
def test_a_schema_that_is_none_is_said_before_the_run_and_by_the_row(schema: object) -> None:
    with pytest.raises(UserError, match="schema"):
        registry.probe("json_schema", {"schema": schema})
    with pytest.raises(UserError, match="row-7"):
        scores("{}", {"a": 1}, schema=schema)


@pytest.mark.parametrize("target", [None, "", "no json", True, 3, {"a": float("nan")}, '{"a": 1, "a": 1}'])
def test_a_target_that_is_no_json_names_the_row(target: object) -> None:
    with pytest.raises(UserError, match="row-7"):
        scores("{}", target)


def test_a_schema_that_refers_to_itself_without_end_names_the_row() -> None:
    with pytest.raises(UserError, match=r"row-7.*itself"):
        scores("{}", {"a": 1}, schema={"$ref": "#"})


HOSTILE = {
    "opened objects": "{" * 1_000_000, "opened keys": '{"' * 500_000, "opened pairs": '{"a":' * 200_000,
    "texts in arrays": '["",' * 250_000, "objects in arrays": '[{"' * 300_000, "many values": '{"a":1} ' * 120_000,
    "nearly arrays": "[[1],x] " * 120_000, "escaped quotes": '"\\' * 500_000, "spaces": "{ " * 500_000,
    "fences": "```\n" * 250_000, "one gap": "{" + " " * 1_000_000, "digits": "[" + "1" * 1_000_000 + "]",
    "numbers": "[" + "1," * 499_999 + "1]", "names": "{a" * 500_000, "broken ends": '{"a":1},{"a":[1,' * 60_000,
    "keys": "{" + ",".join(f'"{i}":{i}' for i in range(90_000)) + "}", "surrogates": '{"\ud800": "\udfff"} ' * 40_000,
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_brackets_without_end_are_searched_within_a_second(what: str) -> None:
    scores("{}", {"a": 1}, schema={"type": "object"})
    found = soon(lambda: scores(HOSTILE[what], {"a": 1}, schema={"type": "object"}))
    assert found["correct"] == 0


def test_every_row_that_ships_is_right_when_it_is_answered_with_its_target() -> None:
    probe = registry.probe("json_schema")
    samples = list(probe.samples())
    assert len(samples) >= 200
    assert len({s.prompt_text for s in samples}) == len(samples)
    for s in samples:
        values = probe.score(s, Generation(s.id, text=json.dumps(s.target))).values
        assert values["correct"] == values["bare"] == 1 and values["valid_schema"] in (1, None), s.id
        assert probe.score(s, Generation(s.id, text=s.prompt_text)).values["correct"] == 0, s.id


def test_nano_s_rows_are_many_and_right() -> None:
    probe = registry.probe("json_schema")
    drawn = list(islice(rows(build_world(), random.Random(5)), 300))
    assert len({r["messages"][0]["content"] for r in drawn}) > 290
    for r in drawn:
        values = probe.score(sample_from_row(r), Generation("", text=json.dumps(r["target"]))).values
        assert values["correct"] == values["valid_schema"] == 1

"""Patterns that users write: no search without end, no pattern too large to read, and each said by its name."""

from __future__ import annotations

import json

import pytest

from fteval import registry
from fteval.errors import UserError
from fteval.evals.find.pattern import LONGEST, Endless, search
from fteval.records import Generation, Message, Sample

ENDLESS = {
    "alternatives": (r"(a|aa)+$", "a" * 5_000 + "!"),
    "400 groups": ("(a*)" * 400 + "$", "a" * 60 + "!"),
    "nested counts": ("(?:(?:(?:a{1,100}){1,100}){1,100}){1,100}b", "a" * 3_000),
    "fuzzy": ("(?:" + "a" * 400 + "){e<=300}", "x" * 5_000),
    "recursive": ("(a(?1)?b)+$", "a" * 3_000),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_search_without_end_ends_and_names_the_pattern(name: str) -> None:
    pattern, text = ENDLESS[name]
    with pytest.raises(Endless) as caught:
        search(pattern, text, 0.1)
    assert pattern[:30] in str(caught.value)


UNREADABLE = ["(" * 400 + "a" + ")" * 400, "(" * 400 + "a" + ")+" * 400, "a" * (LONGEST + 1), "a("]


@pytest.mark.parametrize("pattern", UNREADABLE, ids=lambda p: p[:8])
def test_a_pattern_that_cannot_be_read_is_the_user_s_error_wherever_it_stands(pattern: str) -> None:
    sample = Sample("s1", (Message("user", "?"),), target=pattern)
    with pytest.raises(UserError, match="s1"):
        registry.probe("holdout", {"score": "regex"}).score(sample, Generation("s1", text="a"))
    for schema in ({"type": "string", "pattern": pattern}, {"patternProperties": {pattern: {}}}):
        with pytest.raises(UserError, match=r"pattern|regular expression"):
            registry.probe("json_schema", {"schema": json.dumps(schema)}).score(sample, Generation("s1", text='"a"'))


def test_a_schema_s_pattern_that_backtracks_is_no_wrong_answer() -> None:
    schema = json.dumps({"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a|aa)+$"}}})
    sample = Sample("s1", (Message("user", "?"),), target={"a": "x"})
    with pytest.raises(Endless, match=r"\(a\|aa\)\+"):  # a score_error of this sample
        answer = json.dumps({"a": "a" * 5_000 + "!"})
        registry.probe("json_schema", {"schema": schema}).score(sample, Generation("s1", text=answer))

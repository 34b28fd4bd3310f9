"""Data in another format: laws that a table of cases cannot say."""

import dataclasses
import functools
import io
import json
import random
from itertools import islice

import pytest
import yaml
from evals.pace import soon
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from variants import first

from fteval import registry
from fteval.errors import UserError
from fteval.evals.formats.readers import FORMATS, read
from fteval.evals.formats.same_data import equal
from fteval.nano.forms.conversion import rows
from fteval.nano.world import build_world
from fteval.records import Generation, Message, Sample, sample_from_row

SOURCES = {
    "json": '[{"a": 1, "b": "x"}]', "yaml": "- a: 1\n  b: x", "csv": "a,b\n1,x",
    "toml": '[[r]]\na = 1\nb = "x"', "xml": "<r><i><a>1</a><b>x</b></i></r>",
}  # fmt: skip
PAIRS = [(one, other) for one in FORMATS for other in FORMATS if one != other]
# ruamel writes {:a: b} and {?a: b}, which is YAML 1.2 and no YAML 1.1.
WORDS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=12).filter(
    lambda word: not word.startswith((":", "?"))
)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=10,
)


def scores(text: str, source: str, from_: str, to: str, target: object = None, **params: object):
    metadata = {"source": source, "from": from_, "to": to}
    sample = Sample("row-7", (Message("user", "Convert."),), target, metadata=metadata)
    return registry.probe("conversion", params).score(sample, Generation("row-7", text=text)).values


@pytest.mark.parametrize(("from_", "to"), PAIRS)
def test_one_table_is_the_same_in_every_pair_of_formats(from_: str, to: str) -> None:
    source = SOURCES[from_]
    if from_ == "toml" and to in ("json", "yaml"):
        assert scores(SOURCES[to], source, from_, to)["equal"] == 0  # the table's name is lost
        return
    assert scores(SOURCES[to], source, from_, to) == {"equal": 1, "parses": 1, "bare": 1}
    other = SOURCES[to].replace("x", "y")
    assert scores(other, source, from_, to)["equal"] == 0


@given(TREES)
def test_what_other_writers_of_yaml_write_is_read_as_they_meant_it(tree: object) -> None:
    written = io.StringIO()
    YAML(typ="safe", pure=True).dump(tree, written)
    for text in (yaml.safe_dump(tree, allow_unicode=True), written.getvalue()):
        try:
            found, wanted = read(text, "yaml"), read(json.dumps(tree), "json")
        except ValueError as error:
            assert "stands twice" in str(error)  # two keys that are one after NFC
            return
        assert equal(found, wanted), text


@given(st.lists(st.lists(WORDS.map(str.strip), min_size=2, max_size=2), min_size=1, max_size=4))
def test_any_cells_survive_csv(cells: list) -> None:
    import csv

    written = io.StringIO()
    csv.writer(written).writerows([["k1", "k2"], *cells])
    source = json.dumps([dict(zip(("k1", "k2"), row, strict=True)) for row in cells])
    assert scores(written.getvalue(), source, "json", "csv")["equal"] == 1


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({}, "source"),
        ({"source": "a: 1", "from": "yaml"}, "'to'"),
        ({"source": "a: 1", "to": "json"}, "'from'"),
        ({"source": "a: 1", "from": "yaml", "to": "ini"}, "'ini'"),
        ({"source": "a: 1", "from": "yaml", "to": "yml"}, "both"),
        ({"source": 3, "from": "yaml", "to": "json"}, "source"),
        ({"source": "{", "from": "json", "to": "yaml"}, "no JSON"),
        ({"source": "a,b\n1", "from": "csv", "to": "yaml"}, "no CSV"),
    ],
)
def test_a_row_that_cannot_be_judged_is_named(metadata: dict, said: str) -> None:
    sample = Sample("row-7", (Message("user", "Convert."),), metadata=metadata)
    with pytest.raises(UserError, match="row-7") as error:
        registry.probe("conversion").score(sample, Generation("row-7", text="a: 1"))
    assert said in error.value.what


def test_a_reference_in_the_wrong_format_is_an_error() -> None:
    with pytest.raises(UserError, match=r"row-7.*target"):
        scores("a: 1", '{"a": 1}', "json", "yaml", target="a: [")


def test_the_probe_s_formats_stand_in_for_the_row_s() -> None:
    sample = Sample("row-7", (Message("user", "Convert."),), metadata={"source": '{"a": 1}'})
    probe = registry.probe("conversion", {"from_": "json", "to": "yml"})
    assert probe.score(sample, Generation("row-7", text="a: 1")).values["equal"] == 1
    with pytest.raises(UserError, match="ini"):
        registry.probe("conversion", {"to": "ini"})


def _bomb() -> str:
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    lines += [f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]" for i in range(20)]
    return "\n".join(lines)


HOSTILE = {
    "objects": "{" * 1_000_000, "arrays": "[" * 1_000_000, "pairs": "a: 1\n" * 200_000,
    "keys": "".join(f"a{i}: 1\n" for i in range(15_000)), "items": "- a\n" * 49_000, "dashes": "- " * 90_000,
    "alias bomb": _bomb(), "tags": "<a>" * 60_000, "empty tags": "<a>" + "<b/>" * 45_000 + "</a>",
    "deep tags": "<a>" * 25_000 + "</a>" * 25_000, "rows": "a,b\n" * 49_000, "quotes": '"' * 190_000,
    "words": "word " * 200_000, "settings": "".join(f"a{i} = 1\n" for i in range(12_000)),
    "dotted key": "a." * 90_000 + "b = 1", "spaced dots": "a . " * 45_000 + "b = 1", "tables": "[[a]]\n" * 30_000,
    "array": "a = [" + "1," * 90_000 + "]", "comments": "# a\n" * 49_000, "lines": "\n" * 1_000_000,
    "block": "a: |\n" + " x\n" * 60_000, "complex keys": "? " * 90_000, "anchors": "&a " * 60_000,
    "open text": "a = '" * 30_000, "flow": "{a: " * 40_000, "notes": "Note a.\n" * 120_000,
    "blanks": "a: " + " " * 190_000 + "b", "digits": "a: " + "1" * 190_000, "grouped": "a = " + "1_" * 90_000 + "1",
    "surrogates": "\ud800: 1\n" * 20_000, "NUL": "\0" * 1_000_000, "inline tables": "a = " + "{a = " * 30_000,
    "entities": '<!DOCTYPE a [<!ENTITY b "c">]><a>' + "&b;" * 60_000 + "</a>", "attributes": "<a " + 'b="c" ' * 30_000,
}  # fmt: skip


@pytest.mark.parametrize("to", first(FORMATS))
def test_any_output_is_judged_within_a_second(to: str) -> None:
    from_ = "json" if to != "json" else "yaml"
    for what, text in HOSTILE.items():
        for opening in ("", "Here it is:\n```\n"):
            judge = functools.partial(scores, opening + text, SOURCES[from_], from_, to)
            found = soon(judge, (what, opening))
            assert found["equal"] == 0, (what, opening)


def test_an_external_entity_is_never_opened(tmp_path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    text = f'<!DOCTYPE r [<!ENTITY e SYSTEM "{secret.as_uri()}">]><r><i><a>1</a><b>&e;</b></i></r>'
    assert scores(text, SOURCES["json"], "json", "xml")["parses"] == 0


def test_every_row_that_ships_is_right_with_its_target_and_wrong_with_its_question() -> None:
    probe = registry.probe("conversion")
    samples = list(probe.samples())
    assert len(samples) >= 200
    assert len({s.prompt_text for s in samples}) == len(samples)
    for s in samples:
        assert set(probe.score(s, Generation(s.id, text=s.target)).values.values()) == {1.0}, s.id
        alone = dataclasses.replace(s, target=None)
        assert probe.score(alone, Generation(s.id, text=s.target)).values["equal"] == 1, s.id
        for copied in (s.prompt_text, s.metadata["source"]):
            assert probe.score(s, Generation(s.id, text=copied)).values["equal"] == 0, s.id


def test_nano_s_rows_are_many_and_right() -> None:
    probe = registry.probe("conversion")
    drawn = list(islice(rows(build_world(), random.Random(5)), 300))
    assert len({r["messages"][0]["content"] for r in drawn}) > 290
    for r in drawn:
        sample = sample_from_row({**r, "target": None})
        assert set(probe.score(sample, Generation("", text=r["target"])).values.values()) == {1.0}, r

"""Passages before the question: which, how they are shown, how often the right one, and what is said of leaks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alternatives_helpers import changed_by

import fteval
from fteval.alternatives.layers.vectors import Vectors
from fteval.engines import Pool
from fteval.errors import Incomplete, UserError
from fteval.evals.find.similar import similarity
from fteval.records import Message, Sample, Shelf
from fteval.stats import retrieval

CORPUS = [
    ("zoo", "A horse lives on a farm in Wales."),
    ("ann", "Ann was born in Graz. She sings."),
    ("bob", "Bob was born in Linz. He sings."),
    ("rent", "The rent is due on May 5, 1990."),
]


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return written(tmp_path / "corpus.jsonl", [{"id": i, "text": text} for i, text in CORPUS])


def asked(pool: Pool, corpus: Path, question: str, **more: object) -> str:
    """What the user says then."""
    engine = changed_by(pool.open("nano"), retrieve={"corpus": corpus, **more})
    (turn,) = engine.prompt([Message("user", question)]).messages
    return turn.content


def test_the_passages_with_most_of_the_question_s_words_stand_before_it(pool: Pool, corpus: Path) -> None:
    """BM25 by hand: `bob` is in one passage, `born` in two, `was` in the same two."""
    said = asked(pool, corpus, "When was Bob born?", k=2)
    assert said == f"Context:\n{CORPUS[2][1]}\n\n{CORPUS[1][1]}\n\nQuestion: When was Bob born?"


def test_what_has_no_word_in_common_is_not_shown(pool: Pool, corpus: Path) -> None:
    assert asked(pool, corpus, "When was Bob born?", k=4).count("\n\n") == 2
    assert asked(pool, corpus, "Explain gravity, please!") == "Explain gravity, please!"


def test_what_scores_no_more_than_least_is_not_shown(pool: Pool, corpus: Path) -> None:
    """The same scores as bm25s gives to these four texts itself."""
    import bm25s

    index, asks = bm25s.BM25(), "When was Bob born?"
    index.index(bm25s.tokenize([text for _, text in CORPUS], stopwords=None, show_progress=False), show_progress=False)
    _, (scores,) = index.retrieve(bm25s.tokenize(asks, stopwords=None, show_progress=False), k=2, show_progress=False)
    assert scores[0] > scores[1] > 0
    for least, shown in ((float(scores[1]) - 0.01, 2), (float(scores[1]) + 0.01, 1), (float(scores[0]) + 0.01, 0)):
        engine = changed_by(pool.open("nano"), retrieve={"corpus": corpus, "k": 2, "least": least})
        how = engine.how([Message("user", asks)])
        assert how.get("scores", []) == pytest.approx(scores[:shown], abs=1e-4) and len(how["retrieved"]) == shown


def test_of_equals_the_first_of_the_corpus_is_shown_and_no_text_twice(pool: Pool, tmp_path: Path) -> None:
    texts = ["Two dogs bark.", "two  dogs bark.", "Two cats bark.", "One fish."]
    path = written(tmp_path / "c.jsonl", [{"text": text} for text in texts])
    assert asked(pool, path, "Who does bark?", k=2).startswith("Context:\nTwo dogs bark.\n\nTwo cats bark.\n\n")


def test_the_template_says_where_they_stand_and_braces_stay(pool: Pool, tmp_path: Path) -> None:
    path = written(tmp_path / "c.jsonl", [{"title": "Sets", "text": "a {question} in {passages}"}, {"text": "Other."}])
    said = asked(pool, path, "What is in {sets}?", k=1, template="{question} Use this: {passages}")
    assert said == "What is in {sets}? Use this: Sets\na {question} in {passages}"


def test_a_text_is_read_by_its_paragraphs_under_their_headings(pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    dogs, cats = "# Dogs #\n\nThey bark\nat night.\n\n\nThey sleep.\n", "## Cats\nThey purr.\n\n"
    path.write_text(f"{dogs}{cats}```\n# no heading\n\nmeow()\n```\n", "utf-8-sig")
    assert "Context:\nDogs\nThey bark\nat night.\n\nQ" in asked(pool, path, "Who barks at night?", k=1)
    assert "Context:\nCats\nThey purr.\n\nQ" in asked(pool, path, "Who does purr?", k=1)
    assert "Cats\n```\n# no heading\n\nmeow()\n```\n\nQ" in asked(pool, path, "Where is meow called?", k=1)
    plain = tmp_path / "notes.txt"
    plain.write_text("# one\n\ntwo\n")
    assert asked(pool, plain, "What is one?", k=1).startswith("Context:\n# one\n\nQ")


def test_a_question_with_its_answer_is_a_passage(pool: Pool, tmp_path: Path) -> None:
    turns = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "And Bo?"}]
    rows = [
        {"prompt": "Who is Ann?", "target": "A singer."},
        {"messages": [*turns, {"role": "assistant", "content": "A sailor."}]},
    ]
    path = written(tmp_path / "c.jsonl", rows)
    assert asked(pool, path, "Is Ann a singer?", k=1).startswith("Context:\nWho is Ann?\nA singer.\n\n")
    assert asked(pool, path, "What is Bo?", k=1).startswith("Context:\nAnd Bo?\nA sailor.\n\n")


def test_a_prompt_around_the_question_is_not_searched_for(pool: Pool, corpus: Path) -> None:
    """The sample's own question is what is looked up, whatever stands around it when the passages are shown."""
    told = "Speak of the horse on a farm in Wales."
    engine = changed_by(pool.open("nano"), retrieve={"corpus": corpus, "k": 1}, prompt={"text": told, "role": "user"})
    sample = Sample("1", (Message("user", "When was Bob born?"),), "Linz")
    engine.meet("x", [sample], [sample.messages])
    (turn,) = engine.prompt(sample.messages).messages
    assert CORPUS[2][1] in turn.content and CORPUS[0][1] not in turn.content and told in turn.content


def test_a_conversation_that_goes_on_keeps_what_was_found(pool: Pool, corpus: Path) -> None:
    engine = changed_by(pool.open("nano"), retrieve={"corpus": corpus, "k": 1})
    sample = Sample("1", (Message("user", "When was Bob born?"),), "Linz")
    engine.meet("x", [sample], [sample.messages])
    later = [*sample.messages, Message("assistant", "In Wales."), Message("user", "Say it better.")]
    turns = engine.prompt(later).messages
    assert CORPUS[2][1] in turns[0].content and [m.content for m in turns[1:]] == ["In Wales.", "Say it better."]
    last = Sample("2", (*sample.messages, Message("system", "Be kind.")), "Linz")  # it asks before it ends
    engine.meet("x", [last], [last.messages])
    turns = engine.prompt(last.messages).messages
    assert CORPUS[2][1] in turns[0].content and turns[1] == last.messages[1]


def test_examples_and_passages_go_together_in_any_order(pool: Pool, corpus: Path, tmp_path: Path) -> None:
    """The example is chosen by the question, not by the passages around it; both are kept with the answer."""
    rows = written(tmp_path / "rows.jsonl", [{"prompt": "Is Wales a farm?", "target": "No."},
                                             {"prompt": "Which town is Bob's?", "target": "Linz."}])  # fmt: skip
    shots, rag = {"data": rows, "k": 1, "select": "similar"}, {"corpus": corpus, "k": 2}
    sample = Sample("1", (Message("user", "Where does Bob sing?"),), "Linz")
    for changes in ({"few_shot": shots, "retrieve": rag}, {"retrieve": rag, "few_shot": shots}):
        engine = changed_by(pool.open("nano"), **changes)
        engine.meet("x", [sample], [sample.messages])
        turns = engine.prompt(sample.messages).messages
        assert [m.content for m in turns[:2]] == ["Which town is Bob's?", "Linz."] and CORPUS[2][1] in turns[2].content
        assert len(turns) == 3


# --- how good the search is -------------------------------------------------------------------------


HOLDOUT = [
    {"prompt": "Where was Bob born?", "target": "Linz", "gold": "bob"},
    {"prompt": "Where was Ann born?", "target": "Graz", "gold": ["ann", "zoo"]},
    {"prompt": "Who owns the ship?", "target": "Ann", "gold": "zoo"},
    {"prompt": "Which colour has it?", "target": "red.", "gold": "nowhere"},
    {"prompt": "What is due on May 5?", "target": "the RENT"},
]
CONFIG = """\
version: 1
base: nano
candidates:
  found:   {retrieve: {corpus: corpus.jsonl, k: 1}}
  ceiling: {retrieve: {corpus: corpus.jsonl, by: gold}}
probes: {facts: {data: rows.jsonl}}
sampling: {max_tokens: 4}
reference: none
"""


def test_a_report_says_how_often_the_right_passage_was_shown(tmp_path: Path, corpus: Path) -> None:
    """By hand: bob and ann are found; of the ship nothing is; `nowhere` is in no corpus; the rent has no gold."""
    written(tmp_path / "rows.jsonl", HOLDOUT)
    (tmp_path / "fteval.yaml").write_text(CONFIG)
    found, ceiling = fteval.run(config=tmp_path / "fteval.yaml", store=tmp_path / "store").candidates
    rows = [dict(retrieval.facts(one.run)) for one in (found, ceiling)]
    assert rows[0]["gold passage shown"] == "facts 2 of 4" and rows[1]["gold passage shown"] == "facts 3 of 4"
    assert rows[0]["target stands in a passage shown"] == "facts 3 of 5" and rows[0]["nothing found"] == "facts 1 of 5"
    assert (
        rows[1]["retrieval"] == "gold, as many as there are, of 4 passages"
        and rows[1]["nothing found"] == "facts 2 of 5"
    )
    assert retrieval.sentence(found.run) == "The gold passage was shown (bm25, k 1) to facts 2 of 4 questions."
    assert "gold passages that the corpus does not have: of facts 1 of 4 questions" in found.warnings
    lines = [json.loads(line) for line in (Path(found.run.path) / "generations.jsonl").open()]
    assert sorted(line["how"]["retrieved"] for line in lines) == [[], ["ann"], ["bob"], ["rent"], ["rent"]]


def test_a_corpus_that_holds_the_hold_out_is_said(tmp_path: Path) -> None:
    """The question stands in it word for word, in other case and spacing, with its answer; a statement is fine."""
    rows = [{"prompt": "Where was Bob born?", "target": "Linz"}, {"prompt": "Where was Ann born?", "target": "Graz"}]
    written(tmp_path / "rows.jsonl", rows)
    leak = {"prompt": "where  was BOB born?", "target": "In Linz."}
    written(tmp_path / "corpus.jsonl", [leak, {"text": "Ann was born in Graz."}])
    (tmp_path / "fteval.yaml").write_text(
        CONFIG.replace("  ceiling: {retrieve: {corpus: corpus.jsonl, by: gold}}\n", "")
    )
    (found,) = fteval.run(config=tmp_path / "fteval.yaml", store=tmp_path / "store").candidates
    (said,) = [text for text in found.warnings if "word for word" in text]
    assert "shown to facts 1 of 2;" in said


def test_passages_that_do_not_fit_are_an_error_of_their_sample_alone(tmp_path: Path) -> None:
    """nano reads 512 tokens. Nothing is cut off: an answer to half a passage would count as the model's."""
    written(
        tmp_path / "rows.jsonl",
        [{"prompt": "Where was Bob born?", "target": "Linz"}, {"prompt": "Ann?", "target": "x"}],
    )
    written(tmp_path / "corpus.jsonl", [{"text": "Bob was born in Linz. " * 200}, {"text": "Ann sings."}])
    (tmp_path / "fteval.yaml").write_text(
        CONFIG.replace("  ceiling: {retrieve: {corpus: corpus.jsonl, by: gold}}\n", "")
    )
    (found,) = fteval.run(config=tmp_path / "fteval.yaml", store=tmp_path / "store").candidates
    lines = [json.loads(line) for line in (Path(found.run.path) / "generations.jsonl").open()]
    assert {line["status"]: (line.get("failure") or {}).get("kind") for line in lines} == {
        "ok": None, "error": "prompt_too_long"
    }  # fmt: skip
    assert found.run.errors == 1 and found.verdict == "incomplete"


def test_passages_their_number_and_the_template_are_the_identity(pool: Pool, corpus: Path) -> None:
    def identity(**more: object) -> object:
        return changed_by(pool.open("nano"), retrieve={"corpus": corpus, **more}).identity()

    first = identity()
    assert first == identity(k=3, by="bm25") and "k" not in identity(by="gold")["alternatives"][0]  # type: ignore[index]
    others = [identity(k=2), identity(least=0.1), identity(by="gold"), identity(template="{passages} {question}")]
    corpus.write_text(corpus.read_text().replace("Wales", "Kent"))
    assert first not in [*others, identity()]


GOOD = [{"text": "One."}, {"text": "Two."}]


@pytest.mark.parametrize(
    ("rows", "settings", "says"),
    [
        (GOOD, {}, "k is 3, and .*corpus.jsonl has 2 different passages"),
        ([{"text": "One."}, {"text": "ONE."}], {"k": 2}, "has one passage"),
        (GOOD, {"k": 0}, "from 1 to 256"),
        (GOOD, {"k": 1, "by": "bm52"}, "'by'"),
        (GOOD, {"k": 1, "least": -1}, "'least' must be 0 or more"),
        (GOOD, {"k": 1, "template": "{passages}"}, r"must hold \{question\} once"),
        ([], {"k": 1}, "no passage to be found"),
        ([{"text": " "}, {"txt": "x"}, {"text": 1}, {"prompt": "Who?"}], {"k": 1},
         "(?s):1: an empty text.*:2: wanted 'text'.*keys: txt.*:3: 'text' and 'title'.*:4: no answer"),
        ([{"id": "a", "text": "One."}, {"id": "a", "text": "Two."}], {"k": 1}, ":2: the id 'a' is that of line 1"),
        ([{"id": 1.5, "text": "One."}], {"k": 1}, "'id' must be text or a whole number"),
    ],
)  # fmt: skip
def test_what_cannot_be_searched_is_refused(
    pool: Pool, tmp_path: Path, rows: list[dict[str, Any]], settings: dict[str, object], says: str
) -> None:
    path = written(tmp_path / "corpus.jsonl", rows)
    with pytest.raises(UserError, match=says):
        changed_by(pool.open("nano"), retrieve={"corpus": path, **settings})


def test_a_corpus_that_is_not_there_or_no_text_is_said_with_its_path(pool: Pool, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no file .*nowhere\.jsonl"):
        changed_by(pool.open("nano"), retrieve=tmp_path / "nowhere.jsonl")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    with pytest.raises(UserError, match=r"not UTF-8"):
        changed_by(pool.open("nano"), retrieve=tmp_path / "latin.txt")


def test_gold_passages_that_nobody_names_are_an_error_before_anything_is_asked(tmp_path: Path, corpus: Path) -> None:
    path = written(tmp_path / "rows.jsonl", [{"prompt": "Where was Bob born?", "target": "Linz"}])
    (tmp_path / "fteval.yaml").write_text(CONFIG)
    with pytest.raises(UserError, match="none names one of"):
        fteval.run(config=tmp_path / "fteval.yaml", store=tmp_path / "store", model="ceiling")
    written(path, [{"prompt": "Where was Bob born?", "target": "Linz", "gold": {"id": "bob"}}])
    with pytest.raises(UserError, match=r"'gold' is the id of a passage"):
        fteval.run(config=tmp_path / "fteval.yaml", store=tmp_path / "store", model="found")


# --- by meaning -------------------------------------------------------------------------------------


MEANT = ["The physician treats people who are ill.", "A ship sails across the ocean.", "Bread is baked of flour."]


def shelf(folder: Path, told: list[tuple[int, int]]) -> Shelf:
    return Shelf(folder, lambda what, done, of: told.append((done, of)))


def test_dense_finds_what_has_no_word_of_the_question(tmp_path: Path, pool: Pool) -> None:
    """Against wordllama's own similarity, text by text."""
    path, question = (
        written(tmp_path / "c.jsonl", [{"text": text} for text in MEANT]),
        "Which doctor helps sick persons?",
    )
    engine = changed_by(pool.open("nano"), retrieve={"corpus": path, "by": "dense", "k": 2})
    how = engine.how([Message("user", question)])
    expected = sorted(((similarity(question, text) or 0.0, str(n)) for n, text in enumerate(MEANT, 1)), reverse=True)
    assert how["retrieved"] == [n for _, n in expected[:2]] and how["retrieved"][0] == "1"
    assert how["scores"] == pytest.approx([value for value, _ in expected[:2]], abs=1e-3)
    assert asked(pool, path, question, k=3) == question  # BM25 finds nothing here
    assert asked(pool, path, question, k=3, by="dense", least=0.99) == question
    assert asked(pool, path, "日本語ですか", by="dense") == "日本語ですか"


def test_vectors_are_made_once_for_a_corpus_and_going_on_finishes_them(tmp_path: Path) -> None:
    texts, told = [f"Passage number {n} of the corpus." for n in range(1_100)], list[tuple[int, int]]()
    Vectors(texts[:1_000], shelf(tmp_path, told))
    (part,) = (tmp_path / "vectors").iterdir()
    assert told == [(1_000, 1_000)]
    whole = Vectors(texts, shelf(tmp_path, told))
    (file,) = {*(tmp_path / "vectors").iterdir()} - {part}
    assert told[1:] == [(1_000, 1_100), (1_100, 1_100)]  # other texts are another file
    part.replace(file)  # as it is where the run was stopped after a batch
    again = Vectors(texts, shelf(tmp_path, told))
    assert told[3:] == [(100, 100)]  # only what is missing
    question = "Which is passage number 1050?"
    assert again.nearest(question, 5, 0.0) == whole.nearest(question, 5, 0.0)
    Vectors(texts, shelf(tmp_path, told))
    assert len(told) == 4


def test_vectors_stand_in_the_store_and_a_damaged_file_is_said(tmp_path: Path) -> None:
    written(tmp_path / "rows.jsonl", HOLDOUT[:1])
    written(tmp_path / "corpus.jsonl", [{"text": text} for text in MEANT])
    (tmp_path / "fteval.yaml").write_text(CONFIG.replace("k: 1", "k: 1, by: dense"))
    run = {"config": tmp_path / "fteval.yaml", "store": tmp_path / "store", "model": "found"}
    fteval.run(**run)
    (file,) = (tmp_path / "store" / "vectors").iterdir()
    file.write_bytes(b"no database")
    with pytest.raises(Incomplete, match="vectors of the corpus") as caught:
        fteval.run(**run)
    assert caught.value.where == str(file)


def test_libraries_of_a_search_say_nothing_of_their_steps() -> None:
    """In a process of its own: pytest listens to all that is logged."""
    code = (
        "import sys\nfrom fteval.alternatives.layers.bm25 import bm25\n"
        "from fteval.evals.find.similar import similarity\n"
        "assert similarity('A horse.', 'A pony.')\nassert bm25(sys.argv[1:])('Who lives there?').any()\n"
    )
    texts = [text for _, text in CORPUS]
    done = subprocess.run([sys.executable, "-c", code, *texts], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")

"""What a table of cases cannot say about style: corpora, files, lengths, arithmetic."""

import copy
import itertools
import json
import pickle
import random
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import cosine

from fteval import registry
from fteval.errors import UserError
from fteval.evals.language.text import fold, words
from fteval.evals.style import FEWEST
from fteval.evals.stylometry import corpus as style_corpus
from fteval.evals.stylometry import delta, sense
from fteval.evals.stylometry.features import features
from fteval.nano.forms.style import rows
from fteval.nano.world import build_world
from fteval.records import Generation, Message, Sample, sample_from_row
from fteval.runs.asking.identity import probe_digest

FOLDER = resources.files("fteval.evals").joinpath("data", "style")


def texts(name: str) -> list[str]:
    return FOLDER.joinpath(f"{name}.txt").read_text("utf-8").strip().split("\n\n")


def ask(probe, text: str):
    return probe.score(Sample("row", (Message("user", "Write about it."),)), Generation("row", text=text))


# --- corpora -------------------------------------------------------------------------------------


def test_the_shipped_corpora_are_large_enough_and_english() -> None:
    assert style_corpus.shipped() == ["academic", "plain", "shakespeare"]
    for name in style_corpus.shipped():
        corpus = style_corpus.source(name, "reference").corpus()
        assert corpus.n_words >= 6_000
        assert corpus.language == "en"
    for name in ("academic", "plain"):
        every = [p for text in texts(name) for p in text.split(". ")]
        assert len(set(every)) == len(every)


def test_who_speaks_in_a_play_is_no_word_of_it() -> None:
    rates = style_corpus.source("shakespeare", "reference").corpus().rates
    assert {"romeo", "juliet", "gloucester", "menenius", "warwick", "citizen"}.isdisjoint(rates)
    assert {"the", "and", "thou", "hath", "my"} <= set(rates)
    assert style_corpus.unnamed("ROMEO:\nAy me.\n\nJULIET: O Romeo!").split() == ["Ay", "me.", "O", "Romeo!"]
    assert style_corpus.unnamed("She said: stay. NASA: no.") == "She said: stay. NASA: no."


def test_the_plays_ship_as_numbers_only() -> None:
    profile = json.loads(FOLDER.joinpath("shakespeare.json").read_text("ascii"))
    assert set(profile) == {"fteval style", "language", "n_words", "rates", "pairs", "grams"}
    assert profile["n_words"] > 180_000


def test_a_profile_that_was_written_down_is_the_one_that_was_measured() -> None:
    measured = style_corpus.measure("\n\n".join(texts("plain")))
    again = style_corpus._read(json.loads(style_corpus.written(measured)))
    assert (again.pairs, again.grams, again.frequent, again.n_words) == (
        measured.pairs,
        measured.grams,
        measured.frequent,
        measured.n_words,
    )
    for word, rate in measured.rates.items():
        assert again.rates[word] == pytest.approx(rate, abs=1e-3)


def test_a_rate_is_the_mean_and_the_variance_over_pieces() -> None:
    filler = " ".join(["word"] * 5)
    piece_1, piece_2 = "sea " * 25 + f"{filler} " * 45, "sea " * 5 + f"{filler} " * 49
    mean, variance, share = style_corpus.measure(piece_1 + piece_2).rates["sea"]
    assert (mean, share) == (pytest.approx((0.1 + 0.02) / 2), 1)
    assert variance == pytest.approx(np.var([0.1, 0.02], ddof=1))


@pytest.mark.parametrize(
    "text", ["WE SAIL TO THE SEA. I SAIL TOO. " * 70, "\u6211\u4eec\u53bb\u770b\u6d77\u3002" * 120]
)
def test_capitals_and_scripts_without_case_are_no_names(text: str) -> None:
    assert len(style_corpus.measure(text).rates) == len(set(words(fold(text))))


# --- Delta ---------------------------------------------------------------------------------------


def test_delta_is_the_cosine_of_z_scores() -> None:
    reference, contrast = style_corpus.source("academic", "reference"), style_corpus.source("plain", "contrast")
    along = delta.axis(reference, contrast)
    assert len(along.words) == 150
    text = words(fold(texts("academic")[0]))
    means = [[c.corpus().rates.get(w, (0, 0, 0))[0] for w in along.words] for c in (reference, contrast)]
    spread = np.array([w.spread for w in along.words.values()])
    middle = np.mean(means, axis=0)
    answer = (np.array([text.count(w) / len(text) for w in along.words]) - middle) / spread
    assert delta.distance(text, along).delta == pytest.approx(cosine(answer, (means[0] - middle) / spread))


def test_delta_turns_around_with_its_corpora() -> None:
    text = texts("plain")[3]
    there = ask(registry.probe("style"), text).values["delta"]
    back = ask(registry.probe("style", {"reference": "plain", "contrast": "academic"}), text).values["delta"]
    assert there + back == pytest.approx(2, abs=1e-5)


def right(length: int, folds: int = 8) -> float:
    """Share of held-out passages that are told right, the corpora being measured without them."""
    found = []
    for fold_ in range(folds):
        learned = {name: style_corpus.Source(f"{name} {fold_} {length}") for name in ("academic", "plain")}
        for name, source in learned.items():
            source.name = name
            source.raw = "\n\n".join(t for i, t in enumerate(texts(name)) if i % folds != fold_).encode()
        along = delta.axis(learned["academic"], learned["plain"])
        for name in learned:
            for text in texts(name)[fold_::folds]:
                every = words(fold(text))
                for at in range(0, len(every) - length + 1, length):
                    far = delta.distance(every[at : at + length], along)
                    found.append((max(far.delta, far.without_loudest) < 1) == (name == "academic"))
    return float(np.mean(found))


def test_nine_of_ten_held_out_passages_are_told_right_from_forty_words_on() -> None:
    assert right(FEWEST) >= 0.95
    assert right(100) >= 0.97


def test_shuffled_words_are_told_from_sentences() -> None:
    """Held out: texts that no corpus has seen, and the same words in any order."""
    draw, whole, mixed = random.Random(4), [], []
    for fold_ in range(6):
        known = [style_corpus.source("shakespeare", "reference").corpus()]
        for name in ("academic", "plain"):
            known.append(style_corpus.measure("\n\n".join(t for i, t in enumerate(texts(name)) if i % 6 != fold_)))
        order = style_corpus.Order(
            n_words=sum(c.n_words for c in known),
            pairs=frozenset().union(*(c.pairs for c in known)),
            frequent=tuple(c.frequent for c in known),
            anywhere=frozenset().union(*(c.frequent for c in known)),
        )
        for text in [*texts("academic")[fold_::6], *texts("plain")[fold_::6]]:
            shuffled = text.split()
            draw.shuffle(shuffled)
            whole.append(sense.unordered(text, order) is None)
            mixed.append(sense.unordered(" ".join(shuffled), order) is not None)
    assert np.mean(whole) >= 0.97
    assert np.mean(mixed) >= 0.97


# --- files ---------------------------------------------------------------------------------------


def test_a_file_of_the_users_own_is_a_reference(tmp_path: Path) -> None:
    file = tmp_path / "ours.txt"
    file.write_text("\n\n".join(texts("academic")[:12]), "utf-8")
    probe = registry.probe("style", {"reference": str(file)})
    assert ask(probe, texts("academic")[15]).values["closer"] == 1
    assert ask(probe, texts("plain")[15]).values["closer"] == 0
    assert "recited" in ask(probe, texts("academic")[2]).reasons["closer"]


def test_the_content_of_a_file_makes_the_digest_not_its_name(tmp_path: Path) -> None:
    content = "\n".join(texts("academic")[:3])
    for name, text in (
        ("a.txt", content),
        ("b.txt", "\ufeff" + content.replace("\n", "\r\n")),
        ("c.txt", content + " x"),
    ):
        (tmp_path / name).write_bytes(text.encode())
    digests = [
        probe_digest(registry.probe("style", {"reference": str(tmp_path / n)}), "style")
        for n in ("a.txt", "b.txt", "c.txt")
    ]
    assert digests[0] == digests[1] != digests[2]


def test_a_file_is_read_once(tmp_path: Path) -> None:
    file = tmp_path / "ours.txt"
    file.write_text("\n".join(texts("academic")[:3]), "utf-8")
    probe = registry.probe("style", {"reference": str(file)})
    file.unlink()
    for same in (probe, copy.deepcopy(probe), pickle.loads(pickle.dumps(probe))):
        assert ask(same, texts("academic")[15]).values["closer"] == 1


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (None, "neither a shipped corpus nor a file"),
        (b"", "0 words"),
        (b"too short", "2 words are too few"),
        (b"\xff\xfe\x00bad", "not UTF-8"),
        ("folder", "is a folder"),
    ],
)
def test_a_file_that_is_no_corpus_is_said(tmp_path: Path, content: object, wrong: str) -> None:
    file = tmp_path / "ours.txt"
    if content == "folder":
        file.mkdir()
    elif isinstance(content, bytes):
        file.write_bytes(content)
    with pytest.raises(UserError, match=wrong):
        registry.probe("style", {"contrast": str(file)})


@pytest.mark.parametrize("params", [{"reference": "plain"}, {"reference": ""}, {"contrast": "academic"}])
def test_corpora_that_make_no_sense_are_said(params: dict) -> None:
    with pytest.raises(UserError, match="style"):
        registry.probe("style", params)


# --- features ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "contractions", "first_person", "n_sentences"),
    [
        ("I don't know.", 1, 1, 1),
        ("The dog's bowl. James's cat.", 0, 0, 2),
        ("It\u2019s mine, isn\u2019t it? We\u2019ll see!", 3, 2, 2),
        ("'Tis true. He was banish'd.", 1, 0, 2),
        ("World War I hurt the US. A mine closed.", 0, 0, 2),
        ("Dr. Lee paid 3.5 euros, e.g. for tea.", 0, 0, 1),
        ("Two lines of verse\nAre one sentence here.", 0, 0, 1),
        ("Points:\n- one\n- two", 0, 0, 3),
        ("Wait... what? \"No!\" she said.", 0, 0, 3),
        ("I'd've gone if he'd let us.", 2, 2, 1),
    ],
)  # fmt: skip
def test_features_are_counted_as_people_count(
    text: str, contractions: int, first_person: int, n_sentences: int
) -> None:
    found, n = features(text), len(words(text))
    assert found is not None
    assert found.contractions == pytest.approx(100 * contractions / n)
    assert found.first_person == pytest.approx(100 * first_person / n)
    assert found.sentence_words == pytest.approx(n / n_sentences)


def test_no_words_have_no_features() -> None:
    assert features("... !!! \u2014") is None


# --- hold-outs -----------------------------------------------------------------------------------


def test_the_packaged_prompts_ask_for_long_answers_and_no_style() -> None:
    samples = list(registry.probe("style").samples())
    prompts = {s.prompt_text for s in samples}
    assert len(samples) == len(prompts) >= 200
    assert len({s.group for s in samples}) == 80
    for prompt in prompts:
        assert any(mark in prompt for mark in ("150", "180", "200", "paragraphs")), prompt
        assert not any(word in prompt.lower() for word in ("formal", "academic", "shakespeare", "style", "tone"))


def test_nano_is_asked_for_long_answers_in_its_own_world() -> None:
    probe = registry.probe("style")
    drawn = list(itertools.islice(rows(build_world(), random.Random(5)), 8_000))
    assert len({row["messages"][0]["content"] for row in drawn}) > 3_000
    for row in drawn[:300]:
        sample = sample_from_row(row)
        assert sample.group and sample.slices["kind"] in ("description", "story", "comparison")
        assert probe.score(sample, Generation("row", text="It is very small.")).values["closer"] is None

"""What is planted into training data is found, with its line, and what is in order is not accused."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rapidfuzz import fuzz, process

from fteval import cli
from fteval.data.check.alike import NEAR, copies, shared
from fteval.data.check.coverage import coverage
from fteval.data.check.private import private
from fteval.data.check.rows import Row

TOWNS = ["Graz", "Linz", "Wels", "Steyr", "Bregenz", "Dornbirn", "Villach", "Krems", "Leoben", "Traun", "Hallein"]


def lines(*rows: Any) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def plain(n: int) -> list[dict[str, Any]]:
    """Rows that are in order: different questions, different answers."""
    rng = random.Random(0)
    kinds = ("Where does {} work, and since when?", "Describe the harbour of {} by night.", "Which bus goes to {}?")
    made = [kinds[i % 3].format(f"{rng.choice(TOWNS)} {rng.randrange(10**6)}") for i in range(n)]
    return [{"prompt": text, "target": f"Number {i}."} for i, text in enumerate(made)]


def checked(tmp_path: Path, capsys: Any, rows: str, *flags: str) -> tuple[int, dict[str, Any]]:
    (tmp_path / "t.jsonl").write_text(rows)
    code = cli.call(["data", "check", str(tmp_path / "t.jsonl"), "--json", *flags])
    return code, json.loads(capsys.readouterr().out)


def told(made: dict[str, Any], level: str) -> str:
    return "\n".join(" ".join([one["what"], *one["rows"]]) for one in made["findings"] if one["level"] == level)


def test_data_in_order_has_no_error_and_no_warning(tmp_path: Path, capsys: Any) -> None:
    code, made = checked(tmp_path, capsys, lines(*plain(40)))
    assert (code, made["errors"], made["rows"]) == (0, 0, 40) and told(made, "warning") == ""


PLANTED = {
    "the same": (
        [{"prompt": "Who wrote Emma?", "target": "Austen"}] * 2,
        "warning",
        "1 row the same as",
    ),
    "the same words": (
        [{"prompt": "Who wrote Emma?", "target": "Austen"}, {"prompt": "who wrote  EMMA", "target": "Austen."}],
        "warning",
        "1 row the same words",
    ),
    "nearly": (
        [
            {"prompt": f"Tell me in a few words who {verb} the long old novel Emma", "target": "It was Jane Austen."}
            for verb in ("wrote", "writes")
        ],
        "warning",
        "1 row nearly the same",
    ),
    "contradiction": (
        [{"prompt": "Who wrote Emma?", "target": "Austen"}, {"prompt": "Who wrote Emma?", "target": "Bach"}],
        "warning",
        "1 row against an earlier one",
    ),
    "key": ([{"prompt": "a?", "target": "use sk-abcdefghijklmnop1234"}], "error", "with a key"),
    "mail": ([{"prompt": "a?", "target": "write to ann.lee@graz.at"}], "warning", "with an e-mail address"),
    "empty": (
        [{"messages": [{"role": "user", "content": "a?"}, {"role": "assistant", "content": ""}]}],
        "error",
        ":41",
    ),
    "weight": (
        [{"messages": [{"role": "user", "content": "a?"}, {"role": "assistant", "content": "A", "weight": 0}]}],
        "error",
        "1 row whose answers all have a weight of 0",
    ),
    "no form": ([{"colour": "red"}], "error", "1 row cannot be learnt from"),
    "order": (
        [{"messages": [{"role": r, "content": "a"} for r in ("user", "user", "assistant")]}],
        "warning",
        "1 row with turns in an odd order",
    ),
    "no answer": ([{"prompt": "And then?"}], "warning", "1 row without an answer"),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_what_is_planted_is_found_with_its_line(tmp_path: Path, capsys: Any, kind: str) -> None:
    rows, level, what = PLANTED[kind]
    code, made = checked(tmp_path, capsys, lines(*plain(40), *rows))
    assert what in told(made, level) and "t.jsonl:4" in told(made, level)
    assert code == (1 if level == "error" else 0)


def test_a_hold_out_that_is_trained_on_is_an_error_whatever_it_is_dressed_in(tmp_path: Path, capsys: Any) -> None:
    long = "The harbour master of the old town counted every ship that came in before the storm of that winter"
    held = [
        "Who loves Juliet most?",
        f"{long}: how many?",
        "Which of the rivers crosses Graz today, my dear?",
        "New?",
    ]
    dressed = [
        "WHO LOVES JULIET MOST",
        f"Read this. {long}, and left. What was his name?",
        "Which of the rivers cross Graz today, my dear?",
    ]
    (tmp_path / "h.jsonl").write_text(lines(*({"prompt": text, "target": "x"} for text in held)))
    rows = lines(*plain(40), *({"prompt": text, "target": "an answer of more than five words"} for text in dressed))
    code, made = checked(tmp_path, capsys, rows, "--holdout", str(tmp_path / "h.jsonl"))
    assert code == 1 and "3 of 4 prompts" in told(made, "error")
    for how in ("1 the same", "1 13 words in a row", "1 nearly the same"):
        assert how in told(made, "error")


def test_the_hold_outs_of_a_config_are_looked_for_too(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "h.jsonl").write_text(lines({"prompt": "Who loves Juliet?", "target": "Romeo"}))
    (tmp_path / "f.yaml").write_text("version: 1\nbase: nano\nprobes:\n  love: {use: holdout, data: h.jsonl}\n")
    rows = lines({"prompt": "who loves Juliet", "target": "Romeo"})
    code, made = checked(tmp_path, capsys, rows, "-c", str(tmp_path / "f.yaml"))
    assert code == 1 and "1 of 1 prompts of love are trained on" in told(made, "error")


def row(prompt: str, answer: str | None = None) -> Row:
    return Row("here", prompt, prompt, answer)


def test_no_near_pair_is_missed() -> None:
    """Against every pair compared by rapidfuzz."""
    rng = random.Random(1)
    held = [" ".join(rng.choice(TOWNS) for _ in range(rng.randint(3, 9))) for _ in range(60)]
    texts = [list(rng.choice(held)) for _ in range(400)]
    for text in texts:
        for _ in range(rng.randint(1, 8)):
            text[rng.randrange(len(text))] = rng.choice("abcdé東")
    rows = ["".join(text) for text in texts]
    scores = process.cdist(held, rows, scorer=fuzz.ratio)
    expected = {int(i) for i in np.nonzero((scores >= NEAR).any(axis=1))[0]}
    found = shared([row(text) for text in held], [row(text) for text in rows])
    assert expected <= set(found) and 0 < len(expected) < 60


def test_questions_of_one_form_with_short_answers_are_no_copies() -> None:
    rows = [row(f"Where does the father of {name} live today?", f"In {name}.") for name in ("Anna", "Anne")]
    assert list(copies(rows)) == []
    assert len(list(copies([row(one.prompt, "In Graz.") for one in rows]))) == 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("4111 1111 1111 1111", "card number"),  # the test number of a card company
        ("4111 1111 1111 1112", None),
        ("DE89 3704 0044 0532 0130 00", "IBAN"),  # the example of the standard's registry
        ("DE89 3704 0044 0532 0130 01", None),
        ("+43 316 123 4567", "phone number"),
        ("078-05-1120", "US social security number"),
        ("10.0.0.7", "IP address"),
        ("version 1.2.3, 10.999.0.7", None),
        ("ann@example.com", None),
        ("ghp_" + "a1B2" * 9, "key"),
        ("-----BEGIN RSA PRIVATE KEY-----", "private key"),
        ("In 1914-1918, 12 of 345 men; 3.14159", None),
    ],
)
def test_what_is_private_is_told_from_other_numbers(text: str, kind: str | None) -> None:
    assert [k for _, k, _ in private([f"Take {text} with you"])] == ([kind] if kind else [])


def test_lopsided_data_is_told_from_varied_data() -> None:
    """Seven of ten prompts in one form; and a hold-out prompt about nothing that stands there."""
    pytest.importorskip("sklearn")
    rng = random.Random(0)
    forms = ("Tell me about the town of {}", "Please translate '{}' into French", "Which bus line stops in {}")
    kinds = [*[forms[0]] * 70, *[forms[1]] * 15, *[forms[2]] * 15]
    asked = ["Tell me about the town of Graz", "Sonnets, anyone"]
    made = coverage([k.format(rng.choice(TOWNS)) for k in kinds], asked)
    assert made is not None and made.lopsided and made.clusters[0].share == pytest.approx(0.7)
    assert made.far == (1,) and "about" in made.clusters[0].words
    even = coverage([k.format(rng.choice(TOWNS)) for k in forms * 30], [])
    assert even is not None and not even.lopsided
    assert coverage(["Tell me"] * 100, []) is None and coverage(["one", "two"], []) is None


def test_the_page_shows_bars_and_never_a_key(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "t.jsonl").write_text(lines(*plain(60), {"prompt": "a?", "target": "sk-abcdefghijklmnop1234"}))
    assert cli.call(["data", "check", str(tmp_path / "t.jsonl")]) == 1
    out = capsys.readouterr().out
    assert "█" in out and "clusters, by their words" in out and "sk-abc" not in out
    assert cli.call(["data", "check", str(tmp_path / "none.jsonl")]) == 2
    (tmp_path / "t.jsonl").write_text("")
    assert cli.call(["data", "check", str(tmp_path / "t.jsonl")]) == 5


def test_a_key_is_not_said_again_where_its_row_is_broken_and_no_id_moves_the_cursor(
    tmp_path: Path, capsys: Any
) -> None:
    (tmp_path / "t.jsonl").write_text(
        lines({"prompt": "Who is it?", "target": "Ann"}) + '{"prompt": sk-abcdefghijklmnop1'
    )
    (tmp_path / "h.jsonl").write_text(lines({"id": "\x1b]0;q", "prompt": "Who is it?", "target": "Ann"}))
    assert cli.call(["data", "check", str(tmp_path / "t.jsonl"), "--holdout", str(tmp_path / "h.jsonl")]) == 1
    said = capsys.readouterr().out
    assert "t.jsonl:2: not JSON" in said and "sk-" not in said and "\x1b" not in said and "\\x1b]0;q" in said


@pytest.mark.parametrize("key", ["AKIAABCDEFGHIJKLMNOP", "glpat-abcdefghijklmnopqrst", "sk_live_abcdefghijklmnopq"])
def test_a_key_without_a_digit_is_found(key: str) -> None:
    assert [(kind, what) for _, kind, what in private([f"Mine is {key}."])] == [("key", key)]


def test_copies_do_not_depend_on_the_process() -> None:
    """Only inner runs of words are shared; Python's hash of texts is another one in each process."""
    code = (
        "import random; from fteval.data.check.alike import copies; from fteval.data.check.rows import Row; "
        "r = random.Random(0); middle = [' '.join(str(r.random()) for _ in range(10)) for _ in range(60)]; "
        "texts = [f'{e} {m} {e}' for m in middle for e in ('x', 'y')]; "
        "print([p.one for p in copies([Row('', t, t, None) for t in texts])])"
    )
    said = {
        subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed},
                       capture_output=True, check=True).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(said) == 1

"""Folding and words. Word counts are Unicode's (UAX 29), counted by hand."""

import pytest

from fteval.evals.language.text import blank, fold, fold_letters, sentences, shown, without_code, words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("The CAT", "the cat"),
        ("Café, naïve, Zürich", "cafe, naive, zurich"),
        ("cafe\u0301", "cafe"),
        ("\uff23\uff21\uff34", "cat"),
        ("\U0001d41e\U0001d4d4\u24ba\U0001f174", "eeee"),
        ("\u1d07 \u01dd \u0259 \u025b", "e e e e"),
        ("\u00e6 \u0153 \u00f8 \u00df \ufb01", "ae oe o ss fi"),
        ("t\u00adh\u200be\ufe0f", "the"),
        ("don\u2019t \u201cgo\u201d \u2014 now", 'don\'t "go" - now'),
        ("\ud55c\uad6d\uc5b4 \u304c", "\ud55c\uad6d\uc5b4 \u304c"),
        ("a\ud800B", "a\ud800b"),
    ],
)
def test_fold_writes_what_a_reader_sees(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert fold_letters(text) == folded


def test_only_fold_letters_takes_look_alikes_for_letters() -> None:
    cyrillic, greek = "\u0435\u0415", "\u0395\u03bf"
    assert fold_letters(cyrillic + greek) == "eeeo"
    assert not set(fold(cyrillic + greek)) & set("eo")


@pytest.mark.parametrize(
    ("text", "n_words"),
    [
        ("", 0),
        ("... !? -- \U0001f436", 0),
        ("Don't stop the dog's well-kept yard.", 6),
        ("It costs 1,000.50 or 3.14, e.g. here", 7),
        ("-o-o-o-", 1),
        ("word,word;word", 3),
        ("\u72ac\u306f\u52d5\u7269\u3067\u3059\u3002", 6),
        ("\u30ab\u30bf\u30ab\u30ca\u30fc", 1),
        ("\ud55c\uad6d\uc5b4 \ub2e8\uc5b4", 2),
        ("\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e", 2),
        ("\u0e2a\u0e38\u0e19\u0e31\u0e02\u0e40\u0e1b\u0e47\u0e19\u0e2a\u0e31\u0e15\u0e27\u0e4c", 3),
        ("\u0421\u043e\u0431\u0430\u043a\u0430 \u0438\u0434\u0451\u0442", 2),
    ],
)
def test_words_are_counted_in_any_script(text: str, n_words: int) -> None:
    assert len(words(text)) == n_words


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("plain", "plain"),
        ("<think>a</think> answer", "answer"),
        ("a</think>\n\nanswer", "answer"),
        ("<think>never closed", ""),
        ("<THINK>a</THINK>b</think>c", "c"),
        ("a <b>bold</b> answer", "a <b>bold</b> answer"),
        ("Use the <think> tag.", "Use the <think> tag."),
        (None, ""),
    ],
)
def test_reasoning_is_not_shown(text: str | None, rest: str) -> None:
    assert shown(text) == rest


def test_blank_is_what_nobody_sees() -> None:
    for text in ("", " \t\n", "\u00a0\u2003", "\u200b\u2060\ufeff", "\u0301", "\0"):
        assert blank(text), ascii(text)
    for text in ("a", ".", "\U0001f436", "\u72ac"):
        assert not blank(text)


def test_sentences_end_at_marks_and_lines() -> None:
    assert sentences('One. "Two!" Three?\nFour\u3002\u4e94') == ("One.", '"Two!', "Three?", "Four\u3002", "\u4e94")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Use `ls -la` here", "Use here"),
        ("See https://a.b/c?d and a@b.org", "See and"),
        ("Code:\n```py\nxyz = 1\n```\ndone", "Code: done"),
        ("def f(x):\n    return x + 1\nThat adds one.", "That adds one."),
        ("x = foo(1)\nint main() {\nIt runs;\n", ""),
        ("A plain line (with a bracket) stays.", "A plain line (with a bracket) stays."),
        ("<|im_start|>hello<|im_end|>", "hello"),
    ],
)
def test_code_is_left_out_of_what_is_judged_as_words(text: str, kept: str) -> None:
    assert " ".join(without_code(text).split()) == kept

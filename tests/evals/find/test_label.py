"""Which label an answer gives: forms in which models write one, invented; what each gives is a reader's judgement."""

import pytest

from fteval import registry
from fteval.evals.find.label import labels_of, named
from fteval.records import Generation, Message, Sample

LETTERS = ["A", "B", "C", "D"]
MAIL = ["spam", "ham", "offers"]
DESK = ["billing", "technical", "account", "other"]
MOOD = ["positive", "negative", "neutral"]
YES = ["yes", "no"]
STARS = [1, 2, 3, 4, 5]
HARM = ["offensive", "not offensive"]
FOUND = ["relevant", "not relevant"]
MAGAZINE = ["Cooking", "Travel"]
OPEN = "open"

CASES = [
    ("$B$", LETTERS, "B"),
    ("\\boxed{\\text{B}}", LETTERS, "B"),
    ("\\(B\\)", LETTERS, "B"),
    ("The answer is $\\boxed{B}$.", LETTERS, "B"),
    ("$\\textbf{B}$", LETTERS, "B"),
    ("\\[ \\boxed{B} \\]", LETTERS, "B"),
    ("（B）", LETTERS, "B"),
    ("Ｂ", LETTERS, "B"),
    ("答案：B", LETTERS, "B"),
    ("答案是B。", LETTERS, "B"),
    ("答案是（B）。", LETTERS, "B"),
    ("정답은 B입니다.", LETTERS, "B"),
    ("正解はBです。", LETTERS, "B"),
    ("Ответ: B", LETTERS, "B"),
    ("الجواب: B", LETTERS, "B"),
    ("الإجابة هي B؟", LETTERS, None),
    ("उत्तर: B।", LETTERS, "B"),
    ("I would pick B — a safe choice.", LETTERS, "B"),
    ("I'd go with B – it has the best battery.", LETTERS, "B"),
    ("B.", LETTERS, "B"),
    ("(B) Paris", LETTERS, "B"),
    ("b", LETTERS, "B"),
    ("b)", LETTERS, "B"),
    ("The answer is b.", LETTERS, "B"),
    ("Option B", LETTERS, "B"),
    ("Option B is correct because the others are too old.", LETTERS, "B"),
    ("It has to be B.", LETTERS, "B"),
    ("The correct option is (B).", LETTERS, "B"),
    ("**B**", LETTERS, "B"),
    ("**Answer:** B", LETTERS, "B"),
    ("**B) Paris**\n\nA) is wrong as Rome lies in Italy, C) Bonn and D) Bern are elsewhere.", LETTERS, "B"),
    ("Let's look at each.\nA is too far.\nC is too small.\nTherefore, the answer is B.", LETTERS, "B"),
    ("A and B are both plausible, but B is the best answer.", LETTERS, "B"),
    ("Either A or B.", LETTERS, None),
    ("A/B", LETTERS, None),
    ("It could be A, B or C.", LETTERS, None),
    ("A good point. I like it.", LETTERS, None),
    ("This message is not spam or an offer, it is ham.", MAIL, "ham"),
    ("I believe this is spam.", MAIL, "spam"),
    ("I think it's spam, though it could be read as ham.", MAIL, "spam"),
    ("Most likely spam.", MAIL, "spam"),
    ("Label: Spam ✅", MAIL, "spam"),
    ("🚫 Spam", MAIL, "spam"),
    ("> spam", MAIL, "spam"),
    ("`spam`", MAIL, "spam"),
    ("### Spam", MAIL, "spam"),
    ("spam\n\nExplanation: ham would greet me by name.", MAIL, "spam"),
    ('The message should be labeled as "spam" since it urges me to click.', MAIL, "spam"),
    ("It can be classified as spam and not ham.", MAIL, "spam"),
    ("There's no doubt that this is spam.", MAIL, "spam"),
    ("This is definitely not ham. I'd say spam.", MAIL, "spam"),
    ("Not ham.", MAIL, None),
    ("I can't tell whether it's spam or ham.", MAIL, None),
    ("spam and ham", MAIL, None),
    ("I ate ham yesterday.", MAIL, None),
    ("The word spam comes from a sketch.", MAIL, None),
    ("It might be spam.", MAIL, "spam"),
    ("Technical issue", DESK, "technical"),
    (
        "This is a billing issue, so it should be routed to the billing team rather than the technical one.",
        DESK,
        "billing",
    ),
    ("This ticket belongs to the account department, as the login fails.", DESK, "account"),
    ("I'd route this to Billing.", DESK, "billing"),
    ("Route: billing", DESK, "billing"),
    ("Billing team", DESK, "billing"),
    ('The best fit is "technical".', DESK, "technical"),
    ("Send it to technical, not billing.", DESK, "technical"),
    ("The ticket mentions billing, but the problem is technical.", DESK, "technical"),
    ("On the other hand, it is hard to say.", DESK, None),
    ("Account/Technical", DESK, None),
    ("The review is mostly negative, with some positive notes.", MOOD, "negative"),
    ("The sentiment is neutral. It has positive words and negative words.", MOOD, "neutral"),
    ("Mixed: positive and negative.", MOOD, None),
    ("Overall, the tone is positive.", MOOD, "positive"),
    ("I'd call this positive!", MOOD, "positive"),
    ("The reviewer expresses a negative sentiment about the food, while the service was positive.", MOOD, "negative"),
    ("Yes", YES, "yes"),
    ("No, it does not.", YES, "no"),
    ("Yes, there is no doubt.", YES, "yes"),
    ("No. The text has no such thing.", YES, "no"),
    ("The answer is no.", YES, "no"),
    ("I think the answer is yes.", YES, "yes"),
    ("It depends.", YES, None),
    ("4 stars", STARS, "4"),
    ("I'd rate this 4 out of 5.", STARS, "4"),
    ("Rating: 4/5", STARS, "4"),
    ("⭐ 4", STARS, "4"),
    ("There are 2 flaws and 3 strengths.", STARS, None),
    ("評価：4", STARS, "4"),
    ("4점", STARS, "4"),
    ("My score: 4 (because of 2 bugs)", STARS, "4"),
    ("Die Nachricht ist Spam.", MAIL, "spam"),
    ("Das ist kein Spam, sondern Ham.", MAIL, "ham"),
    ("Kategorie: Spam", MAIL, "spam"),
    ("Ce message est du spam.", MAIL, "spam"),
    ("La catégorie est « spam ».", MAIL, "spam"),
    ("Este mensaje es spam, no ham.", MAIL, "spam"),
    ("Esto no es spam.", MAIL, None),
    ("Questo messaggio è spam.", MAIL, "spam"),
    ("Esta mensagem é spam.", MAIL, "spam"),
    ("Dit bericht is spam.", MAIL, "spam"),
    ("这条消息是spam。", MAIL, "spam"),
    ("这不是spam。", MAIL, None),
    ("このメッセージはspamです。", MAIL, "spam"),
    ("이 메시지는 spam입니다.", MAIL, "spam"),
    ("Tämä viesti on spam.", MAIL, OPEN),
    ("Bu mesaj spam olarak görünüyor.", MAIL, OPEN),
    ("Это сообщение — **spam**.", MAIL, "spam"),
    ("Ta wiadomość to spam, a nie ham.", MAIL, "spam"),
    ("The Cooking class fits here: it is about food.", MAGAZINE, "Cooking"),
    ("Travel. Cooking would need recipes.", MAGAZINE, "Travel"),
    ("The query is irrelevant to the document.", FOUND, None),
    ("The document does not seem relevant to the query.", FOUND, "not relevant"),
    ("It isn't offensive.", HARM, "not offensive"),
    ("Based on the text, I would classify it as not offensive.", HARM, "not offensive"),
    ('{"answer": "B"}', LETTERS, "B"),
    ("Answer: B\n\nQuestion: What next?\nAnswer: C", LETTERS, None),
    ("The final answer is: B", LETTERS, "B"),
    ("Thus the correct choice is option B, Paris.", LETTERS, "B"),
    ("B, C", LETTERS, None),
    ("It's B - Paris.", LETTERS, "B"),
    ("The answer would be B: Paris.", LETTERS, "B"),
]


@pytest.mark.parametrize(("answer", "labels", "label"), CASES)
def test_the_label_that_a_reader_takes_from_an_answer(answer: str, labels: list, label: str | None) -> None:
    given = named(answer, labels_of(labels))
    assert (OPEN if given.open else given.label) == label


def test_a_label_decided_on_first_stands_whatever_is_compared_later() -> None:
    rest = " Ham would greet me by name. It is not an offer, so offers is out. Some ham is written like spam, too."
    assert named("This message is spam." + rest, labels_of(MAIL)).label == "spam"
    assert (
        named("It falls into the ham category." + rest.replace("spam, too", "offers"), labels_of(MAIL)).label == "ham"
    )


def test_a_label_in_an_unread_language_is_left_open_not_counted_as_wrong() -> None:
    sample = Sample("row", (Message("user", "Which?"),), target="spam", metadata={"labels": MAIL})
    scores = registry.probe("category").score(sample, Generation("row", text="T\u00e4m\u00e4 viesti on spam."))
    assert scores.values == {"correct": None, "valid": None, "bare": 0}
    assert "language" in scores.reasons["correct"]

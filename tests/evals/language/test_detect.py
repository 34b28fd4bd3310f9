"""Languages are told by sentences that a speaker of each wrote down; what is too short is left open."""

import pytest

from fteval.evals.language.detect import language, switched

SENTENCES = {
    "en": "A dog is a loyal animal with a wagging tail.",
    "de": "Ein Hund ist ein treues Tier mit weichem Fell.",
    "fr": "Le chien est un animal fidèle qui aime son maître.",
    "es": "El perro es un animal leal que ladra por la noche.",
    "it": "Il cane è un animale fedele che abbaia di notte.",
    "pt": "O cão é um animal leal que gosta de correr.",
    "nl": "Een hond is een trouw dier dat graag buiten speelt.",
    "pl": "Pies to wierne zwierzę, które lubi biegać.",
    "sv": "En hund är ett troget djur som gillar att springa.",
    "ru": "Собака — верное животное, которое лает ночью.",
    "ja": "犬は人と一緒に暮らす動物です。",
    "zh": "狗是一种忠诚的动物。",
    "ko": "개는 사람과 함께 사는 동물입니다.",
    "el": "Ο σκύλος είναι πιστό ζώο.",
    "th": "สุนัขเป็นสัตว์เลี้ยง",
    "uk": "Собака — вірний друг людини, вона охороняє дім.",
    "bg": "Кучето е верен приятел на човека и пази дома му.",
    "mk": "Кучето е верен пријател на човекот и ја чува куќата.",
    "ar": "الكلب حيوان وفي يحرس المنزل ويحب اللعب مع الأطفال.",
    "hi": "कुत्ता एक वफादार जानवर है और घर की रखवाली करता है।",
    "bn": "কুকুর একটি বিশ্বস্ত প্রাণী এবং বাড়ি পাহারা দেয়।",
    "ta": "நாய் ஒரு விசுவாசமான விலங்கு.",
    "ka": "ძაღლი ერთგული ცხოველია.",
    "am": "ውሻ ታማኝ እንስሳ ነው።",
    "sw": "Mbwa ni mnyama mwaminifu anayelinda nyumba na kucheza na watoto kila siku.",
}


@pytest.mark.parametrize("code", SENTENCES)
def test_a_sentence_shows_its_language(code: str) -> None:
    assert language(SENTENCES[code]) == code


@pytest.mark.parametrize("code", SENTENCES)
def test_an_answer_in_the_prompts_language_is_no_switch_and_any_other_is(code: str) -> None:
    assert switched(SENTENCES[code], SENTENCES[code])[0] is False
    other = "de" if code == "en" else "en"
    assert switched(SENTENCES[code], SENTENCES[other])[0] is True


@pytest.mark.parametrize("text", ["Розкажи про себе.", "Розкажи про собак.", "Як приготувати борщ?"])
def test_short_ukrainian_is_not_macedonian(text: str) -> None:
    assert language(text, least=3) == "uk"


@pytest.mark.parametrize("text", ["", "42", "Bonjour!", "xqz vrt plk mnb", "x = 1", "?"])
def test_what_is_too_short_or_strange_has_no_language(text: str) -> None:
    assert language(text) is None


@pytest.mark.parametrize(
    ("prompt", "answer", "found"),
    [
        ("Describe a dog.", "Fuzzy, loud, loving chums.", False),
        ("Describe a dog.", "Dog", False),
        ("Describe a dog.", "42", None),
        ("Translate into German: a dog.", "Ein Hund ist das.", None),
        ("Antworte auf Englisch (english): was ist ein Hund?", "A dog is a loyal animal.", None),
        ("Describe a dog.", "A dog is loyal. 它喜欢跑步，也喜欢和孩子们玩。", True),
        ("Describe a dog.", "A dog (犬) is a loyal animal with a tail.", False),
        ("描述一只狗。", "狗 (dog) 是一种忠诚的动物。", False),
        ("犬とは何ですか。", "犬は動物です。", False),
        ("列出三位英国作家。", "三位作家：Virginia Woolf、Thomas Hardy、George Eliot。", False),
        ("한국의 회사를 들어 주세요.", "Samsung, Hyundai, Kia, LG, SK 등이 있습니다.", False),
        ("描述一只狗。", "A dog is a loyal animal with a tail.", True),
        ("안녕하세요", "안녕하세요! How can I help you with that today?", True),
        (
            "Describe a dog.",
            "It barks at night. " * 30 + "Der Hund ist ein treues Tier und bellt in der Nacht. " * 30,
            True,
        ),
    ],
)
def test_a_switch_is_told_by_script_or_by_words(prompt: str, answer: str, found: bool | None) -> None:
    result, why = switched(prompt, answer)
    assert result is found
    assert bool(why) is (found is not False)

"""What kind of answer a question asks for, and whether a sentence holds one, in the nine languages of the site."""

import pytest

from faq.composition.expectation import Kind, expected, holds, negates

ASKED = {
    Kind.AMOUNT: [
        "How much does a permit cost?", "Was kostet ein Bewohnerausweis?", "Combien coûte une carte ?", "¿Cuánto cuesta?",
        "Ile kosztuje bilet?", "Скільки коштує квиток?", "Bilet ne kadar?", "كم تكلفة التذكرة؟", "停车证多少钱？",
    ],
    Kind.TIME: [
        "When is the pool open?", "Wann ist das Büro geöffnet?", "Quand ouvre le bureau ?", "¿Cuándo abre la oficina?",
        "Kiedy otwarte jest biuro?", "Коли працює офіс?", "Ofis ne zaman açılıyor?", "متى يفتح المكتب؟", "办公室几点开门？",
    ],
    Kind.PERSON: [
        "Who can help me?", "Wer hilft mir?", "Qui peut m’aider ?", "¿Quién me ayuda?", "Kto mi pomoże?", "Хто мені допоможе?",
        "Bana kim yardım eder?", "من هو المسؤول؟", "谁能帮我？",
    ],
    Kind.PLACE: [
        "Where is the office?", "Wo ist das Büro?", "Où est le bureau ?", "¿Dónde está la oficina?", "Gdzie jest biuro?",
        "Де офіс?", "Ofis nerede?", "أين المكتب؟", "办公室在哪里？",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "question"), [(kind, text) for kind, texts in ASKED.items() for text in texts])
def test_a_question_says_what_kind_of_answer_it_wants(kind: Kind, question: str) -> None:
    assert kind in expected(question)


@pytest.mark.parametrize("question", ["Resident permit", "Recycling", "Gewerbe anmelden", "déménager", "地址注册"])
def test_bare_words_want_no_kind_in_particular(question: str) -> None:
    assert expected(question) == frozenset()


@pytest.mark.parametrize(
    ("sentence", "kind", "answer"),
    [
        ("A permit costs 30 euros.", Kind.AMOUNT, True),
        ("A permit costs thirty euros.", Kind.CONTACT, False),
        ("Each person has two bins.", Kind.AMOUNT, True),
        ("费用为三十欧元。", Kind.AMOUNT, True),
        ("الرسوم ٣٠ يورو.", Kind.AMOUNT, True),
        ("A permit is a sticker.", Kind.AMOUNT, False),
        ("The office opens on Tuesday.", Kind.TIME, True),
        ("Samstags ist geschlossen.", Kind.AMOUNT, False),
        ("Call 0555 0100 1000.", Kind.CONTACT, True),
        ("Write to help@larkmouth.example.", Kind.CONTACT, True),
        ("Apply at https://larkmouth.example/register.", Kind.CONTACT, True),
        ("Ask at the counter.", Kind.CONTACT, False),
        ("It stands on Harbour Square.", Kind.PLACE, True),
        ("It stands at the corner.", Kind.PLACE, False),
        ("The office belongs to Maria Lindt.", Kind.PERSON, True),
        ("Everyone may come.", Kind.PERSON, False),
    ],
)
def test_a_sentence_holds_an_answer_of_a_kind_or_does_not(sentence: str, kind: Kind, answer: bool) -> None:
    assert holds(sentence, kind) is answer


@pytest.mark.parametrize(
    "text",
    [
        "My bin was not emptied.", "I can't pay.", "Die Tonne wurde nicht geleert.", "Je ne peux pas payer.",
        "No puedo pagar.", "Nie mogę zapłacić.", "Я не можу сплатити.", "Ödeme mümkün değil.", "لم يفرغوا الحاوية.",
        "我没有收到账单。",
    ],
)  # fmt: skip
def test_a_denial_is_recognised(text: str) -> None:
    assert negates(text)


@pytest.mark.parametrize(
    "text", ["Where can I pay?", "Wo kann ich bezahlen?", "Notice of payment", "knot", "Noten", "在哪里付款？"]
)
def test_what_denies_nothing_is_no_denial(text: str) -> None:
    assert not negates(text)

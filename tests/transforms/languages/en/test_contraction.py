import pytest

from mashbill.transforms.augmenters.base import apply
from mashbill.transforms.languages.en.contraction import Contract, Expand


def changed(augmenter, text: str) -> str:
    return apply(text, augmenter(rate=1.0).augment(text, 1))


@pytest.mark.parametrize(
    ("text", "long"),
    [
        ("I didn't like it.", "I did not like it."),
        ("It's got a plot, and it's good.", "It has got a plot, and it is good."),
        ("They’re late; he'd gone.", "They are late; he had gone."),
        ("He'd written it; she'd like it.", "He had written it; she would like it."),
        ("I'd never watched it.", "I had never watched it."),
        ("It's never been better.", "It has never been better."),
        ("Isn't it great?", "Is it not great?"),
        ("It was good, wasn't it?", "It was good, was it not?"),
        ("Why don't you see it?", "Why do you not see it?"),
        ("Can't you see?", "Can you not see?"),
        ("Don't I know it!", "Do I not know it!"),
        ("Won't he ever stop", "Will he not ever stop"),
        ("Don't miss it.", "Do not miss it."),
        ("Wasn't bad at all.", "Was not bad at all."),
        ("Aren't I clever?", "Am I not clever?"),
        ("He'd a lot of money.", "He had a lot of money."),
        ("What's he doing there?", "What is he doing there?"),
    ],
)
def test_expand(text, long):
    assert changed(Expand, text) == long


@pytest.mark.parametrize("text", ["Isn't the plot thin?", "Why can't films like this be short?"])
def test_a_question_stays_where_its_subject_is_no_pronoun(text):
    assert changed(Expand, text) == text


@pytest.mark.parametrize(
    "text", ["It's made of wood.", "He's lost.", "They'd come.", "What's he do all day?"]
)
def test_what_may_be_has_or_is_stays(text):
    assert changed(Expand, text) == text


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("I did not like it.", "I didn't like it."),
        ("Let us go.", "Let's go."),
        ("So, let us see.", "So, let's see."),
        ("She has seen it.", "She's seen it."),
        ("You had better go; it has become late.", "You'd better go; it's become late."),
        ("I have watched it; he had left.", "I've watched it; he'd left."),
        ("It will be late, and he is in town.", "It'll be late, and he's in town."),
    ],
)
def test_contract(text, short):
    assert changed(Contract, text) == short


@pytest.mark.parametrize(
    "text",
    [
        "He let us go.",
        "As good as he is.",
        "She has a car.",
        "This is it.",
        "What are you on?",
        "More than he is for it.",
        "Could I have been late?",
        "Some of it is clever.",
        "What I am is mine.",
        "I know who you are",
        "Better than they are",
        "He is and she was.",
    ],
)
def test_what_english_does_not_contract_stays(text):
    assert changed(Contract, text) == text

import pytest

from mashbill.transforms.augmenters.base import apply
from mashbill.transforms.languages.en.abbreviation import Contract, Expand


def changed(augmenter, text: str) -> str:
    return apply(text, augmenter(rate=1.0).augment(text, 1))


@pytest.mark.parametrize(
    ("text", "long"),
    [
        ("btw u should see it asap", "by the way you should see it as soon as possible"),
        ("BTW it is long.", "By the way it is long."),
        ("IDK. TV is long.", "I don't know. Television is long."),
        ("seen in NYC", "seen in New York City"),
        ("Plots, twists, etc. The end.", "Plots, twists, and so on. The end."),
        ("Mr. Smith on TV", "Mister Smith on television"),
    ],
)
def test_expand(text, long):
    assert changed(Expand, text) == long


@pytest.mark.parametrize("text", ["the U.S. army", "U.S.A.", "in 300 BC", "the city of Ur", "A.U."])
def test_a_letter_of_an_acronym_and_a_name_stay(text):
    assert changed(Expand, text) == text


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("As soon as possible, please.", "Asap, please."),
        ("a film of December or October.", "a film of December or Oct."),
        ("on television, in science fiction", "on TV, in sci-fi"),
        ("Thanks to the cast, thanks!", "Thanks to the cast, thx!"),
        ("It aims to please.", "It aims to please."),
        ("They mount a defence in good company.", "They mount a defence in good company."),
    ],
)
def test_contract(text, short):
    assert changed(Contract, text) == short

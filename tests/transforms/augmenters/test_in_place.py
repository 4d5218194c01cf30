import pytest

from mashbill.transforms.augmenters.base import apply
from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.request import Request

TEXTS = ["Very good film", "", "a", "the the end", "No. It was GREAT fun"]


@pytest.mark.parametrize("name", ["edit.swap", "typo.transpose"])
def test_variants_are_as_long_as_their_texts_and_know_their_edits(name):
    augmenter, request = build({"use": name, "rate": 1.0}), Request(TEXTS, range(len(TEXTS)))
    variants = augmenter.variants(request)
    for text, variant, edits in zip(TEXTS, variants, augmenter.augment_batch(request), strict=True):
        assert len(variant.text) == len(text)
        assert variant.edits == edits
        assert variant.text == apply(text, edits)
        assert all(text[start:end] != new for start, end, new in edits)


@pytest.mark.parametrize(
    ("text", "swapped"), [("Very good", "Good very"), ("İzmir was", "was İzmir")]
)
def test_a_capital_stays_in_its_place_unless_it_is_two_code_points(text, swapped):
    (variant,) = build({"use": "edit.swap", "rate": 1.0}).variants_batch(Request([text], [1]))
    assert variant == swapped


@pytest.mark.parametrize("name", ["edit.swap", "typo.transpose"])
@pytest.mark.parametrize(
    "texts", [["good film", "“so” good", "", "très bon"], ["这部电影", "好 film"]]
)
def test_letters_of_any_alphabet_stay_what_they_are(name, texts):
    augmenter, request = build({"use": name, "rate": 1.0}), Request(texts, range(len(texts)))
    made = augmenter.variants_batch(request)
    assert made == [augmenter.variants_batch(request.of([row]))[0] for row in range(len(texts))]
    assert [sorted(text) for text in made] == [sorted(text) for text in texts]


def test_words_that_are_the_same_but_for_the_capital_that_stays_do_not_change_places():
    texts = ["The the", "the the", "a The the"]
    edits = build({"use": "edit.swap", "rate": 1.0}).augment_batch(Request(texts, [1, 2, 3]))
    assert edits[:2] == [[], []]
    assert apply(texts[2], edits[2]) in ("The a the", "a the The")

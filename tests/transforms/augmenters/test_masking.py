import numpy as np
import pytest

from transforms.augmenters.masking import Slot, TextTokens, allowed, hide

MASK = 4


class Encoding:
    """[CLS], then "un", "##kind", "words", "!" of the text "unkind words!", then [SEP]."""

    ids = [2, 10, 11, 12, 13, 3]  # noqa: RUF012
    offsets = [(0, 0), (0, 2), (2, 6), (7, 12), (12, 13), (0, 0)]  # noqa: RUF012


@pytest.fixture
def tokens():
    return TextTokens(Encoding(), leading=1, trailing=1)


def test_a_word_is_the_tokens_that_make_it_up(tokens):
    assert tokens.span(0, 6) == (1, 3)
    assert tokens.span(7, 12) == (3, 4)


def test_no_span_for_part_of_a_token_or_a_word_that_goes_on_out_of_reach(tokens):
    assert tokens.span(0, 4) is None
    assert tokens.span(7, 11) is None
    assert tokens.span(12, 15) is None
    assert tokens.span(20, 25) is None


def test_one_mask_hides_all_tokens_of_a_word(tokens):
    slots = [Slot(tokens, 1, 3), Slot(tokens, 3, 4)]
    assert hide(slots, MASK, 10) == ([2, MASK, MASK, 13, 3], [1, 2])


def test_an_insertion_makes_the_row_longer(tokens):
    assert hide([Slot(tokens, 3, 3)], MASK, 10) == ([2, 10, 11, MASK, 12, 13, 3], [3])


def test_a_row_is_cut_to_the_length_limit_and_late_slots_lose_their_column(tokens):
    slots = [Slot(tokens, 1, 1), Slot(tokens, 4, 4)]
    assert hide(slots, MASK, 6) == ([2, MASK, 10, 11, 12, 3], [1])


def test_words_of_another_script_and_words_to_avoid_are_not_allowed():
    words = ["good", "Good", "film", "фильм", "中"]
    numbers = np.array([[0, 1, 2, 3, 4]] * 2)
    found = allowed(words, numbers, [{"good"}, set()], ["Movie", "кино"])
    assert found.tolist() == [
        [False, False, True, False, False],
        [False, False, False, True, False],
    ]

"""Looking up phrases."""

import re

from hypothesis import given
from hypothesis import strategies as st

from mashbill.transforms.augmenters.lookup import phrase_pattern

letters = st.text("aAbB' .-’", min_size=1, max_size=5)
phrases = st.lists(st.text("ab' .", min_size=1, max_size=4), min_size=1, max_size=8)


@given(phrases, st.lists(letters, max_size=8).map("".join))
def test_phrases_are_found_as_by_trying_each_from_the_longest(phrases, text):
    longest_first = sorted(set(phrases), key=len, reverse=True)
    listed = "|".join(re.escape(phrase).replace("'", "['’]") for phrase in longest_first)
    each = re.compile(rf"(?<![\w'’-])(?<!\w\.)(?:{listed})(?![\w'’-]|\.\w)", re.IGNORECASE)
    found = [match.span() for match in phrase_pattern(phrases).finditer(text)]
    assert found == [match.span() for match in each.finditer(text)]


def test_an_acronym_has_no_words():
    assert phrase_pattern(["u", "us"]).findall("the U.S. and us, U") == ["us", "U"]

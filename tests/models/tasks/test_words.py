"""What counts as a word."""

import pytest

from mashbill.models.tasks.words import spaced_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a film, of  1997\n", ["a", "film,", "of", "1997"]),
        ("房间很好。", ["房", "间", "很", "好", "。"]),
        ("WiFi很快, 3楼", ["WiFi", "很", "快", ",", "3", "楼"]),
        ("ที่", ["ที่"]),  # a letter with its marks
        (" \u3000", []),
    ],
)
def test_letters_of_scripts_without_spaces_are_words_of_their_own(text, words):
    assert spaced_words(text) == words

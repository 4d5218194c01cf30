import pytest

from mashbill.transforms.languages.registry import language_of


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("This time Kaufman's imagination has failed him.", ["Kaufman"]),
        ("A film by Mel Gibson. Fine.", ["Mel", "Gibson"]),
        ("May puzzle his most ardent fans.", []),
        ("I think I'm bored, and It is long.", []),
        ("in the CIA's files", ["CIA"]),
        ("The Lord Of The Rings Is Long", []),  # all have capitals, so that none tells anything
        ("no name at all", []),
        ("", []),
    ],
)
def test_capitals_within_a_sentence_are_names(text, wanted):
    assert language_of("en").names([text]) == [wanted]


def test_each_text_has_its_own():
    texts = ["we saw Ann", "nothing", "we saw Bo and Cy"]
    assert language_of("en").names(texts) == [["Ann"], [], ["Bo", "Cy"]]


@pytest.mark.parametrize("language", ["any", "zh"])
def test_where_capitals_tell_nothing_there_are_none(language):
    assert language_of(language).names(["Der Film von Ann", "电影"]) == [[], []]

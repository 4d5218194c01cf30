import pytest
from hypothesis import given
from hypothesis import strategies as st

from mashbill.transforms.joining import BadWords, join


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("EU rejects ( German ) call .", "EU rejects (German) call."),
        ('He said , " I do n\'t know , " twice .', 'He said, "I don\'t know," twice.'),
        ("Clinton 's 5 % and $ 3 ; U.S. .", "Clinton's 5% and $3; U.S.."),
        ("他 去 了 北京 ， Apple 很 好 。", "他去了北京， Apple 很好。"),
        ("Ende ) . ( Anfang", "Ende). (Anfang"),
    ],
)
def test_natural_spacing(words, text):
    assert join(words.split()).text == text


def test_plain_spacing():
    assert join(["call", "(", "now", ")", "."], "plain").text == "call ( now ) ."


words = st.lists(
    st.text(st.characters(exclude_categories=["Zs", "Cc", "Cs"]), min_size=1), min_size=1
)


@given(
    words.filter(lambda some: all(word.strip() for word in some)),
    st.sampled_from(["natural", "plain"]),
)
def test_each_word_stands_where_its_bounds_say(some, spacing):
    text, bounds = join(some, spacing)
    assert [text[start:end] for start, end in bounds] == some
    assert "".join(some) == "".join(text.split()) or any(word.split() != [word] for word in some)


@pytest.mark.parametrize(
    ("some", "said"),
    [
        ([], "there are no words"),
        (["a", " "], "word 2 is empty"),
        (["a", None], "word 2 is NoneType, not text"),
    ],
)
def test_words_of_which_there_is_no_text(some, said):
    with pytest.raises(BadWords, match=said):
        join(some)

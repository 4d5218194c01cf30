import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from mashbill.models.tokenizing import LEAST_CHARACTERS, TextTokenizer
from mashbill.models.windows import Windows

LENGTH = 16
words = st.sampled_from(["good", "movie", "zzz", "é", "中文", "🙂", "x" * 150, " " * 900, "\x00\t"])
texts = st.lists(words, max_size=80).map(" ".join)


@pytest.fixture(scope="module")
def reference(tiny_classifier):
    return AutoTokenizer.from_pretrained(tiny_classifier)


@pytest.fixture(scope="module")
def tokenizer(reference):
    return TextTokenizer(reference.backend_tokenizer, LENGTH)


def whole(reference, *texts):
    """The library's own encoding; a batch of one, since it takes a lone empty pair for none."""
    batch = reference(*([text] for text in texts), truncation=True, max_length=LENGTH)
    return {name: rows[0] for name, rows in batch.items()}


@given(st.lists(texts, max_size=4))
@settings(deadline=None)
def test_ids_are_those_of_the_whole_text(tokenizer, reference, batch):
    encodings = tokenizer.encode(batch)
    assert [e.ids for e in encodings] == [whole(reference, t)["input_ids"] for t in batch]


def tokens_of(ids, type_ids, side):
    """The tokens of one text of a pair, without the separator behind it."""
    return [i for i, kind in zip(ids, type_ids, strict=True) if kind == side][:-1]


@given(texts, texts)
@example(" ".join(["good"] * 14 + ["中文", " " * 900, "x" * 150]), " ".join(["good"] * 16))
@settings(deadline=None)
def test_pairs_are_cut_as_the_whole_texts_would_be(tokenizer, reference, first, second):
    (encoding,) = tokenizer.encode([first], [second])
    expected = whole(reference, first, second)
    if max(len(first), len(second)) <= LEAST_CHARACTERS:
        assert encoding.ids == expected["input_ids"]
        assert encoding.type_ids == expected["token_type_ids"]
        return
    assert len(encoding.ids) == len(expected["input_ids"])
    for side in (0, 1):  # the odd token may go to the other text
        ours = tokens_of(encoding.ids, encoding.type_ids, side)
        theirs = tokens_of(expected["input_ids"], expected["token_type_ids"], side)
        shared = min(len(ours), len(theirs))
        assert abs(len(ours) - len(theirs)) <= 1
        assert ours[:shared] == theirs[:shared]


@pytest.mark.parametrize("text", ["good movie " * 90_000, "x" * 1_000_000, " " * 999_999 + "good"])
def test_a_megabyte_gives_what_the_whole_text_gives(tokenizer, reference, text):
    assert tokenizer.encode([text])[0].ids == whole(reference, text)["input_ids"]


def test_offsets_are_code_points_of_the_text(tokenizer):
    text = "🙂 good 中 movie"
    (encoding,) = tokenizer.encode([text], offsets=True)
    spans = [text[a:b] for a, b in encoding.offsets if b > a]
    assert spans == ["🙂", "good", "中", "movie"]


def test_truncation_of_a_shared_tokenizer_stays_as_it_is(reference):
    backend = reference.backend_tokenizer
    before = backend.to_str()
    TextTokenizer(backend, 4).encode(["good movie good movie"])
    assert backend.to_str() == before


@given(st.lists(texts, max_size=4))
@settings(deadline=None)
def test_windows_tell_which_texts_go_on_beyond_them(tokenizer, reference, batch):
    for text, window in zip(batch, tokenizer.windows(batch), strict=True):
        ids = reference(text)["input_ids"]
        if window is None:
            assert len(ids) < LENGTH
        else:
            assert window.ids == whole(reference, text)["input_ids"]
            assert window.cut == window.goes_on == (len(ids) > LENGTH)


@given(texts, texts)
@settings(deadline=None)
def test_windows_of_pairs_are_cut_where_both_together_are_too_long(tokenizer, reference, a, b):
    (window,) = tokenizer.windows([a], [b])
    long = len(reference([a], [b])["input_ids"][0]) > LENGTH
    assert (window is not None and window.cut) == long


def test_a_text_that_fills_the_window_is_not_cut(tokenizer):
    fits, goes_on = tokenizer.windows(["good " * (LENGTH - 2), "good " * (LENGTH - 1)])
    assert (fits.cut, goes_on.cut) == (False, True)
    assert fits.ids == goes_on.ids


def test_windows_share_tokens_and_end_with_the_text_or_where_no_more_is_read(reference):
    sliding = TextTokenizer(reference.backend_tokenizer, 10, Windows(overlap=0.25, most=3))
    ids = reference("good movie bad plot dull film " * 3, add_special_tokens=False)["input_ids"]
    (found,) = sliding.encode_windows(["good movie bad plot dull film " * 3])
    assert [window.ids[1:-1] for window in found] == [ids[:8], ids[6:14], ids[12:]]
    (found,) = sliding.encode_windows(["good movie bad plot dull film " * 20_000])
    assert [window.ids[1:-1] for window in found] == [ids[:8], ids[6:14], (ids * 2)[12:20]]
    for words, goes_on, cut in ((8, False, False), (9, True, False), (20, True, False)):
        (window,) = sliding.windows(["good " * words])
        assert (window.goes_on, window.cut) == (goes_on, cut)
    assert sliding.windows(["good " * 21])[0].cut

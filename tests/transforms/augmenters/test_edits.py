from hypothesis import given
from hypothesis import strategies as st

from mashbill.transforms.augmenters.edits import Edit, apply, compose, offset_map


def test_apply_replaces_inserts_and_deletes():
    edits = [Edit(0, 1, "One"), Edit(3, 3, "or so "), Edit(4, 8, "x")]
    assert apply("a b word", edits) == "One bor so  x"


def test_offset_map():
    assert offset_map("abcd", [Edit(1, 2, "xyz"), Edit(3, 3, "!")]).tolist() == [0, -1, 4, 6]


def test_compose_joins_what_touches():
    first = [Edit(0, 2, "did not")]
    second = [Edit(2, 3, "D"), Edit(8, 9, "x")]
    assert compose("it go", first, second) == [Edit(0, 2, "diD not"), Edit(3, 4, "x")]


@st.composite
def edits_of(draw, text):
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    return [Edit(start, end, draw(st.text("xy ", max_size=3))) for start, end in pairs]


@given(st.data())
def test_composed_edits_do_what_both_do(data):
    text = data.draw(st.text("abc ", max_size=12))
    first = data.draw(edits_of(text))
    middle = apply(text, first)
    second = data.draw(edits_of(middle))
    assert apply(text, compose(text, first, second)) == apply(middle, second)

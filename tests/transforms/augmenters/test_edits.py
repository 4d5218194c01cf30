from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from mashbill.transforms.augmenters.edits import (
    Composed,
    Edit,
    Edits,
    Variant,
    aligned,
    apply,
    compose,
    joined,
    variants_of,
)


def test_apply_replaces_inserts_and_deletes():
    edits = [Edit(0, 1, "One"), Edit(3, 3, "or so "), Edit(4, 8, "x")]
    assert apply("a b word", edits) == "One bor so  x"


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


texts = st.text("ab \n", max_size=8)


@given(st.data())
def test_columns_say_and_do_what_the_edits_of_each_text_do(data):
    batches = data.draw(st.lists(st.lists(texts, max_size=4), min_size=1, max_size=3))
    lists = [[data.draw(edits_of(text)) for text in batch] for batch in batches]
    columns = joined([Edits.of(some) for some in lists])
    flat, together = (list(chain.from_iterable(some)) for some in (batches, lists))
    assert columns.lists() == together
    assert [columns.edits_of(row) for row in range(len(flat))] == together
    assert columns.applied(flat) == list(map(apply, flat, together))


@given(texts, texts)
def test_aligned_edits_make_the_variant(source, variant):
    edits = aligned(source, variant)
    assert apply(source, edits) == variant
    assert all(source[start:end] != replacement for start, end, replacement in edits)


def test_alignment_goes_word_by_word():
    assert aligned("a good film.", "a great film!") == [Edit(2, 6, "great"), Edit(11, 12, "!")]


@given(st.data())
def test_the_edits_of_steps_are_composed_when_they_are_asked_for(data):
    source = data.draw(texts)
    steps, latest = [], source
    for _ in range(data.draw(st.integers(0, 4))):
        steps.append(variants_of([latest], Edits.of([data.draw(edits_of(latest))])))
        latest = steps[-1][0].text
    assert apply(source, Variant(latest, Composed([source], steps), 0).edits) == latest


class Unknown:
    """Rewrites: nobody knows the edits."""

    def edits_of(self, row):
        return None


def test_where_one_step_is_not_known_the_whole_is_not():
    steps = [variants_of(["a"], Edits.of([[Edit(0, 1, "b")]])), [Variant("c", Unknown(), 0)]]
    assert Variant("c", Composed(["a"], steps), 0).edits is None

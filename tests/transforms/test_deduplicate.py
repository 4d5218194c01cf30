import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from mashbill.transforms.deduplicate import deduplicate
from mashbill.transforms.examples import EXAMPLES
from tests.transforms.batches import sources


def unique(*batches):
    return deduplicate(pa.Table.from_batches(batches, schema=EXAMPLES))


def rows(result, *names):
    return sorted(tuple(row[n] for n in names) for row in result.unique.to_pylist())


def test_texts_that_differ_in_case_and_space_are_one_example():
    result = unique(sources("Good  film", "good film", "GOOD FILM ", "bad film"))
    assert rows(result, "text") == [("GOOD FILM ",), ("bad film",)]
    assert (result.duplicates, result.conflicts) == (2, [])


def test_a_labelled_row_goes_before_a_bare_one():
    result = unique(sources("a film"), sources("A film", labels=[1]))
    assert rows(result, "text", "label") == [("A film", 1)]


def test_contradicting_labels_reject_every_labelled_row():
    result = unique(sources("x", "X", "x ", "y", labels=[0, 1, None, 1]))
    assert rows(result, "text", "label") == [("x ", None), ("y", 1)]
    assert sorted(reject.example["text"] for reject in result.conflicts) == ["X", "x"]
    assert result.duplicates == 0
    assert result.conflicts[0].source["corpus"] == "reviews"


def test_a_text_of_the_test_set_is_not_trained_on():
    result = unique(sources("x", split="train"), sources("X", split="test"))
    assert rows(result, "split") == [("test",)]


def test_nothing_in_nothing_out():
    assert unique().unique.num_rows == 0


TEXTS = st.sampled_from(["a", "A", " a", "b", "B ", "c"])
ROWS = st.lists(st.tuples(TEXTS, st.sampled_from([None, 0, 1]), st.sampled_from(["train", "test"])))


@given(ROWS, st.randoms())
def test_the_order_of_the_rows_does_not_matter_and_none_is_lost(drawn, random):
    def run(some):
        return unique(*(sources(text, labels=[label], split=split) for text, label, split in some))

    shuffled = list(drawn)
    random.shuffle(shuffled)
    result, other = run(drawn), run(shuffled)
    assert result.unique.equals(other.unique)
    assert len(drawn) == result.unique.num_rows + result.duplicates + len(result.conflicts)
    ids = result.unique["source_id"].to_pylist()
    assert ids == sorted(set(ids))

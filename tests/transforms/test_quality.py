import pyarrow as pa
import pytest

from mashbill.models.errors import MashbillError
from mashbill.transforms.quality import by_augmenter, distinct_2, quality


@pytest.mark.parametrize(
    ("texts", "share"),
    [(["a b a b"], 2 / 3), (["a b", "a b"], 1 / 2), (["a b c"], 1.0), (["a", ""], 0.0)],
)
def test_distinct_2(texts, share):
    assert distinct_2(texts) == share


def test_words_are_those_of_the_language():
    assert distinct_2(["电影很好"], "any") == 1.0
    with pytest.raises(MashbillError, match="not a language"):
        distinct_2(["a b"], "xx")


def test_labels_count_where_there_is_a_gold_one():
    found = quality(["a b", "b c", "c d"], [0, 1, None], [0, 0, 1], [0, 1, 0], [0.5, 0.7, None])
    assert found == (3, 2, 0.5, 1.0, 0.6, 1.0)


def test_each_variant_is_held_against_its_source():
    rows = [
        ("1", "a b", 0, "none", 0, None),
        ("1", "a c", 0, "edit.swap", 1, 0.9),
        ("1", "b a", 0, "typo.insert", 0, 0.8),
        ("2", "d e", None, "none", 1, None),
        ("2", "d f", None, "edit.swap", 1, 0.7),
        ("3", "an orphan", 1, "edit.swap", 1, 0.1),
    ]
    names = ["source_id", "text", "label", "augmenter", "teacher_label", "similarity"]
    table = pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))
    table = table.set_column(3, "augmenter", table["augmenter"].dictionary_encode())
    assert by_augmenter(table) == {
        "edit.swap": (2, 1, 0.0, 1.0, pytest.approx(0.8), 1.0),
        "typo.insert": (1, 1, 1.0, 1.0, 0.8, 1.0),
    }


def test_a_data_set_without_similarities_and_variants():
    names = ["source_id", "text", "label", "augmenter", "teacher_label"]
    table = pa.table(dict(zip(names, (["1"], ["a"], [0], ["none"], [0]), strict=True)))
    assert by_augmenter(table) == {}

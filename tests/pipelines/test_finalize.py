from collections import Counter

import pytest

from mashbill.models.errors import MashbillError
from mashbill.pipelines.finalize import check_counts, finalize, lossy_corpora, nested, total_counts

BALANCED = {
    "read/rows": 12,
    "read/blank": 1,
    "read/rejected": 1,
    "read/out": 10,
    "deduplicate/in": 10,
    "deduplicate/dropped/duplicates": 1,
    "deduplicate/rejected": 2,
    "deduplicate/out": 7,
    "augment/in": 7,
    "augment/requested": 10,
    "augment/variants": 6,
    "augment/exhausted": 2,
    "augment/held_out": 1,
    "augment/rejected": 1,
    "augment/out": 13,
    "annotate/in": 13,
    "annotate/rejected": 1,
    "annotate/out": 12,
    "teacher_filter/in": 12,
    "teacher_filter/dropped/teacher_agrees": 3,
    "teacher_filter/out": 9,
    "write/train": 7,
    "write/test": 2,
    "write/rejects": 5,
}


def test_counts_that_add_up_raise_no_objection():
    assert list(check_counts(Counter(BALANCED))) == []


@pytest.mark.parametrize("name", BALANCED)
def test_one_row_more_or_less_anywhere_is_noticed(name):
    for change in (-1, 1):
        assert list(check_counts(Counter({**BALANCED, name: BALANCED[name] + change})))


def test_counts_of_shards_are_summed_and_nested():
    markers = [
        {"counts": {"read/rows": 2.0, "seconds/read": 0.5}, "rows": {"train": 2}, "rejects": 0},
        {"counts": {"read/rows": 1.0}, "rows": {"train": 1, "test": 1}, "rejects": 3},
    ]
    assert nested(total_counts(markers)) == {
        "read": {"rows": 3},
        "seconds": {"read": 0.5},
        "write": {"train": 3, "test": 1, "rejects": 3},
    }


def test_a_corpus_that_lost_too_much_is_named():
    run = {
        "counts": {
            "read": {
                "by_corpus": {
                    "good": {"rows": 1000, "rejected": 10},
                    "poor": {"rows": 1000, "rejected": 5},
                    "empty": {"rows": 0},
                }
            },
            "deduplicate": {"by_corpus": {"poor": {"rejected": 6}}},
        }
    }
    assert list(lossy_corpora(run, 0.01)) == ["poor: 11 of 1000 rows (1.1%) are rejects"]
    assert list(lossy_corpora(run, 0.02)) == []


def test_a_folder_without_a_run(tmp_path):
    with pytest.raises(MashbillError, match="holds no run"):
        finalize(str(tmp_path))

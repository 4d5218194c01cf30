from collections import Counter

import pytest

from mashbill.models.errors import MashbillError
from mashbill.models.tasks.registry import single
from mashbill.models.teachers import TeacherSpec
from mashbill.pipelines.finalize import check_counts, finalize, total_counts
from mashbill.transforms.annotate import Annotate
from mashbill.transforms.contract import NOT_MADE, Contract
from mashbill.transforms.deduplicate import DEDUPLICATE
from mashbill.transforms.ledger import nested
from mashbill.transforms.read import READ

BALANCED = {
    "read/rows": 12,
    "read/by_corpus/news/rows": 9,
    "read/by_corpus/tweets/rows": 3,
    "read/blank": 1,
    "read/rejected": 1,
    "read/by_corpus/news/rejected": 1,
    "read/out": 10,
    "deduplicate/in": 10,
    "deduplicate/by_corpus/news/in": 8,
    "deduplicate/by_corpus/tweets/in": 2,
    "deduplicate/dropped/duplicates": 1,
    "deduplicate/rejected": 2,
    "deduplicate/by_corpus/tweets/rejected": 2,
    "deduplicate/out": 7,
    "augment/in": 7,
    "augment/by_corpus/news/in": 7,
    "augment/requested": 10,
    "augment/by_corpus/news/requested": 10,
    "augment/variants": 6,
    "augment/passed_on": 3,
    "augment/rejected": 1,
    "augment/by_corpus/news/rejected": 1,
    "augment/by_augmenter/typo/drawn": 7,
    "augment/by_augmenter/typo/variants": 6,
    "augment/by_augmenter/typo/rejected": 1,
    "augment/by_augmenter/swap/drawn": 3,
    "augment/by_augmenter/swap/exhausted": 2,
    "augment/by_augmenter/swap/label_lost/cut": 1,
    "augment/out": 13,
    "augment_model/in": 13,
    "augment_model/by_corpus/news/in": 13,
    "augment_model/requested": 4,
    "augment_model/by_corpus/news/requested": 4,
    "augment_model/taken_over": 3,
    "augment_model/by_corpus/news/taken_over": 3,
    "augment_model/redrawn": 6,
    "augment_model/exhausted": 3,
    "augment_model/held_out": 1,
    "augment_model/variants": 3,
    "augment_model/by_augmenter/filler/drawn": 7,
    "augment_model/by_augmenter/filler/variants": 2,
    "augment_model/by_augmenter/filler/exhausted": 4,
    "augment_model/by_augmenter/filler/held_out": 1,
    "augment_model/by_augmenter/typo/drawn": 3,
    "augment_model/by_augmenter/typo/variants": 1,
    "augment_model/by_augmenter/typo/exhausted": 2,
    "augment_model/out": 16,
    "annotate/in": 16,
    "annotate/by_corpus/news/in": 16,
    "annotate/rejected": 1,
    "annotate/by_corpus/news/rejected": 1,
    "annotate/out": 15,
    "teacher_filter/in": 15,
    "teacher_filter/by_corpus/news/in": 15,
    "teacher_filter/dropped/teacher_agrees": 6,
    "teacher_filter/by_augmenter/none/in": 6,
    "teacher_filter/by_augmenter/typo/in": 9,
    "teacher_filter/by_augmenter/typo/judged": 9,
    "teacher_filter/by_augmenter/typo/label_kept": 8,
    "teacher_filter/by_augmenter/typo/dropped/teacher_agrees": 6,
    "teacher_filter/out": 9,
    "write/train": 7,
    "write/test": 2,
    "write/by_augmenter/none/rows": 6,
    "write/by_augmenter/typo/rows": 3,
    "write/rejects": 5,
}
STAGES = [
    READ,
    DEDUPLICATE,
    Contract("augment", makes=True, not_made=(*NOT_MADE, "label_lost/cut")),
    Contract("augment_model", makes=True, not_made=NOT_MADE),
    Annotate(single(["bad", "good"]), TeacherSpec([""])).contract,
    Contract("teacher_filter", loses=("dropped/teacher_agrees",)),
]


def test_counts_that_add_up_raise_no_objection():
    assert list(check_counts(Counter(BALANCED), STAGES)) == []


ROWS = [name for name in BALANCED if not name.endswith(("/judged", "/label_kept"))]


@pytest.mark.parametrize("name", ROWS)
def test_one_row_more_or_less_anywhere_is_noticed(name):
    for change in (-1, 1):
        assert list(check_counts(Counter({**BALANCED, name: BALANCED[name] + change}), STAGES))


def test_a_stage_that_nobody_knows_and_a_loss_that_nobody_declared_are_noticed():
    unknown = {**BALANCED, "polish/in": 9}
    assert list(check_counts(Counter(unknown), STAGES)) == [
        "polish: not a stage of this run, but it counted rows"
    ]
    undeclared = {**BALANCED, "annotate/dropped/boredom": 0}
    assert list(check_counts(Counter(undeclared), STAGES)) == [
        "annotate: dropped/boredom: the stage does not declare this loss"
    ]


@pytest.mark.parametrize("name", ["judged", "label_kept"])
def test_no_more_labels_are_kept_than_were_judged(name):
    name = f"teacher_filter/by_augmenter/typo/{name}"
    assert list(check_counts(Counter({**BALANCED, name: 10}), STAGES)) == [
        "teacher_filter/by_augmenter/typo: expected label_kept <= judged <= in"
    ]


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


def test_a_folder_without_a_run(tmp_path):
    with pytest.raises(MashbillError, match="not the output of a mashbill run"):
        finalize(str(tmp_path))

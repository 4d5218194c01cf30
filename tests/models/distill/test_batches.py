from dataclasses import replace
from itertools import islice

import pytest
import torch

from mashbill.models.distill.batches import BatchPlan, TrainBatches, split_batches
from mashbill.models.distill.dataset import open_data
from mashbill.models.distill.tokenized import BatchEncoder
from mashbill.models.tasks.registry import single
from tests.conftest import tiny_tokenizer
from tests.models.distill.data import LABELS, write

PLAN = BatchPlan(size=4, buffer=200, seed=1)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return open_data(str(write(tmp_path_factory.mktemp("data"), sources=60)), single(LABELS))


@pytest.fixture(scope="module")
def encoder(data):
    return BatchEncoder(data, tiny_tokenizer(), max_length=32)


def take(batches, number):
    return list(islice(iter(batches), number))


def same(left, right):
    return torch.equal(left["inputs"]["input_ids"], right["inputs"]["input_ids"]) and torch.equal(
        left["rows"].teacher_logits, right["rows"].teacher_logits
    )


def test_a_batch_is_what_a_step_is_made_of(data, encoder):
    batch = take(TrainBatches(data, encoder, PLAN), 1)[0]
    width = batch["inputs"]["input_ids"].shape[1]
    assert batch["inputs"].keys() == {"input_ids", "attention_mask", "token_type_ids"}
    assert batch["inputs"]["attention_mask"].shape == (4, width)
    assert batch["rows"].teacher_logits.dtype == torch.float32
    assert batch["rows"].teacher_logits.shape == (4, 2)
    assert batch["rows"].labels.dtype == torch.int64
    assert (batch["rows"].variant == (batch["rows"].augmenter != 0)).all()


@pytest.mark.parametrize("start", [1, 31, 32, 70])
def test_starting_later_gives_the_same_batches(data, encoder, start):
    whole = take(TrainBatches(data, encoder, PLAN), start + 3)
    later = take(TrainBatches(data, encoder, PLAN, start=start), 3)
    assert all(map(same, whole[start:], later))


@pytest.mark.parametrize("by_source", [False, True])
def test_processes_share_the_rows_of_a_batch_that_is_so_many_times_as_large(
    data, encoder, by_source
):
    def rows(batch):
        known = zip(batch["inputs"]["input_ids"], batch["rows"].teacher_logits, strict=True)
        return sorted((ids[ids != 0].tolist(), logits.tolist()) for ids, logits in known)

    plan = replace(PLAN, by_source=by_source)
    whole = take(TrainBatches(data, encoder, replace(plan, size=12)), 40)
    shares = [take(TrainBatches(data, encoder, plan, rank=rank, world=3), 40) for rank in range(3)]
    for batch, *parts in zip(whole, *shares, strict=True):
        sizes = {len(part["rows"].labels) for part in parts}
        assert sizes == {12 if by_source else 4}
        assert rows(batch) == sorted(row for part in parts for row in rows(part))
    later = take(TrainBatches(data, encoder, plan, start=20, rank=1, world=3), 13)
    assert all(map(same, shares[1][20:], later))


def test_batches_have_texts_of_near_equal_length(data, encoder):
    for batch in take(TrainBatches(data, encoder, replace(PLAN, size=8)), 32):
        lengths = batch["inputs"]["attention_mask"].sum(1)
        assert lengths.max() - lengths.min() <= 3


def test_a_source_example_has_its_variants_in_the_batch(data, encoder):
    plan = replace(PLAN, by_source=True)
    for batch in take(TrainBatches(data, encoder, plan), 40):
        _, counts = batch["rows"].source.unique(return_counts=True)
        assert counts.tolist() == [3] * 4


def test_variants_may_have_the_soft_label_of_their_source(data, encoder):
    def spread(soft_labels):
        plan = replace(PLAN, by_source=True, soft_labels=soft_labels)
        batch = take(TrainBatches(data, encoder, plan), 1)[0]
        return batch["rows"].teacher_logits.reshape(4, 3, 2).std(1).max().item()

    assert spread("row") > 0
    assert spread("source") == 0
    assert spread({"test.add1": "source", "test.add2": "source"}) == 0
    assert spread({"test.add1": "source"}) > spread("row")  # 0, 0, 1/4 against 0, 1/8, 1/4
    assert spread({"test.add1": "row"}) == spread("row")


def test_a_whole_split_comes_once(data, encoder):
    places, batches = zip(*split_batches(data, "validation", encoder, 8), strict=True)
    assert sorted(place for some in places for place in some) == list(range(30))
    assert sum(len(batch["rows"].labels) for batch in batches) == 30


def test_rows_without_a_gold_label(tmp_path):
    data = open_data(str(write(tmp_path, labelled=False)), single(LABELS))
    encoder = BatchEncoder(data, tiny_tokenizer(), max_length=32)
    batch = take(TrainBatches(data, encoder, PLAN), 1)[0]
    assert batch["rows"].labels.tolist() == [-100] * 4

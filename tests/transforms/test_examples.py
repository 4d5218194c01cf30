from collections import Counter

import pyarrow as pa
from hypothesis import given

from mashbill.transforms.examples import (
    RAW,
    content_hash,
    identify,
    keeps_label,
    normalise,
    seed_of,
    shard_of,
    source_id_of,
    split_of,
    variant_id,
)
from tests.anything import anything
from tests.transforms.batches import sources

IDS = [source_id_of(str(i)) for i in range(20_000)]


def test_an_id_is_128_bits_of_the_normalised_text():
    assert source_id_of("A  ﬁlm\n") == source_id_of("a film")
    assert len(source_id_of("")) == 32
    assert content_hash("00000000000000ff" + "0" * 16) == 255


@given(anything(), anything())
def test_a_pair_is_not_its_texts_put_together(first, second):
    pair = source_id_of(first, second)
    assert pair != source_id_of(first + second)
    assert pair != source_id_of(f"{first}\0{second}")
    if normalise(first) != normalise(second):
        assert pair != source_id_of(second, first)


@given(anything())
def test_normalising_twice_changes_nothing_more(text):
    assert " ".join(normalise(text).split()) == normalise(text)


def test_splits_have_the_fractions_asked_for():
    share = Counter(split_of(i, (0.8, 0.15, 0.05)) for i in IDS)
    assert abs(share["train"] / len(IDS) - 0.8) < 0.01
    assert abs(share["validation"] / len(IDS) - 0.15) < 0.01


def test_a_split_of_nothing_stays_empty():
    assert {split_of(i, (1.0, 0.0, 0.0)) for i in IDS} == {"train"}
    assert {split_of(i, (0.7, 0.3, 0.0)) for i in IDS} == {"train", "validation"}


def test_shards_are_even_and_independent_of_the_split():
    test = [i for i in IDS if split_of(i, (0.5, 0.0, 0.5)) == "test"]
    shares = Counter(shard_of(i, 4) for i in test)
    assert all(abs(shares[shard] / len(test) - 0.25) < 0.02 for shard in range(4))


def test_every_part_of_a_seed_counts():
    seeds = {
        seed_of(7, "a", "typo.keyboard", 1),
        seed_of(8, "a", "typo.keyboard", 1),
        seed_of(7, "b", "typo.keyboard", 1),
        seed_of(7, "a", "edit.swap", 1),
        seed_of(7, "a", "typo.keyboard", 2),
        seed_of(7, "a", "typo.keyboard", 1, attempt=1),
    }
    assert len(seeds) == 6
    assert all(0 <= seed < 2**64 for seed in seeds)
    assert variant_id("a", "typo.keyboard", 1) != variant_id("a", "typo.keyboard", 2)


def test_a_fixed_split_stands_and_the_rest_goes_by_id():
    assert sources("x", split="test").column("split").to_pylist() == ["test"]
    free = sources("x", split=None)
    assert free.column("split").to_pylist() == [split_of(source_id_of("x"), (0.8, 0.1, 0.1))]


def test_a_share_of_the_labels_is_kept_by_id():
    kept = [one for one in IDS if keeps_label(one, 0.1)]
    assert 1800 < len(kept) < 2200
    assert {one for one in IDS if keeps_label(one, 0.05)} < set(kept)
    assert not any(keeps_label(one, 0.0) for one in IDS)
    assert all(keeps_label(one, 1.0) for one in IDS)


def test_hidden_labels_are_those_of_the_train_split_alone():
    raw = pa.RecordBatch.from_pylist(
        [
            {"text": f"{split} {i}", "label": i % 2, "corpus": corpus, "split": split}
            for corpus in ("few", "all")
            for split in ("train", "validation", "test")
            for i in range(400)
        ],
        schema=RAW,
    )
    rows = identify(raw, (0.8, 0.1, 0.1), {"few": 0.1}).to_pylist()
    for row in rows:
        hidden = row["corpus"] == "few" and row["split"] == "train"
        shown = row["label"] is not None
        assert shown == (keeps_label(row["source_id"], 0.1) if hidden else True)
    assert sum(row["label"] is None for row in rows) > 300

from collections import Counter
from itertools import groupby, islice

import numpy as np
import pytest

from mashbill.models.distill.dataset import open_data
from mashbill.models.distill.rows import ORIGINAL
from mashbill.models.distill.stream import Selection, SourceLogits, file_tables, shuffled
from mashbill.models.tasks.registry import single
from tests.models.distill.data import LABELS, write


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return open_data(
        str(write(tmp_path_factory.mktemp("data"), sources=40, shards=3)), single(LABELS)
    )


def ids(pieces):
    return [id for piece in pieces for id in piece["id"].to_pylist()]


def test_a_pass_has_every_row_once_in_random_order(data):
    found = ids(islice(shuffled(data, Selection(), seed=1, buffer=50, piece=20), 6))
    assert len(found) == len(set(found)) == 120
    assert found != sorted(found)


def test_the_seed_decides_the_order(data):
    def order(seed):
        return ids(islice(shuffled(data, Selection(), seed=seed, buffer=50, piece=20), 9))

    assert order(1) == order(1)
    assert order(1) != order(2)


def test_passes_differ_and_none_loses_a_row(data):
    found = ids(islice(shuffled(data, Selection(), seed=1, buffer=50, piece=24), 10))
    assert found[:120] != found[120:]
    assert set(Counter(found).values()) == {2}


def test_pieces_have_exactly_the_rows_asked_for_even_of_more_than_a_pass(data):
    pieces = islice(shuffled(data, Selection(), seed=1, buffer=10, piece=500), 3)
    assert [piece.num_rows for piece in pieces] == [500] * 3


def test_the_buffer_mixes_files(data):
    first = ids(islice(shuffled(data, Selection(), seed=1, buffer=100, piece=30), 1))
    assert {int(id[:4]) % 3 for id in first} == {0, 1, 2}


def test_source_examples_keep_their_variants(data):
    pieces = islice(shuffled(data, Selection(), seed=1, buffer=50, piece=8, by_source=True), 5)
    for piece in pieces:
        groups = [list(rows) for _, rows in groupby(piece["source_id"].to_pylist())]
        assert {len(rows) for rows in groups} == {3}
        assert piece["group"].combine_chunks().unique().to_pylist() == [
            f"{rows[0]} 0" for rows in groups
        ]


def test_only_source_examples(data):
    chosen = Selection(variants=False)
    assert chosen.expected_rows(data) == 40
    piece = next(shuffled(data, chosen, seed=1, buffer=50, piece=40))
    assert set(piece["augmenter"].to_pylist()) == {"none"}
    assert len(set(piece["id"].to_pylist())) == 40


def test_mixing_ratios(data):
    chosen = Selection(mix={"none": 2.0, "test.add1": 0.5, "test.add2": 0.0})
    assert chosen.expected_rows(data) == 100
    pieces = islice(shuffled(data, chosen, seed=1, buffer=50, piece=100), 20)
    found = Counter(name for piece in pieces for name in piece["augmenter"].to_pylist())
    assert "test.add2" not in found
    assert found["none"] / found["test.add1"] == pytest.approx(4, rel=0.15)


def test_soft_labels_of_the_source(data):
    found = SourceLogits(data)
    for table in file_tables(data, "train"):
        own = dict(
            zip(
                table["id"].to_pylist(),
                data.task.scores(table["teacher_logits"]).tolist(),
                strict=True,
            )
        )
        expected = [own[source] for source in table["source_id"].to_pylist()]
        logits, is_own = found.of(table)
        np.testing.assert_array_equal(logits, expected)
        assert is_own.tolist() == [name == ORIGINAL for name in table["augmenter"].to_pylist()]


def test_soft_labels_of_the_source_for_some_augmenters(data):
    found, every = SourceLogits(data, ["test.add1"]), SourceLogits(data)
    for table in file_tables(data, "train"):
        chosen = np.array([name == "test.add1" for name in table["augmenter"].to_pylist()])
        own = data.task.scores(table["teacher_logits"])
        (logits, is_own), (of_sources, _) = found.of(table), every.of(table)
        assert (of_sources != own)[chosen].any()
        np.testing.assert_array_equal(logits[chosen], of_sources[chosen])
        np.testing.assert_array_equal(logits[~chosen], own[~chosen])
        np.testing.assert_array_equal(is_own, ~chosen)

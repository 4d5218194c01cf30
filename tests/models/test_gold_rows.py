import pyarrow as pa

from mashbill.models.gold_rows import gold_rows, other_rows


def test_labelled_source_examples_come_by_id_and_everything_else_apart():
    table = pa.table(
        {
            "id": ["d", "b", "a", "c"],
            "label": [1, 0, None, 0],
            "augmenter": pa.array(["none", "none", "none", "typo"]).dictionary_encode(),
        }
    )
    assert gold_rows(table)["id"].to_pylist() == ["b", "d"]
    assert other_rows(table)["id"].to_pylist() == ["a", "c"]

"""The data set as other people's code opens it."""

import datasets
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from mashbill.pipelines.finalize import finalize
from tests.pipelines.runs import make, read_rows, settings, write_corpus


@pytest.fixture(scope="module")
def out(tmp_path_factory, tiny_classifier, tiny_encoder, tiny_mlm):
    folder = tmp_path_factory.mktemp("contract")
    write_corpus(folder, rows=40)
    models = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": tiny_mlm}
    out = make(settings(folder, models), folder / "out")
    finalize(str(out), max_rejects=1)
    return out


@pytest.fixture(scope="module")
def rows(out):
    return read_rows(out)


@pytest.fixture(scope="module")
def loaded(out, tmp_path_factory):
    return datasets.load_dataset(str(out), cache_dir=str(tmp_path_factory.mktemp("cache")))


def test_datasets_sees_splits_names_and_logits(loaded, rows):
    assert list(loaded) == ["train", "validation", "test"]
    assert {split: part.num_rows for split, part in loaded.items()} == {
        split: sum(row["split"] == split for row in rows.values()) for split in loaded
    }
    features = loaded["train"].features
    assert features["label"].names == features["teacher_label"].names == ["negative", "positive"]
    assert features["teacher_logits"] == datasets.List(datasets.Value("float32"), length=2)
    assert loaded["train"][0]["text"] == rows[loaded["train"][0]["id"]]["text"]


def test_datasets_streams_the_same_rows(out, loaded):
    stream = datasets.load_dataset(str(out), split="test", streaming=True)
    assert [row["id"] for row in stream] == loaded["test"]["id"]


def test_the_files_need_no_card(out, tmp_path, rows):
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare/data").symlink_to(out / "data")
    loaded = datasets.load_dataset(str(tmp_path / "bare"), cache_dir=str(tmp_path / "cache"))
    assert sum(part.num_rows for part in loaded.values()) == len(rows)
    assert loaded["train"].features["label"].names == ["negative", "positive"]


def test_a_torch_data_loader_batches_the_logits(loaded):
    part = loaded["train"].with_format("torch", columns=["teacher_logits", "weight"])
    batch = next(iter(torch.utils.data.DataLoader(part, batch_size=8)))
    assert batch["teacher_logits"].shape == (8, 2)
    assert batch["teacher_logits"].dtype == torch.float32


def test_pandas(out, rows):
    frame = pd.concat(pd.read_parquet(path) for path in sorted((out / "data").iterdir()))
    assert len(frame) == len(rows)
    assert np.stack(frame["teacher_logits"]).shape == (len(rows), 2)
    assert set(frame["label"].dropna()) == {0, 1}


def test_polars(out, rows):
    frame = pl.read_parquet(out / "data/*.parquet")
    assert frame.height == len(rows)
    assert frame["teacher_logits"].dtype == pl.Array(pl.Float32, 2)
    variants = frame.filter(pl.col("copy") > 0)["augmenter"].n_unique()
    assert variants == len({row["augmenter"] for row in rows.values()}) - 1


def test_duckdb(out, rows):
    query = f"""
        select count(*), count(distinct source_id), count(label), avg(teacher_logits[1])
        from '{out}/data/*.parquet'
    """
    ((count, sources, labels, mean),) = duckdb.sql(query).fetchall()
    assert count == len(rows)
    assert sources == len({row["source_id"] for row in rows.values()})
    assert labels == sum(row["label"] is not None for row in rows.values())
    expected = np.mean([row["teacher_logits"][0] for row in rows.values()])
    assert mean == pytest.approx(expected, abs=1e-5)

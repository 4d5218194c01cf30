import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mashbill.models.tasks.registry import single
from mashbill.pipelines.report import render
from mashbill.transforms.layout import features, parquet_schema
from tests.pipelines.finished import EVALUATION, LABELS, RUN
from tests.transforms.columns import WITH_SIMILARITY

ROWS = int(os.environ.get("MASHBILL_ROWS", "200_000"))  # `make large` makes it a million
COPIES = 4
PART = 100_000


def part(start: int, schema: pa.Schema) -> pa.Table:
    numbers = np.arange(start, start + PART)
    source = np.char.zfill((numbers // (COPIES + 1) * 2_654_435_761 % 2**32).astype(str), 16)
    text = np.char.add("a film of some length, which nobody will forget, with the number ", source)
    copy = (numbers % (COPIES + 1)).astype(np.int16)
    sure = (numbers % 997 / 997).astype(np.float32)
    columns = {
        "id": np.char.add(source, copy.astype(str)),
        "source_id": source,
        "text": np.char.add(text, np.char.add(" ", copy.astype(str))),
        "label": numbers % 2,
        "augmenter": np.where(copy == 0, "none", "typo.keyboard"),
        "copy": copy,
        "corpus": np.full(PART, "films"),
        "similarity": sure,
        "teacher_logits": pa.FixedSizeListArray.from_arrays(np.repeat(sure, 2), 2),
        "teacher_label": numbers % 2,
        "teacher_confidence": 0.5 + sure / 2,
        "weight": np.ones(PART, np.float32),
    }
    arrays = [pa.array(columns[field.name]).cast(field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large")
    schema = parquet_schema(features(single(LABELS), WITH_SIMILARITY), {})
    (folder / "data").mkdir()
    with pq.ParquetWriter(folder / "data/train-00000-of-00001.parquet", schema) as writer:
        for start in range(0, ROWS, PART):
            writer.write_table(part(start, schema))
    return folder


def test_hundreds_of_thousands_of_rows_make_a_page_that_can_be_mailed(out):
    page = render(str(out), RUN, EVALUATION)
    assert len(page.encode()) < 5 * ROWS
    assert f">{ROWS:,}<" in page

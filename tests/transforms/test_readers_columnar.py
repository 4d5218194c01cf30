import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mashbill.models.errors import MashbillError
from mashbill.transforms.corpus_files import digests
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.readers import columnar
from mashbill.transforms.sources import plan
from tests.transforms.corpora import read_all


def strings(values: list[bytes]) -> pa.Array:
    """A string column whose bytes nobody checked."""
    return pa.Array.from_buffers(pa.string(), len(values), pa.array(values, pa.binary()).buffers())


def test_rows_are_numbered_over_all_row_groups(tmp_path):
    table = pa.table({"text": ["a", None, "c"], "label": pa.array([1, 0, None], pa.float64())})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=1)
    found = read_all(tmp_path / "a.parquet", label="label")
    assert (found.texts, found.labels) == (["a", "c"], [1, None])
    assert found.rejects == [(2, "the field 'text' is null, not text")]
    assert found.counts == [3, 0]


def test_invalid_utf8_in_parquet_rejects_that_row_only(tmp_path):
    table = pa.table({"text": strings([b"good", b"b\xffd", b"fine"])})
    pq.write_table(table, tmp_path / "a.parquet")
    found = read_all(tmp_path / "a.parquet")
    assert found.texts == ["good", "fine"]
    assert found.rejects == [(2, "invalid UTF-8 at byte 2: invalid start byte")]


@pytest.mark.parametrize(
    "kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
def test_strings_of_every_layout(tmp_path, kind):
    columns = {name: pa.array(["x", "y"]).cast(kind) for name in ("text", "label")}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    found = read_all(tmp_path / "a.parquet", labels=("x", "y"), label="label")
    assert (found.texts, found.labels) == (["x", "y"], [0, 1])


@pytest.fixture
def hub(tmp_path):
    """A folder that `datasets` loads, with labels in another order than the recipe's."""
    names = datasets.ClassLabel(names=["positive", "negative"])
    features = datasets.Features({"text": datasets.Value("string"), "label": names})
    rows = {"text": ["up", "down", "?", ""], "label": [0, 1, -1, 0]}
    folder = tmp_path / "data set"
    folder.mkdir()
    datasets.Dataset.from_dict(rows, features).to_parquet(folder / "train.parquet")
    return folder


def test_class_labels_of_a_data_set_go_by_name(hub):
    found = read_all(f"hf://{hub}?split=train", label="label")
    assert (found.texts, found.labels) == (["up", "down", "?"], [1, 0, None])
    assert found.rejects == [(4, "the field 'text' is empty")]


def test_a_data_set_is_cut_into_ranges_of_rows(hub, monkeypatch):
    monkeypatch.setattr("mashbill.transforms.sources.HUB_ROWS_PER_ITEM", 3)
    spec = CorpusSpec("reviews", f"hf://{hub}", label="label")
    assert [(item.start, item.stop) for item in plan(spec)] == [(0, 3), (3, 4)]
    assert read_all(spec.path, label="label").lines == [4]


def test_a_data_set_without_the_column_is_refused(hub):
    with pytest.raises(MashbillError, match=r"no column 'txt' \(did you mean 'text'\?\)"):
        plan(CorpusSpec("reviews", f"hf://{hub}", text="txt"))
    with pytest.raises(MashbillError, match="column 'label' is int64, not text"):
        plan(CorpusSpec("reviews", f"hf://{hub}", text="label"))


def test_the_digest_of_a_data_set_follows_its_content(hub):
    spec = CorpusSpec("reviews", f"hf://{hub}")
    before = digests(spec)
    assert digests(spec) == before
    datasets.Dataset.from_dict({"text": ["other"]}).to_parquet(hub / "train.parquet")
    assert digests(spec) != before


def test_a_data_set_in_a_folder_with_an_odd_name(hub):
    odd = hub.rename(hub.parent / "a #1 50%25 set")
    assert read_all(f"hf://{odd}?split=train").texts == ["up", "down", "?"]


def test_a_class_label_without_a_name_is_a_reject(tmp_path):
    names = datasets.ClassLabel(names=["positive"])
    features = datasets.Features({"text": datasets.Value("string"), "label": names})
    table = pa.table({"text": ["up", "down"], "label": [0, 1]}, features.arrow_schema)
    pq.write_table(table, tmp_path / "train.parquet")
    found = read_all(f"hf://{tmp_path}", label="label")
    assert found.texts == ["up"]
    assert found.rejects[0] == (2, "label 1 has no name among positive")


def test_long_texts_are_decoded_a_few_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(columnar, "BYTES_AT_ONCE", 4000)
    held = []
    decode_rows = columnar._rows_of
    monkeypatch.setattr(
        columnar, "_rows_of", lambda batch: held.append(batch.nbytes) or decode_rows(batch)
    )
    texts = [f"{i:01000}" for i in range(50)]
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet")
    assert read_all(tmp_path / "a.parquet").texts == texts
    assert max(held) <= 4000

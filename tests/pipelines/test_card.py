import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mashbill.models.tasks.registry import single
from mashbill.pipelines.card import card
from mashbill.transforms.layout import features, parquet_schema
from tests.transforms.columns import COLUMNS, CONTRACTS

COUNTS = {
    "augment": {"by_augmenter": {"typo.keyboard": {"drawn": 4, "variants": 4}}},
    "teacher_filter": {"by_augmenter": {"typo.keyboard": {"in": 4, "judged": 4, "label_kept": 2}}},
    "write": {"train": 1, "by_augmenter": {"typo.keyboard": {"rows": 1}}},
}


@pytest.fixture
def written(tmp_path):
    """Writes a data set of one row into a folder `out`, which other runs use as well."""

    def write(fingerprint, text):
        columns = features(single(["bad", "good"]), COLUMNS)
        values = {"text": text, "teacher_logits": [0.0, 1.0], "label": 1, "teacher_label": 1}
        (tmp_path / "out/data").mkdir(parents=True, exist_ok=True)
        table = pa.Table.from_pylist([values], schema=parquet_schema(columns, {}))
        pq.write_table(table, tmp_path / "out/data/train-00000-of-00001.parquet")
        run = {
            "fingerprint": fingerprint,
            "seed": 7,
            "labels": ["bad", "good"],
            "stages": [one.to_json() for one in CONTRACTS],
            "recipe": {"corpus": [{}], "filter": {}},
            "teacher": {"model": "teacher", "weights": "f00", "max_length": 128},
            "counts": COUNTS,
        }
        (tmp_path / "out/README.md").write_text(card(run, {}))
        return tmp_path / "out"

    return write


def load(folder, cache):
    return datasets.load_dataset(str(folder), cache_dir=str(cache), split="train")


def test_the_card_names_splits_and_classes(written, tmp_path):
    rows = load(written("a", "a good film"), tmp_path / "cache")
    assert rows["text"][:] == ["a good film"]
    assert rows.features["label"].names == ["bad", "good"]


def test_the_card_counts_the_labels_kept_before_any_filter(written):
    line = "| typo.keyboard | 4 | 4 | 50.0 % (15.0–85.0) | 1 |"
    assert line in (written("a", "a good film") / "README.md").read_text().splitlines()


def test_another_run_in_a_folder_of_the_same_name_is_not_read_from_the_cache(written, tmp_path):
    first = load(written("a", "a good film"), tmp_path / "cache")
    second = load(written("b", "a fine film"), tmp_path / "cache")
    assert first["text"][:] == ["a good film"]
    assert second["text"][:] == ["a fine film"]

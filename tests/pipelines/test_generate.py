"""The pipeline as a whole, with tiny models: what it promises about the rows it leaves."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from mashbill.models.errors import MashbillError
from mashbill.pipelines.draws import draws
from mashbill.pipelines.finalize import finalize, total_counts
from mashbill.pipelines.generate import generate
from mashbill.pipelines.output import read_markers
from mashbill.pipelines.prepare import large_shards
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.samples import sample_sources
from mashbill.pipelines.training import examples_by_split
from mashbill.transforms.augmenters.edits import apply, unchanged
from mashbill.transforms.examples import ORIGINAL, normalise
from mashbill.transforms.ledger import nested
from tests.pipelines.runs import assert_same_rows, make, read_rows, settings, write_corpus


@pytest.fixture(scope="module")
def models(tiny_classifier, tiny_encoder, tiny_mlm):
    return {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": tiny_mlm}


@pytest.fixture(scope="module")
def values(tmp_path_factory, models):
    folder = tmp_path_factory.mktemp("corpus")
    write_corpus(folder)
    return settings(folder, models)


@pytest.fixture(scope="module")
def out(values, tmp_path_factory):
    return make(values, tmp_path_factory.mktemp("run") / "out")


@pytest.fixture(scope="module")
def rows(out):
    return read_rows(out)


@pytest.mark.parametrize(
    "options",
    [
        {"beam_args": ["--direct_runner_bundle_repeat=2"]},
        {"partitions": 2},
    ],
    ids=["bundles run again", "two partitions"],
)
def test_the_way_it_runs_does_not_change_the_rows(values, rows, tmp_path, partitions_here, options):
    assert_same_rows(read_rows(make(values, tmp_path / "out", **options)), rows)


def test_batches_that_are_held_for_a_gpu_make_the_same_rows(values, rows, tmp_path, monkeypatch):
    monkeypatch.setattr("mashbill.transforms.shuffle.ROWS_PER_BATCH", 4)
    monkeypatch.setattr("mashbill.transforms.stage.Stage.rows_at_once", 30)
    assert_same_rows(read_rows(make(values, tmp_path / "out")), rows)


def test_the_edits_of_a_variant_make_it_of_its_source(out):
    run = finalize(str(out), max_rejects=0.5).run
    sampled = sample_sources(str(out), run, 100, ("train",))
    variants = [(source, row) for source, *rows in sampled for row in rows]
    assert variants
    for source, row in variants:
        assert apply(source["text"], row["edits"]["text"]) == row["text"]


def test_a_rerun_does_nothing_and_a_lost_shard_comes_back_the_same(values, out, rows, tmp_path):
    again = make(values, tmp_path / "out")
    files = {p: p.stat().st_mtime_ns for p in again.rglob("*.parquet")}
    make(values, again)
    assert {p: p.stat().st_mtime_ns for p in again.rglob("*.parquet")} == files
    (again / ".mashbill/shard-00001-of-00003.json").unlink()
    make(values, again)
    assert _counts(again) == _counts(out)
    for path in files:
        assert path.read_bytes() == (out / "data" / path.name).read_bytes()


def _counts(out):
    """Of all shards together, but for what a clock says."""
    found = total_counts(read_markers(str(out), 3))
    return {name: number for name, number in found.items() if "seconds" not in name}


def test_one_partition_makes_its_shards_and_finalize_asks_for_the_rest(values, tmp_path):
    recipe = Recipe.model_validate({**values, "output": {"path": str(tmp_path), "shards": 3}})
    assert not generate(recipe, partitions=3, partition=2)
    with pytest.raises(MashbillError, match=r"2 of 3 shards are not finished \(0, 2\)"):
        finalize(str(tmp_path))


def test_drawing_methods_again_adds_variants_and_changes_none(values, rows, tmp_path):
    augment = {**values["augment"], "redraw": False}
    out = make({**values, "augment": augment}, tmp_path / "out")
    first = read_rows(out)
    assert_same_rows({key: rows[key] for key in first}, first)
    assert len(first) < len(rows)


def test_another_seed_makes_other_variants_of_the_same_sources(values, rows, tmp_path):
    other = read_rows(make({**values, "seed": 8}, tmp_path / "out"))
    sources = {key for key, row in rows.items() if row["augmenter"] == ORIGINAL}
    assert sources == {key for key, row in other.items() if row["augmenter"] == ORIGINAL}
    texts = {row["text"] for key, row in rows.items() if key not in sources}
    others = {row["text"] for key, row in other.items() if key not in sources}
    assert len(texts & others) < 0.2 * len(texts)


def test_a_source_and_its_variants_share_one_split(rows):
    splits = {}
    for row in rows.values():
        splits.setdefault(row["source_id"], set()).add(row["split"])
        assert row["augmenter"] == ORIGINAL or row["split"] == "train"
    assert all(len(found) == 1 for found in splits.values())
    assert {"train", "validation", "test"} == set().union(*splits.values())


def test_no_train_text_equals_one_that_is_held_out(rows):
    train = {normalise(row["text"]) for row in rows.values() if row["split"] == "train"}
    held_out = {normalise(row["text"]) for row in rows.values() if row["split"] != "train"}
    assert not train & held_out


def test_variants_of_a_source_differ_from_it_and_from_one_another(rows):
    texts = {}
    for row in rows.values():
        texts.setdefault(row["source_id"], []).append(" ".join(row["text"].split()))
    assert all(len(found) == len(set(found)) for found in texts.values())
    assert max(map(len, texts.values())) == 4
    assert len({row["augmenter"] for row in rows.values()}) == 6


def test_every_row_has_logits_and_what_follows_from_them(rows):
    for row in rows.values():
        logits = np.array(row["teacher_logits"])
        assert logits.shape == (2,)
        assert row["teacher_label"] == logits.argmax()
        softmax = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        assert row["teacher_confidence"] == pytest.approx(softmax.max(), abs=1e-6)
        assert row["weight"] == 1.0
        assert (row["similarity"] is None) == (row["augmenter"] == ORIGINAL)


def test_texts_without_words_stay_as_they_are(rows):
    texts = {row["text"] for row in rows.values() if row["augmenter"] == ORIGINAL}
    assert "מה נשמע? 这部电影 👩‍👩‍👧" in texts
    assert "   " not in texts  # white space is no text


def test_the_counts_of_run_json_are_those_of_the_files(out, rows):
    finished = finalize(str(out), max_rejects=0.5)
    counts = json.loads((out / "run.json").read_text())["counts"]
    for split in ("train", "validation", "test"):
        assert counts["write"][split] == sum(row["split"] == split for row in rows.values())
    made = [row["augmenter"] for row in rows.values() if row["augmenter"] != ORIGINAL]
    assert counts["teacher_filter"]["out"] == len(rows)
    assert counts["read"]["rows"] == 68
    assert counts["read"]["rejected"] == 2
    assert counts["deduplicate"]["rejected"] == 2
    assert counts["deduplicate"]["dropped"]["duplicates"] == 1
    lines = [line for p in (out / "rejects").iterdir() for line in p.read_text().splitlines()]
    assert len(lines) == counts["write"]["rejects"] == 4
    requested = sum(counts[stage]["requested"] for stage in ("augment", "augment_model"))
    train = [r for r in rows.values() if r["split"] == "train" and r["augmenter"] == ORIGINAL]
    assert requested == 3 * len(train)
    assert len(made) <= requested
    assert not finished.too_many_rejects


def test_labels_kept_add_up_over_shards_and_are_those_of_the_rows(out, rows):
    """Nothing filters by the teacher here, so what it saw is what was written."""
    counts = nested(_counts(out))
    sources = {row["source_id"]: row for row in rows.values() if row["augmenter"] == ORIGINAL}
    for name, found in draws(counts).items():
        variants = [row for row in rows.values() if row["augmenter"] == name]
        kept = [
            row["teacher_label"] == sources[row["source_id"]]["teacher_label"] for row in variants
        ]
        assert (found.judged, found.label_kept) == (len(variants), sum(kept))
        assert found.made == found.written + sum(found.dropped.values())


def test_a_corpus_with_too_many_rejects_is_named_at_the_end(out):
    (line,) = finalize(str(out), max_rejects=0.01).too_many_rejects
    assert line == "reviews: 4 of 65 rows (6.2%) are rejects"


def test_an_augmenter_that_raises_costs_its_variant_only(values, tmp_path, monkeypatch):
    from mashbill.transforms.augmenters.edit import Swap

    def broken(self, request):
        if any("film" in text for text in request.texts):
            raise RuntimeError("cannot do films")
        return unchanged(request.texts)

    monkeypatch.setattr(Swap, "variants", broken)
    augment = {"copies": 1, "methods": [{"use": "edit.swap"}]}
    out = make({**values, "augment": augment}, tmp_path / "out")
    rows = read_rows(out)
    assert len(rows) == 61
    finalize(str(out), max_rejects=1)
    rejects = json.loads((out / "run.json").read_text())["rejects"]["augment"]
    films = sum("film" in row["text"] for row in rows.values() if row["split"] == "train")
    assert rejects == {"edit.swap failed: RuntimeError: cannot do films": films}


def test_a_pair_task_keeps_both_texts(models, tmp_path):
    lines = [{"q": f"was film {i} good", "a": "not very good", "label": i % 2} for i in range(20)]
    (tmp_path / "reviews.jsonl").write_text("\n".join(map(json.dumps, lines)))
    corpus = {"name": "pairs", "path": str(tmp_path / "reviews.jsonl"), "label": "label"}
    values = settings(tmp_path, models, corpus=[{**corpus, "text": "q", "text_pair": "a"}])
    values["augment"] = {
        "copies": 2,
        "methods": [{"use": "edit.swap", "rate": 0.3}],
        "fields": ["text", "text_pair"],
    }
    rows = read_rows(make(values, tmp_path / "out"))
    variants = [row for row in rows.values() if row["augmenter"] != ORIGINAL]
    assert variants
    assert any(row["text_pair"] != "not very good" for row in variants)


def test_shards_too_large_for_a_workers_memory_are_named(values, monkeypatch):
    recipe = Recipe.model_validate(values)
    assert large_shards(recipe) is None
    monkeypatch.setattr("mashbill.pipelines.prepare.SHARD_BYTES", 1000)
    size = sum(Path(spec["path"]).stat().st_size for spec in values["corpus"])
    needed = -(-size * 4 // 1000)  # every source and its three copies
    assert f"set output.shards to {needed} or more, not 3" in large_shards(recipe)


def test_stratified_splits_are_those_of_the_trainings_on_any_partition(tmp_path, tiny_classifier):
    rows = [(f"row {i} of many", "positive") for i in range(90)] + [
        (f"row {i} of few", "negative") for i in range(10)
    ]
    lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    values = {
        "corpus": [{"name": "rows", "path": str(tmp_path / "rows.jsonl"), "label": "label"}],
        "labels": ["negative", "positive"],
        "splits": {"train": 0.6, "validation": 0.2, "test": 0.2, "stratify": True},
        "teacher": {"model": str(tiny_classifier), "max_length": 16},
        "output": {"path": str(tmp_path / "out"), "shards": 3},
    }
    recipe = Recipe.model_validate(values)
    for partition in (2, 1):
        generate(recipe, partitions=2, partition=partition)
    found = read_rows(tmp_path / "out").values()
    splits = {row["text"]: (row["split"], row["label"]) for row in found}
    assert Counter(splits.values()) == {
        ("train", 0): 6, ("validation", 0): 2, ("test", 0): 2,
        ("train", 1): 54, ("validation", 1): 18, ("test", 1): 18,
    }  # fmt: skip
    tables = examples_by_split(recipe, "teacher", max_rejects=0)
    of_trainings = {text: split for split, t in tables.items() for text in t["text"].to_pylist()}
    assert of_trainings == {text: split for text, (split, _) in splits.items()}

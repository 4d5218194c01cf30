"""Filters in a whole run: which rows they leave, and that what they drop is counted."""

import json

import numpy as np
import pytest

from mashbill.models.errors import MashbillError
from mashbill.pipelines.finalize import finalize
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.stages import contracts, stages
from mashbill.pipelines.training import examples_by_split
from mashbill.transforms.examples import ORIGINAL
from tests.pipelines.runs import assert_same_rows, make, read_rows, settings, write_corpus

SIMILAR, SURE = 0.8, 0.6
SHORT = {"min_similarity": SIMILAR, "teacher_agrees": True, "min_confidence": SURE}


@pytest.fixture(scope="module")
def values(tmp_path_factory, tiny_classifier, tiny_encoder):
    folder = tmp_path_factory.mktemp("corpus")
    write_corpus(folder)
    models = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": "unused"}
    methods = [{"use": "typo.keyboard", "rate": 0.2}, {"use": "edit.swap"}]
    augment = {"copies": 2, "methods": methods}
    return settings(folder, models, augment=augment, filter={"similarity_model": str(tiny_encoder)})


@pytest.fixture(scope="module")
def unfiltered(values, tmp_path_factory):
    return read_rows(make(values, tmp_path_factory.mktemp("run") / "out"))


def keeps(row, rows) -> bool:
    """What `SHORT` asks, as the page on filters says it."""
    if row["augmenter"] == ORIGINAL:
        return True
    expected = row["label"]
    if expected is None:
        expected = rows[row["source_id"]]["teacher_label"]
    return (
        row["similarity"] >= SIMILAR
        and row["teacher_confidence"] >= np.float32(SURE)
        and row["teacher_label"] == expected
    )


def test_short_and_full_filters_leave_the_rows_that_hold_what_they_ask(
    values, unfiltered, tmp_path
):
    model = values["filter"]["similarity_model"]
    expected = {key: row for key, row in unfiltered.items() if keeps(row, unfiltered)}
    assert 61 < len(expected) < len(unfiltered)
    short = make({**values, "filter": {**values["filter"], **SHORT}}, tmp_path / "short")
    assert_same_rows(read_rows(short), expected)
    full = [
        {"kind": "similarity", "model": model, "minimum": SIMILAR},
        {"kind": "teacher_agrees"},
        {"kind": "confidence", "minimum": SURE},
    ]
    full = make({**values, "filter": {}, "filters": full}, tmp_path / "full")
    assert_same_rows(read_rows(full), expected)
    counts = [finalize(str(out), 0.5).run["counts"] for out in (short, full)]
    assert counts[0] == counts[1]
    dropped = [counts[0][stage]["dropped"] for stage in ("similarity", "teacher_filter")]
    assert [*dropped[0], *dropped[1]] == ["min_similarity", "min_confidence", "teacher_agrees"]
    assert sum(sum(one.values()) for one in dropped) == len(unfiltered) - len(expected)


NEAR = [{"kind": "near_duplicate"}, {"kind": "length", "minimum": 6, "max_ratio": 1.0}]


@pytest.fixture(scope="module")
def near(values, tmp_path_factory):
    return {**values, "filter": {}, "filters": NEAR}


def test_near_duplicates_and_short_texts_leave_train_and_are_counted(near, unfiltered, tmp_path):
    """The corpus is two templates with a number in each: train loses them to validation or test."""
    out = make(near, tmp_path / "out")
    rows = read_rows(out)
    held_out = {key for key, row in unfiltered.items() if row["split"] != "train"}
    assert {key for key, row in rows.items() if row["split"] != "train"} == held_out
    train = [row for row in rows.values() if row["split"] == "train"]
    # what is left is like nothing else; one of the two such texts is too short
    assert {row["text"] for row in train if row["augmenter"] == ORIGINAL} == {
        "מה נשמע? 这部电影 👩‍👩‍👧"
    }
    counts = finalize(str(out), 0.5).run["counts"]
    sources = sum(row["augmenter"] == ORIGINAL for row in unfiltered.values())
    near_ones = counts["deduplicate"]["dropped"]["near_duplicate"]
    assert (
        near_ones + counts["source_filter"]["dropped"]["too_short"] + len(held_out) + 1 == sources
    )
    assert counts["source_filter"]["dropped"]["too_short"] == 1
    assert list(counts) == [
        *("read", "deduplicate", "source_filter", "augment", "variant_filter"),
        *("annotate", "teacher_filter", "write"),
    ]
    assert [one["name"] for one in json.loads((out / "run.json").read_text())["stages"]] == [
        one.name for one in contracts(Recipe.model_validate(near))
    ]


@pytest.mark.slow
def test_partitions_bundles_and_a_resumed_run_drop_the_same(near, tmp_path):
    expected = read_rows(make(near, tmp_path / "whole"))
    parts = make(near, tmp_path / "parts", partitions=2)
    assert_same_rows(read_rows(parts), expected)
    again = make(near, tmp_path / "again", beam_args=["--direct_runner_bundle_repeat=2"])
    assert_same_rows(read_rows(again), expected)
    (parts / ".mashbill/shard-00001-of-00003.json").unlink()
    make(near, parts)
    assert_same_rows(read_rows(parts), expected)


def test_a_teacher_is_trained_on_the_sources_of_the_data_set(near, tmp_path):
    rows = read_rows(make(near, tmp_path / "out"))
    for split, table in examples_by_split(Recipe.model_validate(near), "teacher", 0.5).items():
        sources = {
            key
            for key, row in rows.items()
            if row["augmenter"] == ORIGINAL and row["split"] == split
        }
        assert set(table["source_id"].to_pylist()) == sources


@pytest.mark.parametrize(
    ("filters", "where"),
    [
        ([{"kind": "length", "maximum": 9}], ["source_filter", "variant_filter"]),
        ([{"kind": "length", "max_ratio": 2}], ["variant_filter"]),
        ([{"kind": "confidence", "minimum": 0.5}], ["teacher_filter"]),
        ([{"kind": "near_duplicate"}], []),
    ],
)
def test_a_filter_runs_in_the_first_stage_behind_which_its_columns_are_there(
    values, filters, where
):
    recipe = Recipe.model_validate({**values, "filter": {}, "filters": filters})
    assert [stage.name for stage in stages(recipe) if stage.filters] == where


def test_a_filter_without_its_column_ends_the_run_before_any_work(values, monkeypatch, tmp_path):
    monkeypatch.setattr("mashbill.transforms.filters.confidence.MinConfidence.reads", ("loudness",))
    with pytest.raises(MashbillError, match="filter confidence reads loudness, a column that no"):
        make({**values, "filter": {"min_confidence": 0.5}}, tmp_path / "out")
    assert not (tmp_path / "out").exists()

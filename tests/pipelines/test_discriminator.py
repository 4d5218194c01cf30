"""Real or synthetic, in a whole run."""

import json
from pathlib import Path

import pytest

from mashbill.models.errors import MashbillError
from mashbill.pipelines.discriminator import read_discriminator, sample_sources
from mashbill.pipelines.finalize import finalize
from mashbill.pipelines.prepare import check
from mashbill.pipelines.recipe import Recipe
from mashbill.transforms.examples import ORIGINAL
from tests.pipelines.runs import make, read_rows, settings, write_corpus


@pytest.fixture(scope="module")
def values(tmp_path_factory, tiny_classifier, tiny_encoder):
    folder = tmp_path_factory.mktemp("corpus")
    write_corpus(folder)
    models = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": "unused"}
    methods = [{"use": "typo.keyboard", "rate": 0.2}, {"use": "edit.swap"}]
    wanted = {"similarity_model": str(tiny_encoder), "max_synthetic": 0.6}
    return settings(folder, models, augment={"copies": 2, "methods": methods}, filter={**wanted})


@pytest.fixture(scope="module")
def out(values, tmp_path_factory) -> Path:
    return make(values, tmp_path_factory.mktemp("run") / "out")


def test_every_row_has_a_score_and_no_variant_one_above_the_limit(out):
    rows = read_rows(out).values()
    assert all(0 <= row["synthetic"] <= 1 for row in rows)
    variants = [row["synthetic"] for row in rows if row["augmenter"] != ORIGINAL]
    assert variants
    assert max(variants) <= 0.6


def test_the_report_says_how_well_they_can_be_told_apart(out):
    run = finalize(str(out)).run
    figures = run["discriminator"]
    assert 0 <= figures["auc"] <= 1
    assert figures["by_augmenter"].keys() == {"typo.keyboard", "edit.swap"}
    assert figures["variants"] > figures["sources"] > 20
    assert run["counts"]["similarity"]["dropped"]["max_synthetic"] > 0
    assert "| `synthetic` |" in (out / "README.md").read_text()


def test_partitions_and_a_resumed_run_judge_alike(values, out, tmp_path, partitions_here):
    again = make(values, tmp_path / "out", partitions=2)
    fitted = (again / ".mashbill" / "discriminator.json").read_bytes()
    (again / ".mashbill" / "shard-00001-of-00003.json").unlink()
    make(values, again)
    assert (again / ".mashbill" / "discriminator.json").read_bytes() == fitted
    there, here = read_rows(out), read_rows(again)
    assert there.keys() == here.keys()
    assert all(
        here[i]["synthetic"] == pytest.approx(row["synthetic"], abs=1e-5)
        for i, row in there.items()
    )


def test_a_run_that_asks_for_none_has_none(values, tmp_path):
    plain = {**values, "filter": {}, "augment": {"copies": 0}}
    out = make(plain, tmp_path / "out")
    assert read_discriminator(str(out)) is None
    assert "discriminator" not in finalize(str(out)).run
    assert all("synthetic" not in row for row in read_rows(out).values())


def test_the_sample_is_of_all_corpora_and_of_augmented_splits(values):
    recipe = Recipe.model_validate(values)
    sample = sample_sources(recipe, check(recipe), size=10).to_pylist()
    assert [row["id"] for row in sample] == sorted(row["id"] for row in sample)
    assert {row["corpus"] for row in sample} == {"reviews", "more"}
    assert {row["split"] for row in sample} == {"train"}
    assert sum(row["corpus"] == "reviews" for row in sample) == 5


def test_too_little_to_learn_from_is_an_error_before_any_shard(values, tmp_path):
    one = tmp_path / "one.jsonl"
    one.write_text(json.dumps({"text": "a single good film", "label": "positive"}))
    corpus = [{"name": "one", "path": str(one), "label": "label", "split": "train"}]
    with pytest.raises(MashbillError, match="too few to train the discriminator"):
        make({**values, "corpus": corpus}, tmp_path / "out")
    assert not (tmp_path / "out" / "data").exists()


def test_a_discriminator_needs_an_encoder(values):
    with pytest.raises(ValueError, match="discriminator needs similarity_model"):
        Recipe.model_validate({**values, "filter": {"discriminator": True}})

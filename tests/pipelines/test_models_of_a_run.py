"""The models of a run: asked for once, and fit for work before the first text."""

import shutil
from collections import Counter

import pytest

from mashbill.models import loading
from mashbill.models.errors import MashbillError
from mashbill.pipelines import job
from mashbill.pipelines.generate import generate
from mashbill.pipelines.recipe import Recipe
from mashbill.transforms import annotate, augment
from tests.pipelines.runs import read_rows, settings, write_corpus


@pytest.fixture
def models(tmp_path, tiny_classifier, tiny_encoder, tiny_mlm):
    """Copies, so that no process has loaded them yet."""
    found = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": tiny_mlm}
    return {name: shutil.copytree(folder, tmp_path / name) for name, folder in found.items()}


def recipe_with(folder, models):
    """Half of the variants by the masked LM, which the classifier judges."""
    write_corpus(folder, rows=20)
    values = settings(folder, models)
    judged = {
        "use": "contextual.substitute",
        "rate": 0.2,
        "model": str(models["mlm"]),
        "keep_label": str(models["classifier"]),
    }
    methods = [{"use": "edit.swap"}, {"use": "chain", "of": ["edit.swap", judged]}]
    values["augment"] = {"copies": 2, "methods": methods}
    return Recipe.model_validate(values)


def test_a_run_says_once_what_it_needs(tmp_path, models):
    found = {name: str(folder) for name, folder in models.items()}
    assert recipe_with(tmp_path, models).needs() == [
        (found["classifier"], "classifier"),
        (found["encoder"], "encoder"),
        (found["mlm"], "masked LM"),
    ]


@pytest.fixture
def fetches(monkeypatch, models):
    """How often the hub was asked for each model."""
    counts = Counter()

    def snapshot_download(name, **_):
        counts[name] += 1
        return str(models[name.removeprefix("us/")])

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    loading._fetch.cache_clear()
    yield counts
    loading._fetch.cache_clear()


def test_the_hub_is_asked_once_for_a_model_however_many_batches_there_are(
    tmp_path, models, fetches, monkeypatch
):
    batches = Counter()
    for stage in (augment.Augment, annotate.Annotate):
        monkeypatch.setattr(stage, "run", _counted(stage.run, batches))
    recipe = recipe_with(tmp_path, {name: f"hf://us/{name}" for name in models})
    assert generate(recipe)
    assert fetches == dict.fromkeys(("us/classifier", "us/encoder", "us/mlm"), 1)
    assert batches["augment_model"] >= 3
    assert batches["annotate"] >= 3
    augmenters = {row["augmenter"] for row in read_rows(tmp_path / "out").values()}
    assert "chain(edit.swap+contextual.substitute)" in augmenters


def _counted(run, batches):
    def counted(self, *args):
        batches[self.name] += 1
        return run(self, *args)

    return counted


def vanishes(folder):
    (folder / "model.safetensors").unlink()


def is_cut_off(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def loses_its_tokenizer(folder):
    (folder / "tokenizer.json").write_text("{}")


@pytest.mark.parametrize(
    ("name", "happens"),
    [
        ("mlm", vanishes),
        ("mlm", is_cut_off),
        ("classifier", loses_its_tokenizer),
        ("encoder", is_cut_off),
    ],
)
def test_a_model_that_a_worker_cannot_load_ends_the_run_and_makes_no_rejects(
    tmp_path, models, monkeypatch, name, happens
):
    def checked_and_then_broken(*args):
        pipeline = build_pipeline(*args)
        happens(models[name])
        return pipeline

    texts, build_pipeline = [], job.build_pipeline
    monkeypatch.setattr(job, "build_pipeline", checked_and_then_broken)
    monkeypatch.setattr(augment.Augment, "run", lambda *args: texts.append(args))
    with pytest.raises(MashbillError) as ended:
        generate(recipe_with(tmp_path, models))
    assert str(models[name]) in str(ended.value)
    assert "0 of 3 shards" in str(ended.value)
    assert "\n" not in str(ended.value)
    assert not texts
    assert not list((tmp_path / "out").rglob("*.parquet"))

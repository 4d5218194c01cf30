"""Teachers of several models, from their training to the labels of a data set."""

import json

import numpy as np
import pytest

from mashbill.models import train_classifier as trainer
from mashbill.models.classifier import Classifier
from mashbill.models.errors import MashbillError
from mashbill.pipelines.evaluation.evaluate import evaluate
from mashbill.pipelines.finalize import finalize
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.stages import contracts
from mashbill.pipelines.train_teacher import train_teacher
from mashbill.transforms.examples import fold_of, source_id_of
from tests.models import writers
from tests.models.chat_server import Chat, serving, with_logprobs
from tests.pipelines.runs import make, read_rows, settings, write_corpus


@pytest.fixture
def values(tmp_path, tiny_classifier, tiny_encoder, tiny_mlm):
    write_corpus(tmp_path, rows=60)
    models = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": tiny_mlm}
    found = settings(tmp_path, models)
    found["augment"] = {"copies": 1, "methods": [{"use": "typo.keyboard", "rate": 0.1}]}
    found["filter"] = {}
    train = {"base": str(tiny_encoder), "epochs": 1, "batch_size": 8}
    found["teacher"] = {"max_length": 32, "precision": "fp32", "train": train}
    return found


def with_teacher(values, **teacher):
    return values | {"teacher": values["teacher"] | teacher}


def test_an_ensemble_is_trained_and_labels(values, tmp_path):
    members = [str(tmp_path / "a"), str(tmp_path / "b")]
    values = with_teacher(values, kind="ensemble", of=members)
    metrics = train_teacher(Recipe.model_validate(values), max_rejects=1.0)
    assert metrics.keys() == {"validation", "test"}
    assert 0 <= metrics["test"]["members_agree"] <= 1
    seeds = [json.loads((tmp_path / m / "fingerprint.json").read_text()) for m in ("a", "b")]
    assert seeds[0] != seeds[1]
    rows = read_rows(make(values, tmp_path / "out"))
    each = [Classifier.load(member, max_length=32, precision="fp32") for member in members]
    for row in list(rows.values())[:10]:
        wanted = np.mean([one.logits([row["text"]])[0] for one in each], axis=0)
        np.testing.assert_allclose(row["teacher_logits"], wanted, atol=1e-5)


def test_a_train_row_is_answered_by_a_model_that_has_not_seen_it(values, tmp_path, monkeypatch):
    seen = []
    train = trainer.train_classifier

    def watched(table, *rest, **how):
        seen.append(set(table["source_id"].to_pylist()))
        return train(table, *rest, **how)

    monkeypatch.setattr(trainer, "train_classifier", watched)
    values = with_teacher(values, kind="cross_fitted", folder=str(tmp_path / "teachers"), parts=2)
    train_teacher(Recipe.model_validate(values), max_rejects=1.0)
    rows = read_rows(make(values, tmp_path / "out"))
    each = [
        Classifier.load(str(tmp_path / "teachers" / str(n)), max_length=32, precision="fp32")
        for n in (1, 2)
    ]
    alone = 0
    for row in rows.values():
        said = [one.logits([row["text"]])[0] for one in each]
        if row["split"] == "train" and row["label"] is not None:
            fold = fold_of(row["source_id"], 2)
            assert row["source_id"] not in seen[fold]
            assert row["source_id"] in seen[1 - fold]
            wanted, alone = said[fold], alone + 1
        else:
            wanted = np.mean(said, axis=0)
        np.testing.assert_allclose(row["teacher_logits"], wanted, atol=1e-5)
    assert alone > 20


def test_folds_are_of_about_one_size():
    folds = [fold_of(source_id_of(f"text {i}"), 4) for i in range(4000)]
    assert np.bincount(folds).min() > 900


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"teacher": {"kind": "ensemble", "of": ["a", "a"]}}, "names a model twice"),
        ({"teacher": {"kind": "ensemble", "of": ["a"]}}, "at least 2"),
        ({"teacher": {"kind": "jury", "of": ["a"]}}, "teacher"),
        (
            {
                "teacher": {"kind": "ensemble", "of": ["a", "b"], "average": "probabilities"},
                "task": {"kind": "multi"},
            },
            "teacher.average: probabilities are of one class per text",
        ),
        (
            {
                "teacher": {"kind": "cross_fitted", "folder": "t"},
                "distill": {"model": "s", "student": {"from": "teacher", "layers": [0]}}
                | {"objective": {"kind": "adv", "assistant": "m"}},
            },
            "distill.objective: adv asks the teacher during the training",
        ),
    ],
)
def test_what_does_not_fit_several_teachers_is_an_error_of_the_recipe(values, changes, says):
    with pytest.raises(ValueError, match=says):
        Recipe.model_validate(values | changes)


def test_the_stages_that_fold_need_the_split(values, tmp_path):
    recipe = with_teacher(values, kind="cross_fitted", folder=str(tmp_path / "teachers"))
    needs = {one.name: one.needs for one in contracts(Recipe.model_validate(recipe))}
    assert "split" in needs["annotate"]


def asking(**teacher):
    return {"teacher": {"model": "m", **teacher}}


STUDENT = {"model": "s", "student": {"from": "teacher", "layers": [0]}}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (asking(kind="entailment", hypothesis="It is."), "must have {} once"),
        (asking(kind="language_model", prompt="{{ txt }}"), "is no template"),
        (asking(kind="entailment", train={"base": "b"}), "train"),
        (asking(kind="entailment") | {"task": {"kind": "spans"}}, "labels texts, not words"),
        (asking(kind="entailment") | {"distill": STUDENT}, "has no layers to start from"),
    ],
)
def test_what_a_teacher_that_is_asked_in_words_cannot_do(values, changes, says):
    with pytest.raises(ValueError, match=says):
        Recipe.model_validate(values | changes)


def test_labels_are_named_in_the_sentence_and_behind_the_prompt(values):
    names = {"negative": "a bad review"}
    teacher = asking(kind="entailment", hypothesis="It is {}.", names=names)
    spec = Recipe.model_validate(values | teacher).teacher.spec(["negative", "positive"])
    assert spec.asks.sentences == ("It is a bad review.", "It is positive.")
    teacher = asking(
        kind="language_model", prompt="{{ text }}", names={"negative": ["bad", "dull"]}
    )
    spec = Recipe.model_validate(values | teacher).teacher.spec(["negative", "positive"])
    assert spec.asks.names == ((" bad", " dull"), (" positive",))


def test_a_language_model_labels_a_corpus(values, tmp_path):
    model = str(writers.writer(tmp_path / "writer"))
    teacher = {"kind": "language_model", "model": model, "prompt": "{{ text }} it was"}
    teacher["names"] = {"negative": ["bad", "dull"], "positive": ["good", "very fine"]}
    rows = read_rows(make(values | {"teacher": teacher}, tmp_path / "out"))
    assert len(rows) > 60
    assert len({row["teacher_label"] for row in rows.values()}) == 2


def test_a_model_that_a_server_has_labels_a_corpus(values, tmp_path):
    def say(body):
        bad = len(body["messages"][0]["content"]) % 2
        return with_logprobs({"negative": 0.6, "positive": 0.3} if bad else {"positive": 0.9})

    chat = Chat(say)
    with serving(chat) as url:
        endpoint = {"url": url, "model": "tiny", "cache": str(tmp_path / "answers.sqlite")}
        teacher = {"kind": "language_model", "endpoint": endpoint, "prompt": "{{ text }} it was"}
        out = make(values | {"teacher": teacher}, tmp_path / "out")
    rows = read_rows(out)
    assert len({row["teacher_label"] for row in rows.values()}) == 2
    finalize(str(out), 1.0)
    run = json.loads((out / "run.json").read_text())
    assert run["teacher"]["model"] == f"{url} tiny"
    assert run["counts"]["annotate"]["requests"] == len(chat.asked) - 3  # without a text: before
    with pytest.raises(ValueError, match="evaluate: not available with a teacher that a server"):
        Recipe.model_validate(values | {"teacher": teacher, "evaluate": {"suites": ["typo"]}})


def test_an_evaluation_takes_a_teacher_that_is_asked_in_words(values, tmp_path, tiny_classifier):
    model = str(writers.writer(tmp_path / "writer"))
    teacher = {"kind": "language_model", "model": model, "prompt": "{{ text }} it was"}
    teacher["names"] = {"negative": ["bad"], "positive": ["good"]}
    values |= {"teacher": teacher}
    values["evaluate"] = {"suites": ["clean"], "models": {"other": str(tiny_classifier)}}
    finalize(str(make(values, tmp_path / "out")), 1.0)
    found = evaluate(Recipe.model_validate(values), 1.0)
    assert set(found["models"]) == {"teacher", "other"}
    changed = Recipe.model_validate(values | {"teacher": teacher | {"model": "nowhere"}})
    with pytest.raises(MashbillError, match="model folder nowhere does not exist"):
        evaluate(changed, 1.0)

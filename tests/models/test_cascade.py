"""A student and its teacher as one model; both are tiny, and differ by their weights."""

import json
import shutil

import numpy as np
import pytest

from mashbill.models.cascade import Cascade
from mashbill.models.classifier import Classifier
from mashbill.models.deferral import certainty, fit
from mashbill.models.errors import MashbillError
from mashbill.models.loading import weight_hash
from mashbill.models.tasks.multi import Multi
from mashbill.models.tasks.registry import single
from mashbill.models.tasks.score import Score

LABELS = ("negative", "positive")
WORDS = ("good", "bad", "dull", "great", "slow", "love", "film", "plot", "never", "not")
TEXTS = [f"{a} {b}" for a in WORDS for b in WORDS]


def other_weights(source, folder, **config):
    """A copy of a model whose head answers otherwise."""
    from transformers import AutoModelForSequenceClassification

    shutil.copytree(source, folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    model.classifier.weight.data.roll(1, dims=1)
    model.classifier.weight.data += 0.2 * model.classifier.weight.data.flip(1)
    model.config.update(config)
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def student(tmp_path_factory, tiny_classifier):
    folder = tmp_path_factory.mktemp("cascade") / "student"
    return str(other_weights(tiny_classifier, folder, calibration_temperature=2.0))


@pytest.fixture(scope="module")
def logits(student, tiny_classifier):
    models = (student, str(tiny_classifier))
    return [Classifier.load(model, precision="fp32").logits(TEXTS) for model in models]


def test_the_student_answers_where_it_is_sure_and_the_teacher_elsewhere(
    student, tiny_classifier, logits
):
    task = single(LABELS)
    sure = certainty(task, logits[0], {"calibration_temperature": 2.0})
    threshold = float(np.median(sure))
    both = Cascade.load(student, str(tiny_classifier), threshold, precision="fp32")
    found = both.predict(TEXTS)
    np.testing.assert_allclose(found.confidence, sure, atol=1e-6)
    assert 0.4 < found.alone.mean() < 0.6
    own, asked = (np.array(LABELS)[task.predict(one)] for one in logits)
    assert found.labels == np.where(found.alone, own, asked).tolist()
    assert (own != asked).any()


@pytest.mark.parametrize(("threshold", "alone"), [(0.0, True), (1.1, False)])
def test_at_the_ends_one_of_the_two_answers_all(student, tiny_classifier, threshold, alone):
    found = Cascade.load(student, str(tiny_classifier), threshold).predict(TEXTS[:3], TEXTS[3:6])
    assert found.alone.tolist() == [alone] * 3
    assert len(found.labels) == 3


def test_no_texts_are_no_answers(student, tiny_classifier):
    found = Cascade.load(student, str(tiny_classifier), 0.5).predict([])
    assert (found.labels, len(found.alone), len(found.confidence)) == ([], 0, 0)


def test_a_promise_is_that_which_the_student_keeps(student, tiny_classifier, logits, tmp_path):
    folder, task = tmp_path / "student", single(LABELS)
    shutil.copytree(student, folder)
    agrees = task.predict(logits[0]) == task.predict(logits[1])
    sure = certainty(task, logits[0], {"calibration_temperature": 2.0})
    kept = fit(sure, agrees, weight_hash(str(tiny_classifier)))
    (folder / "metrics.json").write_text(json.dumps({"cascade": kept.model_dump()}))
    both = Cascade.load(str(folder), str(tiny_classifier), agreement=0.95, precision="fp32")
    found = both.predict(TEXTS)
    assert found.alone.mean() == kept.promises[0].share
    teacher = np.array(LABELS)[task.predict(logits[1])]
    assert (np.array(found.labels) == teacher).mean() >= 0.95
    with pytest.raises(
        MashbillError, match=r"no promise of 0\.5 agreement; there are 0\.95, 0\.97"
    ):
        Cascade.load(str(folder), str(tiny_classifier), agreement=0.5)
    with pytest.raises(MashbillError, match="fitted with another teacher"):
        Cascade.load(str(folder), student, agreement=0.95)


def test_several_labels_a_text_are_lists_of_names(tiny_classifier, tmp_path):
    kind = {"problem_type": "multi_label_classification", "thresholds": [0.4, 0.6]}
    student, teacher = (
        str(other_weights(tiny_classifier, tmp_path / name, **kind)) for name in ("s", "t")
    )
    task = Multi().over(LABELS).calibrated(kind)
    logits = Classifier.load(student, precision="fp32").logits(TEXTS)
    middle = float(np.median(task.confidence(logits)))
    found = Cascade.load(student, teacher, middle, precision="fp32").predict(TEXTS)
    assert found.labels == [
        [name for name, given in zip(LABELS, row, strict=True) if given]
        for row in task.predict(logits)
    ]
    assert set(found.alone.tolist()) == {True, False}


def test_what_makes_no_cascade_is_one_line(student, tiny_classifier, tmp_path):
    teacher = str(tiny_classifier)
    for given in ({}, {"threshold": 0.5, "agreement": 0.95}):
        with pytest.raises(MashbillError, match="either a threshold or an agreement"):
            Cascade.load(student, teacher, **given)
    with pytest.raises(MashbillError, match=r"metrics\.json has no cascade"):
        Cascade.load(student, teacher, agreement=0.95)
    with pytest.raises(MashbillError, match="the task score does not have"):
        Cascade.load(student, teacher, 0.5, task=Score().over(["stars"]))
    numbers = str(other_weights(tiny_classifier, tmp_path / "n", problem_type="regression"))
    with pytest.raises(MashbillError, match="answers have no confidence"):
        Cascade.load(numbers, teacher, 0.5)
    others = {"id2label": {0: "a", 1: "b"}, "label2id": {"a": 0, "b": 1}}
    with pytest.raises(MashbillError, match="has the classes a, b"):
        Cascade.load(student, str(other_weights(tiny_classifier, tmp_path / "o", **others)), 0.5)

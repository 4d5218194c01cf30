import numpy as np
import pytest
import transformers

from mashbill.models.checks import check_entailment
from mashbill.models.classifier import Classifier
from mashbill.models.errors import ModelError
from mashbill.models.tasks.multi import Multi
from mashbill.models.tasks.single import Single
from mashbill.models.teachers import Hypotheses, TeacherSpec
from tests.conftest import save_tiny

TEXTS = ["a good film", "a bad film", "dull", "the story was great and i love it"]
SENTENCES = ("it is bad", "it is good", "it is not a film")
LABELS = ["bad", "good", "other"]


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    classes = ("CONTRADICTION", "neutral", "Entailment")
    return str(save_tiny(tmp_path_factory.mktemp("judge"), "classifier", classes))


def by_the_library(judge, several):
    """Probabilities of transformers' own zero-shot pipeline, in the order of the sentences."""
    zero_shot = transformers.pipeline("zero-shot-classification", model=judge, device="cpu")
    found = zero_shot(TEXTS, list(SENTENCES), hypothesis_template="{}", multi_label=several)
    return [
        [dict(zip(one["labels"], one["scores"], strict=True))[sentence] for sentence in SENTENCES]
        for one in found
    ]


@pytest.mark.parametrize(("task", "several"), [(Single(), False), (Multi(), True)])
def test_probabilities_are_those_of_the_zero_shot_pipeline(judge, task, several):
    task = task.over(LABELS)
    teacher = TeacherSpec([judge], precision="fp32", asks=Hypotheses(SENTENCES)).load(task)
    found = task.soft(teacher.logits(TEXTS))
    np.testing.assert_allclose(found, by_the_library(judge, several), atol=1e-4)
    assert teacher.forward_seconds > 0
    assert teacher.parameters == Classifier.load(judge, precision="fp32").parameters


def test_what_does_not_fit_beside_the_longest_sentence_is_cut(judge):
    spec = TeacherSpec([judge], max_length=12, precision="fp32", asks=Hypotheses(SENTENCES))
    short, long = spec.load(Single().over(LABELS)).windows(["a film", "a good film " * 9])
    assert short is None or not short.cut
    assert long.cut


def test_a_classifier_of_something_else_is_refused(judge, tiny_classifier):
    check_entailment(judge)
    with pytest.raises(ModelError, match="no model of entailment: its classes are negative"):
        check_entailment(str(tiny_classifier))

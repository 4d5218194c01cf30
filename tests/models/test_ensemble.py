import copy
import pickle

import numpy as np
import pytest
import torch
import transformers

from mashbill.models.classifier import Classifier
from mashbill.models.ensemble import Ensemble
from mashbill.models.settings import ALL
from mashbill.models.tasks.multi import Multi
from mashbill.models.tasks.single import Single
from mashbill.models.tasks.spans import Spans
from mashbill.models.teachers import TeacherSpec
from tests.conftest import tiny_tokenizer

TEXTS = ["a good film", "a bad film", "dull", "the story was great and i love it"]
TASK = Single().over(["negative", "positive"])


@pytest.fixture(scope="module")
def members(tiny_classifier, tmp_path_factory):
    """The tiny classifier, and one whose output layer has other weights."""
    other = tmp_path_factory.mktemp("other")
    model = transformers.AutoModelForSequenceClassification.from_pretrained(tiny_classifier)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        torch.nn.init.normal_(model.classifier.weight)
    model.save_pretrained(other)
    tiny_tokenizer().save_pretrained(other)
    return [str(tiny_classifier), str(other)]


@pytest.fixture
def each(members):
    return [Classifier.load(member, precision="fp32").logits(TEXTS) for member in members]


def test_one_model_is_no_ensemble(members):
    assert isinstance(TeacherSpec(members[:1]).load(TASK), Classifier)


def test_the_scores_are_the_mean_of_the_members(members, each):
    both = TeacherSpec(members, precision="fp32").load(TASK)
    np.testing.assert_allclose(both.logits(TEXTS), (each[0] + each[1]) / 2, atol=1e-5)
    assert both.parameters == 2 * Classifier.load(members[0], precision="fp32").parameters
    assert both.labels == ["negative", "positive"]


def test_or_the_logarithm_of_their_mean_probability(members, each):
    both = TeacherSpec(members, precision="fp32", mean="probabilities").load(TASK)
    wanted = np.mean([TASK.soft(logits) for logits in each], axis=0)
    found = both.logits(TEXTS)
    np.testing.assert_allclose(TASK.soft(found), wanted, atol=1e-6)
    assert found.dtype == np.float32


def test_a_row_of_a_fold_is_answered_by_one_member(members, each):
    both = TeacherSpec(members, precision="fp32").load(TASK)
    folds = np.array([0, 1, ALL, 1])
    found = both.logits(TEXTS, None, folds)
    np.testing.assert_allclose(found[0], each[0][0], atol=1e-5)
    np.testing.assert_allclose(found[[1, 3]], each[1][[1, 3]], atol=1e-5)
    np.testing.assert_allclose(found[2], (each[0][2] + each[1][2]) / 2, atol=1e-5)
    assert both.logits([], None, np.array([], np.int64)).shape == (0, 2)


def test_members_agree_where_they_give_the_same_answer(members, each):
    both = TeacherSpec(members, precision="fp32").load(TASK)
    same = np.mean(each[0].argmax(1) == each[1].argmax(1))
    assert both.agreement(TASK, TEXTS) == same
    twice = Ensemble([both.members[0]] * 3)
    assert twice.agreement(TASK, TEXTS) == 1


class Said:
    """A member that always says the same."""

    def __init__(self, rows):
        self.rows = rows

    def logits(self, texts, pairs=None):
        return self.rows[: len(texts)]


def test_scores_of_words_are_averaged_word_by_word():
    from mashbill.models.tasks.ragged import ragged

    assert not Spans().over(["PER"]).one_answer
    first = ragged([np.array([[2.0, 0.0]]), np.array([[1.0, 1.0], [4.0, 0.0]])])
    second = ragged([np.array([[0.0, 2.0]]), np.array([[3.0, 1.0], [0.0, 0.0]])])
    found = Ensemble([Said(first), Said(second)]).logits(["a", "b c"])
    assert [row.tolist() for row in found] == [[[1, 1]], [[2, 1], [2, 0]]]
    alone = Ensemble([Said(first), Said(second)]).logits(["a"], None, np.array([1]))
    assert alone[0].tolist() == [[0, 2]]


def test_several_labels_are_averaged_as_logits():
    task = Multi().over(["a", "b"])
    said = [np.array([[2.0, -2.0]]), np.array([[0.0, 4.0]])]
    found = Ensemble([Said(one) for one in said]).logits(["x"])
    assert found.tolist() == [[1, 1]]
    assert task.predict(found).tolist() == [[True, True]]


def test_it_can_be_copied(members):
    both = TeacherSpec(members, precision="fp32").load(TASK)
    assert copy.copy(both).members == both.members
    assert pickle.loads(pickle.dumps(Ensemble([Said(np.ones((1, 2)))]))).mean == "logits"

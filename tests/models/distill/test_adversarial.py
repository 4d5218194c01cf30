"""The objective `adv`: its terms, its turns, and what it refuses."""

import pytest
import torch

from mashbill.models.distill.losses import soft_loss
from mashbill.models.distill.objectives import Adversarial, Distillation
from mashbill.models.errors import ModelError
from tests.conftest import tiny_tokenizer
from tests.models.distill.steps import classifier, tiny_step, unlike


@pytest.fixture
def teacher(tiny_classifier):
    return classifier(tiny_classifier).requires_grad_(False)


@pytest.fixture
def objective(tiny_mlm):
    return Adversarial(assistant=str(tiny_mlm), assistant_steps=1, student_steps=2)


def playing(objective, teacher):
    adversary = objective.adversary({"the teacher": tiny_tokenizer()})
    return tiny_step(unlike(teacher), teacher, adversary=adversary)


def test_the_terms_are_those_of_kd_and_the_soft_term_on_rewritten_rows(objective, teacher):
    step = playing(objective, teacher)
    torch.manual_seed(4)
    terms = objective.terms(step)
    kd = Distillation().terms(step)
    assert list(terms) == [*kd, "adversarial"]
    assert all(torch.equal(terms[name], kd[name]) for name in kd)

    torch.manual_seed(4)
    texts, _ = objective.adversary({}).challenge(step.inputs, teacher, step.student)
    assert (texts["input_ids"] != step.inputs["input_ids"]).any()
    rows = soft_loss(teacher(**texts).logits, step.student(**texts).logits, temperature=2)
    torch.testing.assert_close(terms["adversarial"], rows @ step.weight / step.weight.sum())


def test_the_gain_is_logged_when_the_assistant_steps(objective, teacher):
    step = playing(objective, teacher)
    objective.terms(step)
    assert "assistant/gain" not in step.watch.means()
    objective.terms(step)
    assert step.watch.means()["assistant/gain"] > 0


def test_only_the_student_learns_from_the_loss(objective, teacher):
    step = playing(objective, teacher)
    sum(objective.terms(step).values()).backward()
    assert step.student.classifier.weight.grad.abs().sum() > 0
    assert all(p.grad is None for p in step.adversary.assistant.model.parameters())
    assert all(p.grad is None for p in teacher.parameters())


def test_without_an_adversary_it_is_kd(objective, teacher):
    step = tiny_step(unlike(teacher), teacher)
    assert objective.terms(step) == Distillation().terms(step)


def test_an_assistant_must_be_a_masked_lm_of_the_same_vocabulary(objective, tiny_classifier):
    with pytest.raises(ModelError, match="is no masked language model"):
        Adversarial(assistant=str(tiny_classifier)).adversary({})
    other = tiny_tokenizer()
    other.add_tokens(["malt"])
    with pytest.raises(ModelError, match="the assistant and the student must share one vocab"):
        objective.adversary({"the student": other})

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
    return Adversarial(
        assistant=str(tiny_mlm), assistant_steps=1, student_steps=2, adversarial_weight=0.5
    )


def playing(objective, teacher):
    """A step, and what the adversary and the objective make of it."""
    return tiny_step(unlike(teacher), teacher), objective.adversary(
        {"the teacher": tiny_tokenizer()}
    )


def test_the_term_is_the_soft_one_on_rewritten_rows(objective, teacher):
    step, adversary = playing(objective, teacher)
    torch.manual_seed(4)
    (term,) = adversary.terms(step, objective).values()

    torch.manual_seed(4)
    student, weight = step.student.model, step.rows.weight
    texts, _ = objective.adversary({}).challenge(step.inputs, teacher, student)
    assert (texts["input_ids"] != step.inputs["input_ids"]).any()
    rows = soft_loss(teacher(**texts).logits, student(**texts).logits, temperature=2)
    torch.testing.assert_close(term, 0.5 * rows @ weight / weight.sum())


def test_the_gain_is_logged_when_the_assistant_steps(objective, teacher):
    step, adversary = playing(objective, teacher)
    adversary.terms(step, objective)
    assert "assistant/gain" not in step.watch.means()
    adversary.terms(step, objective)
    assert step.watch.means()["assistant/gain"] > 0


def test_only_the_student_learns_from_the_loss(objective, teacher):
    step, adversary = playing(objective, teacher)
    adversary.terms(step, objective)["adversarial"].backward()
    assert step.student.model.classifier.weight.grad.abs().sum() > 0
    assert all(p.grad is None for p in adversary.assistant.model.parameters())
    assert all(p.grad is None for p in teacher.parameters())


def test_on_the_rows_themselves_it_is_kd(objective, teacher):
    step = tiny_step(unlike(teacher), teacher)
    given = step.rows, step.student_logits, step.watch
    assert objective.terms(*given) == Distillation().terms(*given)
    assert Distillation().adversary({}) is None


def test_an_assistant_must_be_a_masked_lm_of_the_same_vocabulary(objective, tiny_classifier):
    with pytest.raises(ModelError, match="is not a masked language model"):
        Adversarial(assistant=str(tiny_classifier)).adversary({})
    other = tiny_tokenizer()
    other.add_tokens(["malt"])
    with pytest.raises(ModelError, match="the assistant and the student must share one vocab"):
        objective.adversary({"the student": other})

"""Steps over the tiny models, for tests."""

import copy

import torch
from transformers import AutoModelForSequenceClassification

from mashbill.models.distill.step import Step
from tests.conftest import tiny_tokenizer

TEXTS = ["a good film with a great cast", "dull, slow and boring", "the worst movie of my life"]


def classifier(folder):
    """In evaluation mode, without which dropout would make every forward another."""
    return AutoModelForSequenceClassification.from_pretrained(folder).eval()


def unlike(teacher):
    """A trainable copy of a classifier with another last layer."""
    torch.manual_seed(1)
    student = copy.deepcopy(teacher).requires_grad_(True)
    torch.nn.init.normal_(student.classifier.weight)
    return student


def tiny_step(student, teacher=None, **fields):
    """Three texts of different lengths, the second without a gold label."""
    return Step(
        student=student,
        teacher=teacher,
        **{
            "inputs": dict(tiny_tokenizer()(TEXTS, padding=True, return_tensors="pt")),
            "labels": torch.tensor([1, -100, 0]),
            "teacher_logits": torch.tensor([[-1.0, 2.0], [1.5, 0.0], [0.3, 0.1]]),
            "weight": torch.tensor([1.0, 0.5, 2.0]),
            **fields,
        },
    )

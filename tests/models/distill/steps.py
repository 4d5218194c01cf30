"""Steps over the tiny models, for tests."""

import copy

import torch
from transformers import AutoModelForSequenceClassification

from mashbill.models.distill.step import Rows, Step
from mashbill.models.distill.taps import Tap, Tapped
from mashbill.models.distill.watch import Watch
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


def known(teacher_logits, labels=None, **columns):
    """The rows of a batch, of which only what is named is special."""
    teacher_logits = torch.as_tensor(teacher_logits)
    count = len(teacher_logits)
    return Rows(
        **{
            "labels": torch.tensor(labels or [-100] * count),
            "teacher_logits": teacher_logits,
            "weight": torch.ones(count),
            "plain": columns.get("weight", torch.ones(count)),
            "own": torch.ones(count, dtype=torch.bool),
            "source": torch.arange(count),
            "variant": torch.zeros(count, dtype=torch.bool),
            "augmenter": torch.zeros(count, dtype=torch.long),
            "fresh": torch.full((count,), -1),
            "live": torch.zeros(count, dtype=torch.bool),
            **columns,
        }
    )


def tiny_step(student, teacher=None, taps=(None, None), watch=None, **columns):
    """Three texts of different lengths, the second without a gold label."""
    student, teacher = (
        None if model is None else Tapped(model, tap or Tap({}))
        for model, tap in zip((student, teacher), taps, strict=True)
    )
    columns = {"weight": torch.tensor([1.0, 0.5, 2.0]), **columns}
    soft = columns.pop("teacher_logits", [[-1.0, 2.0], [1.5, 0.0], [0.3, 0.1]])
    return Step(
        inputs=dict(tiny_tokenizer()(TEXTS, padding=True, return_tensors="pt")),
        rows=known(soft, [1, -100, 0], **columns),
        student=student,
        teacher=teacher,
        watch=watch or Watch(),
    )

"""A student at work on two made-up rows, before hours are spent on it."""

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from mashbill.models.distill.extras import Extra
from mashbill.models.distill.step import Rows, Step
from mashbill.models.distill.taps import Tapped
from mashbill.models.errors import ModelError, first_line
from mashbill.models.loading import length_limit
from mashbill.models.tasks.base import Task
from mashbill.models.training import own_random_state

if TYPE_CHECKING:
    from mashbill.models.distill.objectives import Objective

WORD = "good "


def try_student(
    student: Tapped,
    teacher: Tapped | None,
    tokenizer: PreTrainedTokenizerFast,
    objective: "Objective",
    extras: Sequence[Extra] = (),
    *,
    task: Task,
    max_length: int,
    training: torch.dtype,
    evaluation: torch.dtype,
) -> None:
    """Computes the loss of a short and of a longest row and its gradients, and then their logits.

    Nothing is learnt, and no random state changes.

    Args:
        task: of the objective.
        student, teacher: on one device; the taps that `attach` made for the extras.
        max_length: tokens of a text, as asked for.
        training: of the products while training, under autocast.
        evaluation: of the weights when the student is evaluated.

    Raises:
        ModelError: the student cannot do one of these; names the key.
    """
    model = student.bare
    inputs = _inputs(tokenizer, length_limit(model.config, tokenizer, max_length), model.device)
    step = Step(inputs, _rows(task, inputs["input_ids"]), student, teacher)
    with (
        own_random_state(0),
        torch.autocast(model.device.type, training, enabled=training != torch.float32),
    ):
        key = "distill.student"
        try:
            terms = objective.terms(step.rows, step.student_logits, step.watch)
            for extra in extras:
                key = f"distill: {extra.kind} with this student"
                terms |= extra.terms(step, objective)
            key = "distill.student"
            sum(terms.values()).backward()
        except ModelError:
            raise
        except Exception as error:  # whatever an architecture stumbles over
            raise _fault(key, model, "trained", error) from error
        finally:
            model.zero_grad(set_to_none=True)
    _try_evaluation(model, inputs, evaluation, task)


def _try_evaluation(
    model: PreTrainedModel, inputs: Mapping[str, Tensor], dtype: torch.dtype, task: Task
) -> None:
    """Raises ModelError unless a copy in evaluation mode gives finite logits."""
    try:
        with torch.no_grad():
            logits = copy.deepcopy(model).eval().to(dtype)(**inputs).logits
    except Exception as error:  # as above
        raise _fault("distill.student", model, "evaluated", error) from error
    expected = task.logits_shape(inputs["input_ids"])
    if logits.shape != expected or not logits.isfinite().all():
        raise ModelError(
            f"distill.student: the logits of a {model.config.model_type} student are "
            f"not finite, or not of the shape {expected}"
        )


def _fault(key: str, model: PreTrainedModel, what: str, error: Exception) -> ModelError:
    kind = model.config.model_type
    return ModelError(
        f"{key}: a {kind} student cannot be {what}: {type(error).__name__}: {first_line(error)}"
    )


def _inputs(tokenizer: PreTrainedTokenizerFast, limit: int, device: torch.device) -> dict[str, Any]:
    """Two rows: one of a word, one of as many tokens as a text may have."""
    own = copy.deepcopy(
        tokenizer
    )  # it keeps what it is told of lengths, and is saved with the student
    encoded = own(
        [WORD, WORD * limit], truncation=True, max_length=limit, padding=True, return_tensors="pt"
    )
    return {name: encoded[name].to(device) for name in tokenizer.model_input_names}


def _rows(task: Task, input_ids: Tensor) -> Rows:
    """A source example and its variant, both labelled as all numbers 0 mean it."""
    device = input_ids.device
    logits = torch.zeros(task.logits_shape(input_ids), device=device)
    return Rows(
        labels=task.answers_as_gold(logits),
        teacher_logits=logits,
        weight=torch.ones(2, device=device),
        plain=torch.ones(2, device=device),
        own=torch.ones(2, dtype=torch.bool, device=device),
        source=torch.zeros(2, dtype=torch.long, device=device),
        variant=torch.tensor([False, True], device=device),
        augmenter=torch.zeros(2, dtype=torch.long, device=device),
        fresh=torch.full((2,), -1, device=device),
        live=torch.zeros(2, dtype=torch.bool, device=device),
    )

"""Whether the student of a plan can be built and trained at all, without any data."""

from mashbill.models.device import pick_device, pick_dtype
from mashbill.models.distill.extras import attach
from mashbill.models.distill.plan import Plan
from mashbill.models.distill.run import cut_vocabulary
from mashbill.models.distill.student import build_student
from mashbill.models.distill.taps import Tapped
from mashbill.models.distill.trial import WORD, try_student
from mashbill.models.loading import load_model
from mashbill.models.tasks.base import Task
from mashbill.models.training import own_random_state


def rehearse(plan: Plan, task: Task) -> None:
    """Builds the student and lets it compute on two rows, beside a live teacher where one is asked.

    Raises ModelError as the training would, and as soon.
    """
    device = pick_device()
    with own_random_state(plan.seed):
        model, tokenizer = build_student(plan.student, plan.teacher, task)
        cut = cut_vocabulary(plan, model, tokenizer, [[WORD]])
        teacher = None
        if any(extra.needs_teacher for extra in plan.extras):
            teacher = load_model(plan.teacher, task.auto_class).to(device)
            if cut is not None:
                cut.cut(teacher)
        student_tap, teacher_tap = attach(plan.extras, model.to(device), teacher)
    try_student(
        Tapped(model, student_tap),
        None if teacher is None else Tapped(teacher, teacher_tap),
        tokenizer if cut is None else cut.tokenizer,
        plan.objective.of(task),
        plan.extras,
        task=task,
        max_length=plan.max_length,
        training=pick_dtype(plan.training.precision, device),
        evaluation=pick_dtype(plan.evaluation, device),
    )

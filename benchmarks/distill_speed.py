"""Speed of the student's training: against plain torch, and against a teacher in the loop.

All take the same batches, in turn, in one process:

- `ours`: `train_student` from the Parquet, tokenisation and logging included;
- `plain`: a hand-written torch loop over those batches, tokenised before the clock starts, with the
  same attention, frozen word vectors and short last block;
- `teacher`: that loop, which asks a live teacher for the soft labels, in bf16 as the student;
- `teacher fp32`: the same in the precision that a teacher has when nobody sets another.

    python -m benchmarks.distill_speed examples/supervised.yaml --steps 60
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification

from benchmarks.trainings import in_turn, parser, ratio
from mashbill.models.device import has_native_bf16, pick_device
from mashbill.models.distill.batches import TrainBatches
from mashbill.models.distill.dataset import SoftLabelled, open_data
from mashbill.models.distill.losses import divergence
from mashbill.models.distill.plan import Plan, batch_plan
from mashbill.models.distill.run import train_student
from mashbill.models.distill.student import build_student
from mashbill.models.distill.tokenized import BatchEncoder
from mashbill.models.first_token import last_block_for_first_token
from mashbill.models.loading import load_model, load_tokenizer
from mashbill.models.training import attention_that_learns_fast
from mashbill.pipelines.recipe_file import load_recipe
from mashbill.pipelines.student_plan import student_plan


def main() -> None:
    arguments = parser(__doc__, steps=60)
    arguments.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = arguments.parse_args()
    recipe = load_recipe(options.recipe, options.set)
    steps = options.steps + 1  # the first is not timed
    training = {"steps": steps, "evaluate_every": steps, "patience": None}
    distill = recipe.distill.model_copy(
        update={"training": recipe.distill.training.model_copy(update=training)}
    )
    recipe = recipe.model_copy(update={"distill": distill})
    data = open_data(recipe.output.path, recipe.task)
    plan = student_plan(recipe, data, None)
    batches = same_batches(data, plan, steps)[1:]
    ways: dict[str, Callable[[], float]] = {
        "ours": lambda: ours(data, plan),
        "plain": lambda: plain(data, plan, batches),
        "teacher": lambda: plain(data, plan, batches, teacher_precision=precision()),
        "teacher fp32": lambda: plain(data, plan, batches, teacher_precision=torch.float32),
    }
    seconds = in_turn(ways, options.rounds)
    rows = sum(len(batch["rows"].labels) for batch in batches)
    report = {
        "rows": rows,
        "rows_per_second": {name: rows / statistics.median(s) for name, s in seconds.items()},
        "ours against plain": ratio(seconds, "plain", "ours"),
        "ours against a teacher in the loop": ratio(seconds, "teacher", "ours"),
        "ours against a teacher in the loop, fp32": ratio(seconds, "teacher fp32", "ours"),
    }
    print(json.dumps(report) if options.json else json.dumps(report, indent=2))


def same_batches(data: SoftLabelled, plan: Plan, steps: int) -> list[dict[str, Any]]:
    encoder = BatchEncoder(data, load_tokenizer(plan.teacher), plan.max_length)
    return list(islice(TrainBatches(data, encoder, batch_plan(data, plan)), steps))


def ours(data: SoftLabelled, plan: Plan) -> float:
    """Seconds of the steps: what a whole training takes longer than one of a single step, as both
    load models, evaluate once and save once."""
    one = plan.training.model_copy(update={"steps": 1, "evaluate_every": 1})
    return _whole(data, plan) - _whole(data, replace(plan, training=one))


def _whole(data: SoftLabelled, plan: Plan) -> float:
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        train_student(data, plan, Path(folder))
    return time.perf_counter() - started


def precision() -> torch.dtype:
    return torch.bfloat16 if has_native_bf16(pick_device()) else torch.float32


def plain(
    data: SoftLabelled,
    plan: Plan,
    batches: list[dict[str, Any]],
    teacher_precision: torch.dtype | None = None,
) -> float:
    """Seconds of the best loop that one would write by hand."""
    device, training = pick_device(), plan.training
    student = build_student(plan.student, plan.teacher, data.task)[0].to(device).train()
    for module in student.modules():
        if isinstance(module, torch.nn.Dropout) and training.dropout is not None:
            module.p = training.dropout
    student.get_input_embeddings().requires_grad_(not training.freeze_embeddings)
    parameters = [p for p in student.parameters() if p.requires_grad]
    teacher = None
    if teacher_precision is not None:
        teacher = load_model(plan.teacher, AutoModelForSequenceClassification)
        teacher = teacher.to(device, teacher_precision)
    optimizer = torch.optim.AdamW(parameters, training.learning_rate, weight_decay=0.01, fused=True)
    with attention_that_learns_fast(student), last_block_for_first_token(student):
        started = time.perf_counter()
        for batch in batches:
            inputs = {name: value.to(device) for name, value in batch["inputs"].items()}
            soft = batch["rows"].teacher_logits.to(device)
            if teacher is not None:
                with torch.inference_mode():
                    soft = teacher(**inputs).logits.float()
                soft = soft.clone()
            with torch.autocast(device.type, torch.bfloat16, enabled=precision() != torch.float32):
                logits = student(**inputs).logits.float()
            loss = 4 * divergence(soft / 2, logits / 2).mean()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        return time.perf_counter() - started


if __name__ == "__main__":
    main()

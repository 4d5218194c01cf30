"""What the game of `adversary` has made of the assistant."""

import torch
from transformers import AutoModelForSequenceClassification

from mashbill.models.distill.adversary import Assistant
from mashbill.models.distill.batches import split_batches
from mashbill.models.distill.dataset import SoftLabelled
from mashbill.models.distill.plan import Plan
from mashbill.models.distill.run import Trained
from mashbill.models.loading import load_model
from mashbill.models.training import own_random_state

ROWS_AT_ONCE = 128


@torch.no_grad()
def mean_gain(assistant: Assistant, data: SoftLabelled, trained: Trained, plan: Plan) -> float:
    """Mean KL(teacher || student), in nats, on the validation texts as the assistant rewrites them.

    Args:
        data, trained, plan: of the game that was played.
    """
    device = trained.model.device
    teacher = load_model(plan.teacher, AutoModelForSequenceClassification).to(device)
    assistant.model.to(device).eval()
    total = rows = 0
    with own_random_state(plan.seed):
        batches = split_batches(data, "validation", trained.encoder, ROWS_AT_ONCE)
        for places, batch in batches:
            inputs = {name: value.to(device) for name, value in batch["inputs"].items()}
            total += len(places) * float(assistant.gain(inputs, teacher, trained.model))
            rows += len(places)
    return total / rows

"""Changes to a batch at the level of vectors: mixed pairs, noise, and the steepest perturbation."""

from collections.abc import Callable

import torch
from torch import Tensor

Inputs = dict[str, Tensor]


def draw_mix(rows: int, alpha: float, device: torch.device) -> tuple[Tensor, float]:
    """A partner for every row (int64 [rows], a permutation) and the share that stays with the row.

    The share is Beta(alpha, alpha), one for the batch (Zhang et al. 2018, "mixup", section 2).
    """
    share = torch.distributions.Beta(alpha, alpha).sample().item()
    return torch.randperm(rows).to(device), share


def mix(vectors: Tensor, partner: Tensor, share: float) -> Tensor:
    """share · v + (1 - share) · v[partner], for rows along the first axis."""
    return torch.lerp(vectors[partner], vectors, share)


def embedded(inputs: Inputs, embedding: torch.nn.Module) -> Inputs:
    """The inputs with `inputs_embeds` [rows, width, dim] in place of `input_ids`."""
    rest = {name: value for name, value in inputs.items() if name != "input_ids"}
    return {"inputs_embeds": embedding(inputs["input_ids"]), **rest}


def mixed_inputs(inputs: Inputs, partner: Tensor, share: float) -> Inputs:
    """Embedded inputs mixed with those of their partners, place by place.

    A place is attended where either row has a token; the shorter row has the padding's embedding
    there. Segment numbers, which cannot be mixed, are the row's own as far as it reaches.
    """
    own = inputs["attention_mask"]
    mixed = {
        "inputs_embeds": mix(inputs["inputs_embeds"], partner, share),
        "attention_mask": own | own[partner],
    }
    if (kinds := inputs.get("token_type_ids")) is not None:
        mixed["token_type_ids"] = torch.where(own.bool(), kinds, kinds[partner])
    return mixed


def noisy_inputs(inputs: Inputs, std: float) -> Inputs:
    """Embedded inputs with Gaussian noise; `std` in units of the tokens' own root mean square."""
    vectors, mask = inputs["inputs_embeds"], inputs["attention_mask"].unsqueeze(-1)
    size = (vectors.detach() * mask).square().sum() / (mask.sum() * vectors.shape[-1])
    return {**inputs, "inputs_embeds": vectors + std * size.sqrt() * torch.randn_like(vectors)}


def free_lb(
    inputs: Inputs,
    loss: Callable[[Inputs], Tensor],
    *,
    steps: int,
    step_size: float,
    start: float,
    radius: float | None,
) -> Tensor:
    """The mean loss along a perturbation's ascent, a scalar to be minimised.

    Zhu et al. 2020, "FreeLB: Enhanced Adversarial Training for Natural Language Understanding",
    algorithm 1: a random perturbation of the embeddings, of about the norm `start` in each row,
    takes `steps` - 1 steps of length `step_size` up the loss, and is kept within a ball of
    `radius` (None: anywhere). All steps see the same dropout (section 3.3).

    Args:
        inputs: embedded ones.
        loss: of perturbed inputs.
    """
    vectors, mask = inputs["inputs_embeds"], inputs["attention_mask"].unsqueeze(-1)
    delta = start * _start(vectors.detach(), mask)
    losses = []
    randomness = _random_state(vectors.device)
    for step in range(steps):
        _set_random_state(vectors.device, randomness)
        delta = delta.detach().requires_grad_()
        losses.append(loss({**inputs, "inputs_embeds": vectors + delta}))
        if step + 1 < steps:
            # the graph stays: the student's own gradient goes through it later
            (slope,) = torch.autograd.grad(losses[-1], delta, retain_graph=True)
            delta = _within(delta + step_size * slope / _norm(slope).clamp_min(1e-12), radius)
    return torch.stack(losses).mean()


def _start(like: Tensor, mask: Tensor) -> Tensor:
    """Uniform in -1…1 over the square root of the row's numbers, 0 at padding."""
    numbers = (mask.sum(dim=1, keepdim=True) * like.shape[-1]).clamp_min(1)
    return torch.empty_like(like).uniform_(-1, 1) * mask / numbers.sqrt()


def _norm(rows: Tensor) -> Tensor:
    """Frobenius norm of each row's vectors, [rows, 1, 1]."""
    return torch.linalg.vector_norm(rows, dim=(1, 2), keepdim=True)


def _within(delta: Tensor, radius: float | None) -> Tensor:
    if radius is None:
        return delta
    return delta * (radius / _norm(delta).clamp_min(1e-12)).clamp(max=1)


def _random_state(device: torch.device) -> tuple[Tensor, Tensor | None]:
    on_device = torch.cuda.get_rng_state(device) if device.type == "cuda" else None
    return torch.get_rng_state(), on_device


def _set_random_state(device: torch.device, state: tuple[Tensor, Tensor | None]) -> None:
    torch.set_rng_state(state[0])
    if state[1] is not None:
        torch.cuda.set_rng_state(state[1], device)

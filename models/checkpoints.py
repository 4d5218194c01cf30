"""What a Trainer has saved on its way: the last whole checkpoint, and the best one."""

import json
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch.nn import Module

STATE_FILE = "trainer_state.json"
WEIGHTS_FILE = "model.safetensors"
AVERAGES_FILE = "averages.safetensors"
WEIGHT_FILES = (WEIGHTS_FILE, AVERAGES_FILE)


def checkpoint_name(step: int) -> str:
    """Of the folder, as the Trainer calls it."""
    return f"checkpoint-{step}"


def last_checkpoint(folder: Path) -> Path | None:
    """The latest one that is whole: its state is what is written last."""
    whole = [path for path in folder.glob("checkpoint-*") if checkpoint_state(path)]
    return max(whole, key=lambda path: checkpoint_state(path)["global_step"], default=None)


def checkpoint_state(checkpoint: Path) -> dict[str, Any]:
    """What the Trainer says of itself; empty where the checkpoint is not whole."""
    try:
        return json.loads((checkpoint / STATE_FILE).read_text())
    except (OSError, ValueError):
        return {}


def is_over(state: dict[str, Any], max_steps: int) -> bool:
    """Whether nothing is left to train after this checkpoint."""
    stopping = state["stateful_callbacks"].get("EarlyStoppingCallback")
    if stopping:
        counter = stopping["attributes"]["early_stopping_patience_counter"]
        if counter >= stopping["args"]["early_stopping_patience"]:
            return True
    return state["global_step"] >= max_steps


def load_best(model: Module, folder: Path) -> dict[str, Any]:
    """Puts the weights of the best checkpoint into the model, averaged ones where it has them;
    weights that the model lacks stay out.

    Returns:
        The state of the last checkpoint.
    """
    state = checkpoint_state(last_checkpoint(folder))
    best = folder / Path(state["best_model_checkpoint"]).name  # the folder may have been moved
    device = str(next(model.parameters()).device)
    for name in WEIGHT_FILES:
        if (best / name).is_file():
            model.load_state_dict(load_file(best / name, device=device), strict=False)
    return state

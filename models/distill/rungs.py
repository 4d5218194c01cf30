"""A look at a training after each evaluation, which may end it."""

from collections.abc import Callable

from transformers import TrainerCallback

Rung = Callable[[int, dict[str, float]], None]
"""Gets the number of an evaluation, from 1, and its figures; what it raises ends the training."""


class Rungs(TrainerCallback):
    """Calls a function after each evaluation of a training that is not resumed."""

    def __init__(self, rung: Rung):
        self.rung = rung
        self.number = 0

    def on_evaluate(self, args, state, control, metrics=None, **kwargs):
        self.number += 1
        self.rung(self.number, metrics or {})

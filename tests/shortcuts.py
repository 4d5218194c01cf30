"""What libraries do again and again in tests, done once or not at all."""

from collections.abc import Callable, Iterator
from typing import Any, TextIO

import numpy as np
import pytest
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure


def inspect_stages_once(patch: pytest.MonkeyPatch) -> None:
    """Beam looks through every method of every stage some twenty times for each pipeline, which is
    a fifth of a small run; what it finds is the same for all stages of a class of ours."""
    from apache_beam.transforms import core, userstate

    inspect, specs = core.get_function_args_defaults, userstate.get_dofn_specs
    methods: dict[Callable, tuple[list[str], list]] = {}
    stages: dict[type, tuple[set, set]] = {}

    def arguments(function: Callable) -> tuple[list[str], list]:
        method = getattr(function, "__func__", None)
        if method is None:
            return inspect(function)
        if method not in methods:
            methods[method] = inspect(function)
        names, defaults = methods[method]
        return [*names], [*defaults]

    def state(stage: core.DoFn) -> tuple[set, set]:
        kind = type(stage)
        if not kind.__module__.startswith("mashbill."):
            return specs(stage)
        if kind not in stages:
            stages[kind] = specs(stage)
        of_state, of_timers = stages[kind]
        return {*of_state}, {*of_timers}

    patch.setattr(core, "get_function_args_defaults", arguments)
    patch.setattr(userstate, "get_dofn_specs", state)


class Blank:
    """A chart, its axes, and whatever they have: it takes all that it is told, and does nothing."""

    def __init__(self, *_: Any, **__: Any):
        pass

    def __getattr__(self, name: str) -> "Blank":
        if name.startswith("__"):  # numpy asks whether it is an array
            raise AttributeError(name)
        return self

    def __call__(self, *_: Any, **__: Any) -> "Blank":
        return self

    def __iter__(self) -> Iterator:
        return iter(())

    def subplots(self, rows: int, columns: int, squeeze: bool) -> np.ndarray:
        return np.full((rows, columns), self, object)

    def print_svg(self, file: TextIO, metadata: dict) -> None:
        file.write('<svg width="1pt" height="1pt"></svg>')


CHARTS = "mashbill.pipelines.report.charts"


def draw_nothing(patch: pytest.MonkeyPatch) -> None:
    """matplotlib takes most of the time of finalize and evaluate."""
    patch.setattr(f"{CHARTS}.Figure", Blank)
    patch.setattr(f"{CHARTS}.FigureCanvasSVG", Blank)


def draw_all(patch: pytest.MonkeyPatch) -> None:
    """What `draw_nothing` has put an end to."""
    patch.setattr(f"{CHARTS}.Figure", Figure)
    patch.setattr(f"{CHARTS}.FigureCanvasSVG", FigureCanvasSVG)

"""What libraries do again and again in tests, done once or not at all."""

from collections.abc import Callable
from typing import Any, TextIO

import pytest


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


class EmptyCanvas:
    """A chart of which nothing is drawn."""

    def __init__(self, figure: Any):
        pass

    def print_svg(self, file: TextIO, metadata: dict) -> None:
        file.write('<svg width="1pt" height="1pt"></svg>')


def draw_nothing(patch: pytest.MonkeyPatch) -> None:
    """Drawing is most of the time of finalize and evaluate; only tests of the report look at it."""
    patch.setattr("mashbill.pipelines.report.charts.FigureCanvasSVG", EmptyCanvas)

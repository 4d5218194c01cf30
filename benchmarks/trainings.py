"""Trainings of a recipe's student in turn, so that a busy machine treats them alike."""

import argparse
import statistics
from collections.abc import Callable, Mapping


def parser(description: str, steps: int) -> argparse.ArgumentParser:
    """The options that every benchmark of a training has."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("recipe")
    arguments.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    arguments.add_argument("--steps", type=int, default=steps)
    arguments.add_argument("--rounds", type=int, default=3)
    return arguments


def in_turn(ways: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """What each way gives in each round."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            seconds[name].append(way())
    return seconds


def ratio(seconds: Mapping[str, list[float]], slow: str, fast: str) -> float:
    """Median over the rounds of how many times as long the one takes."""
    pairs = zip(seconds[slow], seconds[fast], strict=True)
    return round(statistics.median([a / b for a, b in pairs]), 3)

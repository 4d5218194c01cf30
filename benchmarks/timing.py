"""Runs contestants in turn, so that a busy machine treats them alike, and prints their rates."""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch


def parser(description: str) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    arguments.add_argument("--json", action="store_true", help="one JSON object on stdout")
    arguments.add_argument("--rounds", type=int, default=3, help="times each contestant runs")
    arguments.add_argument("--texts", type=Path, default="examples/reviews/data/movies.jsonl")
    arguments.add_argument("--limit", type=int, default=2048, help="texts to use at most")
    arguments.add_argument("--only", nargs="+", help="what is measured: names that begin so")
    arguments.add_argument(
        "--join", type=int, default=1, help="joins this many lines to one long text"
    )
    return arguments


def read_texts(path: Path, limit: int, join: int = 1) -> list[str]:
    """Texts of a JSONL file (key `text`) or of the lines of any other file."""
    lines = path.read_text(encoding="utf-8").splitlines()[: limit * join]
    texts = [json.loads(line)["text"] for line in lines] if path.suffix == ".jsonl" else lines
    return [" ".join(texts[i : i + join]) for i in range(0, len(texts), join)]


def rates(
    contestants: dict[str, Callable[[], object]], rows: dict[str, int], rounds: int
) -> dict[str, float]:
    """Rows per second of each contestant, the median of its rounds, after one warm-up each.

    Args:
        rows: how many texts a contestant's one run works off.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(rounds + 1):
        for name, run in contestants.items():
            begin = time.perf_counter()
            run()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if turn:
                seconds[name].append(time.perf_counter() - begin)
    return {name: rows[name] / statistics.median(times) for name, times in seconds.items()}


def chosen(contestants: dict[str, Callable], only: list[str] | None) -> dict[str, Callable]:
    """Ours, and the others whose names begin like one of `only`; all without it."""
    if only is None:
        return contestants
    wanted = ("ours", *only)
    return {name: run for name, run in contestants.items() if name.startswith(wanted)}


def report(
    name: str,
    found: dict[str, float],
    ours: str,
    settings: dict,
    as_json: bool,
    unit: str = "rows",
) -> None:
    """Prints rates and how many times as fast `ours` is as each."""
    times = {other: found[ours] / rate for other, rate in found.items()}
    if as_json:
        settings = {key: str(value) for key, value in settings.items()}
        result = {"benchmark": name, "settings": settings, f"{unit}_per_second": found}
        print(json.dumps(result | {f"{ours}_over": times}))
        return
    print(name)
    for other, rate in found.items():
        print(f"  {other:<28} {rate:>10.1f} {unit}/s   {ours} is {times[other]:.2f} times as fast")

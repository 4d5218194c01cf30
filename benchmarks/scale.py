"""How time and peak memory of `generate` grow with the corpus, and what worker processes win.

    python -m benchmarks.scale --draw docs/scale.svg

Each run is a process of its own. Corpora are spliced from lines of the demo's texts; a partition
stands for as many texts at every size. The teacher is tiny and of random weights: what is measured
is the pipeline and the rule-based augmenters, not a model (for that, `benchmarks.end_to_end`).
Peak memory is that of the driver and all its workers together. Needs the demo's data and models.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml

DEMO = Path("examples/reviews")
SECONDS_BETWEEN_LOOKS = 0.05
SHARDS = 4  # of a partition; each is one worker's work at a time
METHODS = [
    {"use": "typo.keyboard", "rate": 0.05},
    {"use": "edit.swap", "rate": 0.1},
    {"use": "contraction"},
    {"use": "synonym.wordnet", "rate": 0.15, "wordnet": str(DEMO / "data/wordnet")},
]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--texts", type=int, default=10_000, help="source texts at 1x")
    arguments.add_argument("--scales", type=int, nargs="*", default=[1, 3, 10])
    arguments.add_argument("--per-partition", type=int, default=10_000, help="texts")
    arguments.add_argument("--workers", type=int, nargs="*", default=[1, 2], help="processes")
    arguments.add_argument("--gain-texts", type=int, default=20_000, help="texts for --workers")
    arguments.add_argument("--copies", type=int, default=4, help="variants of each text")
    arguments.add_argument("--draw", type=Path, help="where to draw time and memory, such as x.svg")
    arguments.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name), save_teacher(Path(name) / "teacher"), options.copies)
        sizes = [scale * options.texts for scale in options.scales]
        runs = [bench.run(size, max(1, size // options.per_partition), 1) for size in sizes]
        gains = [bench.run(options.gain_texts, 1, workers) for workers in options.workers]
    if options.draw and runs:
        draw(runs, options.draw)
    if options.json:
        settings = {name: str(value) for name, value in vars(options).items()}
        print(json.dumps({"benchmark": "scale", "settings": settings, "runs": [*runs, *gains]}))
        return
    for found in filter(None, (runs, gains)):
        print("\n".join(table(found)), end="\n\n")


def save_teacher(folder: Path) -> Path:
    """A two-class BERT of random weights that costs next to nothing."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(DEMO / "models/minilm")
    size = {"hidden_size": 16, "intermediate_size": 32}
    shape = {"num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": len(tokenizer)}
    names = {"id2label": {0: "negative", 1: "positive"}, "label2id": {"negative": 0, "positive": 1}}
    BertForSequenceClassification(BertConfig(**size, **shape, **names)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@dataclass(frozen=True)
class Bench:
    """Where the runs lie, and what is the same in all of them."""

    folder: Path
    teacher: Path
    copies: int

    def run(self, texts: int, partitions: int, workers: int) -> dict[str, float]:
        """One run in a process of its own: seconds, MB and rows written."""
        out = self.folder / f"out-{texts}-{partitions}-{workers}"
        corpus, recipe = self.folder / f"{texts}.txt", self.folder / f"{out.name}.yaml"
        corpus.write_text("".join(f"{line}\n" for line in splice(texts)), encoding="utf-8")
        values = {
            "corpus": [{"name": "texts", "path": str(corpus)}],
            "labels": ["negative", "positive"],
            "augment": {"copies": self.copies, "methods": METHODS},
            "filter": {"teacher_agrees": False},
            "teacher": {"model": str(self.teacher), "max_length": 64},
            "output": {"path": str(out), "shards": SHARDS * partitions},
        }
        recipe.write_text(yaml.safe_dump(values))
        command = [sys.executable, "-m", "mashbill", "generate"]
        command += [str(recipe), f"--partitions={partitions}", f"--workers={workers}"]
        seconds, peak = run_watched([*command, "--max-rejects=1"])
        written = json.loads((out / "run.json").read_text())["counts"]["write"]
        return {
            "texts": texts,
            "partitions": partitions,
            "workers": workers,
            "rows": sum(written.get(split, 0) for split in ("train", "validation", "test")),
            "seconds": seconds,
            "peak_mb": peak / 2**20,
        }


def splice(number: int) -> Iterator[str]:
    """Texts of the beginning of one line and the end of another, the same ones each time."""
    movies = (DEMO / "data/movies.jsonl").read_text(encoding="utf-8").splitlines()
    lines = [json.loads(line)["text"].split() for line in movies]
    draws = random.Random(0)
    for _ in range(number):
        first, second = draws.choice(lines), draws.choice(lines)
        yield " ".join(first[: len(first) // 2 + 1] + second[len(second) // 2 :])


def run_watched(command: Sequence[str]) -> tuple[float, int]:
    """Seconds, and the greatest sum of the resident memory (bytes) of all its processes."""
    begin = time.perf_counter()
    process = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak, ended = [0], threading.Event()

    def look() -> None:
        while not ended.wait(SECONDS_BETWEEN_LOOKS):
            peak[0] = max(peak[0], resident(process))

    watch = threading.Thread(target=look)
    watch.start()
    status = process.wait()
    ended.set()
    watch.join()
    if status:
        sys.exit(f"failed: {' '.join(command)}")
    return time.perf_counter() - begin, peak[0]


def resident(process: psutil.Process) -> int:
    """Bytes of a process and all below it; 0 once it is gone."""
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0
    total = 0
    for one in family:
        try:
            total += one.memory_info().rss
        except psutil.Error:  # it has just ended
            continue
    return total


def table(runs: Sequence[dict[str, float]]) -> Iterator[str]:
    """Lines of Markdown; the ratios are against the first run."""
    yield "| texts | partitions | workers | rows | seconds | ratio | peak MB | ratio |"
    yield "|---|---|---|---|---|---|---|---|"
    for run in runs:
        time_ratio, memory_ratio = (run[key] / runs[0][key] for key in ("seconds", "peak_mb"))
        yield (
            f"| {run['texts']:,} | {run['partitions']} | {run['workers']} | {run['rows']:,} "
            f"| {run['seconds']:.1f} | {time_ratio:.2f} "
            f"| {run['peak_mb']:,.0f} | {memory_ratio:.2f} |"
        )


def draw(runs: Sequence[dict[str, float]], path: Path) -> None:
    """Time and peak memory against the size of the corpus, side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3), layout="constrained")
    panels = (("seconds", "wall time in s"), ("peak_mb", "peak memory in MB"))
    for axes, (key, name) in zip(figure.subplots(1, 2), panels, strict=True):
        axes.plot([run["texts"] for run in runs], [run[key] for run in runs], marker="o")
        axes.set(xlabel="source texts", ylabel=name, xlim=(0, None), ylim=(0, None))
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


if __name__ == "__main__":
    main()

"""What the host does beside the models: every stage of `generate`, every part of a training step.

    taskset -c 0 python -m benchmarks.host

The real pipeline and the real training run with models whose forward costs nothing: a stub gives
numbers of the right shape, in batches as large as a GPU gets. What is left is what a GPU would wait
for. Each round has texts of its own, 20 to 200 tokens long, snippets put end to end. `--profile`
adds where one call of the teacher and the steps of a training spend their time. Run it on as many
cores as are to be measured; on a machine that others use, `--clock cpu` counts the processor's time
instead of the clock's, and `--clock thread` that of the first thread alone, for which a GPU waits,
without those that make batches and write checkpoints beside it.
"""

import argparse
import cProfile
import io
import json
import os
import pstats
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, wraps
from pathlib import Path
from types import GeneratorType
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow.parquet as pq
import torch
from transformers import AutoTokenizer, BertForSequenceClassification, BertModel
from transformers.modeling_outputs import SequenceClassifierOutput

from benchmarks.contextual import random_bert
from benchmarks.timing import read_texts
from mashbill.models import batching
from mashbill.models.classifier import Classifier
from mashbill.models.distill.dataset import open_data
from mashbill.models.distill.run import train_student
from mashbill.models.distill.trainer import DistillTrainer
from mashbill.models.encoder import Encoder
from mashbill.models.masked_places import MaskedPlaces
from mashbill.pipelines import finalize as finalizing
from mashbill.pipelines.generate import generate
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.student_plan import student_plan
from mashbill.transforms.augmenters.choice import Choice
from mashbill.transforms.stage import Stage
from mashbill.transforms.write import WriteShard

MAX_LENGTH, LAYERS, WIDTH = 256, 3, 384
LABELS = ("negative", "positive")
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time, "thread": time.thread_time}
STAGES = ("augment", "augment_model", "similarity", "annotate", "teacher_filter")
PARTS = {  # of a training, by the method of the trainer that does it
    "get_batch_samples": "wait for a batch",
    "training_step": "loss and gradients",
    "evaluate": "evaluations",
    "_save_checkpoint": "checkpoints",
}
PROPOSED = 64  # different lists of candidates


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--tokenizer", default="examples/reviews/models/minilm")
    arguments.add_argument("--texts", type=Path, default="examples/reviews/data/movies.jsonl")
    arguments.add_argument("--limit", type=int, default=3000, help="source texts of a round")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--batch", type=int, default=256, help="rows of a training step")
    arguments.add_argument("--steps", type=int, default=100, help="of a training")
    arguments.add_argument("--clock", choices=[*CLOCKS], default="wall")
    arguments.add_argument("--profile", type=int, default=0, help="lines of each profile")
    arguments.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = arguments.parse_args()
    torch.set_num_threads(cores())
    with tempfile.TemporaryDirectory() as temporary, free_forwards():
        bench = Bench(Path(temporary), options)
        rounds = [bench.round(number) for number in range(options.rounds)]
        profiles = bench.profiles() if options.profile else {}
    found = {
        "cores": cores(),
        "texts": options.limit,
        **{name: middle([one[name] for one in rounds]) for name in rounds[0]},
    }
    if options.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        if isinstance(value, dict):
            print(
                name, *(f"  {what:<28}{number:>12,.4g}" for what, number in value.items()), sep="\n"
            )
        else:
            print(f"{name:<30}{value:>12,.4g}")
    for name, said in profiles.items():
        print(f"\n{name}\n{said}")


def cores() -> int:
    return len(os.sched_getaffinity(0))


def middle(values: list) -> Any:
    """The median of numbers, and of those under each key."""
    if isinstance(values[0], dict):
        return {key: middle([one[key] for one in values]) for key in values[0]}
    return statistics.median(values)


class Clock(Counter):
    """Seconds, and numbers of calls, by what was done. Attributes: `now`, the time."""

    def __init__(self, name: str):
        super().__init__()
        self.now = CLOCKS[name]


class Bench:
    """Models, and a folder for the rounds."""

    def __init__(self, folder: Path, options: argparse.Namespace):
        self.folder, self.options = folder, options
        self.lines = read_texts(options.texts, sys.maxsize)
        self.tokenizer = AutoTokenizer.from_pretrained(options.tokenizer)
        self.models = {name: str(folder / name) for name in ("teacher", "encoder", "filler")}
        random_bert(
            options.tokenizer, self.models["teacher"], LAYERS, WIDTH, BertForSequenceClassification
        )
        name_classes(Path(self.models["teacher"]))
        random_bert(options.tokenizer, self.models["encoder"], 1, 64, BertModel)
        random_bert(options.tokenizer, self.models["filler"], 1, 64)

    def round(self, number: int) -> dict[str, Any]:
        recipe = self.recipe(number)
        made = self.generate(recipe)
        return {"generate": made, "distill": self.distill(recipe)}

    def recipe(self, number: int) -> Recipe:
        corpus = self.folder / f"{number}.txt"
        texts = fresh_texts(self.lines, self.tokenizer, self.options.limit, number)
        corpus.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
        methods = [
            {"use": "typo.keyboard", "rate": 0.1},
            {"use": "edit.swap"},
            {"use": "contextual.substitute", "rate": 0.15, "model": self.models["filler"]},
        ]
        methods[2] |= {"max_length": MAX_LENGTH, "share": 2}
        evaluate_every = max(1, self.options.steps // 10)
        training = {"batch_size": self.options.batch, "precision": "fp32"}
        training |= {"steps": self.options.steps, "evaluate_every": evaluate_every}
        return Recipe.model_validate(
            {
                "seed": number,
                "corpus": [{"name": "texts", "path": str(corpus)}],
                "labels": list(LABELS),
                "augment": {"copies": 4, "methods": methods},
                "filter": {
                    "min_similarity": 0.5,
                    "similarity_model": self.models["encoder"],
                    "teacher_agrees": True,
                },
                "teacher": {"model": self.models["teacher"], "max_length": MAX_LENGTH},
                "output": {"path": str(self.folder / f"out-{number}"), "shards": 4},
                "distill": {
                    "student": {"from": "teacher"},
                    "model": str(self.folder / f"student-{number}"),
                    "training": training,
                },
            }
        )

    def generate(self, recipe: Recipe) -> dict[str, float]:
        """Rows and tokens per second of each stage, and seconds of what is no stage."""
        clock = Clock(self.options.clock)
        begin = clock.now()
        with ExitStack() as stack:
            stack.enter_context(timed(Stage, "outcome", lambda stage: stage.name, clock))
            stack.enter_context(timed(WriteShard, "process", "write", clock))
            stack.enter_context(timed(finalizing, "write_report", "report", clock))
            assert generate(recipe)
            generated = clock.now()
            run = finalizing.finalize(recipe.output.path).run
        ended = clock.now()
        counts = run["counts"]
        rows = sum(counts["write"].get(split, 0) for split in ("train", "validation", "test"))
        tokens = mean_tokens(recipe, self.tokenizer)
        found: dict[str, float] = {"rows": rows, "tokens in a row": tokens}
        for name in STAGES:
            done = counts[name]["variants"] if "variants" in counts[name] else counts[name]["in"]
            found[f"{name}, rows/s"] = done / clock[name]
            found[f"{name}, tokens/s"] = tokens * done / clock[name]
        found["write, rows/s"] = rows / clock["write"]
        known = clock["write"] + sum(clock[name] for name in STAGES)
        found["everything else before the end, s"] = generated - begin - known
        found["finalize without report, s"] = ended - generated - clock["report"]
        found["report, s"] = clock["report"]
        found["all, rows/s"] = rows / (ended - begin)
        return found

    def distill(self, recipe: Recipe) -> dict[str, float]:
        """Rows per second of a training without its first step, and milliseconds of its parts."""
        clock = Clock(self.options.clock)
        steps: list[float] = []
        data = open_data(recipe.output.path, recipe.task)
        with ExitStack() as stack:
            for method, name in PARTS.items():
                stack.enter_context(timed(DistillTrainer, method, name, clock, steps))
            begin = clock.now()
            train_student(data, student_plan(recipe, data, None), self.folder / f"{recipe.seed}")
            ended = clock.now()
        per_step = len(steps) - 1
        whole = ended - steps[0]
        found = {"rows/s": self.options.batch * per_step / whole}
        often = {"evaluations": "one evaluation, ms", "checkpoints": "one checkpoint, ms"}
        for name in PARTS.values():
            times = clock[f"{name}, times"] if name in often else per_step
            found[often.get(name, f"{name}, ms a step")] = 1000 * clock[name] / max(1, times)
        rest = whole - sum(clock[name] for name in PARTS.values())
        found["everything else, ms a step"] = 1000 * rest / per_step
        found["before the first step, s"] = steps[0] - begin
        return found

    def profiles(self) -> dict[str, str]:
        """Where a call of the teacher and a training spend their time, with texts not seen yet."""
        recipe = self.recipe(self.options.rounds)
        texts = Path(recipe.corpus[0].path).read_text(encoding="utf-8").splitlines()
        teacher = Classifier.load(self.models["teacher"], max_length=MAX_LENGTH)
        said = {"one call of the teacher": profile(lambda: teacher.logits(texts), self.options)}
        generate(recipe)
        said["a training"] = profile(lambda: self.distill(recipe), self.options)
        return said


def profile(run: Callable[[], object], options: argparse.Namespace) -> str:
    """The functions that take the most time by themselves."""
    profiler = cProfile.Profile()
    profiler.runcall(run)
    said = io.StringIO()
    pstats.Stats(profiler, stream=said).strip_dirs().sort_stats("tottime").print_stats(
        options.profile
    )
    return said.getvalue()


@contextmanager
def timed(
    owner: Any,
    name: str,
    what: str | Callable[[Any], str],
    clock: Clock,
    steps: list[float] | None = None,
) -> Iterator[None]:
    """Adds to the clock what calls of a function take, and how many there are.

    Args:
        what: the key, perhaps by the first argument of the call.
        steps: gets the moment at which each training step has ended; nothing counts before the
            first.
    """
    function = getattr(owner, name)

    @wraps(function)
    def measured(*args, **kwargs):
        begin = clock.now()
        result = function(*args, **kwargs)
        if isinstance(result, GeneratorType):
            result = list(result)
        if steps is None or steps:
            key = what if isinstance(what, str) else what(args[0])
            clock[key] += clock.now() - begin
            clock[f"{key}, times"] += 1
        if steps is not None and name == "training_step":
            steps.append(clock.now())
        return result

    with patch.object(owner, name, measured):
        yield


@contextmanager
def free_forwards() -> Iterator[None]:
    """Models of the right shape that compute nothing, in batches of a GPU's size. Words are drawn
    where the scores are, so they are free too."""
    stubs = {
        (Classifier, "forward"): lambda engine, batch: torch.zeros(
            len(batch["input_ids"]), len(engine.labels)
        ),
        (Encoder, "forward"): lambda engine, batch: torch.ones(
            len(batch["input_ids"]), engine.model.config.hidden_size
        ).div_(engine.model.config.hidden_size**0.5),
        (MaskedPlaces, "logits"): lambda places, masked, **inputs: Proposals(
            len(masked[0]), places._model.get_output_embeddings().out_features
        ),
        (Choice, "on"): lambda *_, **__: lambda at, numbers, logits: (numbers[:, :1],),
        (BertForSequenceClassification, "forward"): free_student,
    }
    with ExitStack() as stack:
        stack.enter_context(patch.dict(batching.BUDGETS, {"cpu": batching.BUDGETS["cuda"]}))
        for (owner, name), stub in stubs.items():
            stack.enter_context(patch.object(owner, name, stub))
        yield


def free_student(model, input_ids: torch.Tensor, **_: torch.Tensor) -> SequenceClassifierOutput:
    """Logits that hang on the last bias; on all weights in the first step of a training, so that
    checkpoints hold of the optimiser what they would."""
    logits = model.classifier.bias.expand(len(input_ids), -1)
    if model.training and not getattr(model, "has_learnt", False):
        model.has_learnt = True
        logits = logits + 0 * sum(weight.sum() for weight in model.parameters())
    return SequenceClassifierOutput(logits=logits)


class Proposals:
    """In the place of scores of a masked language model: some words for each of so many places."""

    def __init__(self, places: int, words: int):
        self.places, self.words = places, words

    def topk(self, number: int, dim: int) -> tuple[torch.Tensor, torch.Tensor]:
        del dim
        drawn = _proposed(self.words, number)[torch.arange(self.places) % PROPOSED]
        return torch.linspace(8, 0, number).expand(self.places, -1), drawn


@cache
def _proposed(words: int, number: int) -> torch.Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.integers(words, size=(PROPOSED, number)))


def name_classes(folder: Path) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config["id2label"] = dict(enumerate(LABELS))
    config["label2id"] = {name: i for i, name in enumerate(LABELS)}
    path.write_text(json.dumps(config))


def fresh_texts(lines: list[str], tokenizer: Any, number: int, seed: int) -> list[str]:
    """Texts of 20 to 200 tokens that no other seed has, one to eight lines each."""
    rng = random.Random(seed)
    texts: dict[str, None] = {}
    while len(texts) < number:
        drawn = [" ".join(rng.choices(lines, k=rng.randint(1, 8))) for _ in range(number)]
        ids = tokenizer(drawn, return_attention_mask=False, verbose=False)["input_ids"]
        texts |= {t: None for t, row in zip(drawn, ids, strict=True) if 20 <= len(row) <= 200}
    return list(texts)[:number]


def mean_tokens(recipe: Recipe, tokenizer: Any) -> float:
    """Of the rows that were written, by a sample."""
    data = open_data(recipe.output.path, recipe.task)
    texts = pq.read_table(data.splits["train"].paths[0], columns=["text"])["text"].to_pylist()
    return statistics.mean(map(len, tokenizer(texts[:2000], verbose=False)["input_ids"]))


if __name__ == "__main__":
    main()

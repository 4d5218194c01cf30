"""Time of a step with fresh variants, against stored ones of the same methods.

Both train the recipe's student on variants of its methods that need no model, in turn, in one
process: `stored` reads them from the disk, `fresh` makes them. Sources and their soft labels are
those of the recipe's data set. `makes` is how many variants a second are made, without a training.

    python -m benchmarks.fresh examples/supervised.yaml --steps 40
"""

import json
import statistics
import tempfile
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.distill_speed import ours
from benchmarks.trainings import in_turn, parser, ratio
from mashbill.models.distill.batches import TrainBatches
from mashbill.models.distill.dataset import SoftLabelled, open_data
from mashbill.models.distill.fresh import Fresh
from mashbill.models.distill.plan import Plan, batch_plan
from mashbill.models.distill.rows import ORIGINAL
from mashbill.models.distill.stream import TURN, Selection, file_tables
from mashbill.models.distill.tokenized import BatchEncoder
from mashbill.models.loading import load_tokenizer
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.recipe_file import load_recipe
from mashbill.pipelines.student_plan import student_plan
from mashbill.transforms.fresh import FreshVariants, held_out_hashes


def main() -> None:
    arguments = parser(__doc__, steps=40)
    arguments.add_argument("--copies", type=int, default=3, help="stored variants of a source")
    arguments.add_argument("--workers", type=int, default=0, help="processes that make batches")
    options = arguments.parse_args()
    recipe = load_recipe(options.recipe, options.set)
    whole = open_data(recipe.output.path, recipe.task)
    fresh = noise(recipe, whole)
    with tempfile.TemporaryDirectory() as folder:
        data = with_stored(whole, fresh, options.copies, Path(folder))
        steps = options.steps + 1  # the first is not timed
        training = recipe.distill.training.model_copy(
            update={"steps": steps, "evaluate_every": steps, "workers": options.workers}
        )
        stored = replace(
            student_plan(recipe, data, None),
            training=training,
            selection=Selection(),
            soft_labels="source",
            fresh=None,
        )
        share = options.copies / (1 + options.copies)
        chosen = Selection(variants=False, fresh=share)
        plans = {"stored": stored, "fresh": replace(stored, selection=chosen, fresh=fresh)}
        ways = {
            name: lambda plan=plan: ours(data, plan) / options.steps for name, plan in plans.items()
        }
        seconds = in_turn(ways, options.rounds)
        report = {
            "seconds_per_step": {
                name: round(statistics.median(s), 5) for name, s in seconds.items()
            },
            "fresh against stored": ratio(seconds, "fresh", "stored"),
            "tokens_per_step": {name: tokens(data, plan) for name, plan in plans.items()},
            "makes": round(makes(data, fresh)),
        }
    print(json.dumps(report, indent=2))


def noise(recipe: Recipe, data: SoftLabelled) -> Fresh:
    """The methods of `distill.data.fresh` or, without it, those of `augment` that need no model."""
    methods = recipe.fresh_methods()
    if not methods:
        found = [(method, method.augmenter()) for method in recipe.methods()]
        methods = [
            method
            for method, one in found
            if not (one.uses_model or one.needs() or one.needs_statistics)
        ]
    hashes = held_out_hashes(data)
    made = FreshVariants(methods, ("text",), hashes, recipe.seed, recipe.task)
    return Fresh(made, tuple(sorted({method.augmenter().label for method in methods})))


def with_stored(data: SoftLabelled, fresh: Fresh, copies: int, folder: Path) -> SoftLabelled:
    """The sources of a data set, those of train with so many variants after each."""
    for split, files in data.splits.items():
        for number, path in enumerate(files.paths):
            table = pq.read_table(path)
            table = table.filter(pa.array([a == ORIGINAL for a in table["augmenter"].to_pylist()]))
            if split == "train":
                turns = [turn for _ in range(table.num_rows) for turn in (None, *range(copies))]
                table = table.take(np.repeat(np.arange(table.num_rows), 1 + copies))
                rows = data.reader.complete(table.combine_chunks().to_batches()[0])
                rows = rows.append_column(TURN, pa.array(turns, pa.int64()))
                made = fresh.fill(rows, data.task).table.drop_columns([TURN])
                table = made.replace_schema_metadata(table.schema.metadata)
            (folder / "data").mkdir(exist_ok=True)
            name = f"{split}-{number:05d}-of-{len(files.paths):05d}.parquet"
            pq.write_table(table, folder / "data" / name)
    return open_data(str(folder), data.task)


def tokens(data: SoftLabelled, plan: Plan) -> float:
    """Mean over some batches, without padding."""
    makers = plan.fresh.augmenters if plan.fresh else ()
    tokenizer = load_tokenizer(plan.teacher)
    encoder = BatchEncoder(data, tokenizer, plan.max_length, makers=makers)
    batches = islice(TrainBatches(data, encoder, batch_plan(data, plan)), 64)
    return round(statistics.mean(int(b["inputs"]["attention_mask"].sum()) for b in batches), 1)


def makes(data: SoftLabelled, fresh: Fresh, rows: int = 20_000) -> float:
    """Variants a second, a thousand at a time."""
    table = pa.concat_tables(file_tables(data, "train"))
    table = table.take(np.arange(rows) % table.num_rows)
    table = table.append_column(TURN, pa.array(np.arange(rows)))
    fresh.fill(table.slice(0, 1000), data.task)  # loads tables
    started = time.perf_counter()
    for start in range(0, rows, 1000):
        fresh.noise.make(table.slice(start, 1000))
    return rows / (time.perf_counter() - started)


if __name__ == "__main__":
    main()

"""What augmentation brings a tagger of named entities, and `entity.replace` for itself.

    python -m benchmarks.entities RECIPE --into DIR

The recipe's teacher is trained once. Each seed makes its own data set, student and baseline, and a
second data set and student without the augmenters whose names begin with `entity.`. A run that was
stopped resumes. Intervals resample test rows, the mean over the seeds of each.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from benchmarks.tasks import OPTIONS
from mashbill.models.significance import interval
from mashbill.models.tagger import Tagger
from mashbill.pipelines.evaluation.sets import gold_batches, labelled_test_split
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.recipe_file import load_recipe
from mashbill.pipelines.run import run_all
from mashbill.pipelines.train_teacher import train_teacher
from mashbill.transforms.suites.registry import CLEAN

TYPED, WITHOUT = "entity.", "without-entity"
UNSEEN = "not seen in train"


def arms(recipe: Recipe, seed: int, folder: Path) -> tuple[Recipe, Recipe]:
    """The recipe with another seed, and the same without what edits entities."""
    values = recipe.model_dump(mode="json", by_alias=True, exclude_unset=True)
    values["seed"] = seed
    values["teacher"].pop("train")
    values["teacher"]["model"] = str(folder / "teacher")

    def arm(name: str, methods: list[dict], **evaluate) -> Recipe:
        return Recipe.model_validate(
            values
            | {
                "augment": values["augment"] | {"methods": methods},
                "output": values["output"] | {"path": str(folder / f"{name}-{seed}")},
                "distill": values["distill"] | {"model": str(folder / f"student-{name}-{seed}")},
                "evaluate": values["evaluate"] | evaluate if evaluate else None,
            }
        )

    methods = values["augment"]["methods"]
    others = [method for method in methods if not str(method).count(TYPED)]
    without = arm(WITHOUT, others)
    return arm("all", methods, models={WITHOUT: without.distill.model}), without


def of_unseen(recipe: Recipe, folder: str) -> np.ndarray:
    """The test rows' shares in the F1 of mentions that train does not have, see `Counts.rows`."""
    test = labelled_test_split(recipe).originals
    memory = recipe.task.memory(gold_batches(recipe.output.path, recipe.task, "train"))
    engine = Tagger.load(folder, max_length=recipe.teacher.max_length)
    parts = recipe.task.parts(test.texts, engine.logits(test.texts), test.labels, memory)
    return next(rows for _, name, _, rows in parts if name == UNSEEN)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("recipe", type=Path)
    arguments.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    arguments.add_argument("--max-rejects", type=float, default=0.02, help="share of a corpus")
    arguments.add_argument("--into", type=Path, required=True, help="folder for all that is made")
    options = arguments.parse_args()
    recipe = load_recipe(str(options.recipe))
    folder = options.into
    values = recipe.model_dump(mode="json", by_alias=True, exclude_unset=True)
    values["teacher"]["model"] = str(folder / "teacher")
    train_teacher(Recipe.model_validate(values), options.max_rejects)
    runs, unseen = [], {}
    for seed in options.seeds:
        both, without = arms(recipe, seed, folder)
        for arm in (without, both):
            run_all(arm, **OPTIONS | {"max_rejects": options.max_rejects})
        runs.append(json.loads(Path(both.output.path, "evaluation.json").read_text()))
        for name, arm in (("with", both), ("without", without)):
            unseen.setdefault(name, []).append(of_unseen(both, arm.distill.model))
    show(runs)
    means = {name: np.mean(rows, axis=0) for name, rows in unseen.items()}
    for name, rows in (*means.items(), ("difference", means["with"] - means["without"])):
        value, low, high = interval(rows)
        print(f"F1 of unseen mentions, {name:10} {value:.4f} ({low:.4f} to {high:.4f})")


def show(runs: list[dict]) -> None:
    """F1 of each model under each suite, at the last level, and what it loses there."""
    of_runs = [
        {(one["suite"], one["model"]): one["f1"]["value"] for one in run["results"]} for run in runs
    ]
    suites = dict.fromkeys(suite for suite, _ in of_runs[0])
    models = dict.fromkeys(model for _, model in of_runs[0])
    print(f"entity F1, mean ± standard deviation of {len(runs)} seeds, and F1 lost under the suite")
    print(f"{'suite':14}", *(f"{model:>26}" for model in models))
    for suite in suites:
        line = [f"{suite:14}"]
        for model in models:
            f1 = np.array([run[suite, model] for run in of_runs])
            lost = np.array([run[CLEAN, model] - run[suite, model] for run in of_runs])
            line.append(f"{f1.mean():>10.4f} ± {f1.std():.4f} {lost.mean():>7.4f}")
        print(*line)


if __name__ == "__main__":
    main()

"""What a student keeps of its teacher in each kind of task: several seeds, clean and disturbed.

Runs an example recipe from the trained teacher to the evaluation with other seeds, each in a folder
of its own, and prints the mean and the spread of the main figure. A run that was stopped resumes.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.recipe_file import load_recipe
from mashbill.pipelines.run import run_all
from mashbill.transforms.suites.registry import CLEAN

OPTIONS = {"overwrite": False, "max_rejects": 0.01, "workers": 1, "partitions": 1, "beam_args": ()}


def seeded(recipe: Recipe, seed: int, folder: Path) -> Recipe:
    """The recipe with another seed, and with what it makes in `folder`."""
    values = recipe.model_dump(mode="json", by_alias=True, exclude_unset=True)
    values["seed"] = seed
    values["teacher"]["model"] = str(folder / "teacher")
    values["distill"]["model"] = str(folder / "student")
    values["output"]["path"] = str(folder / "out")
    return Recipe.model_validate(values)


def figures(folder: Path) -> dict[tuple[str, str], float]:
    """Suite and model to the main figure on the data set's own test rows, at the last level."""
    found = json.loads((folder / "out/evaluation.json").read_text())
    key, own = found["measure"]["key"], next(iter(found["sets"]))
    results = [one for one in found["results"] if one["set"] == own]
    return {(one["suite"], one["model"]): one[key]["value"] for one in results}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("recipe", type=Path)
    arguments.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    arguments.add_argument("--max-rejects", type=float, default=0.01, help="share of a corpus")
    arguments.add_argument("--into", type=Path, required=True, help="folder for all that is made")
    options = arguments.parse_args()
    recipe = load_recipe(str(options.recipe))
    found = []
    for seed in options.seeds:
        folder = options.into / f"{recipe.task.kind}-{seed}"
        run_all(seeded(recipe, seed, folder), **OPTIONS | {"max_rejects": options.max_rejects})
        found.append(figures(folder))
    print(f"{recipe.task.measure.name}, mean ± standard deviation of {len(found)} seeds")
    models = list(dict.fromkeys(model for _, model in found[0]))
    print(f"{'suite':12}", *(f"{model:>18}" for model in models))
    suites = dict.fromkeys(suite for suite, _ in found[0])
    for suite in [CLEAN, *(one for one in suites if one != CLEAN)]:
        cells = [np.array([run[suite, model] for run in found]) for model in models]
        print(f"{suite:12}", *(f"{cell.mean():>10.4f} ± {cell.std():.4f}" for cell in cells))


if __name__ == "__main__":
    main()

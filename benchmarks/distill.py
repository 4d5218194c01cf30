"""What each way to train a student is worth: mean and spread over seeds.

`recipe` is the student of the recipe's section `distill`; the baselines make as many steps. Every
other arm is that section with one thing changed. The checkpoint is chosen on validation. Figures
are of test, or with `--validation` of validation, to choose by. Each arm and seed is saved when it
is done, and what is saved is not trained again: the table can grow in pieces.

    python -m benchmarks.distill examples/supervised.yaml --arms recipe kd-real --seeds 1 2 3
"""

import argparse
import json
import math
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mashbill.models.classifier import Classifier
from mashbill.models.distill.dataset import open_data
from mashbill.models.distill.plan import Plan
from mashbill.models.distill.run import train_student
from mashbill.models.distill.stream import file_tables
from mashbill.models.metrics import classification_metrics
from mashbill.models.model_folder import save_model
from mashbill.pipelines.fingerprint import fingerprint
from mashbill.pipelines.recipe import Distill, Recipe
from mashbill.pipelines.recipe_file import load_recipe
from mashbill.pipelines.student_figures import measure
from mashbill.pipelines.student_plan import BASELINES, student_plan
from mashbill.transforms.languages.registry import language_of
from mashbill.transforms.suites.suite import Suite, trained_by
from mashbill.transforms.suites.surface import surface_suites

REAL = "kd-real"  # the student that the others' loss under noise is compared with
CHANGES: dict[str, dict[str, Any]] = {
    "recipe": {},
    "two-layers": {"student": {"from": "teacher", "layers": [0, 5]}},
    "row-labels": {"data": {"soft_labels": "row"}},
    "source-labels": {"data": {"soft_labels": "source"}},
    "sld": {"objective": {"kind": "sld", "threshold": 0.8, "weighting": "confidence"}},
    "select": {"objective": {"kind": "select", "keep": 1}},
    "noise": {"mixing": [{"kind": "noise"}]},
    "token-mixup": {"mixing": [{"kind": "token_mixup"}]},
    "token-mixup-live": {"mixing": [{"kind": "token_mixup", "live": True}]},
    "sentence-mixup": {"mixing": [{"kind": "sentence_mixup"}]},
    "freelb": {"mixing": [{"kind": "freelb"}]},
    "hidden": {"matching": [{"kind": "hidden_states", "weight": 2.0, "layers": {2: 3, 3: 6}}]},
    "relations": {"matching": [{"kind": "relations"}]},
    "two-layers-hidden": {
        "student": {"from": "teacher", "layers": [0, 5]},
        "matching": [{"kind": "hidden_states", "weight": 2.0, "layers": {1: 3, 2: 6}}],
    },
    "adv": {"objective": {"kind": "adv", "assistant": "examples/reviews/models/mlm"}},
}
ARMS = [*BASELINES, *CHANGES]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("recipe")
    arguments.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    arguments.add_argument("--arms", nargs="+", choices=ARMS, default=ARMS)
    arguments.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    arguments.add_argument("--suites", nargs="+", help="of the surface suites; by default, all")
    arguments.add_argument("--other", type=Path, default="examples/reviews/data/amazon.jsonl")
    arguments.add_argument("--wordnet", default="examples/reviews/data/wordnet")
    arguments.add_argument("--results", type=Path, default="out/benchmark-distill")
    arguments.add_argument("--validation", action="store_true", help="shows those figures")
    arguments.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = arguments.parse_args()
    recipe = load_recipe(options.recipe, options.set)
    trial = Trial(recipe, options)
    for seed in options.seeds:
        for arm in options.arms:
            trial.run(arm, seed)
    found = [json.loads(path.read_text()) for path in sorted(trial.folder.glob("*.json"))]
    table = summary(found, "validation" if options.validation else "test")
    print(json.dumps(table) if options.json else shown(table))


class Trial:
    """The data set with all that students are measured on."""

    def __init__(self, recipe: Recipe, options: argparse.Namespace):
        self.recipe = recipe
        self.data = open_data(recipe.output.path, recipe.task, ("train", "validation", "test"))
        settings = recipe.distill.model_dump(mode="json")
        name = fingerprint(
            {"distill": settings, "data": self.data.fingerprint, "suites": options.suites}
        )
        self.folder = options.results / name[:12]
        suites = [
            suite
            for suite in surface_suites(options.wordnet, language_of("en"))
            if suite.kind == "INV" and suite.name in (options.suites or [suite.name])
        ]
        methods = [method.augmenter_spec() for method in recipe.augment.methods]
        methods += [dict(method.spec) for method in recipe.fresh_methods()]
        self.families = {suite.name: bool(trained_by(suite, methods)) for suite in suites}
        self.sets = {
            split: _perturbed(suites, *self._labelled_rows(split))
            for split in ("validation", "test")
        }
        self.sets["test"]["other"] = _read(options.other, recipe.labels)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._measured("teacher", 0, lambda: self._tested(recipe.teacher.model))

    def run(self, arm: str, seed: int) -> None:
        self._measured(arm, seed, lambda: self._trained(self._plan(arm, seed)))

    def _measured(self, arm: str, seed: int, measured: Any) -> None:
        path = self.folder / f"{arm}-{seed}.json"
        if not path.exists():
            found = {"arm": arm, "seed": seed, "families": self.families, **measured()}
            path.write_text(json.dumps(found) + "\n")
            accuracy = found["test"]["accuracy"]["clean"]
            print(f"{path}: accuracy {accuracy:.4f}", file=sys.stderr, flush=True)

    def _plan(self, arm: str, seed: int) -> Plan:
        section = self.recipe.distill.model_dump(by_alias=True) | CHANGES.get(arm, {})
        changed = {"seed": seed, "distill": Distill.model_validate(section)}
        recipe = self.recipe.model_copy(update=changed)
        return student_plan(recipe, self.data, arm if arm in BASELINES else None)

    def _trained(self, plan: Plan) -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            trained = train_student(self.data, plan, Path(folder, "checkpoints"))
            student = Path(folder, "student")
            save_model(trained.model, trained.tokenizer, student)
            metrics, _ = measure(self.data, student, self.recipe.teacher)
            found = self._tested(str(student))
        for split, figures in found.items():
            figures["agreement"] = metrics[split]["agreement"]
            figures["ece"] = metrics[split]["ece"]
            figures["ece_scaled"] = metrics[f"{split}, scaled"]["ece"]
        return {"step": trained.best_step, **found}

    def _tested(self, model: str) -> dict[str, Any]:
        classifier = Classifier(model, self.recipe.teacher.max_length, "auto", "auto")

        def accuracy(texts: list[str], labels: np.ndarray) -> float:
            return classification_metrics(classifier.logits(texts), labels)["accuracy"]

        return {
            split: {"accuracy": {name: accuracy(*rows) for name, rows in sets.items()}}
            for split, sets in self.sets.items()
        }

    def _labelled_rows(self, split: str) -> tuple[list[str], np.ndarray]:
        texts, labels = [], []
        for table in file_tables(self.data, split):
            table = table.filter(table["label"].is_valid())
            texts += table["text"].to_pylist()
            labels += table["label"].to_pylist()
        return texts, np.array(labels)


def _perturbed(
    suites: Sequence[Suite], texts: list[str], labels: np.ndarray
) -> dict[str, tuple[list[str], np.ndarray]]:
    """A split as it is, and under each suite at its most severe level."""
    hard = {suite.name: (suite.texts(texts, len(suite.levels)), labels) for suite in suites}
    return {"clean": (texts, labels), **hard}


def _read(path: Path, labels: Sequence[str]) -> tuple[list[str], np.ndarray]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["label"] in labels]
    gold = np.array([labels.index(row["label"]) for row in rows])
    return [row["text"] for row in rows], gold


def summary(found: Sequence[dict[str, Any]], split: str) -> dict[str, dict[str, list[float]]]:
    """Arm to figure to its values over seeds, in percent (of the teacher's, of kd-real's loss)."""
    found = [{**one, **one[split]} for one in found]
    teacher = next(one for one in found if one["arm"] == "teacher")["accuracy"]
    real = [one for one in found if one["arm"] == REAL]
    lost = {
        trained: statistics.mean([_lost(one, trained) for one in real]) if real else float("nan")
        for trained in (True, False)
    }
    table: dict[str, dict[str, list[float]]] = {}
    for one in found:
        figures = {
            "clean": 100 * one["accuracy"]["clean"],
            "of teacher's": 100 * one["accuracy"]["clean"] / teacher["clean"],
            "agreement": 100 * one.get("agreement", 1.0),
            "lost, trained": 100 * _lost(one, True),
            "of kd-real's": 100 * _lost(one, True) / lost[True],
            "lost, unseen": 100 * _lost(one, False),
            "of kd-real's, unseen": 100 * _lost(one, False) / lost[False],
            "other domain": 100 * one["accuracy"].get("other", float("nan")),
            "ECE": 100 * one.get("ece", float("nan")),
            "ECE scaled": 100 * one.get("ece_scaled", float("nan")),
        }
        row = table.setdefault(one["arm"], {name: [] for name in figures})
        for name, value in figures.items():
            row[name].append(value)
    return table


def _lost(one: dict[str, Any], trained: bool) -> float:
    """Mean accuracy lost over the families that the data set has, or has not, variants of."""
    accuracy = one["accuracy"]
    names = [name for name, known in one["families"].items() if known == trained]
    lost = [accuracy["clean"] - accuracy[name] for name in names]
    return statistics.mean(lost) if lost else float("nan")


def shown(table: dict[str, dict[str, list[float]]]) -> str:
    """A Markdown table: mean ± standard deviation."""
    figures = list(next(iter(table.values())))
    lines = [f"| arm | seeds | {' | '.join(figures)} |", "|---" * (len(figures) + 2) + "|"]
    for arm in ["teacher", *(name for name in ARMS if name in table)]:
        cells = [_cell(table[arm][name]) for name in figures]
        lines.append(f"| {arm} | {len(table[arm]['clean'])} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(values: list[float]) -> str:
    if any(map(math.isnan, values)):
        return ""
    spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.1f}{spread}"


if __name__ == "__main__":
    main()

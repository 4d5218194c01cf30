"""Figures of some of the rows: by length, corpus, label and augmenter, and of rows people rated."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mashbill.models.significance import interval
from mashbill.models.tasks.base import Task
from mashbill.pipelines.evaluation import figures
from mashbill.pipelines.evaluation.compared import Compared
from mashbill.pipelines.evaluation.sets import TestSet, gold_batches, groups, human_shares
from mashbill.pipelines.recipe import Recipe
from mashbill.transforms.examples import ORIGINAL


def slices(
    test: TestSet,
    models: Compared,
    clean: Mapping[str, np.ndarray],
) -> list[dict[str, Any]]:
    """By length, corpus, label and augmenter; `clean` has the logits of the source examples."""
    is_source = np.array([name == ORIGINAL for name in test.augmenters])
    variants = test.take(np.flatnonzero(~is_source))
    order = np.argsort(np.argsort(~is_source, kind="stable"))  # sources lie before variants
    logits = dict(clean)
    for name, engine in models.engines.items():
        if variants.texts:
            of_variants = engine.logits(variants.texts, variants.pairs)
            logits[name] = np.concatenate([clean[name], of_variants])[order]
    return [
        {
            "by": by,
            "slice": name,
            "model": model,
            **figures.of_slice(models.tasks[model], scores, test.labels, places),
        }
        for (by, name), places in groups(test, next(iter(models.tasks.values()))).items()
        for model, scores in logits.items()
    ]


def parts(
    recipe: Recipe,
    test: TestSet,
    clean: Mapping[str, np.ndarray],
    tasks: Mapping[str, Task],
) -> Iterator[dict[str, Any]]:
    """What is told of parts of the labels, see `Task.parts`."""
    memory = recipe.task.memory(gold_batches(recipe.output.path, recipe.task, "train"))
    for model, scores in clean.items():
        for by, name, number, values in tasks[model].parts(test.texts, scores, test.labels, memory):
            figure = {recipe.task.measure.key: interval(values)._asdict()}
            yield {"by": by, "slice": name, "model": model, "rows": number, **figure}


def people(recipe: Recipe, test: TestSet, logits: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """How models go with the ratings of people, where the recipe names some."""
    ratings = recipe.evaluate.people
    if ratings is None:
        return []
    places, shares = human_shares(ratings, recipe.labels, test.texts)
    return [
        {"model": model, **figures.with_people(scores[places], shares)}
        for model, scores in logits.items()
    ]

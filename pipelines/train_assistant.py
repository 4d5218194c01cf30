"""`mashbill train-assistant`: trains the masked LM that writes what the student gets wrong."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mashbill.models.checks import check_classifier, check_masked_lm
from mashbill.models.errors import MashbillError
from mashbill.models.loading import weight_hash
from mashbill.pipelines.fingerprint import fingerprint
from mashbill.pipelines.messages import tell
from mashbill.transforms.augmenters.statistics import word_places

if TYPE_CHECKING:
    from mashbill.models.distill.dataset import SoftLabelled
    from mashbill.models.distill.plan import Plan
    from mashbill.pipelines.recipe import Recipe

TEXTS = 10_000  # of a split at most, where the masked LM is measured


def train_assistant(recipe: "Recipe") -> dict[str, Any]:
    """Plays the game of the objective `adv` and keeps the assistant, as a masked-LM folder.

    The assistant starts from `assistant.base`. Its opponent is a student that learns all the
    while: `assistant.student`, or one made like that of the section `distill`. A training that
    was killed resumes from its last checkpoint, to the same end state.

    Returns:
        What also stands in metrics.json: of the assistant `before` and `after`, the `gain` (mean
        KL(teacher || student), in nats, on the validation texts as it rewrites them, against the
        student as it is after the game) and its accuracy at hidden tokens, which says whether it
        still writes the language of the task.

    Raises:
        MashbillError: no section `assistant` or `distill`, a data set or model that does not fit;
            before any training.
    """
    section = recipe.assistant
    if section is None or recipe.distill is None:
        missing = "assistant" if section is None else "distill"
        raise MashbillError(
            f"the recipe has no section {missing}, so there is no assistant to train"
        )
    check_classifier(recipe.teacher.model, recipe.task)
    check_masked_lm(section.base)
    from mashbill.models.distill.dataset import open_data
    from mashbill.models.distill.run import train_student
    from mashbill.models.loading import load_tokenizer
    from mashbill.models.model_folder import (
        finished_metrics,
        kept_checkpoints,
        new_model_folder,
        save_model,
        write_metrics,
    )

    source = recipe.distill.data
    data = open_data(
        source.path or recipe.output.path,
        recipe.task,
        rounds=source.rounds,
        probabilities=source.scores == "probabilities",
    )
    folder, name = Path(section.model), _fingerprint(recipe, data)
    if (done := finished_metrics(folder, name)) is not None:
        tell(f"assistant: {folder} is up to date")
        return done
    plan = _plan(recipe)
    tell(f"assistant: {section.base} against the student on {data.folder}, into {folder}")
    with kept_checkpoints(folder, name) as checkpoints:
        trained = train_student(data, plan, checkpoints, lambda line: tell(f"assistant: {line}"))
        if not trained.chief:
            return {}
        with new_model_folder(folder, name) as new:
            save_model(trained.adversary.assistant.model, load_tokenizer(section.base), new)
            metrics = {
                when: _measure(model, recipe, data, trained, plan)
                for when, model in (("before", section.base), ("after", str(new)))
            }
            write_metrics(new, metrics)
    return metrics


def _plan(recipe: "Recipe") -> "Plan":
    from mashbill.models.distill.plan import Plan
    from mashbill.models.distill.stream import Selection

    section, distill = recipe.assistant, recipe.distill
    return Plan(
        student=section.student or distill.student.model_copy(update={"vocabulary": "full"}),
        objective=section.objective(),
        training=distill.training.model_copy(update={"steps": section.steps}),
        teacher=recipe.teacher.model,
        max_length=recipe.teacher.max_length,
        seed=recipe.seed,
        selection=Selection(mix=distill.data.mix),
        soft_labels=distill.data.soft_labels,
    )


def _fingerprint(recipe: "Recipe", data: "SoftLabelled") -> str:
    settings = recipe.model_dump(mode="json", include={"seed", "labels", "assistant"})
    del settings["assistant"]["model"]
    settings["distill"] = recipe.distill.model_dump(mode="json", include={"student", "training"})
    settings["teacher"] = weight_hash(recipe.teacher.model)
    settings["max_length"] = recipe.teacher.max_length
    settings["base"] = weight_hash(recipe.assistant.base)
    settings["data"] = {"of": data.fingerprint, **{k: v.rows for k, v in data.splits.items()}}
    if checkpoint := getattr(recipe.assistant.student, "model", None):
        settings["checkpoint"] = weight_hash(checkpoint)
    return fingerprint(settings)


def _measure(
    model: str, recipe: "Recipe", data: "SoftLabelled", trained: Any, plan: "Plan"
) -> dict[str, Any]:
    from mashbill.models.adapt_mlm import Labelled, evaluate_mlm
    from mashbill.models.distill.assistant import mean_gain

    held_out, train = (list(islice(_sources(data, s), TEXTS)) for s in ("validation", "train"))
    assistant = plan.objective.model_copy(update={"assistant": model}).load_assistant()
    accuracy = evaluate_mlm(
        model,
        Labelled(held_out, [None] * len(held_out), word_places(recipe.language)),
        train,
        max_length=plan.max_length,
        seed=plan.seed,
    )
    return {"gain": mean_gain(assistant, data, trained, plan), **accuracy}


def _sources(data: "SoftLabelled", split: str) -> Iterator[str]:
    """The texts of a split's source examples."""
    from mashbill.models.distill.rows import ORIGINAL
    from mashbill.models.distill.stream import file_tables

    for table in file_tables(data, split):
        for text, augmenter in zip(
            table["text"].to_pylist(), table["augmenter"].to_pylist(), strict=True
        ):
            if augmenter == ORIGINAL:
                yield text

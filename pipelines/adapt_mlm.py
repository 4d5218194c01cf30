"""`mashbill adapt-mlm`: fits the masked language model to the corpus, unless that is done."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mashbill.models.checks import check_encoder
from mashbill.models.errors import MashbillError
from mashbill.models.references import ModelRef
from mashbill.pipelines.fillers import weak_fillers
from mashbill.pipelines.messages import tell
from mashbill.pipelines.training import examples_by_split, training_fingerprint
from mashbill.transforms.augmenters.statistics import word_places

if TYPE_CHECKING:
    from mashbill.pipelines.recipe import Recipe


def adapt_mlm(recipe: "Recipe", max_rejects: float = 0.01) -> dict[str, Any]:
    """Continues the training of `mlm.base` on all train text, labelled or not, into `mlm.model`.

    Returns:
        The metrics that also stand in metrics.json beside the weights: `before` and `after`, each
        the model's and a unigram baseline's accuracy at hidden tokens of the validation text.

    Raises:
        MashbillError: the recipe has no `mlm`, the base model cannot serve, there is no train
            text, a corpus has more rejects than the share `max_rejects` of its rows, or the folder
            holds something else.
    """
    mlm = recipe.mlm
    if mlm is None:
        raise MashbillError("the recipe has no section mlm, so there is nothing to adapt")
    check_encoder(mlm.base)
    from mashbill.models.adapt_mlm import Labelled, evaluate_mlm
    from mashbill.models.adapt_mlm import adapt_mlm as train
    from mashbill.models.model_folder import (
        finished_metrics,
        kept_checkpoints,
        new_model_folder,
        write_metrics,
    )

    section = mlm.model_dump(mode="json", exclude={"model"})
    fingerprint = training_fingerprint(recipe, section, mlm.base)
    folder = Path(mlm.model)
    if (done := finished_metrics(folder, fingerprint)) is not None:
        tell(f"masked LM: {folder} is up to date")
        return done
    tables = examples_by_split(recipe, "masked LM", max_rejects)
    texts, held_out = (
        Labelled(*_texts_and_labels(tables[split]), word_places(recipe.language))
        for split in ("train", "validation")
    )
    tell(f"masked LM: adapting {mlm.base} into {folder}")

    def measure(model: str) -> dict[str, Any]:
        return evaluate_mlm(
            model, held_out, texts.texts, max_length=mlm.max_length, seed=recipe.seed
        )

    with (
        kept_checkpoints(folder, fingerprint) as checkpoints,
        new_model_folder(folder, fingerprint) as new,
    ):
        train(
            texts,
            folder=new,
            checkpoints=checkpoints,
            condition=recipe.labels if mlm.condition_on_label else None,
            seed=recipe.seed,
            report=lambda line: tell(f"masked LM: {line}"),
            **mlm.model_dump(exclude={"model", "condition_on_label"}),
        )
        metrics = {"before": measure(mlm.base), "after": measure(str(new))}
        write_metrics(new, metrics)
    for line in weak_fillers([ModelRef(mlm.model, "masked LM")]):
        tell(line)
    return metrics


def _texts_and_labels(table: pa.Table) -> tuple[list[str], list[int | None]]:
    """Every text and second text; a label says something of the two together, not of one."""
    pairs = table["text_pair"].drop_null().to_pylist()
    labels = [None] * table.num_rows if pairs else table["label"].to_pylist()
    return table["text"].to_pylist() + pairs, labels + [None] * len(pairs)

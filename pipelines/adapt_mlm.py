"""`mashbill adapt-mlm`: fits the masked language model to the corpus, unless that is done."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from models.errors import MashbillError
from models.loading import check_masked_lm
from pipelines.training import examples_by_split, tell, training_fingerprint

if TYPE_CHECKING:
    from pipelines.recipe import Recipe


def adapt_mlm(recipe: "Recipe") -> dict[str, Any]:
    """Continues the training of `mlm.base` on all train text, labelled or not, into `mlm.model`.

    Returns:
        The metrics that also stand in metrics.json beside the weights: `before` and `after`, each
        the model's and a unigram baseline's accuracy at hidden tokens of the validation text.

    Raises:
        MashbillError: the recipe has no `mlm`, the base model cannot serve, there is no train
            text, or the folder holds something else.
    """
    mlm = recipe.mlm
    if mlm is None:
        raise MashbillError("the recipe has no section mlm, so there is nothing to adapt")
    check_masked_lm(mlm.base)
    from models.adapt_mlm import adapt_mlm as train
    from models.adapt_mlm import evaluate_mlm
    from models.training import finished_metrics, new_model_folder, write_metrics

    section = mlm.model_dump(mode="json", exclude={"model"})
    fingerprint = training_fingerprint(recipe, section, mlm.base)
    folder = Path(mlm.model)
    if (done := finished_metrics(folder, fingerprint)) is not None:
        tell(f"masked LM: {folder} is up to date")
        return done
    tables = examples_by_split(recipe)
    texts, held_out = _texts(tables["train"]), _texts(tables["validation"])
    tell(f"masked LM: adapting {mlm.base} into {folder}")

    def measure(model: str) -> dict[str, Any]:
        return evaluate_mlm(model, held_out, texts, max_length=mlm.max_length, seed=recipe.seed)

    with new_model_folder(folder, fingerprint) as new:
        train(
            texts,
            folder=new,
            seed=recipe.seed,
            report=lambda line: tell(f"masked LM: {line}"),
            **mlm.model_dump(exclude={"model"}),
        )
        metrics = {"before": measure(mlm.base), "after": measure(str(new))}
        write_metrics(new, metrics)
    return metrics


def _texts(table: pa.Table) -> list[str]:
    """Every text and second text."""
    return table["text"].to_pylist() + table["text_pair"].drop_null().to_pylist()

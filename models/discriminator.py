"""Real or synthetic: can a linear model tell variants from source examples by their vectors?

The classifier two-sample test of Lopez-Paz and Oquab 2017, "Revisiting Classifier Two-Sample
Tests": where nothing can tell them apart on rows it has not seen, variants are distributed as the
sources are. All rows of one source are in one fold, so that a variant is never judged by a model
that has seen its source.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import orjson

from mashbill.models.errors import MashbillError

FOLDS = 5


@dataclass(frozen=True)
class Discriminator:
    """A logistic regression for each fold, fitted on the other folds.

    Attributes:
        weights: float64 [folds, dim].
        biases: float64 [folds].
    """

    weights: np.ndarray
    biases: np.ndarray

    def scores(self, vectors: np.ndarray, source_ids: Sequence[str]) -> np.ndarray:
        """The probability that a text is synthetic, were half of all texts so: float32 [rows].

        Args:
            vectors: [rows, dim].
            source_ids: hex; each row is judged by the model that has not seen its source.
        """
        folds = folds_of(source_ids, len(self.biases))
        logits = (vectors * self.weights[folds]).sum(axis=1) + self.biases[folds]
        return (0.5 * (1 + np.tanh(0.5 * logits))).astype(np.float32)

    def to_json(self) -> bytes:
        parts = {"weights": self.weights.tolist(), "biases": self.biases.tolist()}
        return orjson.dumps(parts)

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        parts = orjson.loads(data)
        return cls(np.array(parts["weights"]), np.array(parts["biases"]))


def fit_discriminator(
    vectors: np.ndarray, synthetic: np.ndarray, source_ids: Sequence[str]
) -> Discriminator:
    """Fits one model per fold on the rows of all others, both classes weighted alike.

    Args:
        vectors: [rows, dim].
        synthetic: bool [rows].
        source_ids: of each row, hex.

    Raises:
        MashbillError: the rows of some folds are all sources or all variants.
    """
    from sklearn.linear_model import LogisticRegression

    folds = folds_of(source_ids, FOLDS)
    fitted = []
    for fold in range(FOLDS):
        others = folds != fold
        if len(np.unique(synthetic[others])) < 2:
            raise MashbillError(
                f"{len(set(source_ids))} sources with {int(synthetic.sum())} variants are "
                "too few to train the discriminator"
            )
        model = LogisticRegression(class_weight="balanced", max_iter=1000)
        fitted.append(model.fit(vectors[others], synthetic[others]))
    return Discriminator(
        np.concatenate([model.coef_ for model in fitted]),
        np.concatenate([model.intercept_ for model in fitted]),
    )


def folds_of(source_ids: Sequence[str], folds: int) -> np.ndarray:
    """int64 [rows]; ids are hashes, so their digits are as good as random."""
    return np.fromiter((int(i[:12], 16) % folds for i in source_ids), np.int64, len(source_ids))


def auc(scores: np.ndarray, synthetic: np.ndarray) -> float:
    """Probability that a synthetic text scores above a real one; 0.5 means indistinguishable."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(synthetic, scores))

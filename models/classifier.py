"""A text classifier for inference: the teacher."""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification

from mashbill.models.checks import config_labels
from mashbill.models.device import Precision
from mashbill.models.engine import Batch, Engine
from mashbill.models.errors import RowError
from mashbill.models.windows import Windows


class Classifier(Engine):
    """Logits of a fine-tuned classifier.

    Attributes:
        labels: class names by index, as the model's configuration has them.
    """

    auto_class = AutoModelForSequenceClassification

    def __init__(
        self,
        model: str,
        max_length: int,
        precision: Precision,
        device: str,
        windows: Windows | None = None,
    ):
        super().__init__(model, max_length, precision, device, windows)
        self.labels = config_labels({"id2label": self.model.config.id2label})
        self.keep_output_layer_exact(len(self.labels))
        if self.fast is not None:
            self.fast.first_only = True  # all that the heads of these models read

    def forward(self, batch: Batch) -> torch.Tensor:
        return self.model(**batch, return_dict=True).logits

    def logits(self, texts: Sequence[str], pairs: Sequence[str] | None = None) -> np.ndarray:
        """Raw scores, float32 [len(texts), classes].

        Raises RowError, which names the rows, if any score is NaN or infinite.
        """
        logits = self.rows(texts, pairs, len(self.labels))
        bad = np.flatnonzero(~np.isfinite(logits).all(axis=1))
        if len(bad):
            raise RowError(f"the classifier's logits are not finite in row {bad[0]}", bad.tolist())
        return logits

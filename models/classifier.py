"""A text classifier for inference: the teacher."""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification

from mashbill.models.device import Precision
from mashbill.models.engine import Batch, Engine
from mashbill.models.errors import RowError
from mashbill.models.loading import config_labels
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
        self._keep_output_layer_exact()
        if self.fast is not None:
            self.fast.first_only = True  # all that the heads of these models read

    def _keep_output_layer_exact(self) -> None:
        """Runs the layer that makes the logits in float32: bfloat16 has three digits only."""
        layers = [m for m in self.model.modules() if isinstance(m, torch.nn.Linear)]
        outputs = [layer for layer in layers if layer.out_features == len(self.labels)]
        if self.dtype != torch.float32 and len(outputs) == 1:
            outputs[0].float().register_forward_pre_hook(lambda _, args: (args[0].float(),))

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

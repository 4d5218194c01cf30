"""Sentence embeddings: the mean of an encoder's token vectors, scaled to length one.

Mean pooling as in Reimers and Gurevych 2019, "Sentence-BERT", section 3.
"""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import AutoModel

from mashbill.models.device import Precision
from mashbill.models.engine import Batch, Engine
from mashbill.models.errors import RowError
from mashbill.models.loading import load_model


class Encoder(Engine):
    """Embeddings whose dot product is their cosine similarity.

    Attributes:
        size: of an embedding.
    """

    auto_class = AutoModel

    def __init__(self, model: str, max_length: int, precision: Precision, device: str):
        super().__init__(model, max_length, precision, device)
        self.size: int = self.model.config.hidden_size

    def _load(self, model: str) -> torch.nn.Module:
        encoder = load_model(model, self.auto_class, optional=r"pooler\.", dtype=self.dtype)
        if hasattr(encoder, "pooler"):
            encoder.pooler = None  # its output would be thrown away
        return encoder

    def forward(self, batch: Batch) -> torch.Tensor:
        states = self.model(**batch, return_dict=True).last_hidden_state.float()
        mask = batch["attention_mask"].unsqueeze(-1).float()
        mean = (states * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
        return torch.nn.functional.normalize(mean, dim=1)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors, float32 [len(texts), hidden size].

        Raises RowError, which names the rows, if any vector is NaN or infinite.
        """
        vectors = self.rows(texts, None, self.size)
        bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
        if len(bad):
            raise RowError(f"the encoder's vector is not finite in row {bad[0]}", bad.tolist())
        return vectors

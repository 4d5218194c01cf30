"""A model of entailment that labels texts without having been trained on the labels."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mashbill.models.checks import entailment_classes
from mashbill.models.classifier import Classifier
from mashbill.models.tokenizing import Window


class Entailment:
    """How far each text entails that a label is true of it (Yin et al. 2019, "Benchmarking
    Zero-shot Text Classification", section 4.3; as transformers' zero-shot pipeline computes it).

    Args:
        judge: of pairs of texts.
        hypotheses: a sentence for each label.
        several: whether each label is true or false by itself; else just one is true.
    """

    def __init__(self, judge: Classifier, hypotheses: Sequence[str], several: bool):
        self.judge, self.hypotheses, self.several = judge, list(hypotheses), several
        self.yes, self.no = entailment_classes(judge.labels)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "judge":  # while it is copied or unpickled
            raise AttributeError(name)
        return getattr(self.judge, name)

    def windows(
        self, texts: Sequence[str], pairs: Sequence[str] | None = None
    ) -> list[Window | None]:
        """What is read of each text beside the longest hypothesis."""
        del pairs
        longest = max(self.hypotheses, key=len)
        return self.judge.windows(texts, [longest] * len(texts))

    def logits(self, texts: Sequence[str], pairs: Sequence[str] | None = None) -> np.ndarray:
        """Float32 [texts, labels]: of entailment, over contradiction if there may be several.

        Raises RowError, which names the rows, if any score is NaN or infinite.
        """
        if pairs is not None:
            raise ValueError("a pair of texts has no room for a hypothesis")
        labels = len(self.hypotheses)
        repeated = [text for text in texts for _ in range(labels)]
        scores = self.judge.logits(repeated, self.hypotheses * len(texts))
        differences = scores[:, self.yes] - (scores[:, self.no] if self.several else 0)
        return differences.reshape(len(texts), labels)

"""A causal language model that labels texts by what it would say next."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import logsumexp

from mashbill.models.errors import RowError
from mashbill.models.generator import Writer
from mashbill.models.prompting import render
from mashbill.models.tokenizing import Window

CONTENT_FREE = ("N/A", "", "[MASK]")  # Zhao et al. 2021, section 4


class LabelWords:
    """How likely each label's names are to follow a prompt with the text.

    Args:
        writer: the model.
        prompt: Jinja2 template; knows `text`.
        names: of each label; one is as likely as its names together.
        calibrate: divides by what the model says of texts without content (Zhao et al. 2021,
            "Calibrate Before Use", section 4): it has its favourites.
    """

    def __init__(
        self,
        writer: Writer,
        prompt: str,
        names: Sequence[Sequence[str]],
        calibrate: bool = True,
    ):
        self.writer, self.prompt = writer, prompt
        self.names = [name for of_label in names for name in of_label]
        self.bounds = np.cumsum([0, *map(len, names)])
        self.prior = np.zeros(len(names), np.float32)
        if calibrate:
            self.prior = self._scores(CONTENT_FREE).mean(axis=0)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "writer":  # while it is copied or unpickled
            raise AttributeError(name)
        return getattr(self.writer, name)

    def windows(
        self, texts: Sequence[str], pairs: Sequence[str] | None = None
    ) -> list[Window | None]:
        """What is read of the prompts; the end of one that is cut is what is asked."""
        del pairs
        return self.writer.windows([render(self.prompt, text=text) for text in texts])

    def logits(self, texts: Sequence[str], pairs: Sequence[str] | None = None) -> np.ndarray:
        """Float32 [texts, labels]: logarithms of probabilities, up to a constant of the text.

        Raises RowError, which names the rows, if any score is NaN or infinite.
        """
        if pairs is not None:
            raise ValueError("the prompt knows one text")
        scores = self._scores(texts) - self.prior
        bad = np.flatnonzero(~np.isfinite(scores).all(axis=1))
        if len(bad):
            raise RowError(f"the model's scores are not finite in row {bad[0]}", bad.tolist())
        return scores

    def _scores(self, texts: Sequence[str]) -> np.ndarray:
        prompts = [render(self.prompt, text=text) for text in texts]
        of_names = self.writer.continuations(prompts, self.names)
        parts = [
            logsumexp(of_names[:, first:last], axis=1)
            for first, last in zip(self.bounds[:-1], self.bounds[1:], strict=True)
        ]
        return np.stack(parts, axis=1).astype(np.float32)

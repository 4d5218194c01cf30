"""What chooses a checkpoint: a validation figure, as texts are and under noise."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

Change = Callable[[Sequence[str]], list[str]]  # texts to the same texts under noise
CHOSEN = "chosen"


def with_noise(
    figure: str, clean: Mapping[str, float], noisy: Mapping[str, Mapping[str, float]]
) -> dict[str, float]:
    """The figures of validation, with the chosen one under each noise, and what chooses.

    That is the mean of the figure as texts are and of its mean over the noises.

    Args:
        figure: its key.
        clean, noisy: figures of the texts as they are, and by noise.
    """
    under = {f"{figure}_{name}": found[figure] for name, found in noisy.items()}
    chosen = (clean[figure] + float(np.mean(list(under.values())))) / 2
    return {**clean, **under, CHOSEN: chosen}

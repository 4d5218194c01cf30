"""Temperature scaling: one number that makes a classifier's confidence honest.

Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2.
"""

import numpy as np
from scipy.optimize import minimize_scalar

from mashbill.models.metrics import softmax

RANGE = (0.05, 20.0)


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The T under which softmax(logits / T) gives the labels the least NLL.

    Args:
        logits: [rows, classes] of rows the model was not trained on; labels: int [rows].
    """
    rows = np.arange(len(labels))

    def nll(log_temperature: float) -> float:
        of_gold = softmax(logits / np.exp(log_temperature))[rows, labels]
        return float(-np.log(np.maximum(of_gold, 1e-300)).mean())

    return float(np.exp(minimize_scalar(nll, bounds=np.log(RANGE), method="bounded").x))

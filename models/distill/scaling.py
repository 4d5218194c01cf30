"""Temperature scaling: one number that makes a classifier's confidence honest.

Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2.
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_expit

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

    return _best(nll)


def fit_binary_temperature(logits: np.ndarray, gold: np.ndarray) -> float:
    """The T under which the sigmoids of logits / T give the labels the least NLL.

    Args:
        logits: [rows, labels]; gold: the same, 1 where a row has the label, else 0.
    """
    signed = np.where(gold == 1, logits, -logits).astype(np.float64)
    return _best(lambda log_temperature: -log_expit(signed / np.exp(log_temperature)).mean())


def _best(nll: Callable[[float], float]) -> float:
    return float(np.exp(minimize_scalar(nll, bounds=np.log(RANGE), method="bounded").x))

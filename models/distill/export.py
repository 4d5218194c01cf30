"""A student for ONNX Runtime: in float32 and with int8 weights, checked against torch."""

import logging
import os
import shutil
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from mashbill.models.errors import MashbillError, ModelError, first_line
from mashbill.models.loading import load_model, load_tokenizer
from mashbill.models.metrics import softmax
from mashbill.models.speed import latency

FLOAT, INT8 = "model.onnx", "model-int8.onnx"
UNFINISHED = ".onnx"  # where the files are until they are checked
TOLERANCE = 1e-3  # of a logit, float32 against float32
ROWS = 256

Predict = Callable[[dict[str, np.ndarray]], np.ndarray]


def check_exporter() -> None:
    """Raises ModelError if what the export needs is not installed."""
    try:
        import onnx  # noqa: F401
        import onnxruntime.quantization  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ModelError(
            f"the export to ONNX needs the extra `onnx` (pip install 'mashbill[onnx]'): {error}"
        ) from None


def export_onnx(
    folder: Path, texts: Sequence[str], max_length: int, auto_class: Any
) -> dict[str, Any]:
    """Adds `model.onnx` and, with dynamic int8 quantisation, `model-int8.onnx` to a saved model.

    Args:
        folder: of the model; keeps its files as they are if the export fails.
        auto_class: of transformers, that loads it.
        texts: what both are checked and timed on; some hundred of the validation split.

    Returns:
        For both their bytes, largest difference of a logit to torch's, share of equal answers, mean
        KL(torch ‖ ONNX) in nats, and `p50_ms`, `p95_ms` of one text at a time on the CPU.

    Raises:
        ModelError: the extra `onnx` is not installed, the model has a part that cannot be
            exported, or the float32 file does not say the same.
    """
    check_exporter()
    model = load_model(str(folder), auto_class).float()
    tokenizer = load_tokenizer(str(folder))
    work = folder / UNFINISHED
    shutil.rmtree(work, ignore_errors=True)  # of an export that was killed
    work.mkdir()
    try:
        found = _export_into(work, model, tokenizer, list(texts[:ROWS]), max_length)
        for name in (FLOAT, INT8):
            os.replace(work / name, folder / name)
    except MashbillError:
        raise
    except Exception as error:  # the exporter raises many kinds
        raise ModelError(f"{type(error).__name__}: {first_line(error)}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return found


def _export_into(
    folder: Path,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    texts: list[str],
    max_length: int,
) -> dict[str, Any]:
    import onnxruntime
    from onnxruntime.quantization import quantize_dynamic

    example = _inputs(tokenizer, texts[:2], max_length)
    _quietly(lambda: _export(model, example, folder / FLOAT))
    _quietly(lambda: quantize_dynamic(folder / FLOAT, folder / INT8))
    expected = np.concatenate([_torch(model)(_inputs(tokenizer, [t], max_length)) for t in texts])
    found = {}
    for name in (FLOAT, INT8):
        session = onnxruntime.InferenceSession(folder / name, providers=["CPUExecutionProvider"])
        predict = _onnx(session)
        logits = np.concatenate([predict(_inputs(tokenizer, [t], max_length)) for t in texts])
        found[name] = {
            "bytes": (folder / name).stat().st_size,
            **_parity(expected, logits),
            **latency(lambda text, run=predict: run(_inputs(tokenizer, [text], max_length)), texts),
        }
    if found[FLOAT]["largest_difference"] > TOLERANCE:
        raise ModelError(
            f"{FLOAT}: its logits differ from torch's by up to "
            f"{found[FLOAT]['largest_difference']:.2g}; allowed is {TOLERANCE}"
        )
    return found


def _export(model: PreTrainedModel, example: dict[str, np.ndarray], path: Path) -> None:
    batch, tokens = torch.export.Dim("batch"), torch.export.Dim("tokens")
    names = list(example)
    torch.onnx.export(
        _Logits(model, names),
        tuple(torch.from_numpy(example[name]) for name in names),
        str(path),
        input_names=names,
        output_names=["logits"],
        dynamic_shapes=(tuple({0: batch, 1: tokens} for _ in names),),
        external_data=False,
        dynamo=True,
        verbose=False,
    )


class _Logits(torch.nn.Module):
    """Inputs by position, logits alone: what an exported graph looks like."""

    def __init__(self, model: PreTrainedModel, names: list[str]):
        super().__init__()
        self.model, self.names = model, names

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.model(**dict(zip(self.names, inputs, strict=True))).logits


def _inputs(
    tokenizer: PreTrainedTokenizerFast, texts: list[str], max_length: int
) -> dict[str, np.ndarray]:
    encoded = tokenizer(
        texts, truncation=True, max_length=max_length, padding=True, return_tensors="np"
    )
    return {name: encoded[name].astype(np.int64) for name in tokenizer.model_input_names}


def _torch(model: PreTrainedModel) -> Predict:
    def predict(inputs: dict[str, np.ndarray]) -> np.ndarray:
        with torch.inference_mode():
            tensors = {name: torch.from_numpy(value) for name, value in inputs.items()}
            return _rows(model(**tensors).logits.numpy())

    return predict


def _onnx(session: Any) -> Predict:
    known = {given.name for given in session.get_inputs()}
    return lambda inputs: _rows(
        session.run(None, {name: value for name, value in inputs.items() if name in known})[0]
    )


def _rows(logits: np.ndarray) -> np.ndarray:
    """Of texts, or of all of their tokens: [rows, labels]."""
    return logits.reshape(-1, logits.shape[-1])


def _parity(expected: np.ndarray, logits: np.ndarray) -> dict[str, float]:
    p, q = softmax(expected), softmax(logits)
    divergence = (p * (np.log(p + 1e-12) - np.log(q + 1e-12))).sum(axis=1)
    return {
        "largest_difference": float(np.abs(expected - logits).max()),
        "same_answers": float((p.argmax(1) == q.argmax(1)).mean()),
        "divergence": float(divergence.mean()),
    }


def _quietly(call: Callable[[], object]) -> None:
    """Both libraries print what they do."""
    level = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call()
    finally:
        logging.disable(level)

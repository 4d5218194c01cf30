import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="needs the extra onnx")

from transformers import AutoModelForSequenceClassification, AutoTokenizer

from mashbill.models.distill import export
from mashbill.models.distill.export import FLOAT, INT8, export_onnx
from mashbill.models.errors import ModelError

TEXTS = ["a good movie", "dull and slow , never again", "the plot is great but it is not funny"]


@pytest.fixture(scope="module")
def student(tiny_classifier):
    return (
        AutoModelForSequenceClassification.from_pretrained(tiny_classifier),
        AutoTokenizer.from_pretrained(tiny_classifier),
    )


def test_both_files_answer_like_torch(student, tmp_path):
    import onnxruntime

    found = export_onnx(*student, tmp_path, TEXTS, 32)
    assert found[FLOAT]["largest_difference"] < 1e-4
    assert found[FLOAT]["same_answers"] == 1.0
    assert found[INT8]["divergence"] >= 0
    assert found[INT8]["bytes"] < found[FLOAT]["bytes"]
    # one text or several, of any length: the file is not fixed to the example it was traced with
    model, tokenizer = student
    session = onnxruntime.InferenceSession(tmp_path / FLOAT)
    batch = tokenizer(TEXTS, padding=True, return_tensors="pt")
    names = {given.name for given in session.get_inputs()}
    logits = session.run(None, {k: v.numpy() for k, v in batch.items() if k in names})[0]
    assert np.allclose(logits, model(**batch).logits.detach().numpy(), atol=1e-4)


def test_a_file_that_says_something_else_is_refused(student, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "TOLERANCE", -1.0)
    with pytest.raises(ModelError, match=r"model.onnx: its logits differ from torch's by up to"):
        export_onnx(*student, tmp_path, TEXTS, 32)

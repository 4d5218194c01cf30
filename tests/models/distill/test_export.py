import shutil

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="needs the extra onnx")

from transformers import AutoModelForSequenceClassification, AutoTokenizer

from mashbill.models.distill import export
from mashbill.models.distill.export import FLOAT, INT8, export_onnx
from mashbill.models.errors import ModelError
from mashbill.models.tasks.registry import single
from tests.conftest import LABELS

TEXTS = ["a good movie", "dull and slow , never again", "the plot is great but it is not funny"]


@pytest.fixture
def student(tiny_classifier, tmp_path):
    return shutil.copytree(tiny_classifier, tmp_path / "student")


@pytest.fixture(scope="module")
def exported(tiny_classifier, tmp_path_factory):
    """A student's folder, and what its export found."""
    folder = shutil.copytree(tiny_classifier, tmp_path_factory.mktemp("exported") / "student")
    return folder, export_onnx(folder, TEXTS, 32, single(LABELS).auto_class)


def test_both_files_answer_like_torch(exported):
    import onnxruntime

    student, found = exported
    assert found[FLOAT]["largest_difference"] < 1e-4
    assert found[FLOAT]["same_answers"] == 1.0
    assert found[INT8]["divergence"] >= 0
    assert found[INT8]["bytes"] < found[FLOAT]["bytes"]
    # one text or several, of any length: the file is not fixed to the example it was traced with
    model = AutoModelForSequenceClassification.from_pretrained(student)
    tokenizer = AutoTokenizer.from_pretrained(student)
    session = onnxruntime.InferenceSession(student / FLOAT)
    batch = tokenizer(TEXTS, padding=True, return_tensors="pt")
    names = {given.name for given in session.get_inputs()}
    logits = session.run(None, {k: v.numpy() for k, v in batch.items() if k in names})[0]
    assert np.allclose(logits, model(**batch).logits.detach().numpy(), atol=1e-4)


def test_a_file_that_says_something_else_is_refused(exported, student, monkeypatch):
    before = sorted(student.iterdir())
    monkeypatch.setattr(export, "_export", lambda *to: shutil.copy(exported[0] / FLOAT, to[-1]))
    monkeypatch.setattr(export, "TOLERANCE", -1.0)
    with pytest.raises(ModelError, match=r"model.onnx: its logits differ from torch's by up to"):
        export_onnx(student, TEXTS, 32, single(LABELS).auto_class)
    assert sorted(student.iterdir()) == before

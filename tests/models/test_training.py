import pytest
import torch
from transformers import AutoModelForSequenceClassification

from mashbill.models.errors import ModelError
from mashbill.models.training import (
    attention_that_learns_fast,
    finished_metrics,
    new_model_folder,
    write_metrics,
)


def make(folder, fingerprint, accuracy):
    with new_model_folder(folder, fingerprint) as new:
        write_metrics(new, {"accuracy": accuracy})


def test_a_finished_model_is_known_by_its_fingerprint(tmp_path):
    folder = tmp_path / "deep" / "teacher"
    assert finished_metrics(folder, "f1") is None
    make(folder, "f1", 0.5)
    assert finished_metrics(folder, "f1") == {"accuracy": 0.5}
    assert finished_metrics(folder, "f2") is None


def test_a_new_model_replaces_the_old_one_as_a_whole(tmp_path):
    folder = tmp_path / "teacher"
    make(folder, "f1", 0.5)
    (folder / "left-over").touch()
    make(folder, "f2", 0.6)
    assert finished_metrics(folder, "f2") == {"accuracy": 0.6}
    assert not (folder / "left-over").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["teacher"]


def test_a_failed_training_leaves_the_old_model(tmp_path):
    folder = tmp_path / "teacher"
    make(folder, "f1", 0.5)
    with pytest.raises(RuntimeError), new_model_folder(folder, "f2"):
        raise RuntimeError
    assert finished_metrics(folder, "f1") == {"accuracy": 0.5}
    assert [path.name for path in tmp_path.iterdir()] == ["teacher"]


def test_a_folder_of_someone_else_is_never_replaced(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="did not make"):
        finished_metrics(tmp_path, "f1")


def test_attention_is_exchanged_for_a_block_and_answers_the_same(tiny_classifier):
    model = AutoModelForSequenceClassification.from_pretrained(tiny_classifier)
    ids = torch.tensor([[2, 7, 8, 3], [2, 9, 3, 0]])
    before = model(ids, attention_mask=(ids > 0).long()).logits
    with attention_that_learns_fast(model):
        assert model.config._attn_implementation == "eager"
        torch.testing.assert_close(model(ids, attention_mask=(ids > 0).long()).logits, before)
    assert model.config._attn_implementation == "sdpa"

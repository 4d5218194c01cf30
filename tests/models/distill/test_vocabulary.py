"""A student of the pieces that its corpus needs: the same logits, and figures of what is lost."""

import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
import torch
import transformers
from pydantic import TypeAdapter
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from mashbill.models.distill.dataset import open_data
from mashbill.models.distill.matching import AnyMatching
from mashbill.models.distill.mixing import Mixing
from mashbill.models.distill.objectives import Distillation
from mashbill.models.distill.plan import Plan
from mashbill.models.distill.rehearsal import rehearse
from mashbill.models.distill.run import train_student
from mashbill.models.distill.settings import Training
from mashbill.models.distill.student import Student, build_student
from mashbill.models.distill.vocabulary import CutVocabulary, texts_of
from mashbill.models.errors import ModelError
from mashbill.models.model_folder import save_model
from mashbill.models.tasks.registry import single
from tests.models.distill.data import LABELS, table
from tests.models.mixed_tokenizers import LINES, unigram, wordpiece

TASK = single(LABELS)
SIZE = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "initializer_range": 0.3,
}
NEEDED, HELD_OUT = LINES[:5], LINES[5:]
GOOD = (0, 2, 3)


def classifier(name, tokenizer):
    kind = {"bert": transformers.BertConfig, "xlm-roberta": transformers.XLMRobertaConfig}[name]
    ids = {
        f"{role}_token_id": getattr(tokenizer, f"{role}_token_id") for role in ("pad", "bos", "eos")
    }
    config = kind(vocab_size=len(tokenizer) + 3, max_position_embeddings=70, **SIZE, **ids)
    config.id2label = dict(enumerate(LABELS))
    config.label2id = {label: place for place, label in enumerate(LABELS)}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return AutoModelForSequenceClassification.from_config(config)


# e5 is a BERT with the pieces of XLM-RoBERTa
KINDS = {"bert": ("bert", wordpiece), "xlm": ("xlm-roberta", unigram), "e5": ("bert", unigram)}


def saved(kind, folder):
    name, make = KINDS[kind]
    tokenizer = make()
    save_model(classifier(name, tokenizer), tokenizer, folder)
    return folder


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    """Its positions count from the padding token."""
    return saved("xlm", tmp_path_factory.mktemp("teacher"))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "data"
    folder.mkdir()
    for split, lines in (("train", NEEDED * 4), ("validation", LINES), ("test", HELD_OUT)):
        found = [
            {
                "id": f"{split}{place}",
                "source_id": f"{split}{place}",
                "text": text,
                "label": (label := int(LINES.index(text) in GOOD)),
                "augmenter": "none",
                "teacher_logits": [1.0 - 2 * label, 2.0 * label - 1],
                "weight": 1.0,
            }
            for place, text in enumerate(lines)
        ]
        pq.write_table(table(found), folder / f"{split}-00000-of-00001.parquet")
    return open_data(str(folder.parent), TASK)


def student(**settings):
    values = {"from": "teacher", "layers": [0, 2], "vocabulary": "corpus", **settings}
    return TypeAdapter(Student).validate_python(values)


@pytest.fixture
def plan(teacher):
    training = Training(
        steps=40, batch_size=8, learning_rate=2e-3, precision="fp32", log_every=5, dropout=0.0
    )
    return Plan(student(), Distillation(), training, str(teacher), max_length=32, seed=5)


def logits(model, tokenizer, *texts):
    inputs = tokenizer(*texts, return_tensors="pt")
    with torch.no_grad():
        return model.eval()(**inputs).logits


@pytest.mark.parametrize("kind", KINDS)
def test_the_logits_of_texts_that_need_no_other_piece_stay(kind, data, tmp_path):
    folder = str(saved(kind, tmp_path))
    whole, tokenizer = build_student(student(), folder, TASK)
    model, _ = build_student(student(), folder, TASK)
    cut = CutVocabulary.of(tokenizer, model, texts_of(data, "train"))
    cut.cut(model)
    assert len(cut.tokenizer) == model.config.vocab_size < whole.config.vocab_size
    assert model.get_input_embeddings().weight.shape == (len(cut.kept), 32)
    for texts in (*([text] for text in NEEDED), NEEDED[:2]):
        expected = logits(whole, tokenizer, *texts)
        torch.testing.assert_close(
            logits(model, cut.tokenizer, *texts), expected, atol=1e-5, rtol=0
        )
    for text in (*HELD_OUT, "", "罕見 🦄"):
        assert logits(model, cut.tokenizer, text).isfinite().all()
    padded = cut.tokenizer(list(NEEDED), padding=True, return_tensors="pt")
    expected = tokenizer(list(NEEDED), padding=True, return_tensors="pt")
    with torch.no_grad():
        torch.testing.assert_close(
            model(**padded).logits, whole.eval()(**expected).logits, atol=1e-5, rtol=0
        )
    assert all(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize("name", ["bert", "xlm-roberta"])
def test_a_tied_head_is_cut_alike(name):
    tokenizer = {"bert": wordpiece, "xlm-roberta": unigram}[name]()
    kind = {"bert": "BertForMaskedLM", "xlm-roberta": "XLMRobertaForMaskedLM"}[name]
    model = getattr(transformers, kind)(classifier(name, tokenizer).config).eval()
    bias = model.get_output_embeddings().bias
    bias.data = torch.randn(len(bias))
    ids = tokenizer(NEEDED[0], return_tensors="pt").input_ids
    before = model(ids).logits
    cut = CutVocabulary.of(tokenizer, model, [NEEDED])
    cut.cut(model)
    found = model(cut.tokenizer(NEEDED[0], return_tensors="pt").input_ids).logits
    torch.testing.assert_close(found, before[..., torch.from_numpy(cut.kept)])
    table, head = model.get_input_embeddings(), model.get_output_embeddings()
    assert table.weight.data_ptr() == head.weight.data_ptr()
    assert head.out_features == model.config.vocab_size == len(cut.kept)


def test_it_learns_loads_again_and_says_what_was_cut(data, plan, tmp_path):
    trained = train_student(data, plan, tmp_path / "checkpoints")
    losses = [line["loss"] for line in trained.log if "loss" in line]
    assert losses[-1] < losses[0] / 2
    save_model(trained.model, trained.tokenizer, tmp_path / "student")
    again = AutoModelForSequenceClassification.from_pretrained(tmp_path / "student")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "student")
    for text in LINES:
        expected = logits(trained.model, trained.tokenizer, text)
        torch.testing.assert_close(logits(again, tokenizer, text), expected)
    said = trained.cut.report(data)
    assert said["pieces"] == again.config.vocab_size == len(tokenizer) < said["pieces_before"]
    assert said["pieces_used"] < said["pieces"]
    table = trained.model.get_input_embeddings().weight
    lost = (AutoTokenizer.from_pretrained(plan.teacher).vocab_size + 3) - len(table)
    assert said["parameters_before"] - again.num_parameters() == pytest.approx(lost * 32, abs=32)
    assert 0 < said["validation"]["texts_that_need_another_piece"] <= len(HELD_OUT) / len(LINES)
    assert said["test"]["unknown_before"] <= said["test"]["unknown"] < 1
    assert json.dumps(said)


class Killed(BaseException):
    """Nothing of ours catches it, as nothing catches a signal."""


def test_a_killed_training_comes_to_the_same_end(data, plan, tmp_path):
    def die(line):
        if "validation" in line:
            raise Killed

    training = plan.training.model_copy(update={"steps": 6, "evaluate_every": 3})
    plan = replace(plan, training=training)
    whole = train_student(data, plan, tmp_path / "whole")
    with pytest.raises(Killed):
        train_student(data, plan, tmp_path / "killed", die)
    again = train_student(data, plan, tmp_path / "killed")
    for name, weights in again.model.state_dict().items():
        assert torch.equal(weights, whole.model.state_dict()[name]), name


LIVE = [{"kind": "token_mixup", "live": True}, {"kind": "hidden_states"}]


@pytest.mark.parametrize("settings", LIVE, ids=lambda settings: settings["kind"])
def test_a_live_teacher_reads_the_students_pieces(data, plan, tmp_path, settings):
    extra = TypeAdapter(Mixing | AnyMatching).validate_python(settings)
    training = plan.training.model_copy(update={"steps": 3, "log_every": 1})
    plan = replace(plan, student=student(layers=[0, 1, 2]), extras=(extra,), training=training)
    rehearse(plan, TASK)
    trained = train_student(data, plan, tmp_path)
    first = next(line for line in trained.log if "loss" in line)
    if extra.kind == "hidden_states":  # all layers are the teacher's, and so are the states
        assert first["loss/hidden_states"] < 0.05


def test_a_live_teacher_of_other_pieces_is_refused(plan, tmp_path):
    other = unigram(LINES[:4], size=120)
    save_model(classifier("bert", other), other, tmp_path)
    of_its_own = TypeAdapter(Student).validate_python(
        {"from": "checkpoint", "model": str(tmp_path)}
    )
    extra = TypeAdapter(AnyMatching).validate_python({"kind": "hidden_states"})
    with pytest.raises(ModelError, match="the teacher and the student must share one vocabulary"):
        rehearse(replace(plan, student=of_its_own, extras=(extra,)), TASK)


def test_sizes_and_checkpoints_are_cut_too(teacher, data, plan, tmp_path):
    size = {"from": "config", "layers": None, "depth": 1, "width": 16, "heads": 2}
    checkpoint = {"from": "checkpoint", "layers": None, "model": str(teacher)}
    for settings in (size, checkpoint):
        values = {key: value for key, value in settings.items() if value is not None}
        of = TypeAdapter(Student).validate_python({"vocabulary": "corpus", **values})
        training = plan.training.model_copy(update={"steps": 2})
        found = train_student(
            data, replace(plan, student=of, training=training), tmp_path / of.from_
        )
        assert found.model.config.vocab_size == len(found.tokenizer) == len(found.cut.kept)


def test_a_model_without_a_vector_for_each_piece_is_refused(plan):
    model, tokenizer = build_student(plan.student, plan.teacher, TASK)
    cut = CutVocabulary.of(tokenizer, model, [NEEDED])
    model.resize_token_embeddings(5)
    with pytest.raises(ModelError, match=r"distill\.student\.vocabulary: a .* no vector for each"):
        cut.cut(model)

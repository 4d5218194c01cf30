"""Students that tag words: every objective, other tokenizers, and soft labels of sources."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import TypeAdapter
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from mashbill.models.distill.dataset import open_data
from mashbill.models.distill.matching import AnyMatching
from mashbill.models.distill.mixing import Mixing
from mashbill.models.distill.objectives import Objective
from mashbill.models.distill.plan import Plan
from mashbill.models.distill.rows import DataError
from mashbill.models.distill.run import train_student
from mashbill.models.distill.settings import Training
from mashbill.models.distill.stream import SourceLogits, file_tables
from mashbill.models.distill.student import FromCheckpoint, FromTeacher
from mashbill.models.tasks.registry import task_of
from tests.models.test_tagger import save

TASK = task_of({"task": {"kind": "spans"}, "labels": ["PER"]})
PEOPLE = ("ann", "bob", "eve")


def rows(sources: int, copies: int):
    """Every sentence names a person, in its second word or its last; the teacher is right."""
    for i in range(sources):
        words = ["the", PEOPLE[i % 3], "saw", "film", str(i)]
        if i % 2:
            words[1], words[4] = words[4], words[1]
        for copy in range(copies + 1):
            text = " ".join(words) + " !" * (copy == 2)
            tags = [1 if word in PEOPLE else 0 for word in text.split()]
            name = f"test.add{copy}" if copy else "none"
            start = text.index(PEOPLE[i % 3])
            yield {
                "id": f"{i:04d}{copy:028d}",
                "source_id": f"{i:04d}{0:028d}",
                "text": text,
                "label": [{"start": start, "end": start + 3, "label": 0}] if i % 4 else None,
                "augmenter": name,
                "teacher_logits": (np.eye(3)[tags] * 6 + copy / 4).tolist(),
                "weight": 1.0,
            }


def write(folder, change=lambda row: row):
    about = {"labels": ["PER"], "fingerprint": "f00", "task": {"kind": "spans"}}
    kinds = {
        **dict.fromkeys(("id", "source_id", "text"), pa.string()),
        "label": TASK.stored_type,
        "augmenter": pa.string(),
        "teacher_logits": TASK.read_scores_type,
        "weight": pa.float32(),
    }
    schema = pa.schema(list(kinds.items()), metadata={"mashbill": json.dumps(about)})
    for split, made in (("train", rows(32, 2)), ("validation", rows(12, 0))):
        found = pa.Table.from_pylist([change(row) for row in made], schema)
        pq.write_table(found, folder / f"{split}-00000-of-00001.parquet")
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return open_data(str(write(tmp_path_factory.mktemp("data"))), TASK)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    return str(save(tmp_path_factory.mktemp("bert") / "tagger", "bert"))


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """An encoder whose tokenizer knows letters only, with a mark before each word."""
    folder = tmp_path_factory.mktemp("other")
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    pieces = [*special, *"▁!abcdefghijklmnopqrstuvwxyz0123456789"]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.BPE(vocabulary, [], unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        **{f"{name.strip('[]').lower()}_token": name for name in special},
        model_max_length=64,
    ).save_pretrained(folder)
    size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = BertConfig(vocab_size=len(vocabulary), intermediate_size=64, **size)
    BertModel(config).save_pretrained(folder)
    return FromCheckpoint.model_validate({"from": "checkpoint", "model": str(folder)})


def one(union, **settings):
    return TypeAdapter(union).validate_python(settings)


def plan(teacher, student=None, objective=None, extras=(), **training):
    return Plan(
        student=student or FromTeacher.model_validate({"from": "teacher", "layers": [0, 1]}),
        objective=objective or one(Objective, kind="kd"),
        training=Training(
            **{"steps": 4, "batch_size": 8, "evaluate_every": 4, "precision": "fp32"} | training
        ),
        teacher=teacher,
        max_length=32,
        seed=5,
        extras=extras,
    )


@pytest.mark.parametrize(
    ("objective", "extras"),
    [
        ({"kind": "kd", "form": "mse"}, []),
        ({"kind": "sld", "threshold": 0.9, "weighting": "entropy"}, []),
        ({"kind": "select"}, []),
        ({"kind": "kd"}, [one(Mixing, kind="noise"), one(Mixing, kind="freelb")]),
        ({"kind": "kd"}, [one(AnyMatching, kind=k) for k in ("hidden_states", "relations")]),
    ],
)
def test_every_fit_objective_trains(data, teacher, tmp_path, objective, extras):
    made = plan(teacher, objective=one(Objective, **objective), extras=extras)
    trained = train_student(data, made, tmp_path)
    assert trained.steps == 4
    losses = [line["loss"] for line in trained.log if "loss" in line]
    assert all(np.isfinite(losses))


def test_a_student_with_another_tokenizer_learns_the_words(data, teacher, other, tmp_path):
    made = plan(teacher, other, steps=100, evaluate_every=50, learning_rate=3e-3)
    trained = train_student(data, made, tmp_path)
    assert trained.tokenizer.tokenize("ann saw") == list("▁ann▁saw")
    figures = [line for line in trained.log if "eval_f1" in line]
    assert max(line["eval_f1"] for line in figures) > 0.6
    assert max(line["eval_agreement"] for line in figures) > 0.6


def test_a_variant_with_more_words_keeps_its_own_soft_labels(data):
    found = SourceLogits(data)
    (table,) = file_tables(data, "train")
    logits, own = found.of(table)
    names = table["augmenter"].to_pylist()
    assert own.tolist() == [name != "test.add1" for name in names]
    for row, name in enumerate(names):
        shift = {"none": 0, "test.add1": 0, "test.add2": 0.5}[name]
        assert logits[row].min() == pytest.approx(shift)


def test_scores_of_other_words_name_file_and_row(tmp_path):
    def cut(row):
        short = row["id"].startswith("0007") and row["augmenter"] == "none"
        return {**row, "teacher_logits": row["teacher_logits"][: -1 if short else None]}

    with pytest.raises(DataError, match=r"row 21: expected teacher_logits of 5 words, found 4"):
        open_data(str(write(tmp_path, cut)), TASK)

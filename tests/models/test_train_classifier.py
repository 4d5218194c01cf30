import math

import pyarrow as pa
import pytest
import torch
import transformers

from mashbill.models.checkpoints import checkpoint_state, last_checkpoint
from mashbill.models.checks import check_classifier
from mashbill.models.classifier import Classifier
from mashbill.models.errors import ModelError
from mashbill.models.loading import read_config, weight_hash
from mashbill.models.metrics import softmax
from mashbill.models.tasks.registry import single
from mashbill.models.train_classifier import (
    evaluate_classifier,
    rows_to_keep,
    train_classifier,
    weighted_loss,
)

LABELS = ["negative", "positive"]
BAD = ["the movie was bad", "a dull film", "i hate the plot", "the worst story", "slow and boring"]
GOOD = ["the movie was good", "a great film", "i love the plot", "the best story", "sharp and warm"]


def table(texts, labels):
    return pa.table(
        {
            "id": [f"{place:02}" for place in range(len(texts))],
            "augmenter": ["none"] * len(texts),
            "text": texts,
            "text_pair": pa.nulls(len(texts), pa.string()),
            "label": pa.array(labels, pa.int64()),
        }
    )


DATA = table([*BAD, *GOOD, "unlabelled"], [0] * 5 + [1] * 5 + [None])
SETTINGS = dict(  # noqa: C408
    task=single(LABELS),
    epochs=30,
    learning_rate=5e-3,
    batch_size=4,
    patience=30,
    max_length=32,
    seed=2,
)


def train(folder, base, report=lambda line: None, rows=DATA, **changes):
    """Trains into a new folder in `folder`, which also takes the checkpoints."""
    places = {"folder": folder / "teacher", "checkpoints": folder / "checkpoints"}
    train_classifier(rows, DATA, base=str(base), report=report, **places, **(SETTINGS | changes))
    return folder / "teacher"


@pytest.fixture(scope="module")
def trained(tiny_encoder, tmp_path_factory):
    lines = []
    return train(tmp_path_factory.mktemp("trained"), tiny_encoder, lines.append), lines


def test_learns_and_saves_what_the_engine_loads(trained):
    folder, _ = trained
    check_classifier(str(folder), single(LABELS))
    assert Classifier.load(str(folder)).labels == LABELS
    metrics = evaluate_classifier(
        folder, DATA, max_length=32, precision="fp32", task=single(LABELS)
    )
    assert metrics["rows"] == 10
    assert metrics["accuracy"] == 1.0


def test_reports_each_evaluation(trained):
    _, lines = trained
    assert lines[0].startswith("epoch 1: validation loss ")
    assert "accuracy" in lines[0]


@pytest.fixture(scope="module")
def six_epochs(tiny_encoder, tmp_path_factory):
    """The weights after them."""
    return weight_hash(str(train(tmp_path_factory.mktemp("whole"), tiny_encoder, epochs=6)))


def test_the_same_seed_gives_the_same_weights(six_epochs, tiny_encoder, tmp_path):
    assert weight_hash(str(train(tmp_path, tiny_encoder, epochs=6))) == six_epochs


class Killed(BaseException):
    """Nothing of ours catches it, as nothing catches a signal."""


def dying_at(epoch):
    def report(line):
        if line.startswith(f"epoch {epoch}:"):
            raise Killed

    return report


@pytest.mark.parametrize("epoch", [1, 2, 4, 6])
def test_a_killed_training_comes_to_the_same_end(six_epochs, tiny_encoder, tmp_path, epoch):
    with pytest.raises(Killed):
        train(tmp_path / "killed", tiny_encoder, dying_at(epoch), epochs=6)
    lines = []
    resumed = train(tmp_path / "killed", tiny_encoder, lines.append, epochs=6)
    assert lines[0].startswith("epoch 1" if epoch == 1 else f"resumes after step {3 * (epoch - 1)}")
    assert weight_hash(str(resumed)) == six_epochs


def test_a_training_that_was_over_only_saves_its_best_epoch_again(tiny_encoder, tmp_path):
    settings = {"learning_rate": 1e-9, "patience": 2}  # stops early, after the third epoch
    whole = weight_hash(str(train(tmp_path, tiny_encoder, **settings)))
    lines = []
    assert weight_hash(str(train(tmp_path, tiny_encoder, lines.append, **settings))) == whole
    assert not lines


def test_a_split_without_labels_is_an_error(tiny_encoder, tmp_path):
    unlabelled = table(["good"], [None])
    with pytest.raises(ModelError, match="the train split has no labelled example"):
        train(tmp_path, tiny_encoder, rows=unlabelled)


@pytest.mark.parametrize("kind", ["multi_label_classification", "regression", None])
def test_a_base_of_half_a_precision_and_of_another_kind_becomes_a_classifier(
    tiny_encoder, tiny_classifier, tmp_path, kind
):
    base = tmp_path / "base"
    auto = transformers.AutoModelForSequenceClassification
    half = auto.from_pretrained(tiny_classifier, dtype="float16")
    half.config.problem_type = kind
    half.save_pretrained(base)
    transformers.AutoTokenizer.from_pretrained(tiny_encoder).save_pretrained(base)
    folder = train(tmp_path, base, epochs=1)
    check_classifier(str(folder), single(LABELS))
    config = read_config(str(folder))
    assert config["problem_type"] == "single_label_classification"
    assert config["dtype"] == "float32"


UNEVEN = table([*BAD, *GOOD * 12], [0] * 5 + [1] * 60)


@pytest.mark.parametrize(
    ("rows", "asked", "figure"),
    [
        (DATA, None, "eval_accuracy"),
        (UNEVEN, None, "eval_macro_f1"),
        (UNEVEN, "accuracy", "eval_accuracy"),
    ],
)
def test_macro_f1_chooses_the_epoch_where_classes_are_uneven(
    tiny_encoder, tmp_path, rows, asked, figure
):
    train(tmp_path, tiny_encoder, rows=rows, epochs=2, best_by=asked)
    state = checkpoint_state(last_checkpoint(tmp_path / "checkpoints"))
    best = max(line[figure] for line in state["log_history"] if figure in line)
    assert state["best_metric"] == best


def test_a_weighted_loss_is_the_mean_over_rows_of_weight_times_cross_entropy():
    logits = torch.tensor([[0.0, 0.0], [0.0, math.log(3)]])
    loss = weighted_loss([4.0, 0.5])({"logits": logits}, torch.tensor([0, 1]))
    assert loss.item() == pytest.approx((4 * math.log(2) + 0.5 * math.log(4 / 3)) / 2)


def test_weights_raise_the_probability_of_a_rare_class(tiny_encoder, tmp_path):
    def of_negative(balance):
        settings = {"epochs": 2, "learning_rate": 1e-3, "batch_size": 8, "balance": balance}
        folder = train(tmp_path / balance, tiny_encoder, rows=UNEVEN, **settings)
        return softmax(Classifier.load(str(folder)).logits(BAD))[:, 0].mean()

    assert of_negative("weights") > 2 * of_negative("none")


def test_a_label_without_train_rows_is_said(tiny_encoder, tmp_path):
    lines = []
    train(tmp_path, tiny_encoder, lines.append, rows=table(GOOD, [1] * 5), epochs=1)
    assert lines[0] == "warning: no train row has the label 'negative', so it cannot be learned"


def test_the_head_of_a_base_is_kept_by_the_names_of_its_classes(tiny_classifier):
    lines = []
    assert rows_to_keep(str(tiny_classifier), single(LABELS[::-1]), lines.append) == [1, 0]
    assert rows_to_keep(str(tiny_classifier), single(["ham", "spam"]), lines.append) is None
    assert len(lines) == 1
    assert lines[0].endswith("labels are ham, spam; it is replaced by a new head")

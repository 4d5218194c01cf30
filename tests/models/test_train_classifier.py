import pyarrow as pa
import pytest

from mashbill.models.classifier import Classifier
from mashbill.models.errors import ModelError
from mashbill.models.loading import check_classifier, weight_hash
from mashbill.models.train_classifier import evaluate_classifier, train_classifier

LABELS = ["negative", "positive"]
BAD = ["the movie was bad", "a dull film", "i hate the plot", "the worst story", "slow and boring"]
GOOD = ["the movie was good", "a great film", "i love the plot", "the best story", "sharp and warm"]


def table(texts, labels):
    return pa.table(
        {
            "text": texts,
            "text_pair": pa.nulls(len(texts), pa.string()),
            "label": pa.array(labels, pa.int64()),
        }
    )


DATA = table([*BAD, *GOOD, "unlabelled"], [0] * 5 + [1] * 5 + [None])
SETTINGS = dict(  # noqa: C408
    labels=LABELS,
    epochs=30,
    learning_rate=5e-3,
    batch_size=4,
    patience=30,
    max_length=32,
    seed=2,
)


@pytest.fixture(scope="module")
def trained(tiny_encoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained") / "teacher"
    folder.mkdir()
    lines = []
    train_classifier(
        DATA, DATA, base=str(tiny_encoder), folder=folder, report=lines.append, **SETTINGS
    )
    return folder, lines


def test_learns_and_saves_what_the_engine_loads(trained):
    folder, _ = trained
    check_classifier(str(folder), LABELS)
    assert Classifier.load(str(folder)).labels == LABELS
    metrics = evaluate_classifier(folder, DATA, max_length=32)
    assert metrics["rows"] == 10
    assert metrics["accuracy"] == 1.0


def test_reports_each_evaluation(trained):
    _, lines = trained
    assert lines[0].startswith("epoch 1: validation loss ")
    assert "accuracy" in lines[0]


def test_leaves_no_checkpoints_behind(trained):
    folder, _ = trained
    assert [path.name for path in folder.parent.iterdir()] == ["teacher"]


def test_the_same_seed_gives_the_same_weights(trained, tiny_encoder, tmp_path):
    folder, _ = trained
    train_classifier(DATA, DATA, base=str(tiny_encoder), folder=tmp_path, **SETTINGS)
    assert weight_hash(str(tmp_path)) == weight_hash(str(folder))


def test_a_split_without_labels_is_an_error(tiny_encoder, tmp_path):
    unlabelled = table(["good"], [None])
    with pytest.raises(ModelError, match="the train split has no labelled example"):
        train_classifier(unlabelled, DATA, base=str(tiny_encoder), folder=tmp_path, **SETTINGS)

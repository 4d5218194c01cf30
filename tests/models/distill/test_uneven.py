"""A data set with a rare class: what chooses the checkpoint, and what its rows weigh."""

import pyarrow.parquet as pq
import pytest
import torch

from mashbill.models.distill.batches import BatchPlan, TrainBatches
from mashbill.models.distill.dataset import open_data
from mashbill.models.distill.kd import Distillation
from mashbill.models.distill.plan import best_by
from mashbill.models.distill.settings import Training
from mashbill.models.distill.stream import Selection
from mashbill.models.distill.tokenized import BatchEncoder
from mashbill.models.distill.watch import Watch
from mashbill.models.loading import load_tokenizer
from mashbill.models.tasks.registry import single
from tests.models.distill.data import LABELS, rows, table, write
from tests.models.distill.steps import known


@pytest.fixture
def uneven(tmp_path):
    """One negative source of eight; the teacher gives the eighth, without a gold label, to it."""
    folder = write(tmp_path, sources=4, shards=1)
    found = [row for row in rows(16) if row["label"] == 1 or row["id"].startswith("0000")]
    for row in found[-3:]:
        row |= {"label": None, "teacher_logits": [2.0, -2.0]}
    pq.write_table(table(found), next((folder / "data").glob("train-*")))
    return open_data(str(folder), single(LABELS))


def test_rows_are_counted_by_gold_label_or_else_the_teachers(uneven):
    train = uneven.splits["train"]
    assert train.tallies["none", True].tolist() == [1, 7]
    assert train.tallies["none", False].tolist() == [1, 0]
    assert train.labelled_tally().tolist() == [3, 21]
    assert Selection(variants=False).expected_tally(uneven).tolist() == [2, 7]


def test_macro_f1_chooses_the_checkpoint_unless_another_figure_is_asked_for(uneven, tmp_path):
    assert best_by(uneven, Training()) == "macro_f1"
    assert best_by(uneven, Training(best_by="accuracy")) == "accuracy"
    even = open_data(str(write(tmp_path / "even")), single(LABELS))
    assert best_by(even, Training()) == "accuracy"


def test_a_row_weighs_what_its_gold_label_or_else_the_teachers_does(uneven, tiny_classifier):
    encoder = BatchEncoder(uneven, load_tokenizer(str(tiny_classifier)), 32)
    plan = BatchPlan(size=4, buffer=64, seed=1, class_weights=(5.0, 0.5))
    seen = set()
    for _, batch in zip(range(32), TrainBatches(uneven, encoder, plan), strict=False):
        found = batch["rows"]
        seen |= set(zip(found.labels.tolist(), found.weight.tolist(), strict=True))
    assert seen == {(0, 5.0), (1, 0.5), (-100, 5.0)}


def test_a_batch_without_the_rare_class_counts_less_than_one_with_it():
    objective, light = Distillation(alpha=0.0), torch.full((2,), 0.5)
    logits = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    even = known(logits.tolist(), [1, 0])
    weighed = even._replace(weight=light, plain=torch.ones(2))
    whole, half = (objective.terms(rows, logits, Watch())["gold"] for rows in (even, weighed))
    assert half.item() == pytest.approx(whole.item() / 2)

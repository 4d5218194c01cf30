"""Variants that a training makes itself: other ones in every pass, the same after a kill."""

from collections import Counter
from dataclasses import replace
from itertools import islice

import numpy as np
import pyarrow as pa
import pytest
import torch

from mashbill.models.distill.batches import BatchPlan, TrainBatches
from mashbill.models.distill.dataset import open_data
from mashbill.models.distill.fresh import MADE, OUTCOMES, STORED, Fresh, Made, Tally, report
from mashbill.models.distill.loader import Loader
from mashbill.models.distill.matching import HiddenStates
from mashbill.models.distill.plan import Plan
from mashbill.models.distill.run import train_student
from mashbill.models.distill.settings import Training
from mashbill.models.distill.stream import TURN, Selection, shuffled
from mashbill.models.distill.student import FromTeacher
from mashbill.models.distill.tokenized import BatchEncoder
from mashbill.models.errors import MachineError, MashbillError
from mashbill.models.tasks.ragged import ragged
from mashbill.models.tasks.registry import single
from mashbill.models.tasks.spans import Spans
from tests.conftest import tiny_tokenizer
from tests.models.distill.data import LABELS, write
from tests.models.distill.test_run import Killed, assert_same, dying_at, objective

EXHAUSTED = OUTCOMES.index("exhausted")


class Numbered:
    """Appends the turn; has nothing new for texts that end in 0."""

    def make(self, rows):
        texts, turns = rows["text"].to_pylist(), rows[TURN].to_pylist()
        done = [not text.endswith("0") for text in texts]
        return Made(
            text=[
                f"{text} turn {turn}" if ok else text
                for text, turn, ok in zip(texts, turns, done, strict=True)
            ],
            text_pair=rows["text_pair"].to_pylist(),
            label=rows["label"].to_pylist(),
            augmenter=["test.numbered" if ok else "none" for ok in done],
            outcomes=np.where(done, MADE, EXHAUSTED),
        )


FRESH = Fresh(Numbered(), ("test.numbered",))
LIVE = replace(FRESH, live=frozenset(FRESH.augmenters))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return open_data(str(write(tmp_path_factory.mktemp("data"), sources=60)), single(LABELS))


@pytest.fixture(scope="module")
def encoder(data):
    return BatchEncoder(data, tiny_tokenizer(), max_length=32, makers=FRESH.augmenters)


def batch_plan(**changes):
    plan = BatchPlan(size=4, buffer=200, seed=1, selection=Selection(fresh=0.5), fresh=FRESH)
    return replace(plan, **changes)


def pieces(data, selection, number, piece=60):
    return pa.concat_tables(
        islice(shuffled(data, selection, seed=1, buffer=200, piece=piece), number)
    )


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_a_share_of_the_rows_of_a_pass_is_fresh(data, share):
    chosen = Selection(fresh=share)
    assert chosen.expected_rows(data) == round(180 / (1 - share))
    turns = pieces(data, chosen, 60)[TURN]
    assert 1 - turns.null_count / len(turns) == pytest.approx(share, abs=0.02)


def test_all_rows_may_be_fresh(data):
    chosen = Selection(fresh=1.0)
    assert chosen.expected_rows(data) == 60
    table = pieces(data, chosen, 2)
    assert table[TURN].null_count == 0
    assert Counter(table[TURN].to_pylist()) == {0: 60, 1: 60}
    assert chosen.expected_tally(data).tolist() == [30, 30]


def test_the_mix_says_what_stands_beside_fresh_rows(data):
    chosen = Selection(fresh=0.5, mix={"test.add1": 0, "test.add2": 0})
    table = pieces(data, chosen, 2)
    assert Counter(table["augmenter"].to_pylist()) == {"none": 120}
    assert table[TURN].null_count == 60


def test_turns_of_a_source_are_all_different(data):
    table = pieces(data, Selection(fresh=0.9), 60)
    fresh = table.filter(table[TURN].is_valid())
    pairs = list(zip(fresh["source_id"].to_pylist(), fresh[TURN].to_pylist(), strict=True))
    assert len(set(pairs)) == len(pairs)


def texts_of(batch):
    tokenizer = tiny_tokenizer()
    return [tokenizer.decode(ids, skip_special_tokens=True) for ids in batch["inputs"]["input_ids"]]


def test_fresh_rows_have_new_texts_and_the_soft_labels_of_their_sources(data, encoder):
    variants = dict.fromkeys(("test.add1", "test.add2"), 0.0)
    chosen = Selection(fresh=0.5, mix=variants)
    for batch in islice(TrainBatches(data, encoder, batch_plan(selection=chosen)), 40):
        rows = batch["rows"]
        made = rows.fresh == MADE
        assert torch.equal(made, torch.tensor(["turn" in text for text in texts_of(batch)]))
        assert torch.equal(made, rows.variant)
        assert torch.equal(made, ~rows.own)
        assert not rows.live.any()
        assert (rows.augmenter[made] == encoder.augmenters.index("test.numbered")).all()
        signs = torch.sign(rows.teacher_logits[:, 1]).long()  # as `data.rows` makes sources
        assert torch.equal((signs + 1) // 2, rows.labels)


def test_what_cannot_be_changed_is_its_source_and_counted(data, encoder):
    tally = Tally(torch.device("cpu"))
    rows = [batch["rows"] for batch in islice(TrainBatches(data, encoder, batch_plan()), 90)]
    for one in rows:
        tally.add(one.fresh)
        assert (one.own | (one.fresh == MADE) | (one.fresh == STORED)).all()
    found = report(tally.found)
    assert found["rows"] == sum((one.fresh != STORED).sum().item() for one in rows)
    assert found["exhausted"] == found["fell_back"] == found["rows"] - found["made"] > 0


def test_every_pass_has_other_variants(data, encoder):
    batches = islice(TrainBatches(data, encoder, batch_plan()), 180)
    found = [text for batch in batches for text in texts_of(batch) if "turn" in text]
    assert len(set(found)) == len(found) > 300


def same(left, right):
    return torch.equal(left["inputs"]["input_ids"], right["inputs"]["input_ids"]) and all(
        torch.equal(*pair) for pair in zip(left["rows"], right["rows"], strict=True)
    )


@pytest.mark.parametrize("by_source", [False, True])
@pytest.mark.parametrize("workers", [0, 1, 2])
def test_workers_give_the_same_batches_in_the_same_order(data, encoder, by_source, workers):
    plan = batch_plan(by_source=by_source)
    expected = islice(TrainBatches(data, encoder, plan, start=5), 120)
    found = islice(Loader(TrainBatches(data, encoder, plan, start=5), workers), 120)
    assert all(map(same, found, expected))


class Broken:
    def make(self, rows):
        raise MashbillError("typo.test: no tables")


class Deadly:
    def make(self, rows):
        import os

        os._exit(9)


def test_an_error_of_a_worker_is_one_line(data, encoder):
    plan = batch_plan(fresh=replace(FRESH, noise=Broken()))
    with pytest.raises(MashbillError, match=r"^typo.test: no tables$"):
        next(iter(Loader(TrainBatches(data, encoder, plan), workers=1)))


def test_a_worker_that_dies_is_one_line(data, encoder):
    plan = batch_plan(fresh=replace(FRESH, noise=Deadly()))
    with pytest.raises(MachineError, match=r"was killed.*set distill.training.workers: 0"):
        next(iter(Loader(TrainBatches(data, encoder, plan), workers=1)))


@pytest.fixture(scope="module")
def plan(tiny_classifier):
    return Plan(
        student=FromTeacher.model_validate({"from": "teacher", "layers": [0]}),
        objective=objective(kind="kd"),
        training=Training(
            steps=12,
            batch_size=8,
            learning_rate=3e-3,
            evaluate_every=4,
            precision="fp32",
            log_every=5,  # not at a checkpoint: what was counted since then must be kept, too
        ),
        teacher=str(tiny_classifier),
        max_length=32,
        seed=5,
        selection=Selection(fresh=0.6),
        fresh=FRESH,
    )


@pytest.fixture(scope="module")
def whole(data, plan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return train_student(data, plan, folder), folder


def test_a_killed_training_with_fresh_noise_comes_to_the_same_end(data, plan, whole, tmp_path):
    undisturbed, _ = whole
    with pytest.raises(Killed):
        train_student(data, plan, tmp_path, dying_at(2))
    resumed = train_student(data, plan, tmp_path)
    assert_same(undisturbed, resumed)
    assert report(resumed.fresh) == report(undisturbed.fresh)
    assert undisturbed.fresh.sum() > 0.4 * 12 * 8


def test_a_finished_training_still_knows_its_counts(data, plan, whole):
    undisturbed, folder = whole
    again = train_student(data, plan, folder)
    assert_same(undisturbed, again)
    assert torch.equal(again.fresh, undisturbed.fresh)


def test_workers_give_the_same_student(data, plan, whole, tmp_path):
    training = plan.training.model_copy(update={"workers": 2})
    assert_same(whole[0], train_student(data, replace(plan, training=training), tmp_path))


def test_a_live_teacher_labels_what_it_is_asked_for(data, plan, tmp_path):
    """The data set's soft labels are made up, and the tiny teacher's own are others."""
    live = replace(plan, fresh=LIVE, selection=Selection(fresh=1.0))
    losses = []
    for one in (live, replace(live, fresh=FRESH)):
        training = one.training.model_copy(update={"steps": 1, "log_every": 1})
        trained = train_student(data, replace(one, training=training), tmp_path / str(len(losses)))
        losses += [line["loss/soft"] for line in trained.log if "loss/soft" in line]
    assert losses[0] != pytest.approx(losses[1], rel=0.05)


def test_a_live_label_is_what_the_teacher_says_of_the_variant(data, plan, tmp_path, monkeypatch):
    from mashbill.models.distill.step import Step

    seen = []
    labelled = Step.labelled

    def watched(step):
        after = labelled(step)
        seen.append((step, after))
        return after

    monkeypatch.setattr(Step, "labelled", watched)
    extras = (HiddenStates(weight=0.1),)  # which asks the same teacher again
    training = plan.training.model_copy(update={"steps": 2})
    train_student(data, replace(plan, fresh=LIVE, training=training, extras=extras), tmp_path)
    for before, after in seen:
        live = before.rows.live
        assert torch.equal(live, before.rows.fresh == MADE)
        assert before.rows.own[live].all()
        said = before.teacher.logits(before.inputs).detach()
        assert torch.allclose(after.rows.teacher_logits[live], said[live], atol=1e-5)
        kept = before.rows.teacher_logits[~live]
        assert torch.equal(after.rows.teacher_logits[~live], kept)
        assert vars(after)["live_logits"] is before.live_logits


@pytest.mark.parametrize("kind", ["sld", "select"])
def test_other_objectives_take_fresh_rows(data, plan, tmp_path, kind):
    plan = replace(plan, objective=objective(kind=kind))
    training = plan.training.model_copy(update={"steps": 4})
    assert train_student(data, replace(plan, training=training), tmp_path).fresh.sum() > 0


class Words:
    """Splits the last word of a text, or misspells it: with another number of words, or not."""

    def make(self, rows):
        texts = rows["text"].to_pylist()
        split = [place % 2 == 0 for place in range(len(texts))]
        return Made(
            text=[f"{t[:-1]} {t[-1]}" if s else f"{t}x" for t, s in zip(texts, split, strict=True)],
            text_pair=[None] * len(texts),
            label=rows["label"].to_pylist(),
            augmenter=["test.words"] * len(texts),
            outcomes=np.full(len(texts), MADE),
        )


@pytest.mark.parametrize("live", [False, True])
def test_the_soft_labels_of_words_need_as_many_words(live):
    task = Spans().over(("PER",))
    soft = ragged(np.full((2, 3), float(i), np.float32) for i in range(4))
    table = pa.table(
        {
            "source_id": list("abcd"),
            "text": ["so Ann"] * 4,
            "text_pair": pa.nulls(4, pa.string()),
            "label": pa.array([[{"start": 3, "end": 6, "label": 0}]] * 4, task.stored_type),
            "augmenter": ["none"] * 4,
            "teacher_logits": task.scores_column(soft),
            TURN: pa.array([None, 0, 1, 2], pa.int64()),
        }
    )
    names = frozenset({"test.words"} if live else ())
    found = Fresh(Words(), ("test.words",), names).fill(table, task)
    made = ["so An n", "so Annx", "so An n"]
    if live:
        assert found.table["text"].to_pylist() == ["so Ann", *made]
        assert found.live.tolist() == [False, True, True, True]
        assert [len(row) for row in found.soft] == [2, 3, 2, 3]
    else:
        assert found.table["text"].to_pylist() == ["so Ann", "so Ann", "so Annx", "so Ann"]
        assert found.table["augmenter"].to_pylist() == ["none", "none", "test.words", "none"]
        assert [OUTCOMES[one] if one >= 0 else "" for one in found.outcomes] == [
            "", "label_lost", "made", "label_lost",
        ]  # fmt: skip
        assert [row.tolist() for row in found.soft] == [row.tolist() for row in soft]

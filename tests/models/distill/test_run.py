"""A training from data to weights: it learns, is repeatable, and survives being killed."""

import math
import shutil
from dataclasses import replace

import pytest
import torch
from pydantic import TypeAdapter
from safetensors.torch import load_file

from mashbill.models.checkpoints import AVERAGES_FILE, last_checkpoint
from mashbill.models.distill.answers import answers
from mashbill.models.distill.batches import split_batches
from mashbill.models.distill.dataset import open_data
from mashbill.models.distill.matching import AnyMatching
from mashbill.models.distill.mixing import Mixing
from mashbill.models.distill.objectives import Objective
from mashbill.models.distill.plan import Plan, steps_of
from mashbill.models.distill.rows import DataError
from mashbill.models.distill.run import train_student
from mashbill.models.distill.settings import Training
from mashbill.models.distill.stream import Selection
from mashbill.models.distill.student import FromConfig, FromTeacher, build_student
from mashbill.models.errors import MashbillError
from mashbill.models.tasks.registry import single
from tests.models.distill.data import LABELS, write


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return open_data(str(write(tmp_path_factory.mktemp("data"), sources=48)), single(LABELS))


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
            log_every=2,
        ),
        teacher=str(tiny_classifier),
        max_length=32,
        seed=5,
    )


@pytest.fixture(scope="module")
def whole(data, plan, tmp_path_factory):
    """A training that nothing disturbed, and the folder of its checkpoints."""
    folder = tmp_path_factory.mktemp("whole")
    return train_student(data, plan, folder), folder


def objective(**settings):
    return TypeAdapter(Objective).validate_python(settings)


def training(plan, **changes):
    return replace(plan, training=plan.training.model_copy(update=changes))


def weights(trained):
    return trained.model.state_dict()


def assert_same(left, right):
    for name, tensor in weights(left).items():
        assert torch.equal(tensor, weights(right)[name]), name


@pytest.mark.parametrize("kind", ["kd", "sld", "select"])
def test_a_student_learns_what_the_teacher_says(data, plan, tmp_path, kind):
    plan = training(replace(plan, objective=objective(kind=kind)), steps=60, evaluate_every=20)
    trained = train_student(data, plan, tmp_path)
    found = answers(
        trained.model, split_batches(data, "test", trained.encoder, 8), data.task
    ).metrics()
    assert found["agreement"] == 1
    assert found["accuracy"] == 1
    named = {name for line in trained.log for name in line}
    assert {"loss/gold", "loss/soft", "eval_agreement"} <= named
    if kind == "sld":
        assert {"used", "used/class/positive", "used/augmenter/test.add1"} <= named
    if kind == "select":
        assert {"divergence/kept", "kept/augmenter/test.add2"} <= named


@pytest.mark.parametrize("live", [False, True], ids=["stored", "live"])
@pytest.mark.parametrize("kind", ["token_mixup", "sentence_mixup"])
def test_mixup_in_bfloat16(data, plan, tmp_path, kind, live):
    assert_learns_in_bfloat16(data, plan, tmp_path, {"kind": kind, "live": live})


@pytest.mark.parametrize("kind", ["noise", "freelb", "hidden_states", "relations"])
def test_other_extras_in_bfloat16(data, plan, tmp_path, kind):
    assert_learns_in_bfloat16(data, plan, tmp_path, {"kind": kind})


def test_a_narrower_student_follows_states_in_bfloat16(data, plan, tmp_path):
    shape = {"from": "config", "depth": 1, "width": 16, "heads": 2}
    plan = replace(plan, student=FromConfig.model_validate(shape))
    assert_learns_in_bfloat16(data, plan, tmp_path, {"kind": "hidden_states"})


def assert_learns_in_bfloat16(data, plan, folder, settings):
    extra = TypeAdapter(Mixing | AnyMatching).validate_python(settings)
    plan = training(replace(plan, extras=(extra,)), precision="bf16", steps=4, log_every=1)
    trained = train_student(data, plan, folder)
    found = [line[f"loss/{extra.kind}"] for line in trained.log if "loss" in line]
    assert len(found) == 4
    assert all(0 < value < math.inf for value in found)


def test_frozen_word_vectors_stay_the_teachers(data, plan, tmp_path):
    before = build_student(plan.student, plan.teacher, single(LABELS))[0].state_dict()
    after = weights(train_student(data, training(plan, freeze_embeddings=True), tmp_path))
    words = "bert.embeddings.word_embeddings.weight"
    assert torch.equal(after[words], before[words])
    assert not torch.equal(after["classifier.weight"], before["classifier.weight"])


def test_the_same_seed_gives_the_same_student(data, plan, whole, tmp_path):
    left, _ = whole
    assert_same(left, train_student(data, plan, tmp_path / "same"))
    other = train_student(data, replace(plan, seed=6), tmp_path / "other")
    assert not torch.equal(weights(left)["classifier.weight"], weights(other)["classifier.weight"])


class Killed(BaseException):
    """Nothing of ours catches it, as nothing catches a signal."""


def dying_at(evaluation):
    lines = []

    def report(line):
        lines.extend([line] if "validation" in line else [])  # and not how long it will take
        if len(lines) == evaluation:
            raise Killed

    return report


@pytest.mark.parametrize("accumulation", [1, 2])
def test_a_killed_training_comes_to_the_same_end(data, plan, whole, tmp_path, accumulation):
    undisturbed, _ = whole
    if accumulation > 1:
        plan = training(plan, accumulation=accumulation)
        undisturbed = train_student(data, plan, tmp_path / "whole")
    with pytest.raises(Killed):
        train_student(data, plan, tmp_path / "killed", dying_at(2))
    lines = []
    resumed = train_student(data, plan, tmp_path / "killed", lines.append)
    assert lines[0].startswith("resumes after step ")
    assert_same(undisturbed, resumed)


def test_a_checkpoint_that_was_cut_short_is_passed_over(data, plan, whole, tmp_path):
    undisturbed, checkpoints = whole
    folder = shutil.copytree(checkpoints, tmp_path / "copy")
    last = last_checkpoint(folder)
    (folder / "checkpoint-99").mkdir()
    assert last_checkpoint(folder) == last
    (last / "trainer_state.json").write_text("{")
    assert last_checkpoint(folder) != last
    assert_same(undisturbed, train_student(data, plan, folder))


def test_a_finished_training_only_loads_its_best_checkpoint(data, plan, whole, tmp_path):
    undisturbed, checkpoints = whole
    folder = shutil.copytree(checkpoints, tmp_path / "elsewhere")
    lines = []
    assert_same(undisturbed, train_student(data, plan, folder, lines.append))
    assert not lines


def test_stops_early_and_stays_stopped(data, plan, tmp_path):
    plan = training(plan, steps=40, evaluate_every=2, patience=2, learning_rate=1e-9)
    first = train_student(data, plan, tmp_path)
    steps = last_checkpoint(tmp_path).name
    assert steps == "checkpoint-6"
    assert_same(first, train_student(data, plan, tmp_path))
    assert last_checkpoint(tmp_path).name == steps


def test_keeps_the_best_checkpoint_of_the_validation_split(data, plan, tmp_path):
    plan = training(plan, best_by="divergence", steps=20, evaluate_every=2, learning_rate=0.1)
    trained = train_student(data, plan, tmp_path)
    found = [line["eval_divergence"] for line in trained.log if "eval_divergence" in line]
    batches = split_batches(data, "validation", trained.encoder, 32)
    assert answers(trained.model, batches, data.task).metrics()["divergence"] == pytest.approx(
        min(found), rel=1e-4
    )
    assert trained.best_step == 2 * (1 + found.index(min(found)))
    assert trained.steps == 20


def test_steps_of_epochs(data, plan):
    plan = training(plan, steps=None, epochs=2, batch_size=9)
    assert steps_of(data, plan) == 32  # 2 x 144 rows / 9
    assert steps_of(data, training(plan, accumulation=2)) == 16
    assert steps_of(data, replace(plan, selection=Selection(variants=False))) == 11
    hardest = replace(plan, objective=objective(kind="select", keep=2))
    assert steps_of(data, hardest) == 32  # 2 x 48 sources / 3


def test_no_row_of_the_kind_asked_for(tmp_path, plan):
    data = open_data(str(write(tmp_path / "data", labelled=False)), single(LABELS))
    plan = replace(plan, selection=Selection(unlabelled=False))
    with pytest.raises(DataError, match="no train row can be used"):
        train_student(data, plan, tmp_path / "checkpoints")


def test_without_gold_labels_the_agreement_chooses(tmp_path, plan):
    data = open_data(str(write(tmp_path / "data", labelled=False)), single(LABELS))
    trained = train_student(data, plan, tmp_path / "checkpoints")
    assert all("eval_accuracy" not in line for line in trained.log)
    with pytest.raises(DataError, match="best_by is accuracy, but no validation row"):
        train_student(data, training(plan, best_by="accuracy"), tmp_path / "other")


def test_a_loss_that_is_not_finite_is_an_error(data, plan, tmp_path):
    with pytest.raises(MashbillError, match="the loss is not finite"):
        train_student(data, training(plan, learning_rate=1e30, log_every=1), tmp_path)


def shouted(texts):
    return [f"{text} bad bad bad bad" for text in texts]


def test_a_checkpoint_is_chosen_under_noise(data, plan, tmp_path):
    plan = training(plan, best_by="divergence", steps=12, evaluate_every=2, learning_rate=0.03)
    trained = train_student(data, replace(plan, noises={"shouted": shouted}), tmp_path)
    found = [line for line in trained.log if "eval_chosen" in line]
    assert len(found) == 6
    for line in found:
        both = line["eval_divergence"] + line["eval_divergence_shouted"]
        assert line["eval_chosen"] == pytest.approx(both / 2)
    chosen = [line["eval_chosen"] for line in found]
    assert trained.best_step == 2 * (1 + chosen.index(min(chosen)))
    batches = split_batches(data, "validation", trained.encoder, 32, shouted)
    noisy = answers(trained.model, batches, data.task).metrics()["divergence"]
    kept = found[trained.best_step // 2 - 1]
    assert noisy == pytest.approx(kept["eval_divergence_shouted"], rel=1e-4)
    assert kept["eval_divergence_shouted"] != pytest.approx(kept["eval_divergence"], rel=1e-3)


@pytest.fixture(scope="module")
def averaged(data, plan, tmp_path_factory):
    """A training with averages, its plan, and the folder of its checkpoints."""
    folder, plan = tmp_path_factory.mktemp("averaged"), training(plan, average=0.9)
    return train_student(data, plan, folder), plan, folder


def test_averages_are_what_is_evaluated_and_kept(data, averaged):
    trained, _, folder = averaged
    best = folder / f"checkpoint-{trained.best_step}"
    own, kept = load_file(best / "model.safetensors"), load_file(best / AVERAGES_FILE)
    name = "classifier.weight"
    assert torch.equal(weights(trained)[name], kept[name])
    assert not torch.equal(weights(trained)[name], own[name])
    batches = split_batches(data, "validation", trained.encoder, 32)
    found = answers(trained.model, batches, data.task).metrics()["divergence"]
    (said,) = [line["eval_divergence"] for line in trained.log
               if line.get("step") == trained.best_step and "eval_divergence" in line]  # fmt: skip
    assert found == pytest.approx(said, rel=1e-4)


def test_a_killed_training_with_averages_comes_to_the_same_end(data, averaged, tmp_path):
    undisturbed, plan, folder = averaged
    with pytest.raises(Killed):
        train_student(data, plan, tmp_path, dying_at(2))
    assert_same(undisturbed, train_student(data, plan, tmp_path))
    over = shutil.copytree(folder, tmp_path / "over")
    assert_same(undisturbed, train_student(data, plan, over))

"""Students that cannot work are told before any training, in one line that names the key."""

from dataclasses import replace

import pytest
import torch
from pydantic import TypeAdapter

from mashbill.models.distill.kd import Distillation
from mashbill.models.distill.matching import AnyMatching
from mashbill.models.distill.mixing import Mixing
from mashbill.models.distill.plan import Plan
from mashbill.models.distill.rehearsal import rehearse
from mashbill.models.distill.settings import Training
from mashbill.models.distill.student import FromConfig, FromTeacher
from mashbill.models.distill.taps import Tap, Tapped
from mashbill.models.distill.trial import try_student
from mashbill.models.errors import ModelError
from mashbill.models.tasks.multi import Multi
from mashbill.models.tasks.registry import single
from mashbill.models.tasks.score import Score
from tests.conftest import LABELS, tiny_tokenizer
from tests.models.distill.steps import classifier, unlike

TASK = single(LABELS)


@pytest.fixture
def plan(tiny_classifier):
    return Plan(
        student=FromTeacher(layers=(1,)),
        objective=Distillation(),
        training=Training(),
        teacher=str(tiny_classifier),
        max_length=512,  # more than the model has
        seed=1,
    )


def tried(model, tokenizer=None):
    return try_student(
        Tapped(model, Tap({})),
        None,
        tokenizer or tiny_tokenizer(),
        Distillation(),
        task=TASK,
        max_length=16,
        training=torch.float32,
        evaluation=torch.float32,
    )


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("kind", ["token_mixup", "sentence_mixup", "hidden_states", "relations"])
def test_a_student_that_works(plan, kind, precision):
    live = {"live": True} if "mixup" in kind else {}
    extra = TypeAdapter(Mixing | AnyMatching).validate_python({"kind": kind, **live})
    rehearse(replace(plan, extras=(extra,), training=Training(precision=precision)), TASK)


def test_nothing_is_learnt_and_no_random_number_drawn(tiny_classifier):
    model = unlike(classifier(tiny_classifier)).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    tried(model)
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(state, torch.get_rng_state())


def test_the_tokenizer_that_is_saved_later_stays_as_it_is(tiny_classifier):
    tokenizer = tiny_tokenizer()
    before = tokenizer.backend_tokenizer.to_str()
    tried(unlike(classifier(tiny_classifier)), tokenizer)
    assert tokenizer.backend_tokenizer.to_str() == before


def test_the_longest_row_is_tried(tiny_classifier):
    model = unlike(classifier(tiny_classifier))
    model.bert.embeddings.position_embeddings = torch.nn.Embedding(9, 32)
    with pytest.raises(ModelError, match=r"^distill\.student: a bert student cannot be trained: "):
        tried(model)


def test_weights_that_give_no_number(tiny_classifier):
    model = unlike(classifier(tiny_classifier))
    torch.nn.init.constant_(model.classifier.bias, torch.nan)
    with pytest.raises(
        ModelError, match=r"the logits of a bert student are not finite, or not of the shape"
    ):
        tried(model)


def test_a_matching_that_does_not_fit_the_student(plan):
    extra = TypeAdapter(AnyMatching).validate_python({"kind": "hidden_states", "layers": {3: 1}})
    with pytest.raises(
        ModelError, match=r"matching\.layers: layer 3: the student has layers 0 to 1"
    ):
        rehearse(replace(plan, extras=(extra,)), TASK)


@pytest.mark.parametrize("task", [Multi(), Score(tolerance=0.5)], ids=lambda task: task.kind)
def test_tasks_of_other_kinds(plan, task):
    size = FromConfig.model_validate({"from": "config", "depth": 1, "width": 16, "heads": 2})
    rehearse(replace(plan, student=size), task.over(LABELS))


def test_a_teacher_that_is_still_to_be_trained(plan, tiny_encoder):
    live = TypeAdapter(Mixing).validate_python({"kind": "token_mixup", "live": True})
    later = replace(plan, extras=(live,)).without_teacher(str(tiny_encoder))
    assert later.extras == ()
    rehearse(later, TASK)

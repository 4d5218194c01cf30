"""Students of many architectures: each is what was asked for, or refused in one line."""

import pytest
import torch
from transformers import AutoModelForSequenceClassification

from mashbill.models.distill.kd import Distillation
from mashbill.models.distill.student import FromConfig, FromTeacher, build_student
from mashbill.models.distill.taps import Tap, Tapped
from mashbill.models.distill.trial import try_student
from mashbill.models.errors import ModelError
from mashbill.models.loading import load_model
from mashbill.models.tasks.registry import single
from tests.conftest import LABELS
from tests.models.distill.architectures import DEPTH, documented, tiny_of

KINDS = (
    "albert", "bart", "bert", "big_bird", "camembert", "convbert", "deberta", "deberta-v2",
    "distilbert", "electra", "fnet", "funnel", "gpt2", "llama", "longformer", "mobilebert",
    "modernbert", "mpnet", "nystromformer", "qwen2", "roberta", "roformer", "squeezebert", "t5",
    "xlm-roberta", "xlnet",
)  # fmt: skip
SIZE = FromConfig.model_validate({"from": "config", "depth": 3, "width": 16, "heads": 2})
TASK = single(LABELS)
IDS = torch.tensor([[2, 10, 20, 30, 3], [2, 40, 3, 0, 0]])


@pytest.fixture(scope="module", params=KINDS)
def architecture(request, tmp_path_factory):
    """Its name, and the folder of a classifier."""
    return request.param, tiny_of(request.param, tmp_path_factory.mktemp("architecture"))


def by_layers(*layers):
    return FromTeacher(layers=layers)


def built(student, folder):
    """A student that has computed a longest row and its gradients."""
    model, tokenizer = build_student(student, str(folder), TASK)
    try_student(
        Tapped(model, Tap({})),
        None,
        tokenizer,
        Distillation(),
        task=TASK,
        max_length=10_000,
        training=torch.float32,
        evaluation=torch.float32,
    )
    return model.eval()


def answer(model):
    with torch.no_grad():
        return model(input_ids=IDS, attention_mask=(IDS != 0).long()).logits


def loads_again(student, folder):
    student.save_pretrained(folder)
    again = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    return torch.allclose(answer(again), answer(student), atol=1e-6)


def test_a_student_by_layers(architecture, tmp_path):
    kind, folder = architecture
    said, _ = documented()[kind]
    if said == "no":
        with pytest.raises(ModelError, match=rf"^distill\.student\.layers: a {kind} model "):
            built(by_layers(0, 2), folder)
        return
    teacher = load_model(str(folder), AutoModelForSequenceClassification)
    whole = built(by_layers(*range(DEPTH)), folder)
    torch.testing.assert_close(answer(whole), answer(teacher), atol=1e-6, rtol=0)
    student = built(by_layers(0, 2), folder)
    assert student.config.num_hidden_layers == 2
    assert loads_again(student, tmp_path / "student")
    if said == "yes":
        assert loads_again(built(by_layers(3, 1), folder), tmp_path / "other")
        return
    assert said == "beginning with 0"
    with pytest.raises(ModelError, match=rf"a {kind} model of the layers 3, 1 .*must begin with 0"):
        built(by_layers(3, 1), folder)


def test_the_weights_are_those_of_the_layers_in_the_order_asked_for(architecture):
    kind, folder = architecture
    if documented()[kind][0] != "yes" or kind == "albert":  # whose layers are one
        pytest.skip("cannot be cut like that")
    one, other = (built(by_layers(*layers), folder) for layers in ((1, 3), (3, 1)))
    assert not torch.equal(answer(one), answer(other))


def test_a_student_by_size(architecture, tmp_path):
    kind, folder = architecture
    _, said = documented()[kind]
    if said == "no":
        with pytest.raises(ModelError, match=rf"^distill\.student: a {kind} model has "):
            built(SIZE, folder)
        return
    assert said == "yes"
    student = built(SIZE, folder)
    shape = student.config
    assert (shape.num_hidden_layers, shape.hidden_size, shape.num_attention_heads) == (3, 16, 2)
    assert loads_again(student, tmp_path)

import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from mashbill.models.distill.student import Student, build_student
from mashbill.models.errors import ModelError
from mashbill.models.tasks.registry import single

LABELS = ("negative", "positive")


def built(settings, teacher):
    student = TypeAdapter(Student).validate_python(settings)
    return build_student(student, str(teacher), single(LABELS))[0]


def test_surgery_copies_embeddings_layers_and_head(tiny_classifier):
    whole = built({"from": "teacher"}, tiny_classifier)
    student = built({"from": "teacher", "layers": [1]}, tiny_classifier)
    assert student.config.num_hidden_layers == len(student.bert.encoder.layer) == 1
    for mine, original in (
        (student.bert.embeddings, whole.bert.embeddings),
        (student.bert.encoder.layer[0], whole.bert.encoder.layer[1]),
        (student.bert.pooler, whole.bert.pooler),
        (student.classifier, whole.classifier),
    ):
        for left, right in zip(mine.parameters(), original.parameters(), strict=True):
            assert torch.equal(left, right)


def test_a_student_of_all_layers_is_the_teacher(tiny_classifier):
    student = built({"from": "teacher", "layers": [0, 1]}, tiny_classifier).eval()
    teacher = built({"from": "teacher"}, tiny_classifier).eval()
    ids = torch.tensor([[2, 10, 20, 3]])
    assert torch.equal(student(ids).logits, teacher(ids).logits)


def test_a_student_by_surgery_loads_again(tiny_classifier, tmp_path):
    student = built({"from": "teacher", "layers": [1]}, tiny_classifier).eval()
    student.save_pretrained(tmp_path)
    again = AutoModelForSequenceClassification.from_pretrained(tmp_path)
    ids = torch.tensor([[2, 10, 20, 3]])
    torch.testing.assert_close(student(ids).logits, again.eval()(ids).logits)


@pytest.mark.parametrize(
    "settings",
    [
        {"from": "teacher", "layers": [1]},
        {"from": "config", "depth": 1, "width": 16, "heads": 2},
        {"from": "checkpoint", "model": None},
    ],
    ids=lambda settings: settings["from"],
)
def test_a_teacher_of_half_a_precision_makes_a_student_that_can_be_trained(
    tiny_classifier, tmp_path, settings
):
    half = AutoModelForSequenceClassification.from_pretrained(tiny_classifier, dtype="float16")
    half.config.problem_type = "multi_label_classification"
    half.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny_classifier).save_pretrained(tmp_path)
    settings = {key: str(tmp_path) if value is None else value for key, value in settings.items()}
    student = built(settings, tmp_path)
    assert {weights.dtype for weights in student.parameters()} == {torch.float32}
    assert student.config.problem_type == "single_label_classification"


def test_a_layer_that_is_not_there(tiny_classifier):
    with pytest.raises(ModelError, match="the bert teacher has no layer 2; it has 0 to 1"):
        built({"from": "teacher", "layers": [0, 2]}, tiny_classifier)


@pytest.mark.parametrize("activation", ["gelu", "gelu_new", "relu", "silu"])
def test_from_a_config(tiny_classifier, activation):
    settings = {"from": "config", "depth": 1, "width": 16, "heads": 4, "hidden_act": activation}
    student = built(settings, tiny_classifier)
    config = student.config
    assert (config.num_hidden_layers, config.hidden_size, config.intermediate_size) == (1, 16, 32)
    assert config.hidden_act == activation
    assert list(config.id2label.values()) == list(LABELS)
    assert student(torch.tensor([[2, 10, 3]])).logits.shape == (1, 2)
    assert all(parameter.requires_grad for parameter in student.parameters())


def test_heads_must_divide_the_width(tiny_classifier):
    with pytest.raises(ModelError, match="width 10 is not a multiple of heads 4"):
        built({"from": "config", "depth": 1, "width": 10, "heads": 4}, tiny_classifier)


def test_a_size_keeps_the_teachers_activation(tiny_classifier):
    settings = {"from": "config", "depth": 1, "width": 16, "heads": 4}
    assert built(settings, tiny_classifier).config.hidden_act == "gelu"


@pytest.fixture(scope="module")
def reversed_classifier(tiny_classifier, tmp_path_factory):
    """The tiny classifier with its classes in the other order, the head's rows with them."""
    return saved_with_classes(tiny_classifier, tmp_path_factory, ("Positive", "negative"), [1, 0])


def saved_with_classes(folder, tmp_path_factory, names, rows):
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    for parameter in model.classifier.parameters():
        parameter.data = parameter.data[rows]
    model.config.id2label = dict(enumerate(names))
    model.config.label2id = {name: i for i, name in enumerate(names)}
    new = tmp_path_factory.mktemp("classes")
    model.save_pretrained(new)
    AutoTokenizer.from_pretrained(folder).save_pretrained(new)
    return new


def test_a_checkpoints_classes_in_another_order_keep_their_meaning(
    tiny_classifier, reversed_classifier
):
    student = built({"from": "checkpoint", "model": str(reversed_classifier)}, tiny_classifier)
    expected = built({"from": "teacher"}, tiny_classifier)
    ids = torch.tensor([[2, 10, 20, 3]])
    assert torch.equal(student.eval()(ids).logits, expected.eval()(ids).logits)
    assert list(student.config.id2label.values()) == list(LABELS)


@pytest.mark.parametrize("names", [("spam", "ham"), ("negative", "positive", "neutral")])
def test_a_checkpoint_for_other_classes_is_refused_unless_its_head_is_new(
    tiny_classifier, tmp_path_factory, names
):
    other = saved_with_classes(tiny_classifier, tmp_path_factory, names, [0, 1, 0][: len(names)])
    settings = {"from": "checkpoint", "model": str(other)}
    with pytest.raises(ModelError, match=f"has the classes {', '.join(names)}; .* `head: new`"):
        built(settings, tiny_classifier)
    student = built({**settings, "head": "new"}, tiny_classifier)
    old = AutoModelForSequenceClassification.from_pretrained(other)
    assert student.classifier.weight.shape == (2, 32)
    assert not torch.equal(student.classifier.weight[0], old.classifier.weight[0])
    assert torch.equal(student.bert.pooler.dense.weight, old.bert.pooler.dense.weight)


def test_a_checkpoint_whose_classes_have_no_names_is_taken_as_it_is(
    tiny_classifier, tmp_path_factory
):
    nameless = saved_with_classes(tiny_classifier, tmp_path_factory, ("LABEL_0", "LABEL_1"), [0, 1])
    student = built({"from": "checkpoint", "model": str(nameless)}, tiny_classifier)
    expected = built({"from": "teacher"}, tiny_classifier)
    assert torch.equal(student.classifier.weight, expected.classifier.weight)


def test_from_a_checkpoint_without_a_head(tiny_classifier, tiny_encoder):
    student = built({"from": "checkpoint", "model": str(tiny_encoder)}, tiny_classifier)
    assert list(student.config.id2label.values()) == list(LABELS)


@pytest.mark.parametrize(
    "settings",
    [
        {"from": "teacher", "layers": []},
        {"from": "teacher", "layers": [-1]},
        {"from": "config", "depth": 0, "width": 16, "heads": 4},
        {"from": "config", "depth": 1, "width": 16, "heads": 4, "hidden_act": "tanh"},
        {"from": "nowhere"},
    ],
)
def test_settings_that_make_no_student(settings):
    with pytest.raises(ValidationError):
        TypeAdapter(Student).validate_python(settings)

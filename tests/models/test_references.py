import pytest

from mashbill.models.errors import ModelError
from mashbill.models.references import ModelRef, once_each
from mashbill.models.tasks.registry import single

LABELS = ("negative", "positive")


@pytest.fixture
def folders(tiny_classifier, tiny_mlm, tiny_encoder):
    return {"classifier": tiny_classifier, "masked LM": tiny_mlm, "encoder": tiny_encoder}


def test_a_model_can_serve_in_its_role_and_as_some_other_model(folders):
    for role, folder in folders.items():
        ModelRef(str(folder), role).check(single(LABELS))
        ModelRef(str(folder), "encoder").check(single(LABELS))
        ModelRef(str(folder), "other").check(single(LABELS))


@pytest.mark.parametrize(
    ("kind", "role", "message"),
    [
        ("encoder", "masked LM", "is not a masked language model"),
        ("masked LM", "classifier", "is not a text classifier"),
        ("encoder", "classifier", "is not a text classifier"),
    ],
)
def test_one_of_another_kind_cannot(folders, kind, role, message):
    with pytest.raises(ModelError, match=message):
        ModelRef(str(folders[kind]), role).check(single(LABELS))


def test_a_classifier_must_know_the_labels_of_the_task(folders):
    with pytest.raises(ModelError, match="the recipe has 3 labels"):
        ModelRef(str(folders["classifier"]), "classifier").check(single(("a", "b", "c")))


def test_what_two_parts_share_is_looked_at_once():
    first, second = ModelRef("a", "classifier"), ModelRef("a", "encoder")
    assert once_each([first, second, first]) == [first, second]

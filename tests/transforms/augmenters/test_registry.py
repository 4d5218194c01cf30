import pytest

from mashbill.models.errors import MashbillError
from mashbill.transforms.augmenters.registry import AUGMENTERS, build


def test_a_misspelt_name_is_answered_with_the_nearest_and_all():
    with pytest.raises(MashbillError) as raised:
        build("typo.keybord")
    assert str(raised.value) == (
        "use: 'typo.keybord' is not an augmenter; did you mean 'typo.keyboard'? "
        f"(available: {', '.join(AUGMENTERS)})"
    )


def test_a_parameter_like_no_other_is_answered_with_all():
    with pytest.raises(MashbillError) as raised:
        build({"use": "order.reverse", "xyz": 1})
    parameters = ", ".join(AUGMENTERS["order.reverse"].model_fields)
    assert str(raised.value) == f"order.reverse has no parameter 'xyz' (available: {parameters})"

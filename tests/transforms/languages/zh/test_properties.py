"""What holds for every augmenter holds for those of any language in Chinese texts, too."""

import pytest

from mashbill.transforms.augmenters.registry import available
from mashbill.transforms.augmenters.statistics import Statistics
from mashbill.transforms.languages.zh import packages
from tests.transforms.augmenters import test_properties as properties
from tests.transforms.augmenters.samples import CHINESE, NAMES

pytestmark = pytest.mark.skipif(not packages.is_installed(), reason="needs the extra zh")
COMMON = [
    name
    for name in NAMES
    if name in available("zh")
    and name in available("any")
    and not name.startswith(("nlpaug.", "entity."))  # the texts name no entities
]


@pytest.fixture(params=[name for name in COMMON if name != "chain"])
def augmenter(request, augmenters):
    chinese = augmenters[request.param].in_language("zh")
    if not chinese.needs_statistics:
        return chinese
    return chinese.with_statistics(Statistics.of(CHINESE, language="zh"))


test_edits_stand_where_they_may = properties.test_edits_stand_where_they_may_and_leave_a_text
test_neither_batch_nor_order_matters = properties.test_neither_batch_nor_order_matters
test_protected_stays_whole = properties.test_what_is_protected_stands_in_the_variant_as_a_whole

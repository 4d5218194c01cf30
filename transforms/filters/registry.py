"""Every filter by its kind, and filters from what a recipe says."""

from typing import Annotated

from pydantic import Discriminator

from mashbill.transforms.filters.base import Filter
from mashbill.transforms.filters.confidence import MinConfidence
from mashbill.transforms.filters.length import Length
from mashbill.transforms.filters.near_duplicate import NearDuplicate
from mashbill.transforms.filters.similarity import MinSimilarity
from mashbill.transforms.filters.synthetic import MaxSynthetic
from mashbill.transforms.filters.teacher_agrees import TeacherAgrees

FILTERS: dict[str, type[Filter]] = {
    one.model_fields["kind"].default: one
    for one in (Length, NearDuplicate, MinSimilarity, MaxSynthetic, TeacherAgrees, MinConfidence)
}

AnyFilter = Annotated[
    Length | NearDuplicate | MinSimilarity | MaxSynthetic | TeacherAgrees | MinConfidence,
    Discriminator("kind"),
]

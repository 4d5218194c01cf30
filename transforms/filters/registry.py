"""Every filter by its kind, and filters from what a recipe says."""

from mashbill.models.kinds import kind_of, one_of
from mashbill.models.plugins import Registry
from mashbill.transforms.filters.base import Filter
from mashbill.transforms.filters.confidence import MinConfidence
from mashbill.transforms.filters.length import Length
from mashbill.transforms.filters.near_duplicate import NearDuplicate
from mashbill.transforms.filters.similarity import MinSimilarity
from mashbill.transforms.filters.synthetic import MaxSynthetic
from mashbill.transforms.filters.teacher_agrees import TeacherAgrees

OWN = (Length, NearDuplicate, MinSimilarity, MaxSynthetic, TeacherAgrees, MinConfidence)
FILTERS = Registry("mashbill.filters", Filter, OWN, kind_of)
AnyFilter = one_of(FILTERS)

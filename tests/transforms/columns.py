"""The columns of small data sets, as the stages that make them declare."""

from mashbill.models.tasks.registry import single
from mashbill.models.teachers import TeacherSpec
from mashbill.transforms.annotate import Annotate, TeacherFilter
from mashbill.transforms.deduplicate import DEDUPLICATE
from mashbill.transforms.layout import written_columns
from mashbill.transforms.read import READ
from mashbill.transforms.similarity import Similarity

HEAD = (READ, DEDUPLICATE)
TAIL = (
    Annotate(single(["bad", "good"]), TeacherSpec([""])).contract,
    TeacherFilter(single(["bad", "good"]), "uniform").contract,
)
CONTRACTS = (*HEAD, *TAIL)
COLUMNS = written_columns(CONTRACTS, pairs=False)
WITH_SIMILARITY = written_columns([*HEAD, Similarity("").contract, *TAIL], pairs=False)

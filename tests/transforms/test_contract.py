import orjson
import pytest

from mashbill.models.errors import MashbillError
from mashbill.transforms.contract import Column, Contract, check_order
from tests.transforms.columns import CONTRACTS, HEAD, TAIL

COUNT = Contract("count", needs=("text",), adds=(Column("words", "int32", "how many"),))
CUT = Contract("cut", needs=("words",), loses=("dropped/short",))


def test_every_stage_finds_what_it_needs():
    check_order(CONTRACTS)
    check_order([*HEAD, COUNT, CUT])


@pytest.mark.parametrize(
    ("contracts", "said"),
    [
        ([*HEAD, CUT], "cut needs the column words: no stage of this run adds it"),
        ([*HEAD, CUT, COUNT], "cut needs the column words: count adds it, but runs later"),
        (
            [*HEAD, *reversed(TAIL)],
            "needs the column teacher_logits: annotate adds it, but runs later",
        ),
    ],
)
def test_a_column_that_is_not_there_yet_is_named(contracts, said):
    with pytest.raises(MashbillError, match=said):
        check_order(contracts)


@pytest.mark.parametrize("contract", [*CONTRACTS, COUNT, CUT], ids=lambda one: one.name)
def test_run_json_holds_all_of_a_contract(contract):
    assert Contract.from_json(orjson.loads(orjson.dumps(contract.to_json()))) == contract

from apache_beam.coders import BytesCoder
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec, is_stateful_dofn

from mashbill.transforms.beam_fn import Fn
from mashbill.transforms.shuffle import ToShards

SEEN = Fn.StateParam(ReadModifyWriteStateSpec("seen", BytesCoder()))


class Counts(Fn):
    def process(self, element, seen=SEEN):
        yield element, seen


def test_beam_still_sees_a_state_that_somebody_adds():
    assert is_stateful_dofn(Counts())
    assert not is_stateful_dofn(ToShards(2, frozenset()))

"""Methods are drawn from ids, in proportion to their shares."""

from collections import Counter

import pytest

from mashbill.transforms.assignment import assign, other_methods
from mashbill.transforms.examples import source_id_of

IDS = [source_id_of(str(i)) for i in range(5000)]


def test_methods_are_drawn_in_proportion_to_their_share():
    rows, copies = list(enumerate(IDS)), range(1, 3)
    drawn = Counter(job.method for job in assign(rows, copies, [1.0, 3.0], seed=7))
    assert drawn[1] / 10_000 == pytest.approx(0.75, abs=0.02)
    assert assign(rows, copies, [1.0, 3.0], seed=7) == assign(rows, copies, [1.0, 3.0], seed=7)
    assert assign(rows, copies, [1.0, 3.0], seed=7) != assign(rows, copies, [1.0, 3.0], seed=8)


def test_the_other_methods_are_drawn_by_share_and_each_comes_once():
    shares = [5.0, 1.0, 3.0, 0.5]
    orders = [list(other_methods(i, 1, 0, shares, seed=7)) for i in IDS]
    assert all(sorted(order) == [1, 2, 3] for order in orders)
    first = Counter(order[0] for order in orders)
    assert first[2] / len(IDS) == pytest.approx(3 / 4.5, abs=0.02)
    second = Counter(order[1] for order in orders if order[0] == 2)
    assert second[1] / second.total() == pytest.approx(1 / 1.5, abs=0.03)


def test_the_order_depends_on_seed_source_and_copy_alone():
    shares = [1.0] * 8

    def order(*args):
        return list(other_methods(*args))

    assert order(IDS[0], 1, 0, shares, 7) == order(IDS[0], 1, 0, shares, 7)
    others = [(IDS[1], 1, 0, shares, 7), (IDS[0], 2, 0, shares, 7), (IDS[0], 1, 0, shares, 8)]
    assert all(order(*other) != order(IDS[0], 1, 0, shares, 7) for other in others)


def test_one_method_has_no_others():
    assert list(other_methods(IDS[0], 1, 0, [1.0], seed=7)) == []

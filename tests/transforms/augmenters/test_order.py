"""Words and clauses change places; sentences stay apart, and begin with a capital."""

import pytest

from mashbill.transforms.augmenters.base import apply
from mashbill.transforms.augmenters.registry import build


def changed(spec: dict, text: str) -> str:
    return apply(text, build({"rate": 1.0, **spec}).augment(text, 1))


@pytest.mark.parametrize(
    ("text", "reverse"),
    [
        ("The film is good. It is.", "Good is film the. Is it."),
        ("Simon was late", "Late was Simon"),
        ("I am", "Am I"),
        ("see https://a.bc/d and go", "see https://a.bc/d go and"),
    ],
)
def test_reverse(text, reverse):
    assert changed({"use": "order.reverse", "window": None}, text) == reverse


def test_windows_are_reversed_one_by_one():
    assert changed({"use": "order.reverse", "window": 2}, "one two three four") == (
        "two one four three"
    )


@pytest.mark.parametrize(
    ("text", "exchanged"),
    [
        ("If you like it slow, you will sleep.", "You will sleep, if you like it slow."),
        ("Simon likes it, while his wife sleeps.", "While his wife sleeps, Simon likes it."),
        ("A clever, moving film of love", "A clever, moving film of love"),
        ("Far from the truth, but it is good.", "Far from the truth, but it is good."),
    ],
)
def test_clauses(text, exchanged):
    assert changed({"use": "order.clauses"}, text) == exchanged

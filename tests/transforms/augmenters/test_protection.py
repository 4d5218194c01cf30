"""What is protected is found; regular expressions of a recipe that take too long are refused."""

import re

import pytest

from mashbill.models.errors import MashbillError
from mashbill.transforms.augmenters import protection
from mashbill.transforms.augmenters.protection import Guard
from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.retry import Retry


@pytest.mark.parametrize("expression", ["(a|aa)+$", "(?:x|x)+?y"])
def test_one_that_never_ends_is_refused(expression):
    with pytest.raises(ValueError, match=re.escape(repr(expression)) + " takes exponential time"):
        Guard((expression,), ())


@pytest.mark.parametrize("expression", [r"[A-Z]{2,}-\d+", r"\bfilm\w*", r"(?:ab|cd)+"])
def test_a_sound_one_finds_what_it_is_for(expression):
    assert list(Guard((r"[A-Z]{2,}-\d+",), ()).spans("see AB-12 and CD-3")) == [(4, 9), (14, 18)]
    assert list(Guard((expression,), ()).spans("")) == []


def test_one_that_strikes_later_ends_the_run_and_rejects_no_row(monkeypatch):
    monkeypatch.setattr(protection, "SEARCH_SECONDS", 0.05)
    monkeypatch.setattr(protection, "_probes", lambda expression: ())
    augmenter = build({"use": "typo.keyboard", "protect": ["(?:q|q)+?z"]})
    texts = ["a film", "q" * 60 + " and z"]
    with pytest.raises(MashbillError, match=r"protect: '\(\?:q\|q\)\+\?z' takes more than"):
        Retry("typo.keyboard")(
            lambda some: augmenter.variants_batch(Request([texts[i] for i in some], list(some))),
            texts,
        )

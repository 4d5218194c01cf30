"""What is protected is found; regular expressions of a recipe that take too long are refused."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mashbill.models.errors import MashbillError
from mashbill.transforms.augmenters import protection
from mashbill.transforms.augmenters.batch import TextBatch
from mashbill.transforms.augmenters.protection import DEFAULT, Guard, guard
from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.languages.registry import language_of
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


SIGNS = "第3个5 kg,.:/A多十百万元月-@#<&;=:)[]年、，好x\n _D'"


@given(texts=st.lists(st.text(SIGNS, max_size=25), min_size=1, max_size=6))
def test_what_a_batch_keeps_is_what_the_patterns_find_in_each_text(texts):
    """It looks only around what may be something, which takes a tenth of the time."""
    batch = TextBatch(texts, [0] * len(texts), guard(DEFAULT, ()), frozenset(), language_of("any"))
    for text, offset in zip(texts, batch.offsets.tolist(), strict=True):
        kept = np.zeros(len(text), bool)
        for start, end in guard(DEFAULT, ()).spans(text):
            kept[start:end] = True
        found = np.zeros(len(batch.codes), bool)
        if batch._protected is not None:
            found = batch._protected.covered
        assert found[offset : offset + len(text)].tolist() == kept.tolist(), text

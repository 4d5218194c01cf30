"""What is protected is found in a whole batch, and what touches it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mashbill.transforms.augmenters.batch import TextBatch
from mashbill.transforms.augmenters.protected import Protected
from mashbill.transforms.augmenters.protection import DEFAULT, guard
from mashbill.transforms.languages.registry import language_of

SIGNS = "第3个5 kg,.:/A多十百万元月-@#<&;=:)[]年、，好x\n _D'"
PLACES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6)), min_size=1, max_size=8)


@given(
    texts=st.lists(st.text(SIGNS, max_size=25), min_size=1, max_size=6),
    protect=st.sampled_from([DEFAULT, (*DEFAULT, "k+"), ("url", "special"), ("好",)]),
    words=st.sampled_from([(), ("Ax",)]),
)
def test_it_is_what_the_patterns_find_in_each_text(texts, protect, words):
    """A batch looks only around what may be something, which takes a tenth of the time."""
    looks = guard(protect, words)
    batch = TextBatch(texts, [0] * len(texts), looks, frozenset(), language_of("any"))
    for text, offset in zip(texts, batch.offsets.tolist(), strict=True):
        kept = np.zeros(len(text), bool)
        for start, end in looks.spans(text):
            kept[start:end] = True
        found = np.zeros(len(batch.codes), bool)
        if batch._protected is not None:
            found = batch._protected.covered
        assert found[offset : offset + len(text)].tolist() == kept.tolist(), text


@given(PLACES, PLACES)
def test_an_edit_that_touches_it_is_found_whether_places_are_nested_or_not(spans, sites):
    held = np.array([(start, start + size + 1) for start, size in spans])
    starts, ends = np.array(sorted((start, start + size) for start, size in sites)).T
    touched = ((held[:, :1] < ends) & (held[:, 1:] > starts)).any(0)
    protected = Protected(*held.T, 40)
    assert protected.leaves(starts, ends).tolist() == (~touched).tolist()
    flat = np.maximum.accumulate(ends)  # none within another
    touched = ((held[:, :1] < flat) & (held[:, 1:] > starts)).any(0)
    assert protected.leaves(starts, flat).tolist() == (~touched).tolist()

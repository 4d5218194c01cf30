"""What holds for every augmenter of the registry; a new one is covered by itself."""

import os
import pickle
import re
from collections import Counter
from itertools import pairwise

import pytest
import regex
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mashbill.transforms.augmenters.base import apply
from mashbill.transforms.augmenters.protection import DEFAULT, guard
from mashbill.transforms.augmenters.request import Request
from tests.anything import anything
from tests.transforms.augmenters.samples import CHINESE, CORPUS, NAMES, corpus_of, named_entities

EXAMPLES = int(os.environ.get("MASHBILL_EXAMPLES", "15"))  # `make fuzz` makes it 300 of each
PROPERTY = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

TEXT = settings(PROPERTY, max_examples=2 * EXAMPLES)

ODD = [
    "", " ", "\n", "a", "https://a.bc/d?e=f", "mail me@some.where now", "@you #tag 3.50 [MASK] <s>",
    "e\u0301te\u0301 nai\u0308ve",
    "👩‍👩‍👧 family 🇫🇷🇩🇪 👍🏽", "안녕하세요 세계", "这部电影很好看。", "नमस्ते दुनिया", "שלום עולם",
    "مرحبا بالعالم", "\ud800 lone", "\x00\x07", "a\r\nb",
    "Zu\u200dsammen", "I'm sure it's an hour.",
    "看了3遍的iphone6s手机,花了3.5万元。", "＃１２３，ＡＢＣ！", "葛\U000e0100城市と東京の𠮷野家",
    "去@张三 那里#话题#很好A的B",
]  # fmt: skip
INTACT = [
    "the bread &amp; butter of comedy isn&#39;t here &quot;at all&quot;",
    "see example.org or mail-order.co.uk/shop for more, not the U.S. Army's site",
    "so happy :D :p xD :-) <3 it's the best day!!!",
    "the kids' toys were the children's, and 5 kg at 3.50 EUR each day",
    "look at https://a.bc/d word= and word =5 with AT&T, Ph.D. and f*ck",
    "a word, (next, word) then. 7 word and @you word, #tag word.",
]  # fmt: skip
pieces = st.one_of(st.sampled_from([*CORPUS, *CHINESE, *ODD, *INTACT]), anything(max_size=30))
texts = st.lists(pieces, max_size=4).map(" ".join)
seeds = st.integers(0, 2**64 - 1)


def replaced(augmenter) -> set[str]:
    """Kinds of spans that the augmenter, or a part of it, may replace as a whole."""
    parts = getattr(augmenter, "of", ())
    return {*getattr(augmenter, "replaces", ())}.union(*map(replaced, parts))


@pytest.fixture(params=NAMES)
def augmenter(request, augmenters):
    return augmenters[request.param]


@TEXT
@given(text=texts, seed=seeds)
def test_edits_stand_where_they_may_and_leave_a_text(augmenter, text, seed):
    edits = augmenter.augment(text, seed)
    assert_sorted_and_apart(text, edits)
    assert_no_protected_span_is_touched(augmenter, text, edits)
    assert_no_grapheme_cluster_is_torn(text, edits)
    variant = apply(text, edits)
    assert "  " in text or "  " not in variant
    assert variant.strip() or not text.strip()


def assert_sorted_and_apart(text, edits):
    """And each of them changes something."""
    assert all(0 <= start <= end <= len(text) for start, end, _ in edits)
    assert all(before.end <= after.start for before, after in pairwise(edits))
    assert all(text[start:end] != replacement for start, end, replacement in edits)


def assert_no_protected_span_is_touched(augmenter, text, edits):
    untouched = guard(tuple(kind for kind in DEFAULT if kind not in replaced(augmenter)), ())
    for start, end in untouched.spans(text):
        for edit in edits:
            assert edit.end <= start or edit.start >= end, (text[start:end], edit)


def assert_no_grapheme_cluster_is_torn(text, edits):
    borders = {0, *(match.end() for match in regex.finditer(r"\X", text))}
    for start, end, _ in edits:
        assert start in borders
        assert end in borders


@PROPERTY
@given(batch=st.lists(st.tuples(texts, seeds), max_size=5))
def test_neither_batch_nor_order_matters(augmenter, batch):
    alone = [augmenter.augment(text, seed) for text, seed in batch]
    rows = [text for text, _ in batch]
    numbers = [seed for _, seed in batch]
    assert augmenter.augment_batch(Request(rows, numbers)) == alone
    assert augmenter.augment_batch(Request(rows[::-1], numbers[::-1])) == alone[::-1]
    assert augmenter.variants_batch(Request(rows, numbers)) == list(map(apply, rows, alone))


@PROPERTY
@given(batch=st.lists(st.tuples(texts, seeds), max_size=3))
def test_a_variant_knows_the_edits_that_made_it(augmenter, batch):
    rows, numbers = [text for text, _ in batch], [seed for _, seed in batch]
    variants = augmenter.variants(Request(rows, numbers))
    assert [variant.text for variant in variants] == augmenter.variants_batch(
        Request(rows, numbers)
    )
    assert [apply(text, v.edits) for text, v in zip(rows, variants, strict=True)] == [
        variant.text for variant in variants
    ]


@PROPERTY
@given(text=st.lists(st.sampled_from([*INTACT, *CORPUS]), max_size=4).map(" ".join), seed=seeds)
def test_what_is_protected_stands_in_the_variant_as_a_whole(augmenter, text, seed):
    variant = apply(text, augmenter.augment(text, seed))
    kept = guard(tuple(kind for kind in DEFAULT if kind not in replaced(augmenter)), ())
    before, after = (Counter(one[a:b] for a, b in kept.spans(one)) for one in (text, variant))
    # "5" stays whole if what is put behind it makes it "5 mm", and "kids'" if a mark follows it now
    grown = after - before
    for one in before - after:
        alone = re.findall(rf"(?<!\w){re.escape(one)}(?!\w)", variant)
        assert len(alone) >= before[one] or any(one in other for other in grown)


@PROPERTY
@given(text=texts, seed=seeds)
def test_rate_0_changes_nothing(augmenter, text, seed):
    if "rate" in type(augmenter).model_fields:
        assert augmenter.model_copy(update={"rate": 0.0}).augment(text, seed) == []


@PROPERTY
@given(text=texts, seed=seeds, most=st.integers(1, 3))
def test_never_more_edits_than_allowed(augmenter, text, seed, most):
    if "max_edits" in type(augmenter).model_fields and not augmenter.mends:
        limited = augmenter.model_copy(update={"rate": 1.0, "max_edits": most})
        assert len(limited.augment(text, seed)) <= most


def test_another_process_sees_the_same(augmenter):
    copy = pickle.loads(pickle.dumps(augmenter))
    assert len(pickle.dumps(augmenter)) < 20_000
    for seed, text in enumerate(corpus_of(augmenter)):
        assert copy.augment(text, seed) == augmenter.augment(text, seed)


def test_seeds_make_different_variants(augmenter):
    text = " ".join(corpus_of(augmenter))
    if getattr(augmenter, "rate", 0) == 1 and not augmenter.uses_entities:
        augmenter = augmenter.model_copy(update={"rate": 0.5})
    labels = [named_entities()[0]] * 12  # of the first English text
    variants = set(augmenter.variants_batch(Request([text] * 12, range(12), labels)))
    assert len(variants - {text}) > 1


# Prose, one endless word, and signs that protected spans begin with, a quarter of it each.
LONG = "".join(
    (part * (30_000 // len(part) + 1))[:30_000]
    for part in (" ".join([*CORPUS, ""]), "x", "@word <a ", "word, ")
)


def test_a_long_text_takes_a_moment(augmenter):
    """Seconds for all of them; what takes quadratic time would never come back."""
    if augmenter.name.startswith("nlpaug."):
        pytest.skip("nlpaug takes its own time")
    (variant,) = augmenter.variants_batch(Request([LONG], [1]))
    assert variant == apply(LONG, augmenter.augment(LONG, 1))

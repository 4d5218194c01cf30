"""What becomes of named entities, for every augmenter of the registry."""

import os
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.mention_check import sources_of, still_names
from mashbill.models.tasks.base import Lost
from mashbill.models.tasks.projection import REASONS
from mashbill.models.tasks.words import word_bounds
from mashbill.transforms.augmenters.base import TokenAugmenter
from mashbill.transforms.augmenters.combinators import Combinator
from mashbill.transforms.augmenters.contextual import Insert, Substitute
from mashbill.transforms.augmenters.entity import EntityAugmenter
from mashbill.transforms.augmenters.labels import Relabelled, label_of
from mashbill.transforms.augmenters.protection import MENTIONS
from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.request import Request
from tests.transforms.augmenters.samples import CORPUS, NAMED, NAMES

EXAMPLES = int(os.environ.get("MASHBILL_EXAMPLES", "10"))
PROPERTY = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

SENTENCES = (
    *CORPUS,
    "Mr. John A. Smith met Mary-Jane O'Neil of the Bank of America in New York on Tuesday.",
    "BRUSSELS 1996-08-22",
    "The U.S. and the EU don't agree, said Paris (Reuters) .",
    "Paris, Texas isn't Paris; Paris is a city in France.",
    "外交部发言人王毅在北京说 Apple 公司不错。",
)
MODELS = ("contextual.substitute", "contextual.insert", "nlpaug.ContextualWordEmbsAug")


@st.composite
def labelled_texts(draw):
    """A text, and some runs of its words as entities."""
    text = " ".join(draw(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=2)))
    words = word_bounds(text)
    cuts = sorted(draw(st.sets(st.integers(0, len(words)), min_size=2, max_size=8)))
    return text, [
        {"start": words[first][0], "end": words[min(last, first + 4) - 1][1], "label": kind}
        for kind, (first, last) in enumerate(zip(cuts[::2], cuts[1::2], strict=False))
    ]


seeds = st.integers(0, 2**64 - 1)


@pytest.fixture(scope="module")
def all_augmenters(augmenters, tiny_mlm):
    model = str(tiny_mlm)
    nlpaug = {"use": "nlpaug.ContextualWordEmbsAug", "args": {"model_path": model}}
    fillers = Substitute(model=model, rate=0.4), Insert(model=model, rate=0.4), build(nlpaug)
    return augmenters | dict(zip(MODELS, fillers, strict=True))


@pytest.fixture(params=[*NAMES, *MODELS])
def augmenter(request, all_augmenters):
    return all_augmenters[request.param]


@PROPERTY
@given(example=labelled_texts(), seed=seeds)
def test_under_each_entity_of_a_variant_stands_what_was_labelled(augmenter, example, seed):
    text, label = example
    (variant,) = augmenter.variants(Request([text], [seed], [label]))
    found = label_of(variant, text, label)
    if isinstance(found, Lost):
        assert found.reason in REASONS
        return
    assert [one["label"] for one in found] == [one["label"] for one in label]
    assert all(0 <= one["start"] < one["end"] <= len(variant.text) for one in found)
    assert all(before["end"] <= after["start"] for before, after in pairwise(found))
    drawn = isinstance(variant.origin, Relabelled)
    places = sources_of(text, variant.edits)
    for old, new in zip(label, found, strict=True):
        before, after = text[old["start"] : old["end"]], variant.text[new["start"] : new["end"]]
        assert still_names(before, after) or (drawn and known(after)), (before, after)
        old_places = set(range(old["start"], old["end"]))
        inside = {*places[new["start"] : new["end"]]}
        assert inside - {-1} <= old_places  # letters that stayed, stayed in it
        assert {place for place in old_places & set(places) if text[place].isalnum()} <= inside


def known(name):
    return name.casefold() in {word for _, word, _ in NAMED}


def keeping_entities(augmenter):
    """The same augmenter with entities protected; None where it can protect nothing."""
    if isinstance(augmenter, Combinator):
        parts = tuple(map(keeping_entities, augmenter.of))
        return augmenter.model_copy(update={"of": parts})
    if isinstance(augmenter, TokenAugmenter) and MENTIONS not in augmenter.replaces:
        return augmenter.model_copy(update={"protect": (*augmenter.protect, "spans")})
    return None


@PROPERTY
@given(example=labelled_texts(), seed=seeds)
def test_protected_entities_stay_to_the_letter(augmenter, example, seed):
    text, label = example
    keeper = keeping_entities(augmenter)
    if keeper is None:
        assert isinstance(augmenter, EntityAugmenter)
        return
    (variant,) = keeper.variants(Request([text], [seed], [label]))
    found = label_of(variant, text, label)
    assert not isinstance(found, Lost), found
    for old, new in zip(label, found, strict=True):
        assert text[old["start"] : old["end"]] == variant.text[new["start"] : new["end"]]

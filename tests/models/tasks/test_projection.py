"""Mentions in variants: where they went, or why they are lost."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from mashbill.models.tasks.base import Lost
from mashbill.models.tasks.projection import REASONS, Span, carried, project
from mashbill.models.tasks.registry import AnyTask
from mashbill.models.tasks.words import words_of


def spans_in(text, *mentions):
    """The mentions as spans, each found behind the one before."""
    spans = []
    for kind, mention in enumerate(mentions):
        start = text.index(mention, spans[-1].end if spans else 0)
        spans.append(Span(start, start + len(mention), kind))
    return spans


def applied(text, changes):
    for start, end, new in reversed(changes):
        text = text[:start] + new + text[end:]
    return text


def in_variant(text, mentions, *changes):
    """What stands under the mentions in the variant, or the reason for which one is lost."""
    found = project(text, spans_in(text, *mentions), changes)
    if isinstance(found, Lost):
        return found.reason
    variant = applied(text, changes)
    return [variant[start:end] for start, end, _ in found]


TEXT = "He visited New York today."


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ([(0, 2, "She"), (20, 25, "then")], "New York"),  # moved
        ([(10, 10, " sunny")], "New York"),
        ([(10, 11, "\n  ")], "New York"),
        ([(11, 11, ", ")], "New York"),  # at its border, and so outside of it
        ([(19, 19, " then")], "New York"),
        ([(3, 10, "a"), (12, 13, "r"), (18, 19, "kk")], "Nrw Yorkk"),  # misspelt
        ([(14, 15, "")], "NewYork"),
        ([(13, 13, " ")], "Ne w York"),
        ([(11, 19, "NEW YORK")], "NEW YORK"),
        ([(11, 19, "York New")], "York New"),
        ([(14, 14, " New"), (19, 19, " York")], "New New York York"),  # repeated
        ([(15, 15, "# ")], "New # York"),
        ([(11, 19, ", New York!")], "New York"),
        ([(3, 19, "New York visited")], "New York"),  # moved as a whole
        ([(3, 19, "toured New Yrok")], "New Yrok"),
        ([(0, 26, "Today he was in New York.")], "New York"),  # no edits known
    ],
)
def test_a_mention_goes_along(changes, found):
    assert in_variant(TEXT, ["New York"], *changes) == [found]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ([(10, 19, "")], "deleted"),
        ([(3, 20, "")], "deleted"),
        ([(14, 19, "")], "cut"),
        ([(10, 14, "")], "cut"),
        ([(14, 25, "")], "cut"),
        ([(11, 19, "London")], "rewritten"),
        ([(11, 14, "Old")], "rewritten"),
        ([(15, 15, "and ")], "rewritten"),
        ([(11, 19, "it")], "rewritten"),
        ([(10, 11, "")], "joined"),
        ([(19, 20, "")], "joined"),
        ([(3, 19, "York New visited")], "apart"),
        ([(3, 14, "New visited")], "apart"),
        ([(15, 25, "today York")], "apart"),
        ([(0, 26, "Today he was in town.")], "rewritten"),
    ],
)
def test_a_mention_is_lost_for_a_reason(changes, reason):
    assert in_variant(TEXT, ["New York"], *changes) == reason
    assert reason in REASONS


def test_mentions_keep_their_order_or_are_lost():
    text, both = "John met Mary.", ["John", "Mary"]
    assert in_variant(text, both, (0, 13, "John has seen Mary")) == both
    assert in_variant(text, both, (0, 13, "Mary met John")) == "reordered"


def test_one_that_stands_twice_is_found_by_the_words_around_it():
    text = "Paris is Paris."
    assert in_variant(text, ["Paris", "Paris"], (0, 15, "Paris was Paris.")) == ["Paris"] * 2
    assert in_variant(text, ["Paris"], (0, 15, "Oh, it was Paris.")) == "rewritten"


def test_scripts_without_spaces_have_words_of_one_letter():
    text = "我去巴黎了"
    assert in_variant(text, ["巴黎"], (1, 2, "在")) == ["巴黎"]
    assert in_variant(text, ["巴黎"], (1, 4, "")) == "deleted"
    assert in_variant(text, ["巴黎"], (3, 4, "")) == "cut"
    assert in_variant(text, ["巴黎"], (2, 4, "北京")) == "rewritten"
    assert in_variant("他说，巴黎", ["巴黎"], (2, 3, "")) == ["巴黎"]  # runs into no word


def test_a_mention_within_a_word_stays_within_it():
    assert in_variant("Frankreichs Wein", ["Frankreich"], (12, 16, "Weine")) == ["Frankreich"]
    assert in_variant("Frankreichs Wein", ["Frankreich"], (11, 12, "")) == ["Frankreich"]


def test_marks_that_come_onto_a_mention_do_not_stay_outside_of_it():
    assert in_variant("Zoe \u0301 left", ["Zoe"], (3, 4, "")) == "joined"


def test_a_value_of_the_column_is_carried_and_other_labels_stay():
    label = [{"start": 11, "end": 19, "label": 2}]
    moved = [{"start": 12, "end": 20, "label": 2}]
    assert carried(label, TEXT, [(0, 2, "She")]) == moved
    assert carried(label, TEXT, [(10, 19, "")]) == Lost("deleted")
    assert carried(label, TEXT, []) == label
    for other in (3, [0, 2], [], 0.5, [0.5, None]):
        assert carried(other, TEXT, [(10, 19, "")]) == other


def test_a_task_carries_over_what_is_a_label_of_its_own():
    label, edits = [{"start": 11, "end": 19, "label": 0}], [(10, 19, "")]
    spans, single = (
        TypeAdapter(AnyTask).validate_python({"kind": kind}) for kind in ("spans", "single")
    )
    assert spans.project(label, TEXT, edits) == Lost("deleted")
    assert single.project(1, TEXT, edits) == 1
    assert (spans.losses, single.losses) == (tuple(REASONS), ())


letters = st.text("ab ,é国", max_size=12)


@st.composite
def texts_with_mentions_and_changes(draw):
    text = draw(letters)
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    spans = [Span(start, end, 0) for start, end in zip(cuts[::2], cuts[1::2], strict=False)]
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
    changes = [
        (start, end, draw(letters)) for start, end in zip(cuts[::2], cuts[1::2], strict=False)
    ]
    return text, spans, changes


@given(texts_with_mentions_and_changes())
def test_whatever_the_changes_mentions_are_within_the_variant_apart_and_spelt_alike(case):
    text, spans, changes = case
    found = project(text, spans, changes)
    if isinstance(found, Lost):
        assert found.reason in REASONS
        return
    variant = applied(text, changes)
    assert len(found) == len(spans)
    assert all(0 <= start < end <= len(variant) for start, end, _ in found)
    assert all(before.end <= after.start for before, after in pairwise(found))
    for old, new in zip(spans, found, strict=True):
        before, after = (
            {letter for word in words_of(one) for letter in word if letter.isalpha()}
            for one in (text[old.start : old.end], variant[new.start : new.end])
        )
        assert bool(before) == bool(after)


@given(texts_with_mentions_and_changes())
def test_changes_outside_of_all_mentions_leave_what_stands_there(case):
    text, spans, changes = case
    outside = [
        (start, end, new)
        for start, end, new in changes
        if not any(start <= span.end and span.start <= end for span in spans)
    ]
    found = project(text, spans, outside)
    variant = applied(text, outside)
    assert [variant[a:b] for a, b, _ in found] == [text[a:b] for a, b, _ in spans]

import pyarrow as pa
import pytest
from pydantic import ValidationError

from mashbill.transforms.filters.length import Length
from mashbill.transforms.stage import FilterRows
from tests.transforms.batches import sources, with_variants

BATCH = with_variants(
    sources("one two three four", "five"), {"one two three four": ["one", "one two three four six"]}
)


def left(batch, of_sources=False, **bounds):
    stage = FilterRows("cut", drops_sources=of_sources)
    stage.filters = (Length(**bounds),)
    outcome = stage.outcome(batch)
    dropped = {
        k.removeprefix("dropped/"): v for k, v in outcome.counts.items() if k.startswith("dropped/")
    }
    assert outcome.counts["in"] == outcome.counts["out"] + sum(dropped.values())
    return outcome.batch["text"].to_pylist(), {why: rows for why, rows in dropped.items() if rows}


@pytest.mark.parametrize(
    ("bounds", "gone", "why"),
    [
        ({"minimum": 2}, "one", "too_short"),
        ({"maximum": 4}, "one two three four six", "too_long"),
        ({"maximum": 20, "unit": "characters"}, "one two three four six", "too_long"),
        ({"min_ratio": 0.5}, "one", "too_short_for_source"),
        ({"max_ratio": 1.2}, "one two three four six", "too_long_for_source"),
    ],
)
def test_a_variant_out_of_bounds_goes_and_sources_stay(bounds, gone, why):
    texts, dropped = left(BATCH, **bounds)
    assert set(BATCH["text"].to_pylist()) - set(texts) == {gone}
    assert dropped == {why: 1}


def test_sources_go_before_they_are_augmented():
    texts, dropped = left(sources("one two", "three"), of_sources=True, minimum=2)
    assert texts == ["one two"]
    assert dropped == {"too_short": 1}


def test_other_splits_stay_unless_they_are_named():
    held_out = sources("one", split="test")
    assert left(held_out, of_sources=True, minimum=2)[0] == ["one"]
    assert left(held_out, of_sources=True, minimum=2, splits=["test"])[0] == []


def test_a_pair_has_the_length_of_both_texts():
    pair = sources("one two")
    pair = pair.set_column(
        pair.schema.get_field_index("text_pair"), "text_pair", pa.array(["three"])
    )
    assert left(pair, of_sources=True, minimum=3)[0] == ["one two"]
    assert left(pair, of_sources=True, minimum=4)[0] == []


@pytest.mark.parametrize(
    "bounds",
    [
        {},
        {"minimum": 3, "maximum": 2},
        {"min_ratio": 2, "max_ratio": 1},
        {"of": "sources", "max_ratio": 2},
    ],
)
def test_bounds_that_make_no_sense_are_refused(bounds):
    with pytest.raises(ValidationError):
        Length(**bounds)

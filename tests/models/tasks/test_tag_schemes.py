import pytest
from hypothesis import given
from hypothesis import strategies as st

from mashbill.models.tasks.tag_schemes import BadTag, entities_in, scheme_of

ENTITIES = [(0, 1, "PER"), (2, 4, "LOC"), (4, 5, "LOC")]
WRITTEN = {
    "iob1": "I-PER O I-LOC I-LOC B-LOC O",
    "iob2": "B-PER O B-LOC I-LOC B-LOC O",
    "iobes": "S-PER O B-LOC E-LOC S-LOC O",
}


@pytest.mark.parametrize("scheme", WRITTEN)
def test_each_scheme_says_the_same(scheme):
    tags = WRITTEN[scheme].split()
    assert entities_in(tags, scheme) == ENTITIES
    assert scheme_of([["O"], tags]) == scheme


def test_other_letters_for_iobes():
    for tags in ("U-PER O B-LOC L-LOC U-LOC O", "S-PER O B-LOC E-LOC S-LOC O"):
        assert entities_in(tags.split(), "iobes") == ENTITIES
        assert entities_in(tags.split(), "auto") == ENTITIES
        assert scheme_of([tags.split()]) == "iobes"
    assert entities_in(["B-PER", "M-PER", "E-PER"], "iobes") == [(0, 3, "PER")]


@pytest.mark.parametrize(
    ("scheme", "tags", "said"),
    [
        ("iob2", "O I-PER", "word 2: I-PER after O: in IOB2 an entity begins with B-"),
        ("iob2", "B-LOC I-PER", "word 2: I-PER after B-LOC: in IOB2 an entity begins with B-"),
        ("iob1", "O B-PER", "word 2: B-PER after O: in IOB1 only one after another"),
        ("iob2", "B-PER E-PER", "word 2: E-PER belongs to IOBES, not to IOB2"),
        ("iobes", "B-PER O", "word 1: B-PER before O: in IOBES an entity ends with E-"),
        ("iobes", "S-PER I-PER", "word 2: I-PER after S-PER: in IOBES an entity begins"),
        ("iob2", "O X-PER", "word 2: 'X-PER' is not a tag"),
        ("iob2", "PER", "word 1: 'PER' is not a tag"),
        ("iob2", "B-", "word 1: 'B-' is not a tag"),
    ],
)
def test_a_tag_where_its_scheme_has_none(scheme, tags, said):
    with pytest.raises(BadTag) as error:
        entities_in(tags.split(), scheme)
    assert str(error.value).startswith(said)
    assert error.value.word == int(said[5]) - 1


def test_a_file_with_a_slip_is_still_in_its_scheme():
    assert scheme_of([["B-PER", "I-PER", "O", "I-LOC"]]) == "iob2"
    assert scheme_of([["I-PER", "O"], ["I-LOC", "B-LOC"]]) == "iob1"
    assert scheme_of([["O", "O"], []]) == "iob2"


def written(entities, words, scheme):
    """The tags of entities, (first, last, type)."""
    tags = ["O"] * words
    for place, (first, last, kind) in enumerate(entities):
        follows = place and entities[place - 1][1:] == (first, kind)
        for word in range(first, last):
            tags[word] = f"I-{kind}"
        if scheme != "iob1" or follows:
            tags[first] = f"B-{kind}"
        if scheme == "iobes":
            tags[last - 1] = f"{'S' if last - first == 1 else 'E'}-{kind}"
    return tags


@given(st.data(), st.sampled_from(sorted(WRITTEN)))
def test_what_is_written_is_read(data, scheme):
    cuts = sorted(data.draw(st.sets(st.integers(0, 12))))
    kinds = data.draw(st.lists(st.sampled_from("AB"), min_size=12, max_size=12))
    entities = [
        (first, last, kind)
        for first, last, kind in zip(cuts, cuts[1:], kinds, strict=False)
        if data.draw(st.booleans())
    ]
    assert entities_in(written(entities, 12, scheme), scheme) == entities

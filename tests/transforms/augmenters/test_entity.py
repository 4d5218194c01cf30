"""Named entities that become others."""

import json

import pytest

from mashbill.models.errors import MashbillError
from mashbill.transforms.augmenters.entity import Replace, SwapContext, cased
from mashbill.transforms.augmenters.labels import label_of
from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.augmenters.statistics import Statistics

TYPES = ("PER", "LOC")
TEXTS = [
    "Ann flew to Rome.",
    "An Olympian met a Dane in Oslo; the Dane left Oslo.",
    "PETER IN LONDON",
    "nobody anywhere",
]
NAMES = [
    [("Ann", 0), ("Rome", 1)],
    [("Olympian", 0), ("Dane", 0), ("Oslo", 1), ("Dane", 0), ("Oslo", 1)],
    [("PETER", 0), ("LONDON", 1)],
    [],
]


def label(text, names):
    spans, place = [], 0
    for name, kind in names:
        start = text.index(name, place)
        place = start + len(name)
        spans.append({"start": start, "end": place, "label": kind})
    return spans


LABELS = [label(text, names) for text, names in zip(TEXTS, NAMES, strict=True)]
STATISTICS = Statistics.of(TEXTS, labels=LABELS, types=TYPES)


def variants(augmenter, row, seeds=range(40)):
    """Texts, and what stands under their entities."""
    made = augmenter.variants(Request([TEXTS[row]] * len(seeds), seeds, [LABELS[row]] * len(seeds)))
    for variant in made:
        found = label_of(variant, TEXTS[row], LABELS[row])
        assert [one["label"] for one in found] == [one["label"] for one in LABELS[row]]
        yield variant.text, [variant.text[one["start"] : one["end"]] for one in found]


@pytest.fixture
def replace():
    return Replace(rate=1.0).with_statistics(STATISTICS)


def test_mentions_become_others_of_their_type(replace):
    people, places = {"Ann", "Olympian", "Dane"}, {"Rome", "Oslo"}
    for text, (person, place) in variants(replace, 0):
        assert text == f"{person} flew to {place}."
        assert person in people - {"Ann"}
        assert place in places - {"Rome"}


def test_a_mention_that_comes_again_becomes_the_same_and_articles_follow(replace):
    seen = set()
    for text, (first, second, place, again, there) in variants(replace, 1):
        assert (second, place) == (again, there)
        assert text.startswith(f"{'An' if first[0] in 'AO' else 'A'} {first} met ")
        assert f" met {'an' if second[0] in 'AO' else 'a'} {second} in " in text
        seen.add((first, second))
    assert len(seen) > 1


def test_some_are_replaced_by_rate_and_a_text_without_any_stays(replace):
    some = replace.model_copy(update={"rate": 0.3})
    numbers = {
        sum(new != old for new, (old, _) in zip(found, NAMES[0], strict=True))
        for _, found in variants(some, 0)
    }
    assert numbers == {1, 2}
    assert [text for text, _ in variants(replace, 3, [1])] == [TEXTS[3]]
    assert replace.variants_batch(Request([TEXTS[0]], [1])) == [TEXTS[0]]


@pytest.mark.parametrize(
    ("name", "old", "text", "new"),
    [
        ("Rome", "LONDON", "Ann in LONDON", "ROME"),
        ("Rome", "USA", "USA TODAY", "ROME"),
        ("Rome", "USA", "Ann in the USA", "Rome"),
        ("EU", "London", "Ann in London", "EU"),
        ("Rome", "london", "ann in london", "rome"),
    ],
)
def test_casing_follows_what_is_replaced(name, old, text, new):
    assert cased(name, old, text) == new


def test_shouted_names_are_drawn_only_where_there_are_no_others(replace):
    names = {name for row in (0, 1) for _, found in variants(replace, row) for name in found}
    assert not names & {"PETER", "LONDON"}
    alone = Statistics.of(TEXTS[2:3], labels=LABELS[2:3], types=TYPES)
    (found,) = (found for _, found in variants(Replace(rate=1.0).with_statistics(alone), 0, [1]))
    assert found == ["PETER", "LONDON"]


@pytest.mark.parametrize("as_json", [False, True])
def test_a_gazetteer_gives_the_names_of_its_types(tmp_path, as_json):
    file = tmp_path / "names"
    rows = [("LOC", "Bad Aibling"), ("LOC", "Ulm")]
    lines = [
        json.dumps({"label": kind, "text": name}) if as_json else f"{kind}\t{name}"
        for kind, name in rows
    ]
    file.write_text("\n".join([*lines, ""]))
    own = build({"use": "entity.replace", "rate": 1.0, "gazetteer": str(file)})
    own = own.with_statistics(STATISTICS)
    found = [names for _, names in variants(own, 0)]
    assert {place for _, place in found} == {"Bad Aibling", "Ulm"}
    assert {person for person, _ in found} <= {"Olympian", "Dane"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("LOC Ulm\n", "line 1: expected a type, a tab and a name"),
        ('LOC\tUlm\n{"label": "LOC"}\n', "line 2: expected a type, a tab and a name"),
        ("\n", "it holds no names"),
        ("CITY\tUlm\n", "'CITY' is none of the labels: PER, LOC"),
    ],
)
def test_a_gazetteer_that_is_none_is_an_error_with_its_line(tmp_path, content, said):
    file = tmp_path / "names"
    file.write_text(content)
    with pytest.raises(MashbillError, match=said) as error:
        Replace(gazetteer=str(file)).with_statistics(STATISTICS)
    assert str(file) in str(error.value)


def test_a_gazetteer_that_is_not_there_is_an_error_before_the_first_text(tmp_path):
    with pytest.raises(MashbillError, match="nowhere: No such file"):
        Replace(gazetteer=str(tmp_path / "nowhere")).load()


def test_a_corpus_without_entities_has_nothing_to_draw_from():
    for kind in (Replace, SwapContext):
        with pytest.raises(MashbillError, match="no text of the train split has a named entity"):
            kind().with_statistics(Statistics.of(["a film"]))
        with pytest.raises(MashbillError, match="needs the statistics"):
            kind().augment_batch(Request([TEXTS[0]], [1], [LABELS[0]]))


def test_swapped_contexts_keep_the_company_of_names():
    swap = SwapContext().with_statistics(STATISTICS)
    assert {tuple(found) for _, found in variants(swap, 0)} == {
        ("Olympian", "Oslo"),
        ("PETER", "LONDON"),
    }
    for text, found in variants(swap, 1):
        assert found in (
            ["Ann", "Dane", "Rome", "Dane", "Rome"],
            ["PETER", "Dane", "LONDON", "Dane", "LONDON"],
        )
        assert text.startswith(f"{'An' if found[0] == 'Ann' else 'A'} {found[0]} met a Dane in ")


def test_a_chain_goes_on_with_the_new_names():
    parts = [{"use": "entity.replace", "rate": 1.0}, {"use": "edit.duplicate", "rate": 0.3}]
    chain = build({"use": "chain", "of": parts}).with_statistics(STATISTICS)
    found = [names for _, names in variants(chain, 0)]
    assert any(person.split() == ["Dane", "Dane"] for person, _ in found)
    assert all(person.split()[0] in {"Olympian", "Dane"} for person, _ in found)

import pytest

from mashbill.models.tasks.names import BadLabel
from mashbill.models.tasks.span_parser import SpanParser, check_spans
from mashbill.models.tasks.tag_schemes import BadTag

TYPES = ("PER", "LOC")
JOHN = {"start": 0, "end": 4, "label": 0}


@pytest.mark.parametrize(
    "span",
    [
        {"start": 0, "end": 4, "label": "PER"},
        {"start": 0, "end": 4, "label": 0, "text": "John"},
        [0, 4, "PER"],  # spaCy, and Doccano's older export
        {"id": 7, "start_offset": 0, "end_offset": 4, "label": "PER"},  # Doccano
        {"start": 0, "end": 4, "entity_group": "PER", "score": 0.9},  # transformers
    ],
)
def test_spans_as_tools_write_them(span):
    assert SpanParser(TYPES)([span]) == [JOHN]


def test_spans_are_sorted_and_none_are_no_label_only_where_the_field_is_null():
    parse = SpanParser(TYPES)
    assert parse([[9, 12, "LOC"], [0, 4, "PER"]]) == [JOHN, {"start": 9, "end": 12, "label": 1}]
    assert parse([]) == []
    assert parse(None) is None
    assert SpanParser(TYPES, ["LOC", "PER"])([[0, 4, 1]]) == [JOHN]  # as the file numbers them


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("PER", "the label is str, not a list of spans"),
        ([[0, 4]], "[0, 4] is not a span: it needs start, end and label"),
        ([{"start": 1, "label": "PER"}], "is not a span: it needs start, end and label"),
        ([[0, 4, "PRE"]], "label 'PRE' is not in labels (did you mean 'PER'?)"),
        ([[0, 4, None]], "the span 0-4 has no label"),
        ([[0, 4.5, "PER"]], "start and end are whole numbers, in characters"),
        ([[-1, 4, "PER"]], "the span -1-4 begins before the text"),
        ([[4, 4, "PER"]], "the span 4-4 is empty"),
        ([[5, 4, "PER"]], "the span 5-4 is reversed"),
        ([[0, 4, "PER"], [2, 6, "LOC"]], "the spans 0-4 and 2-6 overlap"),
        ([[0, 9, "PER"], [2, 6, "LOC"]], "the spans 0-9 and 2-6 are nested"),
        ([[0, 4, "PER"], [0, 9, "LOC"]], "the spans 0-4 and 0-9 are nested"),
        ([[0, 4, "PER"], [0, 4, "PER"]], "the spans 0-4 and 0-4 are the same"),
    ],
)
def test_what_is_no_span(value, said):
    with pytest.raises(BadLabel) as error:
        SpanParser(TYPES)(value)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("text", "start", "end", "said"),
    [
        ("John", 0, 5, "the span 0-5 ends after the 4 characters"),
        (
            "Zoë in Köln",
            8,
            13,
            "the span 8-13 ends after the 11 characters; in bytes it would be 'Köln': offsets "
            "count characters",
        ),
        ("Zoë in Rome", 3, 6, "the span 3-6, ' in', begins or ends with white space"),
        ("Zoë in Rome or", 8, 12, "'ome ', begins or ends with white space; in bytes it would be"),
        ("Zoë in Romes", 8, 12, "the span 8-12, 'omes', splits a word"),
        ("nai\u0308ve", 0, 3, "splits a character that is made of several code points"),
        ("👩‍👧 Ann", 0, 1, "splits a character that is made of several code points"),
    ],
)
def test_spans_that_do_not_fit_their_text(text, start, end, said):
    if said.endswith("splits a word"):
        text = text[:-1] + "-s"  # in bytes 'Rome' would be whole
        start, end, said = (
            8,
            12,
            "the span 8-12, 'ome-', splits a word; in bytes it would be 'Rome'",
        )
    with pytest.raises(BadLabel) as error:
        check_spans([{"start": start, "end": end, "label": 0}], text)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("text", "mention"),
    [
        ("Frankreichs Wein", "Frankreich"),
        ("Zoë in Köln", "Köln"),
        ("去巴黎了", "巴黎"),
        ("a\r\nb", "b"),
    ],
)
def test_spans_that_fit(text, mention):
    start = text.index(mention)
    check_spans([{"start": start, "end": start + len(mention), "label": 0}], text)


BOUNDS = [(0, 4), (5, 7), (8, 12)]


def test_tags_by_name_by_number_and_by_the_names_of_the_file():
    named = SpanParser(TYPES).of_words(["B-PER", "O", "B-LOC"], BOUNDS)
    assert named == [JOHN, {"start": 8, "end": 12, "label": 1}]
    assert SpanParser(TYPES).of_words([1, 0, 3], BOUNDS) == named
    of_file = SpanParser(TYPES, ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"])
    assert of_file.of_words([3, 0, 1], BOUNDS) == named
    assert SpanParser(TYPES).of_words(None, BOUNDS) is None


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        (["O", "O"], "3 words, but 2 tags"),
        (["O", "B-PRE", "O"], "word 2: label 'PRE' is not in labels (did you mean 'PER'?)"),
        (["O", None, "O"], "word 2: the tag is null"),
        ([0, 9, 0], "word 2: 9 is not one of the 5 tags"),
        ("O O O", "the label is str, not a list of tags"),
    ],
)
def test_tags_that_say_nothing(tags, said):
    with pytest.raises(BadLabel) as error:
        SpanParser(TYPES).of_words(tags, BOUNDS)
    assert said in str(error.value)
    assert isinstance(error.value, BadTag) == said.startswith("word")

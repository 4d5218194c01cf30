import apache_beam as beam
import pyarrow as pa
from apache_beam.testing.util import assert_that, equal_to

from mashbill.transforms.augmenters.statistics import Statistics
from mashbill.transforms.statistics import CorpusStatistics

TEXTS = ["A good film.", "A bad film, a dull one", "Good"]
EXPECTED = Statistics(
    3,
    {"a": 3, "film": 2, "good": 2, "bad": 1, "dull": 1, "one": 1},
    {"a": 2, "film": 2, "good": 2, "bad": 1, "dull": 1, "one": 1},
)


def batch(texts):
    return pa.RecordBatch.from_pydict({"text": texts})


def test_one_combine_counts_words_and_documents():
    assert Statistics.of(TEXTS) == EXPECTED
    with beam.Pipeline("FnApiRunner") as pipeline:
        batches = pipeline | beam.Create([batch(TEXTS[:1]), batch(TEXTS[1:])])
        assert_that(batches | beam.CombineGlobally(CorpusStatistics()), equal_to([EXPECTED]))


def test_how_texts_are_spread_over_workers_makes_no_difference():
    combine = CorpusStatistics()
    parts = [combine.add_input(combine.create_accumulator(), batch([text])) for text in TEXTS[::-1]]
    assert combine.extract_output(combine.merge_accumulators(parts)) == EXPECTED


def test_the_second_text_of_a_pair_counts():
    pairs = pa.RecordBatch.from_pydict({"text": ["a", "b"], "text_pair": ["b", None]})
    combine = CorpusStatistics()
    found = combine.extract_output(combine.add_input(combine.create_accumulator(), pairs))
    assert (found.documents, found.counts) == (3, {"b": 2, "a": 1})


def test_only_the_most_frequent_words_are_kept():
    assert list(Statistics.of(TEXTS, limit=2).counts) == ["a", "film"]


ENTITIES = pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.int16())]))


def test_names_are_those_of_the_train_split():
    ann = {"start": 0, "end": 3, "label": 0}
    rows = [("Ann left", "train", [ann]), ("Bob left", "test", [ann]), ("who?", "train", None)]
    combine = CorpusStatistics(types=["PER"])
    parts = []
    for text, split, label in [*rows, ("Ann came", "train", [ann])]:
        columns = {"text": [text], "split": [split], "label": pa.array([label], ENTITIES)}
        some = pa.RecordBatch.from_pydict(columns)
        parts.append(combine.add_input(combine.create_accumulator(), some))
    mentions = combine.extract_output(combine.merge_accumulators(parts)).mentions
    assert (mentions.types, mentions.companies) == (("PER",), (((0, "Ann"),),))

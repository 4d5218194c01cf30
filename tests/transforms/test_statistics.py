from dataclasses import replace

import apache_beam as beam
import pyarrow as pa
from apache_beam.testing.util import assert_that, equal_to

from mashbill.transforms.augmenters.statistics import Statistics
from mashbill.transforms.examples import source_id_of
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
    assert replace(Statistics.of(TEXTS), shown=()) == EXPECTED
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
        columns["source_id"] = [source_id_of(text)]
        some = pa.RecordBatch.from_pydict(columns)
        parts.append(combine.add_input(combine.create_accumulator(), some))
    mentions = combine.extract_output(combine.merge_accumulators(parts)).mentions
    assert (mentions.types, mentions.companies) == (("PER",), (((0, "Ann"),),))


def test_the_texts_that_prompts_show_are_some_of_the_train_split_in_whatever_order():
    rows = [(f"text {i}", "train" if i % 3 else "test", i % 2) for i in range(2000)]

    def shown(rows, size):
        combine = CorpusStatistics()
        parts = []
        for first in range(0, len(rows), size):
            texts, splits, labels = zip(*rows[first : first + size], strict=True)
            columns = {"text": texts, "split": splits, "label": labels}
            columns["source_id"] = list(map(source_id_of, texts))
            some = pa.RecordBatch.from_pydict(columns)
            parts.append(combine.add_input(combine.create_accumulator(), some))
        return combine.extract_output(combine.merge_accumulators(parts)).shown

    found = shown(rows, 300)
    assert found == shown(rows[::-1], 77)
    assert len(found) == 512
    train = {(text, label) for text, split, label in rows if split == "train"}
    assert {(one.text, one.label) for one in found} < train
    assert [one.text for one in found[:3]] != ["text 1", "text 2", "text 4"]


def test_a_text_that_is_too_long_is_not_shown():
    found = Statistics.of(["short", "long " * 500], labels=[0, 1]).shown
    assert [(one.text, one.label) for one in found] == [("short", 0)]

import numpy as np
import pytest
from seqeval.metrics import f1_score, precision_score, recall_score
from seqeval.scheme import IOB2

from mashbill.models.metrics import softmax
from mashbill.models.significance import interval
from mashbill.models.tasks import entity_figures as figures
from mashbill.models.tasks.iob import decode, tag_names

TYPES = ("PER", "ORG", "LOC")
NAMES = np.array(tag_names(TYPES))


@pytest.fixture(scope="module")
def rows():
    """Scores, answers and gold tags of texts of 1 to 12 words; half of the answers are right."""
    draw = np.random.default_rng(0)
    lengths = draw.integers(1, 13, 60)
    gold = [decode(draw.normal(size=(words, 7))) for words in lengths]
    scores = [draw.normal(size=(len(row), 7)) + 2 * np.eye(7)[row] for row in gold]
    return [softmax(row) for row in scores], [decode(row) for row in scores], gold


def spelt(rows):
    return [NAMES[row].tolist() for row in rows]


@pytest.mark.parametrize("chosen", [np.arange(60), np.array([3, 3, 7]), np.array([5])])
def test_figures_of_any_rows_are_those_of_seqeval(rows, chosen):
    scores, answers, gold = rows
    found = figures.Tallies(scores, answers, gold, len(TYPES)).figures(chosen)
    pair = spelt(gold[i] for i in chosen), spelt(answers[i] for i in chosen)
    strict = {"mode": "strict", "scheme": IOB2, "zero_division": 0}
    assert found["f1"] == pytest.approx(f1_score(*pair, **strict))
    assert found["precision"] == pytest.approx(precision_score(*pair, **strict))
    assert found["recall"] == pytest.approx(recall_score(*pair, **strict))
    assert found["macro_f1"] == pytest.approx(f1_score(*pair, average="macro", **strict))


def test_the_mean_over_rows_is_f1_and_its_interval_that_of_resampled_rows(rows):
    counts = figures.counts(rows[1], rows[2])
    assert counts.rows().mean() == pytest.approx(counts.f1())
    found, draw = interval(counts.rows()), np.random.default_rng(1)
    drawn = [figures.Counts(*(column[rows_] for column in counts)).f1()
             for rows_ in draw.integers(0, 60, (2000, 60))]  # fmt: skip
    assert [found.low, found.high] == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.02)


def test_of_nothing_f1_is_0_as_for_seqeval():
    none = [np.zeros(3, np.int16)]
    assert figures.counts(none, none).f1() == 0
    assert figures.counts(none, none).rows().tolist() == [0]
    assert figures.by_seqeval(none, none, NAMES)["micro"]["f1"] == 0
    assert figures.f1_of(set(), set()) == 1  # two answers that say the same


def test_a_gold_entity_counts_once_by_what_is_made_of_it():
    #        exact  type   bounds   both    missed  -    invented
    gold = [1, 0,  1, 0,  1, 2, 0,  1, 2, 0,  1, 0,  0]  # fmt: skip
    said = [1, 0,  3, 0,  1, 0, 0,  0, 3, 0,  0, 0,  5]  # fmt: skip
    pair = [np.array(said)], [np.array(gold)]
    assert figures.matches(*pair) == figures.Matches(1, 1, 1, 1, 1, 1)
    assert figures.confusion(*pair, 3).tolist() == [
        [2, 2, 0, 1],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
        [0, 0, 1, 0],
    ]
    scores = [np.full((13, 7), 1 / 7)]
    half = figures.Tallies(scores, *pair, 3).figures(np.array([0]))["partial_f1"]
    assert half == pytest.approx((2 * 1 + 1) / (5 + 5))

import pytest

from mashbill.pipelines.samples import sample_rejects, sample_sources
from mashbill.transforms.examples import SPLITS
from tests.pipelines.finished import HOSTILE, RUN, finished


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return str(finished(tmp_path_factory.mktemp("out")))


def test_sources_come_from_the_augmented_splits_with_their_variants(out):
    sample = sample_sources(out, RUN, 20, ["train"])
    assert len({rows[0]["source_id"] for rows in sample}) == 20
    for source, variant in sample:
        assert (source["augmenter"], variant["augmenter"]) == ("none", "test.made")
        assert variant["source_id"] == source["source_id"]
        assert source["split"] == "train"


def test_another_seed_draws_another_sample_and_the_same_seed_the_same(out):
    def drawn(seed):
        return [
            rows[0]["text"] for rows in sample_sources(out, {**RUN, "seed": seed}, 10, ["train"])
        ]

    assert drawn(7) == drawn(7)
    assert len({tuple(drawn(seed)) for seed in range(5)}) > 1


@pytest.mark.parametrize("seed", range(5))
def test_a_sample_larger_than_the_data_is_all_of_it(out, seed):
    assert len(sample_sources(out, {**RUN, "seed": seed}, 99, ["train"])) == 31


def test_without_augmentation_every_split_is_sampled(out):
    sample = sample_sources(out, RUN, 99, SPLITS)
    assert len(sample) == 33


def test_a_few_rejects_of_each_reason(out):
    (kind,) = sample_rejects(out, RUN)
    assert (kind.stage, kind.reason, kind.rows) == ("read", f"broken {HOSTILE}", 5)
    assert kind.samples == [({"file": HOSTILE, "line": i}, {"line": HOSTILE}) for i in range(3)]
    assert sample_rejects(out, {}) == []

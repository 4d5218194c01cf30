"""What a finished run is measured by."""

import pytest

from mashbill.pipelines.gate import lossy_corpora, missing, warnings

RECIPE = {"corpus": [{"name": "news"}], "splits": {"train": 0.8}, "output": {"path": "out"}}


def test_rejects_of_reading_and_deduplication_are_one_share_of_a_corpus():
    counts = {
        "read": {
            "by_corpus": {
                "good": {"rows": 1000, "rejected": 10},
                "poor": {"rows": 1000, "rejected": 5},
                "empty": {"rows": 0},
            }
        },
        "deduplicate": {"by_corpus": {"poor": {"in": 995, "rejected": 6}}},
    }
    assert list(lossy_corpora({"counts": counts}, 0.01)) == [
        "poor: 11 of 1000 rows (1.1%) are rejects"
    ]
    assert list(lossy_corpora({"counts": counts}, 0.02)) == []


@pytest.mark.parametrize("stage", ["similarity", "annotate", "a stage to come"])
def test_every_later_stage_is_measured_by_the_rows_that_came_to_it(stage):
    found = {"news": {"in": 40, "rejected": 40}, "tweets": {"in": 1000, "rejected": 1}}
    run = {"counts": {"read": {}, stage: {"in": 1040, "by_corpus": found}}}
    assert list(lossy_corpora(run, 0.01)) == [f"news: {stage}: 40 of 40 rows (100.0%) are rejects"]


def test_augmentation_is_measured_by_the_variants_asked_for():
    found = {"news": {"in": 1000, "requested": 20, "rejected": 5}}
    run = {"counts": {"read": {}, "augment": {"requested": 20, "by_corpus": found}}}
    assert list(lossy_corpora(run, 0.2)) == ["news: augment: 5 of 20 variants (25.0%) are rejects"]


def counts(written=(), **augment):
    lost = {"annotate": {"in": 40, "rejected": 40, "out": 0}} if not written else {}
    rows = {"by_augmenter": {name: {"rows": number} for name, number in written}}
    return {
        "read": {"rows": 40, "out": 40},
        **({"augment": augment} if augment else {}),
        **lost,
        "write": {**({"train": 1} if written else {}), **rows},
    }


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, True),
        ({"corpus": [{"name": "news", "split": "test"}]}, False),
        ({"corpus": [{"name": "news", "split": "train"}], "splits": {"train": 0.0}}, True),
        ({"splits": {"train": 0.0}}, False),
        ({"output": {"path": "out/rounds/2", "adds_to": "out"}}, False),
    ],
)
def test_a_run_without_a_row_of_train_says_where_they_went(changes, wanted):
    run = {"counts": counts(), "recipe": {**RECIPE, **changes}}
    line = "no train row was written: 40 rows read; lost: annotate rejected 40"
    assert list(missing(run)) == ([line] if wanted else [])
    assert not list(missing({**run, "counts": counts([("none", 1)])}))


def test_a_run_without_a_variant_says_where_they_went():
    asked = {"requested": 24, "exhausted": 24, "by_augmenter": {"contraction": {"drawn": 24}}}
    run = {"counts": counts([("none", 40)], **asked), "recipe": RECIPE}
    assert list(missing(run)) == [
        "no variant was written, though 24 were requested: 40 rows read; lost: augment exhausted 24"
    ]
    made = {"by_augmenter": {"contraction": {"drawn": 24, "variants": 1}}, "requested": 24}
    run["counts"] = counts([("none", 40), ("contraction", 1)], **made)
    assert not list(missing(run))


def test_an_augmenter_that_loses_most_of_its_variants_is_named_with_the_numbers():
    found = {
        "contraction": {"drawn": 5676, "variants": 300, "exhausted": 5370, "held_out": 6},
        "edit.swap": {"drawn": 100, "variants": 100},
        "typo.keyboard": {"drawn": 100, "variants": 100},
    }
    written = [("contraction", 292), ("edit.swap", 50), ("typo.keyboard", 49)]
    assert list(warnings(counts(written, by_augmenter=found))) == [
        "contraction: 292 of its 5,676 draws gave a row; "
        "lost: exhausted 5,370, held_out 6, later stages 8",
        "typo.keyboard: 49 of its 100 draws gave a row; lost: later stages 51",
    ]


@pytest.mark.parametrize(("cut", "said"), [(0, False), (4, False), (5, True)])
def test_texts_that_go_on_beyond_the_window_are_said_from_one_in_a_hundred_on(cut, said):
    found = {"deduplicate": {"out": 500}, "annotate": {"truncated": cut}}
    lines = list(warnings({**counts(), **found}))
    assert bool(lines) == said
    if said:
        assert "only the beginning of 5 of 500 source examples (1.0%)" in lines[0]

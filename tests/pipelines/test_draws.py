from mashbill.pipelines.draws import Draws, draws, kept_shares

FILLER = {"drawn": 6, "variants": 4, "label_lost": {"cut": 2}}
COUNTS = {
    "read": {"rows": 9},
    "augment": {"by_augmenter": {"typo": {"drawn": 8, "variants": 5, "exhausted": 3}}},
    "augment_model": {"by_augmenter": {"typo": {"drawn": 2, "variants": 2}, "filler": FILLER}},
    "similarity": {
        "by_augmenter": {
            "none": {"in": 9},
            "typo": {"in": 7, "dropped": {"min_similarity": 1}},
            "filler": {"in": 4, "dropped": {"min_similarity": 4}},
        }
    },
    "teacher_filter": {
        "by_augmenter": {
            "none": {"in": 9},
            "typo": {"in": 6, "judged": 6, "label_kept": 3, "dropped": {"teacher_agrees": 3}},
        }
    },
    "write": {"by_augmenter": {"none": {"rows": 9}, "typo": {"rows": 3}}},
}


def test_draws_of_all_stages_are_brought_together():
    assert draws(COUNTS) == {
        "typo": Draws(10, {"exhausted": 3}, 7, {"min_similarity": 1, "teacher_agrees": 3}, 6, 3, 3),
        "filler": Draws(6, {"label_lost/cut": 2}, 4, {"min_similarity": 4}, 0, 0, 0),
    }


def test_labels_kept_are_of_what_the_teacher_saw_and_not_of_what_it_left():
    assert kept_shares(draws(COUNTS)) == {"typo": "50.0 % (18.8–81.2)"}

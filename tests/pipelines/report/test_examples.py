from mashbill.models.tasks.registry import single
from mashbill.pipelines.report.examples import (
    LETTERS_SHOWN,
    LONGEST_SHOWN,
    difference,
    examples,
    soft_label,
)
from mashbill.transforms.augmenters.edits import Edit


def test_differences_put_together_are_both_texts():
    source, variant = "it's a good film.", "it's  a fine, film."
    pieces = difference(source, variant)
    assert "".join(text for kind, text in pieces if kind != "ins") == source
    assert "".join(text for kind, text in pieces if kind != "del") == variant
    assert ("del", "good") in pieces


def test_known_edits_are_marked_as_they_are():
    edits = [Edit(7, 8, "p"), Edit(10, 10, " d")]
    assert difference("a good fim", "a good pim d", edits) == [
        ("same", "a good "), ("del", "f"), ("ins", "p"), ("same", "im"), ("ins", " d"),
    ]  # fmt: skip
    shown = row("a good fim", 0, 0), {**row("a good pim d", 0, 0, "x"), "edits": {"text": edits}}
    (example,) = examples([shown], single(["no", "yes"]), 1)
    assert ("ins", "p") in example["variants"][0]["differences"][0]


def test_of_long_texts_what_is_shown_is_compared():
    source, variant = "a" * 2000, "b" + "a" * 2000
    shown = row(source, 0, 0), {**row(variant, 0, 0, "x"), "edits": {"text": [Edit(0, 0, "b")]}}
    (example,) = examples([shown], single(["no", "yes"]), 1)
    (pieces,) = example["variants"][0]["differences"]
    assert all(len(text) <= LONGEST_SHOWN + 2 for _, text in pieces)


def test_soft_labels_are_probabilities():
    assert soft_label([1000.0, 1000.0], single("ab")) == [
        ("a", 0.5, "0.500"),
        ("b", 0.5, "0.500"),
    ]


def test_of_many_labels_the_likeliest_are_shown():
    shown = soft_label([0.0, 5.0, 1.0, 2.0, 3.0, 4.0], single("abcdef"))
    assert [label for label, _, _ in shown] == ["b", "f", "e", "d"]


def row(text, label, teacher, augmenter="none"):
    logits = [float(i == teacher) for i in range(2)]
    return {
        "text": text,
        "label": label,
        "augmenter": augmenter,
        "corpus": "c",
        "teacher_logits": logits,
        "teacher_label": teacher,
    }


def test_the_teacher_disagrees_with_the_gold_label_or_with_itself():
    labelled = [row("a", 0, 1), row("b", 0, 0, "x")]
    unlabelled = [row("a", None, 1), row("b", None, 0, "x")]
    first, second = examples([labelled, unlabelled], single(["no", "yes"]), 9)
    assert (first["disagrees"], first["variants"][0]["disagrees"]) == (True, False)
    assert (second["disagrees"], second["variants"][0]["disagrees"]) == (False, True)


def test_long_texts_are_cut_and_leave_room_for_fewer():
    sampled = [[row("a" * 10_000, 0, 0)]] * 1000
    shown = list(examples(sampled, single(["no", "yes"]), 1000))
    assert len(shown) == LETTERS_SHOWN // LONGEST_SHOWN
    assert len(shown[0]["texts"][0]) == LONGEST_SHOWN + 2

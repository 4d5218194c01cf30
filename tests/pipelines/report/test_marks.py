"""Entities in a source and in its variant: where they stand, and what became of them."""

from mashbill.pipelines.report.marks import Piece, pieces

SOURCE = pieces("Ann met Bob.", [(0, 3, "PER"), (8, 11, "PER")])


def test_a_text_falls_into_what_is_named_and_what_stands_between():
    assert [
        Piece("Ann", "PER", "0–3"),
        Piece(" met "),
        Piece("Bob", "PER", "8–11"),
        Piece("."),
    ] == SOURCE
    assert "".join(piece.text for piece in SOURCE) == "Ann met Bob."
    assert pieces("plain", []) == [Piece("plain")]


def test_what_moved_or_changed_in_a_variant_says_so():
    found = pieces("Ann also met Bpb.", [(0, 3, "PER"), (13, 16, "PER")], SOURCE)
    assert [piece for piece in found if piece.name] == [
        Piece("Ann", "PER", "0–3"),
        Piece("Bpb", "PER", "8–11 → 13–16", moved=True, changed=True),
    ]


def test_marks_beyond_a_cut_text_are_left_out():
    assert pieces("Ann m…", [(0, 3, "PER"), (8, 11, "PER")])[-1] == Piece(" m…")

"""Texts with what their gold labels name in them, a source and its variant side by side."""

from collections.abc import Sequence
from typing import NamedTuple

Mark = tuple[int, int, str]  # start and end in a text, and what is named there


class Piece(NamedTuple):
    """A part of a text.

    Attributes:
        name: of what the gold label says of it; None for what stands between.
        note: where it stands and, in a variant, where it stood.
        moved: whether a variant has it at another place.
        changed: whether it is written otherwise than in the source.
    """

    text: str
    name: str | None = None
    note: str = ""
    moved: bool = False
    changed: bool = False


def pieces(text: str, marks: Sequence[Mark], source: Sequence["Piece"] = ()) -> list[Piece]:
    """The text in pieces, those that are named among them.

    Args:
        text: whole, or cut: marks that go beyond it are left out.
        marks: sorted and apart.
        source: pieces of the source, of which the named ones are the same, in the same order.
    """
    before = [piece for piece in source if piece.name is not None]
    parts, place = [], 0
    for number, (start, end, name) in enumerate(marks):
        if end > len(text):
            break
        parts.append(Piece(text[place:start]))
        own = Piece(text[start:end], name, f"{start}–{end}")
        parts.append(_beside(own, before[number]) if number < len(before) else own)
        place = end
    return [piece for piece in (*parts, Piece(text[place:])) if piece.text]


def _beside(own: Piece, before: Piece) -> Piece:
    moved = own.note != before.note
    note = f"{before.note} → {own.note}" if moved else own.note
    return own._replace(note=note, moved=moved, changed=own.text != before.text)

"""Which letters are mistaken for which; tables of the installed nlpaug, read on first use."""

import functools
import importlib.util
import json
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import regex

from mashbill.transforms.augmenters.characters import members

LAYOUTS = ("de", "en", "es", "fr", "he", "it", "nl", "pl", "th", "tr", "uk")

_ALPHABETS = {
    "Latin": "abcdefghijklmnopqrstuvwxyz",
    "Cyrillic": "абвгдежзийклмнопрстуфхцчшщъыьэюя",
    "Greek": "αβγδεζηθικλμνξοπρστυφχψω",
    "Hebrew": "אבגדהוזחטיכלמנסעפצקרשת",
    "Arabic": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
}

# Pairs that the confusables of UTS 39 join, Latin first.
_LOOK_ALIKE = (
    "aа cс eе iі jј oо pр sѕ xх yу hһ oο vν uυ AА BВ CС EЕ HН IІ JЈ KК MМ OО PР SЅ TТ XХ YҮ "
    "AΑ BΒ EΕ HΗ IΙ KΚ MΜ NΝ OΟ PΡ TΤ XΧ YΥ ZΖ"
)

_ACCENTED = "áàâäãå ç éèêë íìîï ñ óòôöõ úùûü ýÿ"


@functools.cache
def keyboard(language: str) -> Mapping[str, str]:
    """The neighbouring letters of each letter, in its casing."""
    near = {}
    for key, others in _table(f"char/keyboard/{language}.json").items():
        beside = "".join(other for other in others if other.isalpha() and other != key)
        if not key.isalpha() or not beside:
            continue
        near[key] = beside
        if all(len(letter.upper()) == 1 for letter in key + beside):
            near.setdefault(key.upper(), beside.upper())
    return near


@functools.cache
def share_letters(layout: str, other: str) -> bool:
    """Whether texts typed with one of two layouts have letters of the other."""
    return not keyboard(layout).keys().isdisjoint(keyboard(other))


@functools.cache
def ocr() -> Mapping[str, list[str]]:
    """What a scanner may read for a letter."""
    return {key: others for key, others in _table("char/ocr/en.json").items() if key.isalpha()}


@functools.cache
def homoglyphs() -> Mapping[str, list[str]]:
    """Letters of other alphabets that look the same."""
    alike = defaultdict(list)
    for first, second in _LOOK_ALIKE.split():
        alike[first].append(second)
        alike[second].append(first)
    return dict(alike)


@functools.cache
def accents(mode: str) -> Mapping[str, str]:
    """A letter without its accents ("drop"), with one ("add"), or whichever there is ("both")."""
    changed = {}
    if mode != "drop":
        for group in _ACCENTED.split():
            plain = unicodedata.normalize("NFD", group[0])[0]
            changed[plain], changed[plain.upper()] = group, group.upper().replace("ß", "")
    if mode != "add":
        for letter in map(chr, (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))):
            plain = unicodedata.normalize("NFD", letter)[0]
            if letter.isalpha() and plain != letter:
                changed[letter] = plain
    return changed


@functools.cache
def others() -> Mapping[str, str]:
    """Every other letter of a letter's alphabet, in its casing."""
    return {letter: alphabet.replace(letter, "") for letter, alphabet in _alphabets().items()}


@functools.cache
def slipped_in() -> Mapping[str, list[str]]:
    """The letter, and one of its alphabet behind it."""
    return {letter: [letter + c for c in alphabet] for letter, alphabet in _alphabets().items()}


@functools.cache
def _alphabets() -> Mapping[str, str]:
    """Letter to the alphabet of its script, in its casing."""
    everything = "".join(map(chr, range(0x3000)))
    alphabets = {}
    for script, alphabet in _ALPHABETS.items():
        upper = alphabet.upper()
        for letter in regex.findall(rf"[\p{{Script={script}}}&&\p{{L}}]", everything, regex.V1):
            alphabets[letter] = upper if letter.isupper() else alphabet
    return alphabets


class Options:
    """A table of what may come for a letter, which numpy looks up for many letters at once.

    Args:
        table: what may come for each.
        weights: how likely each of that is; without them, all are as likely.

    Attributes:
        known: bool [0x110000]: the letters of the table.
    """

    def __init__(
        self,
        table: Mapping[str, Sequence[str]],
        weights: Mapping[str, Sequence[float]] | None = None,
    ):
        self.known = members("".join(table))
        self._codes = np.array(sorted(map(ord, table)), np.uint32)
        rows = [list(table[chr(code)]) for code in self._codes.tolist()]
        self._sizes = np.array([len(row) for row in rows], np.int64)
        self._first = np.cumsum(self._sizes) - self._sizes
        self._flat = [option for row in rows for option in row]
        self._sums = None if weights is None else _running_sums(weights, sorted(table))

    def draw(self, codes: np.ndarray, draws: np.ndarray) -> list[str]:
        """An option for each of the letters, by uniform numbers in [0, 1)."""
        rows = np.searchsorted(self._codes, codes)
        if self._sums is None:
            places = self._first[rows] + (draws * self._sizes[rows]).astype(np.int64)
        else:
            places = np.searchsorted(self._sums, rows + draws, "right")
        return list(map(self._flat.__getitem__, places.tolist()))


def _running_sums(weights: Mapping[str, Sequence[float]], letters: Sequence[str]) -> np.ndarray:
    """float64: of each letter in turn, ascending to the next whole number."""
    sums = [np.cumsum(weights[letter]) for letter in letters]
    return np.concatenate([row + one / one[-1] for row, one in enumerate(sums)])


@functools.cache
def options(table: Callable[..., Mapping[str, Sequence[str]]], *arguments: str) -> Options:
    """What a function of this module says, in the form of `Options`."""
    return Options(table(*arguments))


@functools.cache
def lower() -> np.ndarray:
    """uint32 [0x110000]: the lower case of each code point, where that is one code point."""
    table = np.arange(0x110000, dtype=np.uint32)
    for code in range(0x20000):
        if len(small := chr(code).lower()) == 1:
            table[code] = ord(small)
    return table


def _table(path: str) -> Mapping[str, list[str]]:
    return json.loads(nlpaug_resource(path).read_text("utf-8"))


def nlpaug_resource(path: str) -> Path:
    """A file of nlpaug, without importing it, which would load torch."""
    spec = importlib.util.find_spec("nlpaug")
    return Path(spec.submodule_search_locations[0], "res", path)

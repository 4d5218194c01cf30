"""How words sound: pypinyin's readings, as numbers that numpy compares."""

import functools
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from mashbill.transforms.augmenters.letters import Options
from mashbill.transforms.augmenters.word_cache import WordCache
from mashbill.transforms.languages.zh.packages import module
from mashbill.transforms.languages.zh.wordlist import common_characters, word_list

LONGEST = 4  # characters of a word that has homophones
TONES = 6  # neutral or unknown, and four
PAGE = 9  # candidates that an input method shows at once
LEAST_SHARE = 0.01  # of the uses of the word that is meant
LEAST_USES = 3  # of a word that somebody may have meant
NAMES = ("nr", "ns", "nt", "nz")  # tags of people, places, organisations and the like

# What speakers of many regions do not tell apart: the first is heard as the second.
FUZZY = {
    "zh_z": ("zh", "z"),
    "ch_c": ("ch", "c"),
    "sh_s": ("sh", "s"),
    "n_l": ("n", "l"),
    "f_h": ("f", "h"),
    "ang_an": ("ang", "an"),
    "eng_en": ("eng", "en"),
    "ing_in": ("ing", "in"),
}
FINALS = frozenset(("ang_an", "eng_en", "ing_in"))


_UNSTRESSED = {ord("地"): "de", ord("得"): "de"}  # as particles, which is how they are mistaken


class Readings(NamedTuple):
    """How characters and words are pronounced.

    Attributes:
        syllables: without tones, "" (unknown) first.
        of_character: number of the syllable, int32 [0x110000]; 0: it has none.
        tone_of_character: uint8 [0x110000].
        phrases: words whose characters are not read in their commonest way, with their (syllable,
            tone) each.
    """

    syllables: list[str]
    of_character: np.ndarray
    tone_of_character: np.ndarray
    phrases: dict[str, list[tuple[int, int]]]

    def of(self, word: str) -> list[tuple[int, int]] | None:
        """(Syllable, tone) of each character; None where one has no reading."""
        found = self.phrases.get(word)
        if found is None:
            codes = list(map(ord, word))
            found = [(int(self.of_character[c]), int(self.tone_of_character[c])) for c in codes]
        return found if all(syllable for syllable, _ in found) else None

    def spelled(self, word: str) -> list[str] | None:
        """The syllables of a word as they are typed: lü is lv."""
        found = self.of(word)
        return found and [self.syllables[syllable] for syllable, _ in found]


@functools.cache
def readings() -> Readings:
    constants = module("pypinyin.constants")
    number = _Syllables()
    of_character = np.zeros(0x110000, np.int32)
    tones = np.zeros(0x110000, np.uint8)
    for code, pinyin in constants.PINYIN_DICT.items():
        of_character[code], tones[code] = number[_UNSTRESSED.get(code) or pinyin.split(",")[0]]
    phrases = {}
    for word, pinyin in constants.PHRASES_DICT.items():
        if len(word) <= LONGEST and len(pinyin) == len(word):
            read = [number[syllable[0]] for syllable in pinyin]
            if any(of_character[ord(c)] != s for c, (s, _) in zip(word, read, strict=True)):
                phrases[word] = read
    return Readings(number.names, of_character, tones, phrases)


class _Syllables(dict):
    """(Number, tone) of each syllable that is written with its tone."""

    def __init__(self):
        super().__init__()
        self.names = [""]
        self._numbers = {"": 0}
        self._convert = module("pypinyin.contrib.tone_convert")

    def __missing__(self, pinyin: str) -> tuple[int, int]:
        plain = self._convert.to_normal(pinyin, v_to_u=False)
        digit = self._convert.to_tone3(pinyin)[-1:]
        if plain not in self._numbers:
            self._numbers[plain] = len(self.names)
            self.names.append(plain)
        found = self[pinyin] = self._numbers[plain], int(digit) if digit.isdigit() else 0
        return found


class Alike(NamedTuple):
    """The words that a word may be mistaken for by ear.

    Attributes:
        words: that sound like the word, the most used first.
        sums: running sums of how likely each is to be taken for it.
        share: of all that are pronounced so, in (0, 1): small for a word that is used more than
            they.
    """

    words: tuple[str, ...]
    sums: tuple[float, ...]
    share: float

    def at(self, draw: float) -> str:
        """The word at a uniform number in [0, 1)."""
        return self.words[bisect_right(self.sums, draw * self.sums[-1], 0, len(self.words) - 1)]


class Homophones:
    """The words that sound like one, by how often they are used, as an input method ranks them.

    Args:
        tone: whether the tones are the same, too.
        pairs: of `FUZZY`; with some, the words sound alike to those who do not tell one of these
            apart, and differ to others, in one syllable.
        unit: "word": as long as the word is; "either": words of which one character differs where
            there are none.
    """

    def __init__(self, tone: bool, pairs: tuple[str, ...], unit: str):
        self._tone, self._fuzzy, self._unit = tone, bool(pairs), unit
        names = [_heard(name, pairs) for name in readings().syllables]
        numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
        self._heard = np.array([numbers[name] for name in names], np.int64)
        self._near = _one_apart(readings().syllables, pairs)
        self._indices = {size: self._index(size) for size in range(1, LONGEST + 1)}

    def __call__(self, word: str) -> Alike | None:
        """None where there is none."""
        read = readings().of(word) if len(word) <= LONGEST else None
        if read is None:
            return None
        found = self._words(word, read)
        if not found and self._unit != "word":
            found = self._with_another_character(word, read)
        if not found:
            return None
        ranked = sorted(found, key=lambda pair: (-pair[1], pair[0]))[:PAGE]
        sums = tuple(accumulate(uses for _, uses in ranked))
        return Alike(tuple(word for word, _ in ranked), sums, sums[-1] / (sums[-1] + _uses(word)))

    def _words(self, word: str, read: Sequence[tuple[int, int]]) -> list[tuple[str, float]]:
        keys, rows, syllables = self._indices[len(word)]
        own = np.array(read)
        key = self._key(own[None, :, 0], own[None, :, 1])[0]
        first, last = np.searchsorted(keys, key, "left"), np.searchsorted(keys, key, "right")
        known = word_list()
        found = rows[first:last]
        if self._fuzzy:
            said, heard = own[:, 0], syllables[first:last]
            other = said != heard
            found = found[(other.sum(axis=1) == 1) & (~other | self._near[said, heard]).all(axis=1)]
        least = LEAST_SHARE * _uses(word)
        return [
            (known.words[row], float(known.uses[row]))
            for row in found.tolist()
            if known.words[row] != word and known.uses[row] >= least
        ]

    def _with_another_character(
        self, word: str, read: Sequence[tuple[int, int]]
    ) -> list[tuple[str, float]]:
        """Their uses are those of the characters, far less than a character's own.

        An input method offers the words of a sound first. So the tones are the same, as in other
        ways to type and by hand, or the character is what most mean by the wrong sound.
        """
        found = []
        for place, sound in enumerate(read):
            others = self._words(word[place], [sound])
            if self._fuzzy:
                others = sorted(others, key=lambda pair: -pair[1])[:2]
            else:
                others = [pair for pair in others if readings().of(pair[0]) == [sound]]
            whole = sum(uses for _, uses in others)
            for other, uses in others:
                likely = uses / whole * max(_uses(word), 1) / 10
                found.append((word[:place] + other + word[place + 1 :], likely))
        return found

    def _index(self, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Keys, ascending; the words' rows in the list, and their syllables [words, size]."""
        known, read = word_list(), readings()
        rows = _rows(size)
        spelled = "".join(known.words[row] for row in rows.tolist())
        codes = np.frombuffer(spelled.encode("utf-32-le"), np.uint32).reshape(-1, size)
        syllables, tones = read.of_character[codes], read.tone_of_character[codes]
        for place, row in enumerate(rows.tolist()):
            if (other := read.phrases.get(known.words[row])) is not None:
                syllables[place], tones[place] = zip(*other, strict=True)
        said = (syllables != 0).all(axis=1)
        rows, syllables, tones = rows[said], syllables[said], tones[said]
        keys = self._key(syllables, tones)
        order = np.argsort(keys, kind="stable")
        return keys[order], rows[order], syllables[order]

    def _key(self, syllables: np.ndarray, tones: np.ndarray) -> np.ndarray:
        """int64 [n], by what is heard of each word: syllables and tones, [n, size]."""
        sounds = self._heard[syllables] * TONES + (tones if self._tone else 0)
        keys = np.zeros(len(sounds), np.int64)
        for column in sounds.T:
            keys = keys * (len(self._heard) * TONES) + column
        return keys


@functools.cache
def _rows(size: int) -> np.ndarray:
    """The words of so many characters that someone may have meant, as rows of the list."""
    known = word_list()
    lengths = np.fromiter(map(len, known.words), np.int64, len(known.words))
    rows = np.flatnonzero((lengths == size) & (known.uses >= LEAST_USES))
    common = frozenset(map(chr, common_characters().tolist()))
    return np.array(
        [
            row
            for row in rows.tolist()
            if not known.tags[row].startswith(NAMES) and common.issuperset(known.words[row])
        ],
        np.int64,
    )


def _uses(word: str) -> int:
    return word_list().count(word)


def _one_apart(syllables: Sequence[str], pairs: Sequence[str]) -> np.ndarray:
    """bool [syllables, syllables]: they sound alike to those who do not tell one pair apart."""
    near = np.zeros((len(syllables), len(syllables)), bool)
    for pair in pairs:
        heard = np.array([_heard(syllable, (pair,)) for syllable in syllables])
        near |= heard[:, None] == heard
    np.fill_diagonal(near, False)
    return near


def _heard(syllable: str, pairs: Sequence[str]) -> str:
    """How a syllable sounds to those who do not tell the pairs apart."""
    for pair in pairs:
        said, heard = FUZZY[pair]
        if pair in FINALS:
            if syllable.endswith(said):
                syllable = syllable.removesuffix(said) + heard
        elif syllable.startswith(said):
            syllable = heard + syllable.removeprefix(said)
    return syllable


class Characters(Options):
    """Characters that sound like others, as `Homophones` finds them.

    Attributes:
        shares: float64 [0x110000]: `Alike.share` of each.
    """

    def __init__(self, tone: bool, pairs: tuple[str, ...]):
        find = Homophones(tone, pairs, "word")
        found = {character: find(character) for character in map(chr, common_characters())}
        alike = {character: one for character, one in found.items() if one}
        weights = {character: np.diff(one.sums, prepend=0) for character, one in alike.items()}
        super().__init__({character: one.words for character, one in alike.items()}, weights)
        self.shares = np.zeros(0x110000)
        self.shares[list(map(ord, alike))] = [one.share for one in alike.values()]


@functools.cache
def characters(tone: bool, pairs: tuple[str, ...]) -> Characters:
    return Characters(tone, pairs)


@functools.cache
def homophones(tone: bool, pairs: tuple[str, ...], unit: str) -> WordCache:
    """What `Homophones` says of each word."""
    return WordCache(Homophones(tone, pairs, unit))

"""WordNet's own database files, read in place: nothing is parsed before it is asked for.

Format: wndb(5WN), senseidx(5WN) and cntlist(5WN) of the WordNet documentation (Fellbaum 1998).
"""

import bisect
import functools
import mmap
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mashbill.models.errors import MashbillError
from mashbill.transforms.languages.en.spelling import regular_form

FILES = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}
_SENSE_TYPES = {"n": 1, "v": 2, "a": 3, "r": 4, "s": 5}
_VOWELS = frozenset("aeiouyàâäéèêëíîïóôöúûü")
_KEY = re.compile(rb"^([^ \r\n]+) ", re.MULTILINE)
_PAIR = re.compile(rb"^([a-z]+)[_-]([a-z]+) ", re.MULTILINE)


# Lexicographer files of quantities and times: a unit has no synonym (a moment is no second).
_UNITS = ("23", "28")


class Synonym(NamedTuple):
    """A lemma that shares senses.

    Attributes:
        lemma: with spaces between its words.
        weight: to draw it with: how often it is used in these senses, times `covers`.
        uses: how often WordNet's tagged texts use it in these senses; None where they are missing.
        covers: these senses' share of the uses of the word that it may stand for.
        own: their share of its own uses.
        rate: `uses` over the uses of the other word in these senses.
    """

    lemma: str
    weight: float
    uses: int | None
    covers: float
    own: float
    rate: float


RARE = 0.2  # the uses of a first sense that the tagged texts do not have


class _Sense(NamedTuple):
    """A sense of some lemma.

    Attributes:
        offset: of its synset.
        file: the lexicographer file's number.
        uses: of the lemma with this sense.
        words: of the synset, with how often each is tagged with it.
    """

    offset: int
    file: str
    uses: float
    words: list[tuple[str, int]]


class SortedLines:
    """A sorted file, in which a line is found by its first field through bisection."""

    def __init__(self, path: Path):
        self._data = path.read_bytes()
        self._keys = _KEY.findall(self._data)
        breaks = np.flatnonzero(np.frombuffer(self._data, np.uint8) == ord("\n"))
        starts = np.concatenate([[0], breaks + 1])
        starts = starts[starts < len(self._data)]
        licence = 0  # at the head, each line indented
        while licence < len(starts) and self._data[starts[licence] :][:2] == b"  ":
            licence += 1
        self._starts = starts[licence:]
        if len(self._starts) != len(self._keys):
            raise ValueError(f"{path.name} has a line without a key")

    def __contains__(self, key: str) -> bool:
        """Whether a line has this as its first field."""
        return self._place(key) is not None

    def find(self, key: str) -> list[str] | None:
        """The fields of the line that has `key` as its first."""
        if (place := self._place(key)) is None:
            return None
        start = self._starts[place]
        return self._data[start : self._data.index(b"\n", start)].decode().split()

    def _place(self, key: str) -> int | None:
        wanted = key.encode()
        place = bisect.bisect_left(self._keys, wanted)
        return place if self._keys[place : place + 1] == [wanted] else None

    def pairs(self) -> list[tuple[str, str]]:
        """The fields of two words that lines begin with: hot_dog, well-known."""
        matches = _PAIR.findall(self._data)
        return [(first.decode(), second.decode()) for first, second in matches]


class WordNet:
    """One folder of database files.

    Raises:
        MashbillError: a file is missing.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        try:
            self._index = {pos: SortedLines(folder / f"index.{f}") for pos, f in FILES.items()}
            self._data = {pos: _mapped(folder / f"data.{f}") for pos, f in FILES.items()}
            self.exceptions = {pos: _exceptions(folder / f"{f}.exc") for pos, f in FILES.items()}
        except (FileNotFoundError, ValueError) as error:
            raise MashbillError(f"no WordNet files in {folder}: {error}") from None
        counts = folder / "cntlist.rev"  # some packages leave it out: senses go by their rank then
        self._counts = SortedLines(counts) if counts.is_file() else None

    def has(self, lemma: str, pos: str) -> bool:
        return lemma in self._index[pos]

    @functools.cache  # noqa: B019 - there are as many of these objects as editions in use
    def irregular_forms(self, pos: str) -> Mapping[str, list[str]]:
        """Lemma to its irregular forms, in the order of the list."""
        forms: dict[str, list[str]] = {}
        for form, lemmas in self.exceptions[pos].items():
            for lemma in lemmas:
                forms.setdefault(lemma, []).append(form)
        return forms

    @functools.cached_property
    def expressions(self) -> Mapping[str, frozenset[str]]:
        """First words of expressions of two words, with the second ones: {"special": {"effect"}}.

        Nouns stand in the plural, too.
        """
        seconds: dict[str, set[str]] = {}
        for pos, index in self._index.items():
            for first, second in index.pairs():
                seconds_of = seconds.setdefault(first, set())
                seconds_of.add(second)
                if pos == "n":
                    seconds_of.add(regular_form(second, "n", "s"))
        return {first: frozenset(seconds_of) for first, seconds_of in seconds.items()}

    def frequency(self, lemma: str, pos: str) -> float:
        """How often WordNet's tagged texts use the lemma as this part of speech, and a little."""
        return sum(sense.uses for sense in self._senses(lemma, pos))

    @functools.cache  # noqa: B019 - as above
    def synonyms(self, lemma: str, pos: str) -> list[Synonym]:
        """What shares a sense with the lemma, other than units of time or number.

        Names, words with digits, and words that the tagged texts never use so are left out.
        """
        senses = self._senses(lemma, pos)
        total = sum(sense.uses for sense in senses)
        by_word: dict[str, list[_Sense]] = {}
        for sense in senses:
            for word, count in sense.words:
                if word.lower() != lemma and _is_plain(word) and (count or self._counts is None):
                    by_word.setdefault(word, []).append(sense)
        synonyms = []
        for word, shared in by_word.items():
            if any(sense.file in _UNITS for sense in shared):
                continue
            offsets = {sense.offset for sense in shared}
            of_word = self._senses(word.lower(), pos)
            uses = sum(sense.uses for sense in of_word if sense.offset in offsets)
            of_lemma = sum(sense.uses for sense in shared)
            covers = of_lemma / total
            own = uses / sum(sense.uses for sense in of_word)
            counted = None if self._counts is None else int(uses)
            rate = uses / of_lemma
            lemma_ = word.replace("_", " ")
            synonyms.append(Synonym(lemma_, uses * covers, counted, covers, own, rate))
        return synonyms

    @functools.cache  # noqa: B019 - as above
    def _senses(self, lemma: str, pos: str) -> list["_Sense"]:
        fields = self._index[pos].find(lemma)
        if fields is None:
            return []
        senses = []
        for rank, offset in enumerate(map(int, fields[-int(fields[2]) :]), 1):
            words = self._words(pos, offset)
            count = next((n for word, n in words if word.lower() == lemma), 0)
            file = self._line(pos, offset)[1]
            senses.append(_Sense(offset, file, count + RARE / rank, words))
        return senses

    def _words(self, pos: str, offset: int) -> list[tuple[str, int]]:
        """The lemmas of a synset, with how often each was tagged with this sense."""
        fields = self._line(pos, offset)
        file, kind, size = fields[1], fields[2], int(fields[3], 16)
        head = self._head(pos, fields, size) if kind == "s" else ":"
        words = []
        for place in range(4, 4 + 2 * size, 2):
            word, number = fields[place].partition("(")[0], int(fields[place + 1], 16)
            key = f"{word.lower()}%{_SENSE_TYPES[kind]}:{file}:{number:02d}:{head}"
            entry = self._counts and self._counts.find(key)
            words.append((word, int(entry[2]) if entry else 0))
        return words

    def _head(self, pos: str, fields: list[str], size: int) -> str:
        """Of a satellite adjective: the head of its cluster, as sense keys name it."""
        pointers = fields[5 + 2 * size :]
        for place in range(0, 4 * int(fields[4 + 2 * size]), 4):
            if pointers[place] == "&":
                head = self._line(pos, int(pointers[place + 1]))
                word = head[4].partition("(")[0].lower()
                return f"{word}:{int(head[5], 16):02d}"
        return ":"

    def _line(self, pos: str, offset: int) -> list[str]:
        data = self._data[pos]
        end = data.find(b"\n", offset)
        fields = data[offset:end].partition(b" | ")[0].decode().split()
        if not fields or fields[0] != f"{offset:08d}":
            raise MashbillError(
                f"{self._folder / ('data.' + FILES[pos])}: no synset at offset {offset}, "
                "which the index names; the files belong to different editions"
            )
        return fields


def _is_plain(word: str) -> bool:
    """No name, and no abbreviation without a vowel (yr, hr)."""
    spelled = word.replace("_", "").replace("-", "")
    return word.islower() and spelled.isalpha() and not _VOWELS.isdisjoint(spelled)


def _mapped(path: Path) -> mmap.mmap | bytes:
    """The file, in which an offset is what the index says.

    Some packages ship the files with the line ends of Windows, and offsets that do not count these.
    """
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return mapped[:].replace(b"\r\n", b"\n") if b"\r\n" in mapped[:1000] else mapped


def _exceptions(path: Path) -> Mapping[str, list[str]]:
    """Irregular form to its lemmas, the likeliest first."""
    lines = (line.split() for line in path.read_text("utf-8").splitlines())
    return {fields[0]: fields[1:] for fields in lines if len(fields) > 1}


@functools.cache
def load(folder: str | None) -> WordNet:
    """The WordNet in `folder`, or the one that is installed.

    Raises:
        MashbillError: there is none; the message says how to get it.
    """
    return WordNet(Path(folder) if folder else _installed())


def _installed() -> Path:
    places = [
        Path(sys.prefix, "nltk_data/corpora/wordnet"),
        Path.home() / "nltk_data/corpora/wordnet",
        Path("/usr/share/nltk_data/corpora/wordnet"),
        Path("/usr/share/wordnet"),
    ]
    for place in places:
        if (place / "index.noun").is_file():
            return place
    raise MashbillError(
        "synonym.wordnet needs WordNet's database files: set its parameter `wordnet` to the folder "
        "with index.noun, data.noun and so on (examples/reviews/fetch.py writes one), or install "
        f"Debian's wordnet-base; looked in {', '.join(map(str, places))}"
    )

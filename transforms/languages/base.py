"""What a language knows of its texts: words, sentences, names, and how an edit may leave them."""

import functools
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from mashbill.models.errors import MashbillError
from mashbill.transforms.augmenters.characters import SOLO, table
from mashbill.transforms.languages.phrases import Phrases

if TYPE_CHECKING:
    from mashbill.transforms.augmenters.base import Augmenter
    from mashbill.transforms.augmenters.batch import Sites, TextBatch
    from mashbill.transforms.suites.suite import Suite

BEFORE = 12  # code points before a word that tell whether it begins a sentence


class Use(NamedTuple):
    """How a word is used where it stands.

    Attributes:
        kind: its part of speech and form; None where in doubt.
        kinds: by lower-cased word, what that would be in its place.
    """

    kind: Hashable | None
    kinds: Mapping[str, Hashable | None]


class Lexicon:
    """A dictionary of a language, which tells parts of speech."""

    def knows(self, word: str) -> bool:
        """Whether a lower-cased word is one."""
        raise NotImplementedError

    def uses(self, batch: "TextBatch", sites: "Sites") -> list[Use]:
        """How the word of each site is used."""
        raise NotImplementedError


class Language:
    """Any language: what its alphabet and marks tell. One that is known overrides what it knows.

    A language has no state but its dictionary. What others keep of it is its name, and that of the
    dictionary; see `registry.language_of`.

    Attributes:
        name: as a recipe says it.
        full_stops: marks that end a sentence.
        function_words: lower-cased words of the closed classes, for which nothing else can stand.
        one_letter_words: words of one letter of the Latin alphabet.
        always_capital: words whose capital says nothing about the place where they stand.
        keyboard: the layout that people type it with, one of `letters.LAYOUTS`.
        slips: letters of a script without spaces that slip in behind another.
        negations: characters of such a script that negate, which no slip leaves out.
        rates: default rates of augmenters, where its texts bear others than English ones.
        typos: augmenters that make the slips of the suite `typo`.
        typo_rates: how often they do, at its levels: shares of the words; of the characters in
            scripts without spaces.
        joins: whether a word may be several characters of a script without spaces.
        lacks: names of suites that find next to nothing to do in its texts.
        phrases: sentences for the suites.
        preambles: matches the beginning of a model's answer that announces itself.
        refusals: finds a model that declines, or talks about itself.
    """

    name: ClassVar[str] = "any"
    full_stops: ClassVar[str] = ".!?。！？．؟।۔։"
    function_words: ClassVar[frozenset[str]] = frozenset()
    one_letter_words: ClassVar[frozenset[str]] = frozenset()
    always_capital: ClassVar[frozenset[str]] = frozenset()
    keyboard: ClassVar[str | None] = None
    slips: ClassVar[str] = ""
    negations: ClassVar[str] = ""
    rates: ClassVar[Mapping[str, float]] = {}
    typos: ClassVar[tuple[str, ...]] = ("typo.keyboard", "typo.transpose", "typo.delete")
    typo_rates: ClassVar[tuple[float, ...]] = (0.1, 0.25, 0.5)
    phrases: ClassVar[Phrases | None] = None
    joins: ClassVar[bool] = False
    lacks: ClassVar[frozenset[str]] = frozenset()
    preambles: ClassVar[re.Pattern[str] | None] = None
    refusals: ClassVar[re.Pattern[str] | None] = None
    dictionary: str | None = None

    def with_dictionary(self, path: str) -> "Language":
        """The language with more words, those of a file.

        Raises:
            MashbillError: it has no use for them, or the file is none.
        """
        del path
        raise MashbillError(f"language {self.name} takes no dictionary: it cuts words at spaces")

    def augmenters(self) -> tuple[type["Augmenter"], ...]:
        """Those that only this language has."""
        return ()

    def suites(self) -> tuple["Suite", ...]:
        """Those that only this language has, beside what is made of its `phrases`."""
        return ()

    def lexicon(self, folder: str) -> Lexicon | None:
        """The dictionary whose files lie in a folder; None for a language without one."""
        del folder
        return None

    def words(self, batch: "TextBatch", runs: "Sites") -> "Sites":
        """The words of a batch.

        Args:
            batch: of texts.
            runs: runs of letters, marks and digits, with the joiners inside of them; of scripts
                that put no spaces, each letter by itself.
        """
        del batch
        return runs

    def names(self, texts: Sequence[str]) -> list[list[str]]:
        """The names in each text that its capitals tell; none where they tell nothing."""
        return [[] for _ in texts]

    def numbers(self, batch: "TextBatch") -> Iterable[tuple[int, int]]:
        """Places of the batch where numbers stand that are written in words, and stay whole."""
        del batch
        return ()

    def mend(
        self, batch: "TextBatch", sites: "Sites", new: Sequence[str]
    ) -> tuple["Sites", Sequence[str]]:
        """The changes, and those that they bring about around them: "a film", "an old film".

        Args:
            batch: of texts.
            sites: where words are replaced.
            new: what comes there.
        """
        del batch
        return sites, new

    def never_before(self, word: str) -> str:
        """A function word that must not stand before `word`, case folded; "" for none."""
        del word
        return ""

    def leads(self, word: str) -> bool:
        """Whether nothing may come between `word` and the one behind it."""
        del word
        return False

    def kind(self, word: str) -> str | None:
        """What a lower-cased word could be by its looks: one of another kind cannot stand for it.

        None: it is a function word, which stands for no other.
        """
        del word
        return ""

    def is_word(self, word: str) -> bool:
        """Whether letters are one word; in a script without spaces, each is one by itself."""
        return len(word) == 1 or not any(table()[ord(letter)] & SOLO for letter in word)

    def may_replace(self, word: str, other: str) -> bool:
        """Whether `other`, which is used like `word`, may stand for it; both are lower-cased."""
        return word != other

    def uncapitalised(self, text: str) -> str:
        """As the text would begin within a sentence; as it is where that may be a capital too."""
        return text

    def begins_sentence(self, batch: "TextBatch", row: int, start: int) -> bool:
        """Whether nothing but marks stands between `start` and the sentence's or the text's end."""
        first = int(batch.offsets[row])
        opens = _opening(self.full_stops)
        if start - first <= BEFORE:
            return opens.search(batch.joined[first:start]) is not None
        return opens.search(batch.joined[start - BEFORE : start], 1) is not None

    def is_name(
        self, batch: "TextBatch", words: "Sites", spelled: Sequence[str], place: int
    ) -> bool:
        """Whether the word at `place` is capitalised, and not because it begins a sentence.

        At the start of a sentence it is a name if the next word is capitalised too.

        Args:
            batch: of texts.
            words, spelled: all words of the batch.
            place: the number of a word.
        """
        if not _is_capitalised(spelled[place]):
            return False
        row, start, end = (int(column[place]) for column in words[:3])
        if not self.begins_sentence(batch, row, start):
            return True
        following = place + 1
        return (
            following < len(spelled)
            and batch.joined[end : int(words.starts[following])] == " "
            and _is_capitalised(spelled[following])
            and re.split("['’]", spelled[following])[0] not in self.always_capital
        )


@functools.cache
def _opening(full_stops: str) -> re.Pattern[str]:
    return re.compile(rf"(?:^|[{re.escape(full_stops)}…\n])[^\w]*$")


def _is_capitalised(word: str) -> bool:
    return word[0].isupper() and len(word) > 1 and not word.isupper()


def code_points(marks: str) -> np.ndarray:
    """uint32 [n]."""
    return np.array([ord(mark) for mark in marks], np.uint32)

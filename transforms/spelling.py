"""A spelling corrector in front of a model, with the words of a corpus for a dictionary.

SymSpell by Wolf Garbe (the library `symspellpy`, MIT): the most frequent word within the least
edit distance.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache

import regex

# Words of letters; Han and kana make words without an edit distance that means anything.
WORD = regex.compile(r"[\p{L}--[\p{Han}\p{Hiragana}\p{Katakana}]]+(?:['’]\p{L}+)*", regex.V1)
SHORTEST = 3  # letters of a word that is corrected at all
FAR = 5  # letters from which two edits are allowed


def word_counts(texts: Iterable[str]) -> Counter[str]:
    """How often each lower-cased word occurs."""
    return Counter(word.lower() for text in texts for word in WORD.findall(text))


class Speller:
    """Replaces words that are not in the dictionary; all else of a text stays to the letter.

    Args:
        counts: lower-cased word to how often it occurs.
    """

    def __init__(self, counts: Counter[str]):
        from symspellpy import SymSpell, Verbosity

        self.words = len(counts)
        spell = SymSpell(max_dictionary_edit_distance=2)
        for word, times in counts.items():
            spell.create_dictionary_entry(word, times)

        @cache
        def corrected(word: str) -> str:
            if len(word) < SHORTEST or word.lower() in counts:
                return word
            distance = 1 if len(word) < FAR else 2
            suggestions = spell.lookup(word, Verbosity.TOP, distance, transfer_casing=True)
            return suggestions[0].term if suggestions else word

        self._corrected = corrected

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """The texts, corrected; each by itself."""
        return [WORD.sub(lambda match: self._corrected(match[0]), text) for text in texts]

"""Where sentences begin, and which words are names: by capitals, as far as these tell."""

import re
from collections.abc import Sequence

import numpy as np

from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.characters import SPACE
from mashbill.transforms.augmenters.english import FUNCTION_WORDS

_OPENS = re.compile(r"(?:^|[.!?…\n])[^\w]*$")
BEFORE = 12  # code points before a word that tell whether it begins a sentence


def begins_sentence(batch: TextBatch, row: int, start: int) -> bool:
    """Whether nothing but marks stands between `start` and the sentence's or the text's end."""
    first = int(batch.offsets[row])
    if start - first <= BEFORE:
        return _OPENS.search(batch.joined[first:start]) is not None
    return _OPENS.search(batch.joined[start - BEFORE : start], 1) is not None


def follows_closely(batch: TextBatch, words: Sites) -> np.ndarray:
    """bool [n]: nothing but one space stands between the word and the one before it."""
    near = np.zeros(len(words.rows), bool)
    before = words.ends[:-1]
    near[1:] = (words.starts[1:] - before == 1) & (words.rows[1:] == words.rows[:-1])
    near[1:] &= (batch.flags[before] & SPACE) != 0
    return near


def is_name(batch: TextBatch, words: Sites, spelled: Sequence[str], place: int) -> bool:
    """Whether the word at `place` is capitalised, and not because it begins a sentence.

    At the start of a sentence it is a name if the next word is capitalised too.

    Args:
        words, spelled: all words of the batch.
    """
    if not _is_capitalised(spelled[place]):
        return False
    row, start, end = (int(column[place]) for column in words[:3])
    if not begins_sentence(batch, row, start):
        return True
    following = place + 1
    return (
        following < len(spelled)
        and batch.joined[end : int(words.starts[following])] == " "
        and _is_capitalised(spelled[following])
        and not spelled[following].startswith(("I'", "I’"))
    )


def _is_capitalised(word: str) -> bool:
    return word[0].isupper() and len(word) > 1 and not word.isupper()


def capitalised(text: str) -> str:
    return text[0].upper() + text[1:]


def uncapitalised(text: str) -> str:
    """As the text would begin within a sentence, where the word is one that surely is no name."""
    word = text.split(maxsplit=1)[0].partition("'")[0].partition("’")[0]
    common = word.lower() in FUNCTION_WORDS or word.endswith(("ing", "ly"))
    return text[0].lower() + text[1:] if common and word != "I" else text

"""Names in English texts, as capitals tell them."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mashbill.transforms.augmenters.batch import TextBatch
from mashbill.transforms.augmenters.protection import guard

if TYPE_CHECKING:
    from mashbill.transforms.languages.en.language import English

MOST = 0.5  # of the words within a sentence; where more begin with capitals, these tell nothing
_ENDING = re.compile("['’]s?$")
_FIRST = re.compile("[^'’]*")


def names(language: "English", texts: Sequence[str]) -> list[list[str]]:
    """The capitalised words of each text that begin no sentence, without a genitive's ending."""
    batch = TextBatch(texts, [0] * len(texts), guard((), ()), frozenset(), language)
    found: list[list[str]] = [[] for _ in texts]
    totals, capitals = [0] * len(texts), [0] * len(texts)
    words = zip(batch.words.rows.tolist(), batch.words.starts.tolist(), batch.spelled, strict=True)
    for row, start, word in words:
        if language.begins_sentence(batch, row, start):
            continue
        totals[row] += 1
        if not word[0].isupper():
            continue
        capitals[row] += 1
        if len(word) > 1 and _FIRST.match(word).group().lower() not in language.function_words:
            found[row].append(_ENDING.sub("", word))
    return [
        own if few <= MOST * many else []
        for own, few, many in zip(found, capitals, totals, strict=True)
    ]

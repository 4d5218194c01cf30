"""English clauses change places."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

import numpy as np

from mashbill.transforms.augmenters.base import Rate, TokenAugmenter
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.tokens import capitalised
from mashbill.transforms.languages.en.words import words


class Clauses(TokenAugmenter):
    """A clause or phrase of circumstance ("if you like it") and the clause beside it change places.

    Each has to have some words, and none may begin with "and", "but" or "which".
    """

    name: ClassVar[str] = "order.clauses"
    languages: ClassVar[tuple[str, ...]] = ("en",)
    source: ClassVar[str] = "Shi et al. 2021, Substructure Substitution; Dhole et al. 2021"

    rate: Rate = 0.2

    def sites(self, batch: TextBatch) -> Sites:
        spans, middles = [], []
        for offset, text in zip(batch.offsets.tolist(), batch.texts, strict=True):
            for sentence in _SENTENCE.finditer(text):
                parts = [part.span() for part in _CLAUSE.finditer(text, *sentence.span())]
                for (start, left), (right, end) in pairwise(parts):
                    if _may_change(text[start:left], text[right:end]):
                        spans.append((offset + start, offset + end))
                        middles.append((left - start, right - start))
        places = np.array(spans, np.int64).reshape(-1, 2)
        return Sites(batch.rows_of(places[:, 0]), places[:, 0], places[:, 1], middles)

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        return [
            self._exchanged(text[:left], text[left:right], text[right:])
            for text, (left, right) in zip(batch.strings(sites), sites.options, strict=True)
        ]

    def _exchanged(self, first: str, between: str, second: str) -> str:
        if first[0].isupper():
            first, second = self.language.uncapitalised(first), capitalised(second)
        return second + between + first


_SENTENCE = re.compile(r"[^.!?\n\r]+")
_CLAUSE = re.compile(r"(?<![^\s,;])\w[^,;]*[^\s,;]")
_CIRCUMSTANCE = frozenset(
    words(
        "after although as at because before by despite during even for from if in like once since "
        "though through unless until when whenever where wherever while with without"
    )
)
_NO_CLAUSE = frozenset(words("and but or nor so yet which who whose that then not to too"))
FEWEST = 3  # words of a clause


def _may_change(first: str, second: str) -> bool:
    parts = (first.split(), second.split())
    begin = [part[0].lower() for part in parts]
    return (
        all(len(part) >= FEWEST for part in parts)
        and (begin[0] in _CIRCUMSTANCE) != (begin[1] in _CIRCUMSTANCE)
        and not _NO_CLAUSE.intersection(begin)
    )

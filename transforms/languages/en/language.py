"""English."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from mashbill.transforms.languages.base import Language, Lexicon
from mashbill.transforms.languages.en import articles, forms
from mashbill.transforms.languages.en.answers import PREAMBLES, REFUSALS
from mashbill.transforms.languages.en.phrases import PHRASES
from mashbill.transforms.languages.en.words import FUNCTION_WORDS
from mashbill.transforms.languages.phrases import Phrases

if TYPE_CHECKING:
    from mashbill.transforms.augmenters.base import Augmenter
    from mashbill.transforms.augmenters.batch import Sites, TextBatch


class English(Language):
    """British and American alike."""

    name: ClassVar[str] = "en"
    full_stops: ClassVar[str] = ".!?"
    function_words: ClassVar[frozenset[str]] = FUNCTION_WORDS
    one_letter_words: ClassVar[frozenset[str]] = frozenset("aAiI")
    always_capital: ClassVar[frozenset[str]] = frozenset("I")
    keyboard: ClassVar[str | None] = "en"
    phrases: ClassVar[Phrases | None] = PHRASES
    preambles: ClassVar[re.Pattern[str] | None] = PREAMBLES
    refusals: ClassVar[re.Pattern[str] | None] = REFUSALS

    def augmenters(self) -> tuple[type["Augmenter"], ...]:
        from mashbill.transforms.languages.en.augmenters import AUGMENTERS

        return AUGMENTERS

    def lexicon(self, folder: str) -> Lexicon:
        """WordNet's."""
        from mashbill.transforms.languages.en.readings import WordNetLexicon

        return WordNetLexicon(folder)

    def mend(
        self, batch: "TextBatch", sites: "Sites", new: Sequence[str]
    ) -> tuple["Sites", Sequence[str]]:
        return articles.mend(batch, sites, new)

    def never_before(self, word: str) -> str:
        return "a" if articles.takes_an(word) else "an"

    def leads(self, word: str) -> bool:
        return word.lower() in ("a", "an")

    def names(self, texts: Sequence[str]) -> list[list[str]]:
        """Capitalised words within a sentence; none in a title, where most words are."""
        from mashbill.transforms.languages.en.names import names

        return names(self, texts)

    def kind(self, word: str) -> str | None:
        return None if word in FUNCTION_WORDS else forms.ending(word)

    def may_replace(self, word: str, other: str) -> bool:
        return other not in FUNCTION_WORDS and forms.end_alike(word, other)

    def uncapitalised(self, text: str) -> str:
        word = text.split(maxsplit=1)[0].partition("'")[0].partition("’")[0]
        common = word.lower() in FUNCTION_WORDS or word.endswith(("ing", "ly"))
        return text[0].lower() + text[1:] if common and word != "I" else text

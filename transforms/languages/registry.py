"""Every language by its name."""

from functools import cache

from mashbill.models.errors import MashbillError
from mashbill.models.plugins import Registry
from mashbill.models.spelling import did_you_mean
from mashbill.transforms.languages.base import Language
from mashbill.transforms.languages.en.language import English
from mashbill.transforms.languages.zh.language import Chinese

DEFAULT_LANGUAGE = English.name
OWN = (English, Chinese, Language)
LANGUAGES = Registry("mashbill.languages", Language, OWN, lambda kind: kind.name)


def language_of(name: str) -> Language:
    """The language, the same object each time.

    Args:
        name: of a language, or `NAME:DICTIONARY`, with a file of words that it is to know.

    Raises:
        MashbillError: there is no such language, or it takes no dictionary, or the file is none.
    """
    name, _, dictionary = name.partition(":")
    if name not in LANGUAGES:
        raise MashbillError(
            f"{name!r} is not a language{did_you_mean(name, LANGUAGES)}; available: "
            f"{', '.join(LANGUAGES)}"
        )
    return _made(LANGUAGES[name], dictionary)


@cache
def _made(kind: type[Language], dictionary: str) -> Language:
    return kind().with_dictionary(dictionary) if dictionary else kind()

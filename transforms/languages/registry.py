"""Every language by its name."""

from functools import cache

from mashbill.models.errors import MashbillError
from mashbill.models.plugins import Registry
from mashbill.models.spelling import did_you_mean
from mashbill.transforms.languages.base import Language
from mashbill.transforms.languages.en.language import English

DEFAULT_LANGUAGE = English.name
OWN = (English, Language)
LANGUAGES = Registry("mashbill.languages", Language, OWN, lambda kind: kind.name)


def language_of(name: str) -> Language:
    """The language, the same object each time; raises MashbillError if there is none such."""
    if name not in LANGUAGES:
        raise MashbillError(
            f"{name!r} is no language{did_you_mean(name, LANGUAGES)}; there are: "
            f"{', '.join(LANGUAGES)}"
        )
    return _made(LANGUAGES[name])


@cache
def _made(kind: type[Language]) -> Language:
    return kind()

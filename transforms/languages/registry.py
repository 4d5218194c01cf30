"""Every language by its name."""

from mashbill.models.errors import MashbillError
from mashbill.models.spelling import did_you_mean
from mashbill.transforms.languages.any import ANY
from mashbill.transforms.languages.base import Language
from mashbill.transforms.languages.en.language import ENGLISH

DEFAULT_LANGUAGE = ENGLISH.name
LANGUAGES: dict[str, Language] = {one.name: one for one in (ENGLISH, ANY)}


def language_of(name: str) -> Language:
    """Raises MashbillError: there is no such language."""
    if name not in LANGUAGES:
        raise MashbillError(
            f"{name!r} is no language{did_you_mean(name, LANGUAGES)}; there are: "
            f"{', '.join(LANGUAGES)}"
        )
    return LANGUAGES[name]

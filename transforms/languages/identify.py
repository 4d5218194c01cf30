"""Which language a text is in, as far as py3langid tells: naive Bayes over pieces of words."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

SURE = 0.5  # probability from which a text's own language is known
LEAST = 0.01  # probability of that language, below which an answer is in another one
SHORTEST = 16  # characters that tell


def is_another(text: str, answer: str) -> bool:
    """Whether an answer is surely in another language than the text; false in doubt."""
    if min(len(text), len(answer)) < SHORTEST:
        return False
    language, probability = _identifier().classify(text)
    return probability >= SURE and dict(_identifier().rank(answer))[language] < LEAST


@cache
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)

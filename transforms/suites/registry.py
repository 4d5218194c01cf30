"""Every suite by its name."""

import difflib
from collections.abc import Sequence

from mashbill.models.errors import MashbillError
from mashbill.transforms.augmenters.registry import available
from mashbill.transforms.languages.phrases import SENTIMENT
from mashbill.transforms.languages.registry import DEFAULT_LANGUAGE, LANGUAGES, language_of
from mashbill.transforms.suites.content import content_suites
from mashbill.transforms.suites.suite import Suite
from mashbill.transforms.suites.surface import surface_suites

CLEAN, ALL = "clean", "all"


def known_suites(wordnet: str | None = None, language: str = DEFAULT_LANGUAGE) -> dict[str, Suite]:
    """Every suite of a language; `wordnet`: WordNet's files, if they are not installed."""
    known = language_of(language)
    augmenters = set(available(known.name))
    suites = [*surface_suites(wordnet, known), *content_suites(known), *known.suites()]
    return {
        suite.name: suite
        for suite in suites
        if augmenters.issuperset(suite.made_by) and suite.name not in known.lacks
    }


def unavailable_suites(language: str) -> list[str]:
    """Names of the suites that only other languages have."""
    own = known_suites(language=language)
    return [name for name in _names() if name not in (*own, CLEAN, ALL)]


def _names() -> list[str]:
    suites = (name for one in LANGUAGES for name in known_suites(language=one))
    return list(dict.fromkeys([CLEAN, ALL, *suites]))


def choose(
    names: Sequence[str],
    labels: Sequence[str],
    wordnet: str | None = None,
    pairs: bool = False,
    language: str = DEFAULT_LANGUAGE,
) -> list[Suite]:
    """The suites that a recipe names; `all` is those that fit the task.

    Args:
        names: of suites, `clean` or `all`.
        labels: of the task's classes; empty in a task without classes.
        wordnet: folder of WordNet's files, if they are not installed.
        pairs: whether the task is one of text pairs.
        language: of the texts.

    Raises:
        MashbillError: no such suite, or one that is named does not fit the task or the language.
    """
    known = known_suites(wordnet, language)
    named = [name for name in dict.fromkeys(names) if name not in (CLEAN, ALL)]
    for name in named:
        check_name(name)
        if name not in known:
            raise MashbillError(
                f"suite {name}: not available in the language {language}; available: "
                f"{', '.join([CLEAN, ALL, *known])}"
            )
        if why := _misfit(known[name], labels, pairs):
            raise MashbillError(f"suite {name}: {why}")
    if ALL in names:
        return [suite for suite in known.values() if _misfit(suite, labels, pairs) is None]
    return [known[name] for name in named]


def _misfit(suite: Suite, labels: Sequence[str], pairs: bool) -> str | None:
    """Why the suite's cases are none of the task's; None where they are, or it has none."""
    if suite.kind != "INV" and not labels:
        return "it needs a task with one class per text"
    if not suite.cases:
        return None
    if pairs:
        return "its cases are single texts, and the task's examples are pairs"
    if set(SENTIMENT) <= set(labels):
        return None
    return (
        f"its cases are labelled {' or '.join(SENTIMENT)}; the labels of the "
        f"recipe are {', '.join(labels)}"
    )


def check_name(name: str) -> str:
    """The name, if some language has such a suite; else a MashbillError with the nearest one."""
    names = _names()
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, 1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise MashbillError(f"{name!r} is not a suite{hint}; available: {', '.join(names)}")

"""Every suite by its name."""

import difflib
from collections.abc import Sequence

from mashbill.models.errors import MashbillError
from mashbill.transforms.suites.content import SENTIMENT, content_suites
from mashbill.transforms.suites.suite import Suite
from mashbill.transforms.suites.surface import surface_suites

CLEAN, ALL = "clean", "all"


def known_suites(wordnet: str | None = None) -> dict[str, Suite]:
    """Every suite; `wordnet` is the folder of WordNet's files, if they are not installed."""
    return {suite.name: suite for suite in (*surface_suites(wordnet), *content_suites())}


def choose(
    names: Sequence[str], labels: Sequence[str], wordnet: str | None = None, pairs: bool = False
) -> list[Suite]:
    """The suites that a recipe names; `all` is those that fit the task.

    Args:
        names: of suites, `clean` or `all`.
        labels: of the task.
        wordnet: folder of WordNet's files, if they are not installed.
        pairs: whether the task is one of text pairs.

    Raises:
        MashbillError: no such suite, or one that is named does not fit the task.
    """
    known = known_suites(wordnet)
    named = [name for name in dict.fromkeys(names) if name not in (CLEAN, ALL)]
    for name in named:
        check_name(name)
        if why := _misfit(known[name], labels, pairs):
            raise MashbillError(f"suite {name}: {why}")
    if ALL in names:
        return [suite for suite in known.values() if _misfit(suite, labels, pairs) is None]
    return [known[name] for name in named]


def _misfit(suite: Suite, labels: Sequence[str], pairs: bool) -> str | None:
    """Why the suite's cases are none of the task's; None where they are, or it has none."""
    if not suite.cases:
        return None
    if pairs:
        return "its cases are single texts, and the task's examples are pairs"
    if set(SENTIMENT) <= set(labels):
        return None
    return f"its cases are {' or '.join(SENTIMENT)}, and the labels are {', '.join(labels)}"


def check_name(name: str) -> str:
    """The name, if there is such a suite; else a MashbillError with the nearest one."""
    names = [CLEAN, ALL, *known_suites()]
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, 1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise MashbillError(f"{name!r} is no suite{hint}; there are: {', '.join(names)}")

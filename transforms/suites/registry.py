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


def choose(names: Sequence[str], labels: Sequence[str], wordnet: str | None = None) -> list[Suite]:
    """The suites that a recipe names; `all` is those that fit the task.

    Raises:
        MashbillError: no such suite, or its cases have other labels than the task.
    """
    known = known_suites(wordnet)
    fits = set(SENTIMENT) <= set(labels)
    if ALL in names:
        return [suite for suite in known.values() if fits or suite.kind != "MFT"]
    chosen = [name for name in dict.fromkeys(names) if name != CLEAN]
    for name in chosen:
        check_name(name)
        if known[name].kind == "MFT" and not fits:
            raise MashbillError(
                f"suite {name}: its cases are {' or '.join(SENTIMENT)}, and the labels are "
                f"{', '.join(labels)}"
            )
    return [known[name] for name in chosen]


def check_name(name: str) -> str:
    """The name, if there is such a suite; else a MashbillError with the nearest one."""
    names = [CLEAN, ALL, *known_suites()]
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, 1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise MashbillError(f"{name!r} is no suite{hint}; there are: {', '.join(names)}")

"""The methods that a search chooses from, each at several rates."""

from typing import Any, NamedTuple

import numpy as np

from mashbill.models.errors import MashbillError
from mashbill.pipelines.recipe import Method, Recipe


class Candidate(NamedTuple):
    """A method and the rates that it is tried at.

    Attributes:
        label: what its variants have in the column `augmenter`.
        spec: of the augmenter, without a rate.
        rates: from low to high; None alone where the augmenter has none to choose.
        usual: what the recipe itself has: share, and place among the rates; None where it does
            not use the method.
        alone: whether it needs neither a model nor statistics, so that a training can make it.
    """

    label: str
    spec: dict[str, Any]
    rates: tuple[float | None, ...]
    usual: tuple[float, int] | None
    alone: bool

    def method(self, level: int, share: float) -> Method:
        """At one of the rates."""
        return self._with(self.rates[level], share)

    def up_to(self, level: int, share: float) -> Method:
        """At any rate from the lowest to this one."""
        rate = self.rates[level]
        return self._with(None if rate is None else [self.rates[0], rate], share)

    def _with(self, rate: Any, share: float) -> Method:
        spec = self.spec if rate is None else {**self.spec, "rate": rate}
        return Method.model_validate({**spec, "share": share})


def candidates(recipe: Recipe) -> list[Candidate]:
    """Those that `search.methods` names or, without it, those that the recipe uses.

    Raises:
        MashbillError: there are none.
    """
    section = recipe.search
    used: dict[str, list[Method]] = {}
    fresh = recipe.distill.data.fresh
    for method in (*recipe.augment.methods, *(fresh.methods if fresh else ())):
        used.setdefault(method.augmenter().label, []).append(method)
    asked = {method.augmenter().label: [method] for method in section.methods} or used
    if not asked:
        raise MashbillError(
            "search.methods: the recipe has no methods to choose from; name some, such as "
            "{use: typo.keyboard, rate: [0.05, 0.4]}"
        )
    widens = not section.methods
    return [
        _candidate(label, methods, used.get(label, []), section.levels, widens)
        for label, methods in asked.items()
    ]


def _candidate(
    label: str, methods: list[Method], used: list[Method], levels: int, widens: bool
) -> Candidate:
    augmenter = methods[0].augmenter()
    spec = {key: value for key, value in methods[0].augmenter_spec().items() if key != "rate"}
    own = [rate for method in methods for rate in _rates(method)]
    low, high = (min(own), max(own)) if own else (None, None)
    if own and low == high and widens:
        low, high = low / 2, min(1.0, 2 * high)
    rates: tuple[float | None, ...] = (None,)
    if own:
        number = levels if low < high else 1
        rates = tuple(round(float(rate), 4) for rate in np.linspace(low, high, number))
    usual = None
    if used:
        of_recipe = [rate for method in used for rate in _rates(method)]
        middle = float(np.mean(of_recipe)) if of_recipe and own else None
        place = 0 if middle is None else int(np.argmin([abs(rate - middle) for rate in rates]))
        usual = (sum(method.share for method in used), place)
    needs = augmenter.uses_model or augmenter.needs_statistics or bool(augmenter.needs())
    return Candidate(label, spec, rates, usual, not needs)


def _rates(method: Method) -> list[float]:
    """That of a method, or the ends of its range; empty where it has none."""
    rate = getattr(method.augmenter(), "rate", None)
    return [] if rate is None else list(rate) if isinstance(rate, tuple) else [rate]

"""What a suite is: a seeded perturbation with levels, and what a good model does under it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mashbill.transforms.augmenters.base import Augmenter
from mashbill.transforms.augmenters.combinators import Combinator
from mashbill.transforms.augmenters.edits import Variant, rewritten
from mashbill.transforms.augmenters.registry import build, parse
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.augmenters.rng import Rng
from mashbill.transforms.examples import seed_of, source_id_of
from mashbill.transforms.languages.base import Language

Level = Callable[[Sequence[str], Sequence[int]], list[Variant]]  # (texts, seeds) to variants

KINDS = {
    "INV": "the label stays; so should the answer",
    "DIR": "the probability of the label should not rise",
    "MFT": "short texts with an obvious label",
}


@dataclass(frozen=True)
class Suite:
    """After Ribeiro et al. 2020, "Beyond Accuracy: Behavioral Testing ... with CheckList".

    Attributes:
        kind: see `KINDS`.
        levels: perturbations, ever more severe; a text to which one does not apply comes back as it
            is. None of an MFT.
        severities: what a reader calls each level: "10 %".
        uses: names of the augmenters that do the same to a text, for `trained_by`.
        made_by: names of the augmenters that its levels are made with.
        cases: of an MFT, (text, label) of each case.
    """

    name: str
    about: str
    kind: Literal["INV", "DIR", "MFT"] = "INV"
    levels: tuple[Level, ...] = ()
    severities: tuple[str, ...] = ()
    uses: frozenset[str] = frozenset()
    made_by: tuple[str, ...] = ()
    cases: tuple[tuple[str, str], ...] = ()

    def texts(self, texts: Sequence[str], level: int) -> list[str]:
        """What `variants` makes of the texts."""
        return [variant.text for variant in self.variants(texts, level)]

    def variants(self, texts: Sequence[str], level: int) -> list[Variant]:
        """The texts at a level from 1; decided by suite, level and each text alone."""
        purpose = f"suite/{self.name}"
        seeds = [seed_of(0, source_id_of(text), purpose, level) for text in texts]
        return self.levels[level - 1](texts, seeds)


def percent(*shares: float) -> tuple[str, ...]:
    """Severities that are shares of a text."""
    return tuple(f"{share:.0%}".replace("%", " %") for share in shares)


def augmented(language: Language, name: str, rate: float, **parameters: Any) -> Level:
    """A level that an augmenter makes at this rate."""

    def level(texts: Sequence[str], seeds: Sequence[int]) -> list[Variant]:
        augmenter = build({"use": name, "rate": rate, **parameters}, language.name)
        return augmenter.variants(Request(texts, seeds))

    return level


def each(change: Callable[[str, Rng], str]) -> Level:
    """A level that changes text by text."""
    return lambda texts, seeds: rewritten(
        [change(text, Rng(seed)) for text, seed in zip(texts, seeds, strict=True)]
    )


def trained_by(suite: Suite, methods: Iterable[Any]) -> list[str]:
    """Which augmenters of a recipe's methods do to texts what the suite does; empty: held out.

    Args:
        methods: what `parse` takes, each.
    """
    used = sorted({name for method in methods for name in _names(parse(method))})
    return [name for name in used if any(_does(name, known) for known in suite.uses)]


def _names(augmenter: Augmenter) -> set[str]:
    if isinstance(augmenter, Combinator):
        return {name for part in augmenter.of for name in _names(part)}
    return {augmenter.name}


def _does(used: str, known: str) -> bool:
    """`contraction` does what `contraction.expand` does, and the other way round."""
    return used == known or used.startswith(f"{known}.") or known.startswith(f"{used}.")

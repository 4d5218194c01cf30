"""What the named entities of a corpus are called, for augmenters that draw from them."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from mashbill.models.tasks.projection import spans_of

LONGEST_ACRONYM = 4


class Mention(NamedTuple):
    """An entity as it is written, and the index of its type."""

    label: int
    text: str


Company = tuple[Mention, ...]
"""The mentions of one text, in their order, each once."""


@dataclass(frozen=True)
class Mentions:
    """Those of the texts that a run augments.

    Attributes:
        types: names of the types, which a label counts.
        companies: of each text that has some; each company once.
    """

    types: tuple[str, ...] = ()
    companies: tuple[Company, ...] = ()

    @cached_property
    def by_type(self) -> dict[int, tuple[str, ...]]:
        """Label to its names, each once; shouted ones only where there are no others."""
        texts_of: dict[int, dict[str, None]] = {}
        for label, text in (mention for company in self.companies for mention in company):
            texts_of.setdefault(label, {})[text] = None
        return {label: _spoken(list(texts)) for label, texts in sorted(texts_of.items())}

    @cached_property
    def companies_with(self) -> dict[int, tuple[Company, ...]]:
        """Label to the companies in which there is one."""
        companies: dict[int, list[Company]] = {}
        for company in self.companies:
            for label in dict.fromkeys(mention.label for mention in company):
                companies.setdefault(label, []).append(company)
        return {label: tuple(those) for label, those in companies.items()}


def companies_of(texts: Sequence[str], labels: Sequence[Any]) -> set[Company]:
    """Of texts with gold entities."""
    companies = (
        tuple(
            dict.fromkeys(Mention(one.label, text[one.start : one.end]) for one in spans_of(label))
        )
        for text, label in zip(texts, labels, strict=True)
    )
    return {company for company in companies if company}


def gathered(types: Sequence[str], companies: Iterable[Company], limit: int | None) -> Mentions:
    """At most `limit` companies, which ones their hashes decide."""
    return Mentions(tuple(types), tuple(sorted(companies, key=_hash)[:limit]))


def _hash(company: Company) -> bytes:
    return hashlib.blake2b(repr(company).encode(), digest_size=16, person=b"mentions").digest()


def is_shouted(text: str) -> bool:
    """In capitals, and longer than an acronym would be."""
    return text.isupper() and len(text) > LONGEST_ACRONYM


def _spoken(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(text for text in texts if not is_shouted(text)) or tuple(texts)

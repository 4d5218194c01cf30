"""Augmenters that look words or phrases up and replace some of what they find."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mashbill.transforms.augmenters.base import TokenAugmenter
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.tokens import match_case
from mashbill.transforms.augmenters.word_cache import WordCache

REST = 60  # code points behind a phrase that may decide what replaces it


class Lookup(TokenAugmenter):
    """Replaces words or phrases, in their casing; a site's option is one string or several."""

    def case(self, like: str, word: str) -> str:
        return match_case(like, word)

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        draws = batch.uniforms(sites, f"{self.name} option").tolist()
        return [
            self.case(like, option if isinstance(option, str) else option[int(d * len(option))])
            for like, option, d in zip(batch.strings(sites), sites.options, draws, strict=True)
        ]


def look_up(batch: TextBatch, cache: WordCache) -> Sites:
    """The free words of which the cache knows something that is not empty."""
    free = batch.free_words
    options = list(map(cache.__getitem__, batch.strings(free)))
    known = free.take(np.flatnonzero(np.fromiter(map(bool, options), bool, len(options))))
    return known._replace(options=list(filter(None, options)))


def match_phrases(
    batch: TextBatch,
    pattern: re.Pattern[str],
    option: Callable[[str, str], Any],
    group: str | int = 0,
) -> Sites:
    """The matches for which `option`, given `group` and what follows the match, is not None."""
    joined = batch.joined
    matches = list(pattern.finditer(joined))
    spans = np.array([match.span(group) for match in matches], np.int64).reshape(-1, 2)
    starts, ends = spans[:, 0], spans[:, 1]
    rows = batch.rows_of(starts)
    limits = batch.ends[rows].tolist()
    firsts = batch.offsets[rows].tolist()
    options = [
        option(match.group(group), joined[match.end() : min(limit, match.end() + REST)])
        if match.end() <= limit and match.start() >= first
        else None
        for match, first, limit in zip(matches, firsts, limits, strict=True)
    ]
    matched = [place for place, value in enumerate(options) if value]
    return Sites(rows, starts, ends, options).take(np.array(matched, np.int64))


def merge(several: Sequence[Sites]) -> Sites:
    """All the sites, in order."""
    rows, starts, ends = (np.concatenate(column) for column in list(zip(*several, strict=True))[:3])
    options = [option for sites in several for option in sites.options]
    order = np.lexsort((ends, starts))
    return Sites(rows, starts, ends, options).take(order)


def phrase_pattern(phrases: Sequence[str]) -> re.Pattern[str]:
    """Whole words in any casing, with either apostrophe, and one space between them.

    The longest phrase wins; a letter of an acronym ("U.S.") is no word.
    """
    tree: dict[str, dict] = {}
    for phrase in phrases:
        node = tree
        for letter in phrase.lower():
            node = node.setdefault(letter, {})
        node[""] = {}
    return re.compile(rf"(?<![\w'’-])(?<!\w\.){_branches(tree)}(?![\w'’-]|\.\w)", re.IGNORECASE)


def _branches(node: dict[str, dict]) -> str:
    """A pattern of what a tree of letters spells: re tries one branch, not each phrase in turn."""
    letters = [letter for letter in sorted(node) if letter]
    if not letters:
        return ""
    branches = [
        ("['’]" if letter == "'" else re.escape(letter)) + _branches(node[letter])
        for letter in letters
    ]
    return f"(?:{'|'.join(branches)}){'?' if '' in node else ''}"

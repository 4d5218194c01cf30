"""Variants of Chinese texts that something broke, counted by rules of its own.

    python examples/chinese/fetch.py
    python -m benchmarks.chinese_check --variants 100000

Every augmenter that works on Chinese by rules makes as many variants of the reviews, at its default
rate or at `--rate`. None may hold half of a surrogate pair, a character that stands for bytes that
nobody could read, a number of the source in pieces or run together with another, or a piece of an
English word that `protect_words` names.
"""

import argparse
import json
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from mashbill.transforms.augmenters.base import Augmenter
from mashbill.transforms.augmenters.registry import AUGMENTERS, available, build
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.augmenters.statistics import Statistics

NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*", re.ASCII)
NUMERALS = re.compile(r"[〇零一二三四五六七八九十百千万亿]{2,}")
MIXED = re.compile(r"[0-9][〇零一二三四五六七八九十]|[〇零一二三四五六七八九十][0-9]")
WORD = re.compile(r"(?<![A-Za-z0-9_])[A-Za-z]{2,}(?![A-Za-z0-9_])")
COMMON_WORDS = 200


def faults(text: str, variant: str, name: str, words: frozenset[str]) -> Iterator[str]:
    """What is broken in the variant."""
    if any("\ud800" <= c <= "\udfff" for c in variant):
        yield "half of a surrogate pair"
    if unreadable(variant) - unreadable(text):
        yield "mojibake"
    before, after = (unicodedata.normalize("NFKC", one) for one in (text, variant))
    if name == "number.form":
        if len(MIXED.findall(after)) > len(MIXED.findall(before)):
            yield "a number in pieces"
    elif Counter(NUMBER.findall(before)) != Counter(NUMBER.findall(after)):
        yield "a number in pieces"
    elif not name.startswith("script.") and lost(NUMERALS, before, after):
        yield "a number in characters in pieces"
    if lost(WORD, text, variant, words):
        yield "a protected word in pieces"


def unreadable(text: str) -> Counter[str]:
    """Characters that no one writes: replacements, controls, private ones, unassigned ones."""
    return Counter(
        c for c in text if c == "\ufffd" or (unicodedata.category(c) in ("Cc", "Co", "Cn"))
    )


def lost(
    pattern: re.Pattern[str], before: str, after: str, only: frozenset[str] | None = None
) -> Counter[str]:
    """Matches of the one that are not in the other."""
    found, kept = (Counter(pattern.findall(one)) for one in (before, after))
    gone = found - kept
    return gone if only is None else Counter({w: n for w, n in gone.items() if w in only})


def augmenters(texts: Sequence[str], rate: float | None, words: list[str]) -> Iterator[Augmenter]:
    """Each that works by rules in Chinese and needs nothing else."""
    statistics = Statistics.of(texts, language="zh")
    for name in available("zh"):
        kind = AUGMENTERS[name]
        if (
            "rate" not in kind.model_fields
            or kind.uses_model is True
            or name.startswith(("nlpaug.", "entity."))
        ):
            continue
        if any(field.is_required() for field in kind.model_fields.values()):
            continue
        at = {} if rate is None else {"rate": rate}
        built = build({"use": name, "protect_words": words, **at}, "zh")
        yield built.with_statistics(statistics) if built.needs_statistics else built


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=Path, default=Path("examples/chinese/data/reviews.jsonl"))
    parser.add_argument("--variants", type=int, default=100_000)
    parser.add_argument("--rate", type=float, help="of every augmenter; by default its own")
    options = parser.parse_args()
    rows = options.texts.read_text("utf-8").splitlines()
    texts = [json.loads(row)["text"] for row in rows]
    counted = Counter(word for text in texts for word in WORD.findall(text))
    words = [word for word, _ in counted.most_common(COMMON_WORDS)]
    kinds = list(augmenters(texts[:2000], options.rate, words))
    each = -(-options.variants // len(kinds))
    made, broken = 0, 0
    for kind in kinds:
        chosen = (texts * -(-each // len(texts)))[:each]
        found: Counter[str] = Counter()
        for text, variant in zip(
            chosen, kind.variants_batch(Request(chosen, range(each))), strict=True
        ):
            for fault in faults(text, variant, kind.name, frozenset(words)):
                if not found[fault]:
                    print(f"{kind.name}: {fault}:\n  {text}\n  {variant}")
                found[fault] += 1
        made, broken = made + each, broken + found.total()
        print(f"{kind.name}: {each:,} variants, {found.total()} broken {dict(found) or ''}")
    print(f"{made:,} variants, {broken} broken")
    sys.exit(broken > 0)


if __name__ == "__main__":
    main()

"""Variants per second of the Chinese augmenters, beside nlpcda and jionlp.

Everyone makes one variant of each review, in one process and in turn, at a rate of 0.1 (1 for
conversions). No two libraries round, choose or protect alike, so the characters that differ are
counted, too, and both rates are printed: variants, and characters changed, per second. Neither
counts what is prepared once: each run is preceded by one that is not timed.

What the peers do is not always the same, and `LESS` says where it is less than ours: a peer that
flips a coin for each character of one string needs no words, keeps no number whole, has one seed
for all texts and tells no offsets.

Peers that are not installed are named and left out:

    python examples/chinese/fetch.py
    pip install --target PEERS --no-deps nlpcda jionlp jiojio zipfile36
    PYTHONPATH=PEERS python -m benchmarks.chinese
"""

import argparse
import contextlib
import functools
import io
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, NamedTuple

from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.languages.zh.packages import converter

RATE = 0.1
BAR = 10  # times as fast as a peer that does the same

Make = Callable[[list[str]], list[str]]


class Pair(NamedTuple):
    """What is compared.

    Attributes:
        ours: a spec.
        peer, function: whose, and which.
        make: turns texts into their variants.
        less: what the peer leaves out; "" where it does the same.
        traditional: whether the texts are.
    """

    ours: Mapping[str, Any]
    peer: str
    function: str
    make: Make
    less: str = ""
    traditional: bool = False


COINS = "characters, by a coin for each; numbers in characters in pieces"
BY_CHARACTER = "each character by itself: 头发 becomes 頭發"


def nlpcda() -> Iterator[Pair]:
    import nlpcda as peer

    characters = {"use": "typo.homophone", "unit": "character", "rate": RATE}
    for spec, kind, less in (
        ({"use": "synonym.zh", "rate": RATE}, "Similarword", ""),
        ({"use": "typo.delete", "rate": RATE}, "RandomDeleteChar", ""),
        (characters, "Homophone", COINS),
        ({"use": "typo.transpose", "rate": RATE}, "CharPositionExchange", COINS),
    ):
        made = getattr(peer, kind)(create_num=2, change_rate=RATE, seed=1)
        yield Pair(spec, "nlpcda", kind, functools.partial(_last_of_each, made.replace), less)


def jionlp() -> Iterator[Pair]:
    import jionlp as peer

    once = {"augmentation_num": 1, "seed": 1}
    homophone = functools.partial(peer.homophone_substitution, homo_ratio=RATE, **once)
    moved = functools.partial(peer.swap_char_position, swap_ratio=RATE, **once)
    dropped = functools.partial(peer.random_add_delete, add_ratio=0, delete_ratio=RATE, **once)
    for name, function in (
        ("typo.homophone", homophone),
        ("typo.transpose", moved),
        ("typo.delete", dropped),
    ):
        made = functools.partial(_last_of_each, function)
        yield Pair({"use": name, "rate": RATE}, "jionlp", function.func.__class__.__name__, made)
    for name, function, traditional in (
        ("script.traditional", peer.sim2tra, False),
        ("script.simplified", peer.tra2sim, True),
    ):
        for mode, region, less in (
            ("word", "taiwan_words", ""),
            ("char", "standard", BY_CHARACTER),
        ):
            made = functools.partial(_converted, functools.partial(function, mode=mode))
            spec = {"use": name, "region": region}
            yield Pair(spec, "jionlp", f"{function.__name__} {mode}", made, less, traditional)


def _last_of_each(make: Callable[[str], list[str]], texts: Sequence[str]) -> list[str]:
    """Both answer with lists of the variants, of which nlpcda's begin with the text itself."""
    return [[text, *make(text)][-1] for text in texts]


def _converted(convert: Callable[[str], str], texts: Sequence[str]) -> list[str]:
    """jionlp's words stop with an AssertionError at some texts, which stay as they are."""
    made = []
    for text in texts:
        try:
            made.append(convert(text))
        except AssertionError:
            made.append(text)
    return made


def seconds(make: Callable[[], list[str]]) -> float:
    begin = time.perf_counter()
    make()
    return time.perf_counter() - begin


def changed(texts: Sequence[str], variants: Sequence[str]) -> float:
    """Characters replaced, dropped or added, for each text."""
    pairs = list(zip(texts, variants, strict=True))[:200]
    total = 0
    for text, variant in pairs:
        for kind, a, b, c, d in SequenceMatcher(None, text, variant, False).get_opcodes():
            total += max(b - a, d - c) if kind != "equal" else 0
    return total / len(pairs)


def compare(pair: Pair, few: list[str], texts: list[str], rounds: int) -> str:
    """Rates of both, in turn, and their ratio."""
    augmenter = build(pair.ours, "zh")

    def own() -> list[str]:
        return augmenter.variants_batch(Request(texts, range(len(texts))))

    def theirs() -> list[str]:
        with contextlib.redirect_stdout(io.StringIO()):
            return pair.make(few)

    variants, our_variants = theirs(), own()
    times = zip(*((seconds(theirs), seconds(own)) for _ in range(rounds)), strict=True)
    their_time, our_time = map(min, times)
    rate, our_rate = len(few) / their_time, len(texts) / our_time
    edits, our_edits = changed(few, variants), changed(texts, our_variants)
    ratio, of_edits = our_rate / rate, our_rate * our_edits / max(rate * edits, 1e-9)
    short = f", below {BAR}" if ratio < BAR and not pair.less else ""
    return (
        f"{pair.ours['use']}: {our_rate:,.0f}/s ({our_edits:.1f} characters changed), "
        f"{pair.peer} {pair.function} {rate:,.0f}/s ({edits:.1f}): {ratio:.1f} times the variants, "
        f"{of_edits:.1f} times the changes{short}{f'; it does less: {pair.less}' * bool(pair.less)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=Path, default=Path("examples/chinese/data/reviews.jsonl"))
    parser.add_argument("--limit", type=int, default=4000)
    parser.add_argument("--slow", type=int, default=300, help="texts that the peers get")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rows = options.texts.read_text("utf-8").splitlines()[: options.limit]
    texts = [json.loads(row)["text"] for row in rows]
    traditional = [converter("s2t").convert(text) for text in texts]
    print(f"{len(texts):,} texts of {sum(map(len, texts)) / len(texts):.0f} characters")
    missing = []
    for peers in (nlpcda, jionlp):
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # both greet at length
                pairs = list(peers())
        except ImportError as error:
            missing.append(f"{peers.__name__} ({error})")
            continue
        for pair in pairs:
            used = traditional if pair.traditional else texts
            print(compare(pair, used[: options.slow], used, options.rounds), flush=True)
    if missing:
        print(f"not installed: {', '.join(missing)}")


if __name__ == "__main__":
    main()

"""Sentences per second of the Chinese augmenters, beside nlpcda and jionlp where they do the same.

Everyone turns the same reviews into a variant each, in one process and in turn, at a rate of 0.1;
how many characters each changed is counted, since no two libraries round alike. What a peer learns
of a word once it keeps, as we do: each run is preceded by one that is not counted. Peers that are
not installed are named and left out:

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
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path

from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.request import Request

RATE = 0.1
BAR = 10  # times as fast as each peer


def nlpcda(texts: list[str]) -> Iterator[tuple[str, str, Callable[[], list[str]]]]:
    import nlpcda as peer

    for name, kind, rate in (
        ("typo.homophone", "Homophone", RATE),
        ("synonym.zh", "Similarword", RATE),
        ("typo.delete", "RandomDeleteChar", RATE),
        ("typo.transpose", "CharPositionExchange", RATE),
    ):
        made = getattr(peer, kind)(create_num=2, change_rate=rate, seed=1)
        yield name, "nlpcda", functools.partial(_last_of_each, made.replace, texts)


def jionlp(texts: list[str]) -> Iterator[tuple[str, str, Callable[[], list[str]]]]:
    with contextlib.redirect_stdout(io.StringIO()):
        import jionlp as peer

    homophone = functools.partial(
        peer.homophone_substitution, augmentation_num=1, homo_ratio=RATE, seed=1
    )
    moved = functools.partial(peer.swap_char_position, augmentation_num=1, swap_ratio=RATE, seed=1)
    noise = functools.partial(
        peer.random_add_delete, augmentation_num=1, add_ratio=0.0, delete_ratio=RATE, seed=1
    )
    for name, function in (
        ("typo.homophone", homophone),
        ("typo.transpose", moved),
        ("typo.delete", noise),
        ("script.traditional", peer.sim2tra),
        ("script.simplified", peer.tra2sim),
    ):
        yield name, "jionlp", functools.partial(_last_of_each, function, texts)


def _last_of_each(make: Callable[[str], str | list[str]], texts: Sequence[str]) -> list[str]:
    """Both answer with lists of the variants, of which nlpcda's begin with the text itself."""
    return [
        answer if isinstance(answer := make(text), str) else [text, *answer][-1] for text in texts
    ]


def ours(name: str, texts: list[str]) -> Callable[[], list[str]]:
    rate = 1.0 if name.startswith("script.") else RATE
    augmenter = build({"use": name, "rate": rate}, "zh")
    return lambda: augmenter.variants_batch(Request(texts, range(len(texts))))


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=Path, default=Path("examples/chinese/data/reviews.jsonl"))
    parser.add_argument("--limit", type=int, default=4000)
    parser.add_argument("--slow", type=int, default=300, help="texts that the peers get")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rows = options.texts.read_text("utf-8").splitlines()[: options.limit]
    texts = [json.loads(row)["text"] for row in rows]
    few = texts[: options.slow]
    print(f"{len(texts):,} texts of {sum(map(len, texts)) / len(texts):.0f} characters")
    missing = []
    for peers in (nlpcda, jionlp):
        try:
            for name, label, theirs in peers(few):
                compare(name, label, theirs, few, ours(name, texts), texts, options.rounds)
        except ImportError as error:
            missing.append(f"{peers.__name__} ({error})")
    if missing:
        print(f"not installed: {', '.join(missing)}")


def compare(name, label, theirs, few, own, texts, rounds) -> None:
    """Prints rates of both, in turn, and the ratio."""
    variants, our_variants = theirs(), own()
    best = [min(pair) for pair in zip(*((seconds(theirs), seconds(own)) for _ in range(rounds)),
                                     strict=True)]  # fmt: skip
    rate, our_rate = len(few) / best[0], len(texts) / best[1]
    ratio = our_rate / rate
    print(
        f"{name}: {our_rate:,.0f}/s ({changed(texts, our_variants):.1f} characters), "
        f"{label} {rate:,.0f}/s ({changed(few, variants):.1f}): {ratio:.1f} times"
        f"{'' if ratio >= BAR else f', below {BAR}'}"
    )


if __name__ == "__main__":
    main()

"""Sentences per second of each augmenter, beside the other libraries' matching ones.

Everyone turns the same sentences into variants in one process, in turn, at a rate of 0.1 of the
words, one letter in a word; how many words each changed is counted, since no two libraries round
alike. Peers that are not installed are named and left out:

    pip install -e .[bench]
    pip install --target PEERS --no-deps textaugment gensim googletrans nest_asyncio smart_open \\
        textblob wrapt
    PYTHONPATH=PEERS python -m benchmarks.augment --wordnet examples/reviews/data/wordnet

textaugment goes apart, without what it asks for: that includes a package `asyncio` by the name of
the standard library's module.
"""

import functools
import json
import random
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher

from benchmarks.timing import parser, rates, read_texts
from mashbill.transforms.augmenters.base import Augmenter, apply
from mashbill.transforms.augmenters.registry import AUGMENTERS, build
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.augmenters.statistics import Statistics

RATE = 0.1
SLOW = 200  # sentences for what makes a few hundred a second


def ours(augmenter: Augmenter, texts: list[str]) -> Callable[[], list[str]]:
    return lambda: augmenter.variants_batch(Request(texts, range(len(texts))))


def with_edits(augmenter: Augmenter, texts: list[str]) -> Callable[[], list[str]]:
    return lambda: list(
        map(apply, texts, augmenter.augment_batch(Request(texts, range(len(texts)))))
    )


def one_by_one(augmenter: Augmenter, texts: list[str]) -> Callable[[], list[str]]:
    return lambda: [apply(text, augmenter.augment(text, seed)) for seed, text in enumerate(texts)]


def each(function: Callable[[str], object], texts: list[str]) -> Callable[[], list[object]]:
    return lambda: list(map(function, texts))


def fast_aug(texts: list[str], words: list[str]) -> Iterator[tuple[str, str, Callable]]:
    from fast_aug import text as fast

    word, letter = (RATE, 1, None), (0.1, 1, 1)
    two_letters = (0.1, 2, 2)  # of one letter, fast-aug's swap makes nothing at all
    for name, method in (
        ("typo.insert", fast.CharsRandomInsertAugmenter(word, letter, "en")),
        ("typo.delete", fast.CharsRandomDeleteAugmenter(word, letter)),
        ("typo.substitute", fast.CharsRandomSubstituteAugmenter(word, letter, "en")),
        ("typo.keyboard", fast.CharsRandomSubstituteAugmenter(word, letter, "en")),
        ("typo.transpose", fast.CharsRandomSwapAugmenter(word, two_letters)),
        ("edit.delete", fast.WordsRandomDeleteAugmenter(word)),
        ("edit.swap", fast.WordsRandomSwapAugmenter(word)),
        ("edit.replace", fast.WordsRandomSubstituteAugmenter(word, words)),
    ):
        yield name, "fast-aug", functools.partial(method.augment_batch, texts)
        yield name, "fast-aug, one by one", each(method.augment, texts)


def augmentex(texts: list[str], words: list[str]) -> Iterator[tuple[str, str, Callable]]:
    from augmentex import CharAug, WordAug

    letters = CharAug(unit_prob=0.02, min_aug=1, max_aug=99, lang="eng")
    whole = WordAug(unit_prob=RATE, min_aug=1, max_aug=99, lang="eng")
    for name, method, action in (
        ("typo.keyboard", letters, "typo"),
        ("typo.delete", letters, "delete"),
        ("typo.insert", letters, "insert"),
        ("typo.transpose", letters, "swap"),
        ("typo.repeat", letters, "multiply"),
        ("edit.delete", whole, "delete"),
        ("edit.swap", whole, "swap"),
        ("edit.split", whole, "split"),
    ):
        run = functools.partial(method.augment, action=action)
        yield name, "augmentex", each(lambda text, run=run: run(text=text), texts)


def textaugment(texts: list[str], words: list[str]) -> Iterator[tuple[str, str, Callable]]:
    from textaugment import AEDA, EDA

    eda, aeda = EDA(stop_words=["the"]), AEDA()  # whose own list is a download
    yield "edit.delete", "textaugment", each(lambda t: eda.random_deletion(t, p=RATE), texts)
    yield "edit.swap", "textaugment", each(lambda t: eda.random_swap(t, n=2), texts)
    yield "edit.insert_punctuation", "textaugment", each(aeda.punct_insertion, texts)


def glitchlings(texts: list[str], words: list[str]) -> Iterator[tuple[str, str, Callable]]:
    from glitchlings import Rushmore, Typogre

    for name, method in (
        ("typo.keyboard", Typogre(rate=0.02, seed=1)),
        ("edit.delete", Rushmore(modes="delete", rate=RATE, seed=1)),
        ("edit.duplicate", Rushmore(modes="duplicate", rate=RATE, seed=1)),
        ("edit.swap", Rushmore(modes="swap", rate=RATE, seed=1)),
    ):
        yield name, "glitchlings", each(method, texts[: 10 * SLOW])


def nlpaug(texts: list[str], words: list[str]) -> Iterator[tuple[str, str, Callable]]:
    import nlpaug.augmenter.char as chars
    import nlpaug.augmenter.word as whole_words

    one = {"aug_char_min": 1, "aug_char_max": 1, "aug_word_p": RATE}
    for name, method in (
        ("typo.keyboard", chars.KeyboardAug(**one)),
        ("typo.ocr", chars.OcrAug(**one)),
        ("typo.misspelling", whole_words.SpellingAug(aug_p=RATE)),
        ("edit.delete", whole_words.RandomWordAug(aug_p=RATE)),
        ("edit.swap", whole_words.RandomWordAug(action="swap", aug_p=RATE)),
    ):
        yield name, "nlpaug", each(method.augment, texts[:SLOW])


PEERS = (fast_aug, glitchlings, augmentex, textaugment, nlpaug)


def peers(
    wanted: Sequence[str], texts: list[str], words: list[str]
) -> tuple[dict[str, dict[str, Callable]], list[str]]:
    """For each of our augmenters the matching runs, and which peers are missing and why."""
    found: dict[str, dict[str, Callable]] = {name: {} for name in AUGMENTERS}
    missing = []
    for peer in (peer for peer in PEERS if peer.__name__ in wanted):
        try:
            for name, label, run in peer(texts, words):
                found[name][label] = run
        except (ImportError, LookupError) as error:  # LookupError: of nltk, for its data
            missing.append(f"{peer.__name__} ({str(error).strip().splitlines()[0]})")
    return found, missing


def words_changed(texts: Sequence[str], variants: Sequence[str | list[str]]) -> float:
    """Words replaced, dropped or added per sentence, in the first of them."""
    changed = 0
    pairs = list(zip(texts[:SLOW], variants, strict=False))
    for text, variant in pairs:
        new = variant if isinstance(variant, str) else variant[0]  # nlpaug answers with a list
        matcher = SequenceMatcher(None, text.split(), new.split(), autojunk=False)
        for kind, a, b, c, d in matcher.get_opcodes():
            changed += max(b - a, d - c) if kind != "equal" else 0
    return changed / len(pairs)


def line(name: str, result: dict) -> str:
    """What the terminal shows of one augmenter."""
    own = result["rows_per_second"]["variants_batch"]
    listed = [
        f"{run} {rate:,.0f}/s ({own / rate:.2f}, {result['words_changed'][run]:.1f} words)"
        for run, rate in result["rows_per_second"].items()
    ]
    loads = f"loads in {result['load_s']:.2f} s, {result['load_mb']:.0f} MB"
    return f"{name}: {', '.join(listed)}; {loads}"


def parameters(options) -> dict[str, dict]:
    return {
        "synonym.wordnet": {"wordnet": options.wordnet},
        "synonym.embedding": {"vectors": options.vectors},
        "chain": {"of": ["contraction.expand", "typo.keyboard"]},
        "one_of": {"of": ["edit.swap", "typo.keyboard"]},
        "sometimes": {"of": ["edit.swap", "typo.keyboard"]},
    }


_LOAD = """
import json, re, sys, time
from pathlib import Path
from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.statistics import Statistics

def megabytes(what):
    return int(re.search(what + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

spec = json.loads(sys.argv[1])
Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
before, begin = megabytes("VmRSS"), time.perf_counter()
augmenter = build(spec).with_statistics(Statistics.of(["a good film about a man"]))
augmenter.augment("A very good film about a man who isn't happy.", 1)
print(json.dumps([time.perf_counter() - begin, megabytes("VmHWM") - before]))
"""


def loading(spec: dict) -> tuple[float, float]:
    """Seconds, and MB at the peak, that a fresh process needs until its first variant.

    Importing the engine (numpy, pyarrow, pydantic) is not counted: every augmenter shares it.
    """
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, json.dumps(spec)], capture_output=True, text=True, check=True
    )
    seconds, megabytes = json.loads(done.stdout)
    return seconds, megabytes


def main() -> None:
    arguments = parser(__doc__.splitlines()[0])
    arguments.add_argument("--wordnet", help="folder of WordNet's files")
    arguments.add_argument("--vectors", help="word vectors")
    known = [peer.__name__ for peer in PEERS]
    arguments.add_argument("--peers", nargs="*", choices=known, default=known)
    options = arguments.parse_args()
    texts = read_texts(options.texts, options.limit, options.join)
    statistics = Statistics.of(texts)
    if not options.json:
        print("rate (variants_batch is how many times as fast, words changed per sentence)")
    random.seed(0)
    others, missing = peers(options.peers, texts, list(statistics.counts))
    given = parameters(options)
    only = tuple(options.only or [""])
    results = {}
    for name, kind in AUGMENTERS.items():
        no_data = any(value is None for value in given.get(name, {}).values())
        if not name.startswith(only) or name.startswith("nlpaug.") or no_data:
            continue
        if kind.uses_model is True:
            continue
        spec = {"use": name, **given.get(name, {})}
        if "rate" in kind.model_fields:
            spec["rate"] = RATE
        augmenter = build(spec).with_statistics(statistics)
        runs = {
            "variants_batch": ours(augmenter, texts),
            "augment_batch": with_edits(augmenter, texts),
            "augment": one_by_one(augmenter, texts[:SLOW]),
            **others[name],
        }
        sizes = {run: len(texts) for run in runs}
        limits = {"augment": SLOW, "nlpaug": SLOW, "glitchlings": 10 * SLOW}
        sizes |= {run: min(most, len(texts)) for run, most in limits.items() if run in runs}
        seconds, megabytes = loading(spec)
        result = {
            "rows_per_second": rates(runs, sizes, options.rounds),
            "words_changed": {run: words_changed(texts, make()) for run, make in runs.items()},
            "load_s": seconds,
            "load_mb": megabytes,
        }
        found = result["rows_per_second"]
        result["variants_batch_over"] = {
            run: found["variants_batch"] / rate for run, rate in found.items()
        }
        results[name] = result
        if not options.json:
            print(line(name, result), flush=True)
    if options.json:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"missing": missing, "peak_mb": peak, "results": results}))
    elif missing:
        print(f"not installed: {', '.join(missing)}")


if __name__ == "__main__":
    main()

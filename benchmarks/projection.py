"""Named entities in the variants of every augmenter: how many variants are lost, and why.

    python examples/mentions/fetch.py
    python -m benchmarks.projection --wordnet examples/reviews/data/wordnet \\
        --glove examples/reviews/data/glove

One variant of each of the first 1,000 sentences of CoNLL-2003 with an entity, by each augmenter
that needs no model, at its default rate. Of what is kept, `mention_check`, which knows nothing of
the edits, says whether the text under each entity is still the mention that was labelled; where an
augmenter draws names, whether it is one of that type in the sentences.
"""

import argparse
import json
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple

from benchmarks.mention_check import still_names
from mashbill.models.errors import MashbillError
from mashbill.models.tasks.base import Lost
from mashbill.models.tasks.projection import REASONS
from mashbill.models.tasks.spans import Spans
from mashbill.transforms.assignment import bind
from mashbill.transforms.augmenters.base import Augmenter
from mashbill.transforms.augmenters.entity import EntityAugmenter
from mashbill.transforms.augmenters.labels import label_of
from mashbill.transforms.augmenters.registry import AUGMENTERS, build
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.augmenters.statistics import Statistics
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.readers import read
from mashbill.transforms.sources import plan

TYPES = ("PER", "ORG", "LOC", "MISC")
PARTS = {
    "chain": ["contraction", "typo.keyboard"],
    "one_of": ["edit.swap", "edit.delete"],
    "sometimes": ["edit.swap", "edit.duplicate"],
}


class Found(NamedTuple):
    """What came of an augmenter.

    Attributes:
        variants: texts that it changed.
        lost: reason to how many of these lost an entity.
        mentions: of the others, all their entities.
        right: those that are still what was labelled, by the independent check.
        wrong: a few that are not: (source, variant, mention, what stands there).
    """

    variants: int
    lost: dict[str, int]
    mentions: int
    right: int
    wrong: list[tuple[str, str, str, str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--conll", default="examples/mentions/data/train.conll")
    parser.add_argument("--wordnet", help="folder of WordNet's files")
    parser.add_argument("--glove", help="word vectors, as `synonym.embedding` takes them")
    parser.add_argument("--limit", type=int, default=1000, help="sentences")
    parser.add_argument("--only", nargs="+", help="augmenters whose names begin so")
    parser.add_argument("--protect", action="store_true", help="with `protect: [default, spans]`")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    texts, labels = sentences(arguments.conll, arguments.limit)
    built, left_out = augmenters(arguments.wordnet, arguments.glove, arguments.protect)
    known = Statistics.of(texts, labels=labels, types=TYPES)
    names = {
        (one["label"], text[one["start"] : one["end"]].casefold())
        for text, label in zip(texts, labels, strict=True)
        for one in label
    }
    wanted = tuple(arguments.only or [""])
    results = {
        name: measure(bind(augmenter, known), texts, labels, names)
        for name, augmenter in built.items()
        if name.startswith(wanted)
    }
    if arguments.json:
        found = {name: one._asdict() for name, one in results.items()}
        print(json.dumps({"benchmark": "projection", "results": found, "left_out": left_out}))
        return
    for line in table(results):
        print(line)
    for name, why in left_out.items():
        print(f"left out: {name}: {why}")


def sentences(path: str, limit: int) -> tuple[list[str], list[Any]]:
    """The first texts that have an entity, and their labels."""
    task = Spans().over(TYPES)
    spec = CorpusSpec("conll", path, label="tag")
    rows = [
        row
        for item in plan(spec, task=task)
        for part in read(item, task)
        for row in part.batch.to_pylist()
        if row["label"]
    ][:limit]
    return [row["text"] for row in rows], [row["label"] for row in rows]


def augmenters(
    wordnet: str | None, glove: str | None, protect: bool
) -> tuple[dict[str, Augmenter], dict[str, str]]:
    """Those of the registry that need no model; and those left out, with the reason."""
    given: dict[str, Mapping[str, Any]] = {
        "synonym.wordnet": {"wordnet": wordnet},
        "synonym.embedding": {"vectors": glove} if glove else {},
        "nlpaug.ReservedAug": {"args": {"reserved_tokens": [["said", "told", "added"]]}},
    }
    built, left_out = {}, {}
    for name in AUGMENTERS:
        parts = [{"use": one} for one in PARTS.get(name, ())]
        keeps = {"protect": ["default", "spans"]} if protect else {}
        spec = {"use": name, **given.get(name, {})}
        spec |= {"of": [part | keeps for part in parts]} if parts else keeps
        try:
            augmenter = build(spec)
            if augmenter.uses_model:
                raise MashbillError("it needs a model")
            augmenter.load()
            augmenter.augment(
                "Peter sat in a small room.", 1
            ) if not augmenter.needs_statistics else 0
            built[name] = augmenter
        except Exception as error:  # nlpaug raises whatever its data sets lack
            left_out[name] = str(error).strip().splitlines()[0][:120]
    return built, left_out


def measure(
    augmenter: Augmenter,
    texts: Sequence[str],
    labels: Sequence[Any],
    names: Set[tuple[int, str]],
) -> Found:
    """One variant of each text; `names`: label and name of every mention, in lower case."""
    draws_names = isinstance(augmenter, EntityAugmenter)
    variants = augmenter.variants(Request(texts, range(len(texts)), labels))
    lost: Counter = Counter()
    mentions = right = changed = 0
    wrong = []
    for text, label, variant in zip(texts, labels, variants, strict=True):
        if variant.text == text:
            continue
        changed += 1
        found = label_of(variant, text, label)
        if isinstance(found, Lost):
            lost[found.reason] += 1
            continue
        for old, new in zip(label, found, strict=True):
            before = text[old["start"] : old["end"]]
            after = variant.text[new["start"] : new["end"]]
            mentions += 1
            drawn = draws_names and (new["label"], after.casefold()) in names
            if old["label"] == new["label"] and (still_names(before, after) or drawn):
                right += 1
            else:
                wrong.append((text, variant.text, before, after))
    return Found(changed, dict(lost), mentions, right, wrong[:5])


def table(results: Mapping[str, Found]) -> list[str]:
    """Shares of the variants, in per cent."""
    lines = [
        f"| augmenter | variants | lost | {' | '.join(REASONS)} | mentions kept | right |",
        f"|---|---|---|{'---|' * len(REASONS)}---|---|",
    ]
    for name, found in results.items():
        shares = [100 * found.lost.get(why, 0) / max(1, found.variants) for why in REASONS]
        each = " | ".join(f"{share:.1f}" if share else "" for share in shares)
        right = 100 * found.right / max(1, found.mentions)
        lines.append(
            f"| `{name}` | {found.variants:,} | {sum(shares):.1f} | {each} | "
            f"{found.mentions:,} | {right:.6g} |"
        )
    return lines


if __name__ == "__main__":
    main()

"""One or more specs for every augmenter of the registry that works by rules."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mashbill.transforms.augmenters.base import Augmenter
from mashbill.transforms.augmenters.registry import AUGMENTERS, build
from mashbill.transforms.augmenters.statistics import Statistics
from mashbill.transforms.languages.zh import packages

CORPUS = (
    "A very good film, and the actors were great.",
    "I didn't like the movie; its plot is a mess and the story was dull.",
    "They should have seen what the director has done with their music.",
    "It's an old story, but they'll laugh: he is not sure, she does not care and asks for advice.",
    "By the way, these two films are on TV, i.e. pictures of a man for example in a garden.",
    "If you like it slow, you will sleep well. The plot is thin, while the acting is no better.",
)

CHINESE = (
    "这家酒店的服务很好，房间也干净，早餐有三十五种，下次还会来。",
    "买了3个月，屏幕就坏了！客服的态度很差，不推荐大家购买这款手机。",
    "因为是iPhone 6s，所以2018年的软件装不上。作者的描写让我非常感动。",
    "他说：“价格便宜，质量不错。” 可是我觉得声音太小，图片也不清晰。",
    "房間很舒服，頭髮也乾淨，就是價格貴了點。",
)


def corpus_of(augmenter: Augmenter) -> tuple[str, ...]:
    """Texts in its language."""
    return CHINESE if augmenter.language.name == "zh" else CORPUS


TYPES = ("PER", "ORG", "LOC", "MISC")
# Words of these texts that stand for named entities: text, word, type.
NAMED = (
    *((0, "actors", 0), (0, "film", 3), (1, "movie", 3)),
    *((2, "director", 0), (3, "story", 3), (4, "garden", 2)),
)


def named_entities() -> list[list[dict[str, int]]]:
    """Values of the column `label` for the texts of `CORPUS`."""
    labels: list[list[dict[str, int]]] = [[] for _ in CORPUS]
    for text, word, kind in NAMED:
        start = CORPUS[text].index(word)
        labels[text].append({"start": start, "end": start + len(word), "label": kind})
    return [sorted(label, key=lambda one: one["start"]) for label in labels]


# What an augmenter needs beside its name; all others are built from their name alone.
PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "chain": {"of": ["contraction.expand", {"use": "typo.keyboard", "rate": 0.3}]},
    "one_of": {"of": ["edit.swap", "edit.delete"], "weights": [1, 2]},
    "sometimes": {"of": ["edit.swap"]},
    "nlpaug.ReservedAug": {"args": {"reserved_tokens": [["film", "movie", "story"]]}},
    "order.reverse": {"window": 4},
}

# Work only with data that tests do not download, or not at all; test_nlpaug.py has their errors.
UNAVAILABLE = frozenset(
    f"nlpaug.{kind}" for kind in ("SynonymAug", "AntonymAug", "RandomSentAug", "LambadaAug")
)
NAMES = tuple(
    name
    for name, kind in AUGMENTERS.items()
    if kind.uses_model is not True
    and name not in UNAVAILABLE
    and (kind.languages != ("zh",) or packages.is_installed())
)


def language_for(kind: type[Augmenter]) -> str:
    """One that it works in."""
    return "en" if {"en", "any"}.intersection(kind.languages) else kind.languages[0]


def rule_based(files: Path) -> dict[str, Augmenter]:
    """Each augmenter of the registry that uses no model, ready for use.

    Args:
        files: holds the resources that tests make (`resources`).
    """
    given = {
        "synonym.wordnet": {"wordnet": str(files / "wordnet")},
        "synonym.embedding": {"vectors": str(files / "vectors.txt")},
        "nlpaug.WordEmbsAug": {"args": {"model_path": str(files / "vectors.txt")}},
        "nlpaug.TfIdfAug": {"args": {"model_path": str(files / "tfidf")}},
        **PARAMETERS,
    }
    built = {
        name: build({"use": name, **given.get(name, {})}, language_for(AUGMENTERS[name]))
        for name in NAMES
    }
    statistics = Statistics.of(CORPUS, labels=named_entities(), types=TYPES)
    return {
        name: augmenter.with_statistics(statistics) if augmenter.needs_statistics else augmenter
        for name, augmenter in built.items()
    }

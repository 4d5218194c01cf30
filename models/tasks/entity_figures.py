"""How well tagged entities match gold ones: by seqeval, by row, by type, and in part."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from mashbill.models.metrics import reliability
from mashbill.models.tasks.iob import Entity, entities_of

BINS = 15  # of confidence, for the calibration error

Rows = Sequence[np.ndarray] | np.ndarray  # tags of each row


class Counts(NamedTuple):
    """Of each row, int64 [rows]: entities that are right in bounds and type, said and gold ones."""

    hits: np.ndarray
    said: np.ndarray
    gold: np.ndarray

    def f1(self) -> float:
        total = (self.said + self.gold).sum()
        return float(2 * self.hits.sum() / total) if total else 0.0

    def rows(self) -> np.ndarray:
        """A number for each row whose mean is F1, float64 [rows].

        F1 is a ratio of sums, not a mean; these are the rows' shares in it, to first order (the
        delta method), so that resampling rows resamples F1.
        """
        sums = self.said + self.gold
        if not sums.any():
            return np.zeros(len(sums))
        return self.f1() + (2 * self.hits - self.f1() * sums) / sums.mean()


def counts(answers: Rows, gold: Rows) -> Counts:
    pairs = [(set(entities_of(a)), set(entities_of(g))) for a, g in zip(answers, gold, strict=True)]
    return counts_of(pairs)


def counts_of(pairs: Sequence[tuple[set, set]]) -> Counts:
    """Of each row the entities that a model says, and the gold ones."""
    counted = np.array([(len(a & g), len(a), len(g)) for a, g in pairs], np.int64).reshape(-1, 3)
    return Counts(*counted.T)


def f1_of(first: set, second: set) -> float:
    """Of two sets; 1 where both are empty."""
    both = len(first) + len(second)
    return 2 * len(first & second) / both if both else 1.0


def by_seqeval(answers: Rows, gold: Rows, names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Precision, recall and F1: `micro`, over all entities, and `macro`, the mean over types."""
    from seqeval.metrics import classification_report

    if not any(row.any() for rows in (answers, gold) for row in rows):  # its means would be NaN
        none = dict.fromkeys(("precision", "recall", "f1"), 0.0)
        return {"micro": none, "macro": none}
    spelt = np.array(names)
    said, right = ([spelt[row].tolist() for row in rows] for rows in (answers, gold))
    report = classification_report(right, said, output_dict=True, zero_division=0)
    keys = {"precision": "precision", "recall": "recall", "f1": "f1-score"}
    return {
        mean: {key: float(report[f"{mean} avg"][name]) for key, name in keys.items()}
        for mean in ("micro", "macro")
    }


class Matches(NamedTuple):
    """Gold entities by what a model makes of them, and what it says beside.

    Attributes:
        exact: bounds and type are right.
        type: bounds are right, the type is not.
        bounds: overlaps an entity of its type that has other bounds.
        both: overlaps one of another type with other bounds.
        missed: nothing is said where it stands.
        invented: entities that are said where no gold one stands.
    """

    exact: int
    type: int
    bounds: int
    both: int
    missed: int
    invented: int


def matches(answers: Rows, gold: Rows) -> Matches:
    """After Segura-Bedmar et al. 2013, "SemEval-2013 Task 9", section 4; each gold entity counts
    once, by the best that overlaps it."""
    kinds: Counter[str] = Counter()
    for said, right in _entities(answers, gold):
        kinds.update(_match(one, said) for one in right)
        kinds["invented"] += sum(not any(_overlap(one, other) for other in right) for one in said)
    return Matches(*(kinds[name] for name in Matches._fields))


def confusion(answers: Rows, gold: Rows, types: int) -> np.ndarray:
    """Gold type by the type of the entity that overlaps it most, int64 [types + 1, types + 1]; the
    last stands for none."""
    cells = np.zeros((types + 1, types + 1), np.int64)
    for said, right in _entities(answers, gold):
        for one in right:
            over = [other for other in said if _overlap(one, other)]
            best = max(over, key=lambda other: _overlap(one, other), default=None)
            cells[one.type, types if best is None else best.type] += 1
        for one in said:
            if not any(_overlap(one, other) for other in right):
                cells[types, one.type] += 1
    return cells


def _entities(answers: Rows, gold: Rows) -> Iterator[tuple[list[Entity], list[Entity]]]:
    for said, right in zip(answers, gold, strict=True):
        yield entities_of(said), entities_of(right)


def _match(gold: Entity, said: Sequence[Entity]) -> str:
    over = [one for one in said if _overlap(gold, one)]
    if gold in over:
        return "exact"
    if any(one[:2] == gold[:2] for one in over):
        return "type"
    if any(one.type == gold.type for one in over):
        return "bounds"
    return "both" if over else "missed"


def _overlap(first: Entity, second: Entity) -> int:
    return max(0, min(first.end, second.end) - max(first.start, second.start))


class Tallies:
    """What the figures of an evaluation are made of, row by row, so that they can be computed of
    many samples of the rows.

    Args:
        scores: probabilities of the tags, of each row float64 [words, tags].
        answers, gold: tags of each row.
        types: how many there are.
    """

    def __init__(self, scores: Rows, answers: Rows, gold: Rows, types: int):
        by_type = np.zeros((len(gold), 3, types))
        bounds = np.zeros(len(gold))
        for row, (said, right) in enumerate(_entities(answers, gold)):
            for place, entities in enumerate((set(said) & set(right), said, right)):
                by_type[row, place] = np.bincount([one.type for one in entities], minlength=types)
            bounds[row] = sum(_match(one, said) == "bounds" for one in right)
        self.by_type, self.bounds = by_type, bounds
        self.words = np.array([_of_words(*pair) for pair in zip(scores, gold, strict=True)])

    def figures(self, rows: np.ndarray) -> dict[str, float]:
        """Of the rows at these places. Those of entities are what seqeval says; `partial_f1` counts
        one of the right type with other bounds half; the others are of words."""
        hits, said, right = self.by_type[rows].sum(axis=0)
        of_type, words = 2 * hits, self.words[rows].sum(axis=0)
        sums = said + right
        number, true, surprise = words[:3]
        bins, confident, correct = words[3:].reshape(3, BINS)
        return {
            "f1": _ratio(of_type.sum(), sums.sum()),
            "precision": _ratio(hits.sum(), said.sum()),
            "recall": _ratio(hits.sum(), right.sum()),
            "macro_f1": float((of_type[sums > 0] / sums[sums > 0]).mean()) if sums.any() else 0.0,
            "partial_f1": _ratio(of_type.sum() + self.bounds[rows].sum(), sums.sum()),
            "word_accuracy": _ratio(true, number),
            "nll": _ratio(surprise, number),
            "ece": _ratio(np.abs(confident - correct).sum(), bins.sum()),
        }

    def entities(self) -> np.ndarray:
        """How many gold ones each type has, int64 [types]."""
        return self.by_type[:, 2].sum(axis=0).astype(np.int64)

    def of_types(self, rows: np.ndarray, names: Sequence[str]) -> dict[tuple[str, str], float]:
        """`precision`, `recall` and `f1` of each type, of the rows at these places."""
        return {
            (name, key): value
            for name, (hits, said, right) in zip(
                names, self.by_type[rows].sum(axis=0).T.tolist(), strict=True
            )
            for key, value in (
                ("precision", _ratio(hits, said)),
                ("recall", _ratio(hits, right)),
                ("f1", _ratio(2 * hits, said + right)),
            )
        }


def _of_words(scores: np.ndarray, tags: np.ndarray) -> np.ndarray:
    """How many there are, how many are right, their summed NLL, and `reliability` in `BINS`."""
    right = scores.argmax(axis=1) == tags
    nll = -np.log(np.maximum(scores[np.arange(len(tags)), tags], 1e-300))
    bins = reliability(scores.max(axis=1), right, BINS)
    return np.concatenate([[len(tags), right.sum(), nll.sum()], *bins])


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0

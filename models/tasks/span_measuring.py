"""What is measured of models that find entities."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from mashbill.models.balance import missing_classes, too_few_to_measure
from mashbill.models.metrics import softmax
from mashbill.models.significance import intervals
from mashbill.models.tasks import entity_figures
from mashbill.models.tasks.measuring import Calibration, Measure, Measuring
from mashbill.models.tasks.ragged import ragged
from mashbill.models.tasks.span_places import mentions
from mashbill.models.tasks.tagging import all_words


class SpanMeasuring(Measuring):
    """Gold and answers are ragged arrays of tags; `named` are the types of entities."""

    measure: ClassVar[Measure] = Measure("f1", "entity F1")
    figures: ClassVar = {
        "precision": "precision",
        "recall": "recall",
        "macro_f1": "macro F1",
        "partial_f1": "partial F1",
        "word_accuracy": "words right",
        "nll": "NLL",
        "ece": "ECE",
    }
    on_cards: ClassVar = ("f1", "macro_f1", "precision", "recall", "nll")
    likeness_names: ClassVar = (
        ("agreement", "entity F1 against the soft labels"),
        ("divergence", "KL(soft labels ‖ student), mean over words"),
    )

    # What a split holds

    @property
    def confused(self) -> tuple[str, ...]:
        return (*self.named, "none")

    @property
    def tallied(self) -> tuple[str, ...]:
        return self.named

    def tally(self, gold: np.ndarray) -> np.ndarray:
        """Rows with an entity of each type."""
        kinds = [self._kinds(tags) for tags in gold if tags is not None]
        return np.sum(kinds, axis=0, dtype=np.float64) if kinds else np.zeros(len(self.named))

    def _kinds(self, tags: np.ndarray) -> np.ndarray:
        """Whether each type is there, bool [types]."""
        return np.isin(np.arange(len(self.named)), (tags[tags > 0] - 1) // 2)

    def warnings(self, tally: Sequence[float]) -> list[str]:
        return missing_classes(tally, self.named)

    def too_few_to_measure(self, split: str, tally: Sequence[float]) -> Iterator[str]:
        return too_few_to_measure(split, tally, self.named)

    def slices(self, gold: np.ndarray) -> dict[str, np.ndarray]:
        kinds = np.array([self._kinds(tags) for tags in gold], bool).reshape(len(gold), -1)
        rows_of = {name: np.flatnonzero(kinds[:, i]) for i, name in enumerate(self.named)}
        rows_of["no entity"] = np.flatnonzero(~kinds.any(axis=1))
        return {name: places for name, places in rows_of.items() if len(places)}

    # Figures

    def metrics(self, logits: np.ndarray, gold: np.ndarray) -> dict[str, float]:
        """`rows`, and what `Tallies.figures` says; F1, precision and recall by seqeval."""
        known = self.known(gold)
        logits, gold = logits[known], gold[known]
        report = entity_figures.by_seqeval(self.predict(logits), gold, self.labels)
        of_words = self._tallies(logits, gold).figures(np.arange(len(gold)))
        of_entities = {key: report["micro"][key] for key in ("f1", "precision", "recall")}
        return {"rows": len(gold), **of_words, **of_entities, "macro_f1": report["macro"]["f1"]}

    def resampled(
        self, logits: np.ndarray, gold: np.ndarray
    ) -> Callable[[np.ndarray], dict[str, float]]:
        tallies = self._tallies(logits, gold)

        def figures(rows: np.ndarray) -> dict[str, float]:
            measured = tallies.figures(rows)
            return {key: measured[key] for key in self.figures}

        return figures

    def _tallies(self, logits: np.ndarray, gold: np.ndarray) -> entity_figures.Tallies:
        answers = self.predict(logits)
        return entity_figures.Tallies(self.soft(logits), answers, gold, len(self.named))

    def details(self, logits: np.ndarray, gold: np.ndarray) -> dict[str, Any]:
        """`types`: precision, recall and F1 of each, with intervals; `matches` and `confusion`."""
        answers = self.predict(logits)
        tallies = self._tallies(logits, gold)
        with_intervals = intervals(lambda rows: tallies.of_types(rows, self.named), len(gold))
        types: dict[str, Any] = {name: {} for name in self.named}
        for name, entities in zip(self.named, tallies.entities().tolist(), strict=True):
            types[name]["entities"] = entities
        for (name, key), one in with_intervals.items():
            types[name][key] = one._asdict()
        return {
            "types": types,
            "matches": entity_figures.matches(answers, gold)._asdict(),
            "confusion": entity_figures.confusion(answers, gold, len(self.named)).tolist(),
        }

    def of_rows(self, logits: np.ndarray, gold: np.ndarray) -> np.ndarray:
        """See `Counts.rows`."""
        return entity_figures.counts(self.predict(logits), gold).rows()

    def memory(self, train: Iterator[pa.RecordBatch]) -> set[str]:
        """The mentions, as they are written."""
        return {
            text[span["start"] : span["end"]]
            for batch in train
            for text, spans in zip(
                *(batch[name].to_pylist() for name in ("text", "label")), strict=True
            )
            for span in spans
        }

    def parts(
        self, texts: Sequence[str], logits: np.ndarray, gold: np.ndarray, memory: set[str]
    ) -> Iterator[tuple[str, str, int, np.ndarray]]:
        """Mentions, gold ones and found ones, that train has in just this form, and others."""
        rows = zip(texts, self.predict(logits), gold, strict=True)
        both = [[mentions(text, tags) for tags in pair] for text, *pair in rows]
        for name, seen in (("seen in train", True), ("not seen in train", False)):
            pairs = [
                tuple(
                    {one for one, form in forms.items() if (form in memory) == seen}
                    for forms in pair
                )
                for pair in both
            ]
            counts = entity_figures.counts_of(pairs)
            if counts.gold.any():
                yield "mention", name, int(counts.gold.sum()), counts.rows()

    def likeness(self, teacher: np.ndarray, student: np.ndarray) -> dict[str, float]:
        p, q = (
            softmax(all_words(teacher, len(self.labels))),
            softmax(all_words(student, len(self.labels))),
        )
        log = np.log(np.maximum(p, 1e-300)) - np.log(np.maximum(q, 1e-300))
        said, wanted = self.predict(student), self.predict(teacher)
        return {
            "agreement": entity_figures.counts(said, wanted).f1(),
            "divergence": float((p * log).sum(1).mean()),
        }

    def calibrate(self, logits: np.ndarray, gold: np.ndarray) -> dict[str, Any]:
        from mashbill.models.distill.scaling import fit_temperature

        known = self.known(gold)
        tags = np.concatenate([np.empty(0, np.int64), *gold[known]])
        return {"temperature": fit_temperature(all_words(logits[known], len(self.labels)), tags)}

    def of_config(self, calibration: Calibration, scales: bool = True) -> dict[str, Any]:
        return {"calibration_temperature": calibration["temperature"]} if scales else {}

    def scaled(self, logits: np.ndarray, calibration: Calibration) -> np.ndarray:
        return ragged(row / calibration["temperature"] for row in logits)

"""`spans`: named entities; a model tags every word."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from mashbill.models.balance import missing_classes, too_few_to_measure
from mashbill.models.metrics import softmax
from mashbill.models.settings import Fraction
from mashbill.models.significance import intervals
from mashbill.models.tasks import entity_figures
from mashbill.models.tasks.base import Calibration, Lost, Measure, Parser, Task
from mashbill.models.tasks.iob import Entity, decode, entities_of, tag_names, tags_of
from mashbill.models.tasks.names import check_class_names
from mashbill.models.tasks.projection import REASONS, carried
from mashbill.models.tasks.ragged import apart, lengths_of, ragged
from mashbill.models.tasks.single import places_of
from mashbill.models.tasks.span_parser import SpanParser, check_spans
from mashbill.models.tasks.tag_schemes import OUTSIDE
from mashbill.models.tasks.tagging import NO_TAG, Tagging, all_words
from mashbill.models.tasks.words import word_bounds

if TYPE_CHECKING:
    from torch import Tensor


class Spans(Tagging, Task):
    """Entities of several types, apart from each other. `labels` are the tags of IOB2, `named` the
    types.

    In tables a label is a list of spans, `start` and `end` in code points of `text`. Gold is a
    ragged array [n], of each row the tags of its words, int16 [words]; None for a row without it.
    Answers are gold that is valid IOB2, see `decode`.
    """

    kind: Literal["spans"] = Field("spans", description="named entities in the text")
    agreement: Fraction = Field(
        1.0,
        description="least share (F1) of the entities of two answers that must be the same for "
        "them to agree; 1: all",
    )

    problem_type: ClassVar[str | None] = None
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
    chosen_by: ClassVar = ("f1", "macro_f1", "word_accuracy", "agreement", "divergence")
    needs_gold: ClassVar = frozenset({"f1", "macro_f1", "word_accuracy"})
    on_cards: ClassVar = ("f1", "macro_f1", "precision", "recall", "nll")
    likeness_names: ClassVar = (
        ("agreement", "entity F1 against the soft labels"),
        ("divergence", "KL(soft labels ‖ student), mean over words"),
    )
    gold_columns: ClassVar[tuple[str, ...]] = ("label", "text")
    unfit: ClassVar[Mapping[str, str]] = {
        "adv": "its assistant moves the bounds of the words that were labelled",
        "token_mixup": "it mixes words of two texts that have nothing to do with each other",
        "sentence_mixup": "it mixes the vectors of texts, and every word has its own",
    }
    reads_words: ClassVar[bool] = True
    losses: ClassVar = tuple(REASONS)

    @property
    def labels(self) -> tuple[str, ...]:
        return tag_names(self.named)

    @property
    def label_type(self) -> pa.DataType:
        span = [("start", pa.int32()), ("end", pa.int32()), ("label", pa.int16())]
        return pa.list_(pa.struct(span))

    def parser(self, class_names: Sequence[str] = ()) -> Parser:
        return SpanParser(self.named, class_names)

    def check_label(self, label: Sequence[Mapping[str, int]] | None, text: str) -> None:
        check_spans(label or (), text)

    def check_class_names(self, where: str, names: Sequence[str]) -> None:
        """They may name types, or tags."""
        if OUTSIDE in names:
            names = [name.partition("-")[2] for name in names if name != OUTSIDE]
        check_class_names(where, names, self.named)

    def project(
        self,
        label: Sequence[Mapping[str, int]],
        text: str,
        edits: Sequence[tuple[int, int, str]],
    ) -> Any | Lost:
        return carried(label, text, edits)

    def feature(self) -> Any:
        from datasets import ClassLabel, List, Value

        kind = ClassLabel(names=list(self.named))
        return List({"start": Value("int32"), "end": Value("int32"), "label": kind})

    def read(self, column: pa.Array) -> pa.Array:
        """Lists of {start, end, label}, the type by name or index."""
        flat = column.flatten()
        parts = [flat.field(name) for name in ("start", "end")]
        spans = pa.StructArray.from_arrays(
            [
                *(part.cast(pa.int32()) for part in parts),
                places_of(flat.field("label"), self.named),
            ],
            fields=list(self.stored_type.value_type),
        )
        lengths = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
        return pa.ListArray.from_arrays(offsets, spans, mask=column.is_null())

    def odd(self, column: pa.Array) -> int:
        for row, spans in enumerate(self.read(column).to_pylist()):
            end = 0
            for span in spans or ():
                known = span["label"] in range(len(self.named))
                if not known or not end <= span["start"] < span["end"]:
                    return row
                end = span["end"]
        return -1

    @property
    def allowed(self) -> str:
        return f"spans of {', '.join(self.named)}, in their order and apart"

    def keys(self, column: pa.Array | pa.ChunkedArray) -> pa.Array:
        found = (None if row is None else repr(row) for row in column.to_pylist())
        return pa.array(found, pa.string())

    def keys_of(self, rows: pa.RecordBatch | pa.Table) -> pa.Array:
        """Texts that differ in white space and letter case only are the same."""
        pairs = zip(rows["text"].to_pylist(), rows["label"].to_pylist(), strict=True)
        return pa.array([_key(text, label) for text, label in pairs], pa.string())

    def gold(self, column: pa.Array | pa.ChunkedArray) -> np.ndarray:
        """Lists of tags."""
        return ragged(
            None if row is None else np.array(row, np.int16) for row in column.to_pylist()
        )

    def gold_of(self, rows: pa.RecordBatch | pa.Table) -> np.ndarray:
        pairs = zip(rows["text"].to_pylist(), rows["label"].to_pylist(), strict=True)
        return ragged(None if spans is None else _tags(text, spans) for text, spans in pairs)

    def column(self, gold: np.ndarray) -> pa.Array:
        rows = (None if row is None else row.tolist() for row in gold)
        return pa.array(rows, pa.list_(pa.int64()))

    def known(self, gold: "np.ndarray | Tensor") -> "np.ndarray | Tensor":
        if isinstance(gold, np.ndarray):
            return np.array([row is not None for row in gold], bool)
        return (gold != NO_TAG).any(-1)

    def unknown(self, rows: int) -> np.ndarray:
        return np.full(rows, None, object)

    def show(self, label: Sequence[Mapping[str, int]]) -> str:
        kinds = {span["label"] for span in label}
        return ", ".join(self.named[kind] for kind in sorted(kinds)) or "no entity"

    def marks(self, label: Sequence[Mapping[str, int]] | None) -> list[tuple[int, int, str]]:
        return [(one["start"], one["end"], self.named[one["label"]]) for one in label or ()]

    # Answers of a model

    def predict(self, logits: np.ndarray) -> np.ndarray:
        return ragged(map(decode, logits))

    def confidence(self, logits: np.ndarray) -> np.ndarray:
        """Of the least sure word, or the mean over words; 1 without any."""
        least = np.min if self.confidence_of == "least" else np.mean
        sure = apart(softmax(self._words(logits)).max(axis=1), lengths_of(logits))
        return np.array([least(row) if len(row) else 1.0 for row in sure], np.float32)

    def agree(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """By `agreement`; where a variant has other words than its source, by how many entities
        of each type there are."""
        pairs = zip(first, second, strict=True)
        return np.array([self._agree(*pair) for pair in pairs], bool)

    def _agree(self, first: np.ndarray | None, second: np.ndarray | None) -> bool:
        if first is None or second is None:
            return False
        both = [entities_of(tags) for tags in (first, second)]
        if len(first) != len(second):
            both = [Counter(one.type for one in entities).items() for entities in both]
        return entity_figures.f1_of(*map(set, both)) >= self.agreement

    def soft(self, logits: np.ndarray) -> np.ndarray:
        return ragged(softmax(np.asarray(row, np.float64)) for row in logits)

    def bars(self, logits: Sequence[Sequence[float]]) -> list[tuple[str, float, str]]:
        """Of each entity that is found, the probability of its least sure word."""
        scores = np.array(logits, np.float64).reshape(-1, len(self.labels))
        sure, tags = softmax(scores), decode(scores)
        found = [
            (self.named[kind], float(sure[range(start, end), tags[start:end]].min()))
            for start, end, kind in entities_of(tags)
        ]
        return [(name, share, f"{share:.3f}") for name, share in found]

    def _words(self, logits: np.ndarray) -> np.ndarray:
        return all_words(logits, len(self.labels))

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
        found = {name: np.flatnonzero(kinds[:, i]) for i, name in enumerate(self.named)}
        found["no entity"] = np.flatnonzero(~kinds.any(axis=1))
        return {name: places for name, places in found.items() if len(places)}

    # Figures

    def metrics(self, logits: np.ndarray, gold: np.ndarray) -> dict[str, float]:
        """`rows`, and what `Tallies.figures` says; F1, precision and recall by seqeval."""
        known = self.known(gold)
        logits, gold = logits[known], gold[known]
        report = entity_figures.by_seqeval(self.predict(logits), gold, self.labels)
        found = self._tallies(logits, gold).figures(np.arange(len(gold)))
        of_entities = {key: report["micro"][key] for key in ("f1", "precision", "recall")}
        return {"rows": len(gold), **found, **of_entities, "macro_f1": report["macro"]["f1"]}

    def resampled(
        self, logits: np.ndarray, gold: np.ndarray
    ) -> Callable[[np.ndarray], dict[str, float]]:
        tallies = self._tallies(logits, gold)

        def figures(rows: np.ndarray) -> dict[str, float]:
            found = tallies.figures(rows)
            return {key: found[key] for key in self.figures}

        return figures

    def _tallies(self, logits: np.ndarray, gold: np.ndarray) -> entity_figures.Tallies:
        answers = self.predict(logits)
        return entity_figures.Tallies(self.soft(logits), answers, gold, len(self.named))

    def details(self, logits: np.ndarray, gold: np.ndarray) -> dict[str, Any]:
        """`types`: precision, recall and F1 of each, with intervals; `matches` and `confusion`."""
        answers = self.predict(logits)
        tallies = self._tallies(logits, gold)
        found = intervals(lambda rows: tallies.of_types(rows, self.named), len(gold))
        types: dict[str, Any] = {name: {} for name in self.named}
        for name, entities in zip(self.named, tallies.entities().tolist(), strict=True):
            types[name]["entities"] = entities
        for (name, key), one in found.items():
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
        both = [[_mentions(text, tags) for tags in pair] for text, *pair in rows]
        for name, seen in (("seen in train", True), ("not seen in train", False)):
            pairs = [
                tuple(
                    {one for one, form in found.items() if (form in memory) == seen}
                    for found in pair
                )
                for pair in both
            ]
            counts = entity_figures.counts_of(pairs)
            if counts.gold.any():
                yield "mention", name, int(counts.gold.sum()), counts.rows()

    def likeness(self, teacher: np.ndarray, student: np.ndarray) -> dict[str, float]:
        p, q = softmax(self._words(teacher)), softmax(self._words(student))
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
        return {"temperature": fit_temperature(self._words(logits[known]), tags)}

    def of_config(self, calibration: Calibration, scales: bool = True) -> dict[str, Any]:
        return {"calibration_temperature": calibration["temperature"]} if scales else {}

    def scaled(self, logits: np.ndarray, calibration: Calibration) -> np.ndarray:
        return ragged(row / calibration["temperature"] for row in logits)


def _tags(text: str, spans: Sequence[Mapping[str, int]]) -> np.ndarray:
    """Of the words that each span overlaps; a word of two belongs to the first."""
    bounds = np.array(word_bounds(text), np.int64).reshape(-1, 2)
    entities, free = [], 0
    for span in spans:
        start = max(free, int(np.searchsorted(bounds[:, 1], span["start"], side="right")))
        end = int(np.searchsorted(bounds[:, 0], span["end"], side="left"))
        if start < end:
            entities.append(Entity(start, end, span["label"]))
            free = end
    return tags_of(entities, len(bounds))


def _mentions(text: str, tags: np.ndarray) -> dict[Entity, str]:
    """Entities and how they are written."""
    bounds = word_bounds(text)
    return {one: text[bounds[one.start][0] : bounds[one.end - 1][1]] for one in entities_of(tags)}


def _key(text: str, label: Sequence[Mapping[str, int]] | None) -> str | None:
    """Places that count letters and marks alone, and types."""
    if label is None:
        return None

    def place(end: int) -> int:
        return len("".join(unicodedata.normalize("NFKC", text[:end]).casefold().split()))

    return repr([(place(one["start"]), place(one["end"]), one["label"]) for one in label])

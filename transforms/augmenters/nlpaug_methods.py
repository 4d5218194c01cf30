"""nlpaug's own augmenters of text, by class name, made reproducible and kept to the contract."""

import contextlib
import functools
import os
import random
import re
import sys
import threading
from collections.abc import Iterator
from typing import Any, ClassVar, Self

import numpy as np
import orjson
from pydantic import Field, field_validator, model_validator

from mashbill.models.references import ModelRef
from mashbill.transforms.augmenters import letters
from mashbill.transforms.augmenters.align import JOINERS, edits_between
from mashbill.transforms.augmenters.base import Rate, Request, TokenAugmenter
from mashbill.transforms.augmenters.batch import Sites
from mashbill.transforms.augmenters.edits import Edit, Edits
from mashbill.transforms.augmenters.nlpaug_classes import (
    BROKEN,
    CLASSES,
    ENGLISH,
    MODELS,
    WITHOUT_RATE,
)
from mashbill.transforms.augmenters.rng import MASK
from mashbill.transforms.languages.base import Language

_LOCK = threading.Lock()
_LOOSE = re.compile(rf"(?<!\S)[{JOINERS}](?!\S)")  # what is left of a word that was taken apart


class Nlpaug(TokenAugmenter):
    """Runs nlpaug's class; what it answers is compared with the text, whose spacing stays.

    nlpaug draws from Python's, numpy's and torch's global generators: they are seeded for each row
    under a lock, and put back. Changes to what is protected are taken back one by one.
    """

    folder: ClassVar[str]
    kind: ClassVar[str]
    source: ClassVar[str] = "Ma 2019, nlpaug 1.1.11 (MIT)"

    rate: Rate = 0.3
    args: dict[str, Any] = Field(default_factory=dict, description="parameters of the nlpaug class")

    @field_validator("rate")
    @classmethod
    def _is_one(cls, rate: float) -> float:
        if isinstance(rate, tuple):
            raise ValueError("nlpaug takes one rate for all texts, not a range")
        return rate

    @model_validator(mode="after")
    def _works(self) -> Self:
        if self.kind in BROKEN:
            raise ValueError(f"nlpaug's {self.kind} makes no variants: {BROKEN[self.kind]}")
        missing = [name for name in MODELS.get(self.kind, ()) if not self.args.get(name)]
        if missing:
            raise ValueError(f"args needs {', '.join(missing)}, the folder of a model")
        return self

    def misses(self, known: Language) -> str | None:
        if any(self.args.get(name) for name in ENGLISH.get(self.kind, ())):
            return None
        layout, own = self.args.get("lang", "en"), self.args.get("model_path")
        asked = self.kind == "KeyboardAug" and not own and layout in letters.LAYOUTS
        if asked and known.keyboard and not letters.share_letters(layout, known.keyboard):
            return f"{self.name}: the layout {layout} has no letters of {known.name}"
        return super().misses(known)

    def needs(self) -> list[ModelRef]:
        role = "masked LM" if self.kind == "ContextualWordEmbsAug" else "other"
        return [ModelRef(str(self.args[name]), role) for name in MODELS.get(self.kind, ())]

    def reads(self) -> list[str]:
        models = {model.path for model in self.needs()}
        values = {value for value in self.args.values() if isinstance(value, str)}
        return sorted(value for value in values - models if os.path.exists(value))

    def load(self) -> None:
        """What nlpaug finds wrong with its parameters ends a run before its first text, too."""
        self._method()

    def columns(self, request: Request) -> Edits:
        """One row after the other.

        Raises:
            MashbillError: nlpaug cannot be made with these parameters.
        """
        rows = range(len(request.texts))
        if self.is_idle:
            return Edits.of([()] * len(rows))
        return Edits.of([self._row(request.part(row, row + 1)) for row in rows])

    def _row(self, request: Request) -> list[Edit]:
        (text,), (seed,), _ = request
        if not text.strip():
            return []
        method = self._method()
        with _globals_kept():
            _seed(seed)
            answers = method.augment(text)
        other = answers[0] if isinstance(answers, list) and answers else answers
        if not isinstance(other, str) or not other.strip():
            return []
        return self._kept(request, edits_between(text, other))

    def _method(self) -> Any:
        """The object of nlpaug's, made once per process."""
        if self.kind in MODELS:
            import torch  # noqa: F401 - its generator is one of those kept
        with _globals_kept():
            return _made(self.folder, self.kind, orjson.dumps(self._parameters()))

    def _parameters(self) -> dict[str, Any]:
        if self.kind in WITHOUT_RATE:
            return self.args
        prefix = "aug_word" if self.folder == "char" else "aug"
        most = {f"{prefix}_max": self.max_edits} if self.max_edits is not None else {}
        common = {f"{prefix}_p": self.rate, f"{prefix}_min": self.min_edits, **most}
        if self.stopwords and self.kind not in ("ReservedAug", "RandomSentAug"):
            common["stopwords"] = list(self.stopwords)
        return {**common, **self.args}

    def _kept(self, request: Request, edits: list[Edit]) -> list[Edit]:
        if not edits:
            return []
        (text,), batch = request.texts, self.batch(request)
        starts, ends = (np.array([edit[side] + 1 for edit in edits]) for side in (0, 1))
        allowed = batch.allows(Sites(np.zeros(len(edits), np.int64), starts, ends))
        if self.folder != "char":  # words stay whole
            allowed &= ~(_within(batch.words, starts) | _within(batch.words, ends))
        changes = [text[edit.start : edit.end] != edit.replacement for edit in edits]
        kept = [
            edit
            for edit, ok, new in zip(edits, allowed.tolist(), changes, strict=True)
            if ok and new and not _glues(text, edit) and not _LOOSE.search(edit.replacement)
        ]
        return kept[: self.max_edits]


def _glues(text: str, edit: Edit) -> bool:
    """Whether what stands around a word that goes would become one: a link and a "="."""
    left, right = text[: edit.start][-1:], text[edit.end :][:1]
    apart = not left.strip() or not right.strip() or right in ".,;:!?)]}"
    return not edit.replacement and not apart


def _within(words: Sites, places: np.ndarray) -> np.ndarray:
    """bool [n]: the place lies inside of a word."""
    if not len(words.starts):
        return np.zeros(len(places), bool)
    before = np.searchsorted(words.starts, places) - 1
    return (before >= 0) & (words.ends[before] > places)


@contextlib.contextmanager
def _globals_kept() -> Iterator[None]:
    """Afterwards the global generators are as they were; one thread at a time."""
    with _LOCK:
        state, numpy_state = random.getstate(), np.random.get_state()
        torch = sys.modules.get("torch")
        torch_state = torch and torch.get_rng_state()
        try:
            yield
        finally:
            random.setstate(state)
            np.random.set_state(numpy_state)
            if torch:
                torch.set_rng_state(torch_state)


def _seed(seed: int) -> None:
    random.seed(seed & MASK)
    np.random.seed([seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF])
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed & MASK)


@functools.lru_cache(maxsize=64)
def _made(folder: str, kind: str, parameters: bytes) -> Any:
    from mashbill.transforms.augmenters.nlpaug_mends import make

    return make(folder, kind, orjson.loads(parameters))


def _class(folder: str, kind: str) -> type[Nlpaug]:
    members = {
        "__doc__": f"nlpaug's {kind}, seeded for each row.",
        "__module__": __name__,
        "name": f"nlpaug.{kind}",
        "folder": folder,
        "kind": kind,
        "uses_model": kind in MODELS,
        "languages": ("en",) if kind in ENGLISH else ("any",),
        "__annotations__": {
            "name": ClassVar[str],
            "folder": ClassVar[str],
            "kind": ClassVar[str],
            "uses_model": ClassVar[bool],
            "languages": ClassVar[tuple[str, ...]],
        },
    }
    return type(kind, (Nlpaug,), members)


METHODS = tuple(_class(folder, kind) for folder, kinds in CLASSES.items() for kind in kinds)
globals().update({kind.__name__: kind for kind in METHODS})  # where pickle looks for them

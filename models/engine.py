"""A frozen model with its tokenizer: texts in, one row of numbers out for each, in their order."""

import copy
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast

from mashbill.models import elsewhere
from mashbill.models.batching import TokenRows, for_each_batch, to_device, token_budget
from mashbill.models.device import Precision, pick_device, pick_dtype, use_threads_from_environment
from mashbill.models.elsewhere import on_device
from mashbill.models.fast_encoder import FastEncoder, speed_up
from mashbill.models.loading import common_tokenizer, length_limit, load_model, weight_stamp
from mashbill.models.tokenizing import TextTokenizer, Window
from mashbill.models.windows import Windows
from mashbill.models.word_tokens import Ragged

# Texts tokenised in one piece: bounds memory, and on a GPU lets the next piece be tokenised
# while this one is computed. Large enough that sorting within a piece leaves little padding.
TEXTS_PER_PIECE = 8192

COMPUTES = ("model", "fast", "_lock", "_places")  # attributes

Batch = dict[str, torch.Tensor]


class Engine:
    """Base of the models here. Subclasses name the Auto class and turn a batch into rows.

    Attributes:
        fast: the encoder that stands in for the model's own; None where its kind is not known.
        parameters: how many numbers were trained.
        forward_seconds: time spent in model forwards so far, in seconds.

    Args:
        windows: a long text gets the mean over its windows; a pair of texts is cut.
    """

    auto_class: Any
    ask: Callable | None = None  # where the model is elsewhere; see there

    def __init__(
        self,
        model: str,
        max_length: int,
        precision: Precision,
        device: str,
        windows: Windows | None = None,
    ):
        use_threads_from_environment()
        self.device = pick_device(device)
        self.dtype = pick_dtype(precision, self.device)
        self.model = self._load(model).to(self.device)
        self.parameters = sum(p.numel() for p in self.model.parameters())
        self.fast: FastEncoder | None = speed_up(self.model)
        tokenizer = self._load_tokenizer(model)
        self.max_length = length_limit(self.model.config, tokenizer, max_length)
        self.tokenizer = TextTokenizer(tokenizer.backend_tokenizer, self.max_length, windows)
        self.pad_id = tokenizer.pad_token_id
        self.uses_types = "token_type_ids" in tokenizer.model_input_names
        self.budget = token_budget(self.device, self.max_length)
        self.forward_seconds = 0.0
        self._lock = threading.Lock()

    def keep_output_layer_exact(self, outputs: int) -> None:
        """Runs the layer of so many outputs in float32: bfloat16 has three digits only."""
        layers = [m for m in self.model.modules() if isinstance(m, torch.nn.Linear)]
        last = [layer for layer in layers if layer.out_features == outputs]
        if self.dtype != torch.float32 and len(last) == 1:
            last[0].float().register_forward_pre_hook(lambda _, args: (args[0].float(),))

    def _load(self, model: str) -> torch.nn.Module:
        return load_model(model, self.auto_class, dtype=self.dtype)

    def _load_tokenizer(self, model: str) -> PreTrainedTokenizerFast:
        return common_tokenizer(model)

    @classmethod
    def load(
        cls,
        model: str,
        *,
        max_length: int = 128,
        precision: Precision = "auto",
        device: str = "auto",
        **own: Any,
    ) -> Self:
        """The engine for a local folder or `hf://NAME`, once per process and set of arguments.

        Where workers share a GPU's models, it asks the process that has them.

        Args:
            own: further arguments of the class.

        Raises ModelError if the model cannot serve.
        """
        how = {"max_length": max_length, "precision": precision, "device": device, **own}
        if elsewhere.is_elsewhere() and device != "cpu":
            return elsewhere.engine(cls, model, **how)
        return cls.load_here(model, **how)

    @classmethod
    def load_here(
        cls, model: str, *, max_length: int, precision: Precision, device: str, **own: Any
    ) -> Self:
        """`load` with the model in this process."""
        with _LOADING:
            stamp = weight_stamp(model)
            return _loaded(cls, model, max_length, precision, device, stamp, **own)

    def rest(self) -> Self:
        """All but what computes, which can be pickled."""
        rest = copy.copy(self)
        for name in COMPUTES:
            vars(rest).pop(name, None)
        rest.forward_seconds = 0.0
        return rest

    def rows(self, texts: Sequence[str], pairs: Sequence[str] | None, width: int) -> np.ndarray:
        """`forward` of each text (pair), equal ones and single texts of equal tokens computed once:
        float32 [len(texts), width]."""
        if pairs is not None and len(pairs) != len(texts):
            raise ValueError(f"{len(texts)} texts, but {len(pairs)} second texts")
        keys = list(texts) if pairs is None else list(zip(texts, pairs, strict=True))
        places = {key: i for i, key in enumerate(dict.fromkeys(keys))}
        unique = self._unique_rows(list(places), pairs is not None, width)
        return unique[[places[key] for key in keys]]

    def windows(
        self, texts: Sequence[str], pairs: Sequence[str] | None = None
    ) -> list[Window | None]:
        """What the model reads of each text; see `TextTokenizer.windows`."""
        return self.tokenizer.windows(texts, pairs)

    def _unique_rows(self, keys: list, paired: bool, width: int) -> np.ndarray:
        pieces = [keys[i : i + TEXTS_PER_PIECE] for i in range(0, len(keys), TEXTS_PER_PIECE)]
        out = [np.empty((0, width), np.float32)]
        encoded = self._ahead(lambda piece: self._encode(piece, paired), pieces)
        for tokens in encoded:
            rows = self._piece_rows(tokens.ids, tokens.types, width)
            out.append(tokens.of_texts(rows))
        return np.concatenate(out)

    def _encode(self, piece: list, paired: bool) -> "_Tokens":
        if paired:
            encodings = self.tokenizer.encode(*map(list, zip(*piece, strict=True)))
            types = Ragged.of([e.type_ids for e in encodings]) if self.uses_types else None
            return _Tokens(Ragged.of([e.ids for e in encodings]), types)
        if not self.tokenizer.slides:
            ids, places = self.tokenizer.rows(piece).once()  # many ignore case, and spaces
            return _Tokens(ids, places=places)
        found = self.tokenizer.encode_windows(piece)
        ids = [window.ids for windows in found for window in windows]
        return _Tokens(Ragged.of(ids), windows=[len(windows) for windows in found])

    def _ahead(self, encode: Callable, pieces: list) -> Iterator:
        """`map`, one piece ahead in a thread where the CPU would only wait for the GPU."""
        if self.device.type == "cpu" or len(pieces) < 2:
            yield from map(encode, pieces)
            return
        with ThreadPoolExecutor(1) as pool:
            coming = pool.submit(encode, pieces[0])
            for piece in pieces[1:]:
                ready, coming = coming, pool.submit(encode, piece)
                yield ready.result()
            yield coming.result()

    @on_device
    def _piece_rows(self, ids: Ragged, types: Ragged | None, width: int) -> np.ndarray:
        with self._timed():
            tokens = TokenRows(ids, self.pad_id, self.device)
            kinds = None if types is None else TokenRows(types, 0, self.device)
            out = torch.empty((len(ids.lengths), width), device=self.device)

            def step(rows: np.ndarray, longest: int) -> None:
                places = to_device(self.budget.filled(rows), self.device)
                out[places] = self.forward(self._batch(tokens, kinds, places, longest)).float()

            for_each_batch(tokens.lengths, self.budget, step)
            return out.cpu().numpy()

    @contextmanager
    def _timed(self) -> Iterator[None]:
        """For forwards: one thread at a time, without gradients."""
        with self._lock, torch.inference_mode():
            start = time.perf_counter()
            yield
            self.forward_seconds += time.perf_counter() - start

    @staticmethod
    def _batch(tokens: TokenRows, kinds: TokenRows | None, rows: torch.Tensor, width: int) -> Batch:
        ids, mask = tokens.gather(rows, width)
        batch = {"input_ids": ids, "attention_mask": mask}
        if kinds is not None:
            batch["token_type_ids"] = kinds.gather(rows, width)[0]
        return batch

    def forward(self, batch: Batch) -> torch.Tensor:
        """One row of numbers for each row of the batch: [rows, width]."""
        raise NotImplementedError


class _Tokens(NamedTuple):
    """Rows for the model.

    Attributes:
        types: of pairs.
        windows: how many rows each text has, if not one.
        places: the row of each text, if some share theirs.
    """

    ids: Ragged
    types: Ragged | None = None
    windows: list[int] | None = None
    places: np.ndarray | None = None

    def of_texts(self, rows: np.ndarray) -> np.ndarray:
        """What the model made of its rows, for each text."""
        if self.windows is not None:
            return _means(rows, self.windows)
        return rows if self.places is None else rows[self.places]


def _means(rows: np.ndarray, counts: list[int]) -> np.ndarray:
    """Over as many rows as each count says, one after another: [len(counts), width]."""
    number = np.array(counts)
    starts = np.cumsum(number) - number
    return np.add.reduceat(rows, starts, axis=0) / number[:, None].astype(rows.dtype)


_LOADING = threading.Lock()


@cache
def _loaded(
    cls: type[Engine], model: str, max_length: int, precision, device, stamp, **own: Any
) -> Engine:
    return cls(model, max_length, precision, device, **own)

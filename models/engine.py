"""A frozen model with its tokenizer: texts in, one row of numbers out for each, in their order."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Self

import numpy as np
import torch

from mashbill.models.batching import TokenRows, for_each_batch, to_device, token_budget
from mashbill.models.device import Precision, pick_device, pick_dtype, use_threads_from_environment
from mashbill.models.fast_encoder import FastEncoder, speed_up
from mashbill.models.loading import length_limit, load_model, load_tokenizer, weight_stamp
from mashbill.models.tokenizing import TextTokenizer, Window

# Texts tokenised in one piece: bounds memory, and on a GPU lets the next piece be tokenised
# while this one is computed. Large enough that sorting within a piece leaves little padding.
TEXTS_PER_PIECE = 8192

Batch = dict[str, torch.Tensor]


class Engine:
    """Base of the models here. Subclasses name the Auto class and turn a batch into rows.

    Attributes:
        fast: the encoder that stands in for the model's own; None where its kind is not known.
        parameters: how many numbers were trained.
        forward_seconds: time spent in model forwards so far, in seconds.
    """

    auto_class: Any

    def __init__(self, model: str, max_length: int, precision: Precision, device: str):
        use_threads_from_environment()
        self.device = pick_device(device)
        self.dtype = pick_dtype(precision, self.device)
        self.model = self._load(model).to(self.device)
        self.parameters = sum(p.numel() for p in self.model.parameters())
        self.fast: FastEncoder | None = speed_up(self.model)
        tokenizer = load_tokenizer(model)
        self.max_length = length_limit(self.model.config, tokenizer, max_length)
        self.tokenizer = TextTokenizer(tokenizer.backend_tokenizer, self.max_length)
        self.pad_id = tokenizer.pad_token_id
        self.uses_types = "token_type_ids" in tokenizer.model_input_names
        self.budget = token_budget(self.device)
        self.forward_seconds = 0.0
        self._lock = threading.Lock()

    def _load(self, model: str) -> torch.nn.Module:
        return load_model(model, self.auto_class, dtype=self.dtype)

    @classmethod
    def load(
        cls,
        model: str,
        *,
        max_length: int = 128,
        precision: Precision = "auto",
        device: str = "auto",
    ) -> Self:
        """The engine for a local folder or `hf://NAME`, once per process and set of arguments.

        Raises ModelError if the model cannot serve.
        """
        with _LOADING:
            return _loaded(cls, model, max_length, precision, device, weight_stamp(model))

    def rows(self, texts: Sequence[str], pairs: Sequence[str] | None, width: int) -> np.ndarray:
        """`forward` of each text (pair), equal ones computed once: float32 [len(texts), width]."""
        if pairs is not None and len(pairs) != len(texts):
            raise ValueError(f"{len(texts)} texts but {len(pairs)} pairs")
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
        for ids, types in encoded:
            out.append(self._piece_rows(ids, types, width))
        return np.concatenate(out)

    def _encode(self, piece: list, paired: bool) -> tuple[list[list[int]], list[list[int]] | None]:
        if not paired:
            return [e.ids for e in self.tokenizer.encode(piece)], None
        encodings = self.tokenizer.encode(*map(list, zip(*piece, strict=True)))
        types = [e.type_ids for e in encodings] if self.uses_types else None
        return [e.ids for e in encodings], types

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

    def _piece_rows(self, ids: list, types: list | None, width: int) -> np.ndarray:
        with self._lock, torch.inference_mode():
            start = time.perf_counter()
            tokens = TokenRows(ids, self.pad_id, self.device)
            kinds = None if types is None else TokenRows(types, 0, self.device)
            out = torch.empty((len(ids), width), device=self.device)

            def step(rows: np.ndarray, longest: int) -> None:
                places = to_device(rows, self.device)
                out[places] = self.forward(self._batch(tokens, kinds, places, longest)).float()

            for_each_batch(tokens.lengths, self.budget, step)
            result = out.cpu().numpy()
            self.forward_seconds += time.perf_counter() - start
        return result

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


_LOADING = threading.Lock()


@cache
def _loaded(cls: type[Engine], model: str, max_length: int, precision, device, stamp) -> Engine:
    return cls(model, max_length, precision, device)

"""Token by token: what a model writes for rows that are independent of each other."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import torch
from transformers import Cache, DynamicCache, EncoderDecoderCache, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from mashbill.models.batching import to_device
from mashbill.models.sampling import draw

COMPACT = 7 / 8  # of the rows: with fewer left, those that are done are taken out of the cache


class Sampling(NamedTuple):
    """How the next token is chosen.

    Attributes:
        temperature: 0 takes the likeliest.
        top_k, top_p: see `sampling.draw`.
    """

    temperature: float = 1.0
    top_k: int = 50
    top_p: float = 1.0


class State(Protocol):
    """Rows in the middle of being written."""

    def first(self) -> torch.Tensor:
        """Logits of the first new token of each row, [rows, vocabulary]."""

    def next(self, tokens: torch.Tensor) -> torch.Tensor:
        """The same after one more token of each row, int64 [rows]."""

    def keep(self, rows: torch.Tensor) -> None:
        """Drops all other rows."""


def write(
    state: State,
    seeds: np.ndarray,
    limits: np.ndarray,
    how: Sampling,
    ends: frozenset[int],
    never: Sequence[int] = (),
    is_over: Callable[[Sequence[int]], bool] = lambda tokens: False,
) -> list[list[int]]:
    """The new tokens of each row, without the one that ended it.

    What is drawn for a row depends on its seed and its logits alone, so a row is the same whatever
    rows it is computed with, as far as the logits are.

    Args:
        seeds: of the rows, uint64 [rows].
        limits: the most tokens of each row, int64 [rows].
        ends: tokens that end a row.
        never: tokens that are never drawn.
        is_over: whether a row's tokens end it, besides `ends` and its limit.
    """
    written: list[list[int]] = [[] for _ in limits]
    here = np.arange(len(limits))  # the row at each place of the state
    alive = limits > 0
    logits = state.first() if alive.any() else None
    place = 0
    while logits is not None:
        if len(never):
            logits[:, list(never)] = -torch.inf
        tokens = choose(logits, seeds[here], place, how)
        for i in np.flatnonzero(alive).tolist():
            own, token = written[here[i]], int(tokens[i])
            if token not in ends:
                own.append(token)
            alive[i] = token not in ends and len(own) < limits[here[i]] and not is_over(own)
        if not alive.any():
            break
        if alive.sum() <= COMPACT * len(alive):
            kept = np.flatnonzero(alive)
            state.keep(to_device(kept, logits.device))
            here, tokens, alive = here[kept], tokens[kept], alive[kept]
        logits = state.next(to_device(tokens, logits.device))
        place += 1
    return written


def choose(logits: torch.Tensor, seeds: np.ndarray, place: int, how: Sampling) -> np.ndarray:
    """The next token of each row, int64 [rows].

    Raises FloatingPointError if a row's logits are not numbers.
    """
    number = min(how.top_k, logits.shape[-1]) if how.temperature else 1
    values, numbers = logits.float().topk(number, dim=-1)
    drawn = numbers
    if how.temperature:
        drawn = draw(
            numbers,
            values,
            values.isfinite(),
            to_device(seeds.view(np.int64), logits.device),
            torch.full((len(seeds),), place, device=logits.device),
            top_k=number,
            top_p=how.top_p,
            temperature=how.temperature,
        )
    tokens, lost = drawn[:, 0].cpu().numpy(), values.isnan().any()
    if lost:
        raise FloatingPointError("the model's logits are not numbers")
    return tokens


class Encoded:
    """Rows of a sequence-to-sequence model; the encoder runs once.

    Args:
        ids, mask: padded on the right, int64 [rows, width].
        begin: the decoder's first tokens, which are not part of what is written.
        samples: rows that are written for each of them.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        ids: torch.Tensor,
        mask: torch.Tensor,
        begin: Sequence[int],
        samples: int = 1,
    ):
        self.model, self.begin = model, begin
        states = model.get_encoder()(input_ids=ids, attention_mask=mask).last_hidden_state
        self.states = states.repeat_interleave(samples, dim=0)
        self.mask = mask.repeat_interleave(samples, dim=0)
        self.cache = EncoderDecoderCache(DynamicCache(), DynamicCache())

    def first(self) -> torch.Tensor:
        begin = torch.tensor(self.begin, device=self.mask.device)
        return self._forward(begin.expand(len(self.mask), -1))

    def next(self, tokens: torch.Tensor) -> torch.Tensor:
        return self._forward(tokens[:, None])

    def keep(self, rows: torch.Tensor) -> None:
        self.states, self.mask = self.states[rows], self.mask[rows]
        for cache in (self.cache.self_attention_cache, self.cache.cross_attention_cache):
            cache.batch_select_indices(rows)

    def _forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.model(
            encoder_outputs=BaseModelOutput(last_hidden_state=self.states),
            attention_mask=self.mask,
            decoder_input_ids=tokens,
            past_key_values=self.cache,
            use_cache=True,
        ).logits[:, -1]


class Prompted:
    """Rows of a causal model.

    Args:
        ids, mask: padded on the left, int64 [rows, width].
        past: keys and values of what all rows begin with, one row, and how many tokens that is;
            None for nothing. It is used up.
        samples: rows that are written for each of them.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        ids: torch.Tensor,
        mask: torch.Tensor,
        past: tuple[Cache, int] | None = None,
        samples: int = 1,
    ):
        self.model, self.samples = model, samples
        self.cache, before = past or (DynamicCache(config=model.config), 0)
        if before:
            self.cache.batch_repeat_interleave(len(ids))
        self.ids = ids
        self.mask = torch.cat([mask.new_ones(len(mask), before), mask], dim=1)

    def first(self) -> torch.Tensor:
        logits = self._forward(self.ids, last=True)[:, -1]
        if self.samples > 1:
            self.repeat(self.samples)
            logits = logits.repeat_interleave(self.samples, dim=0)
        return logits

    def next(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.read(tokens[:, None], last=True)[:, -1]

    def read(self, tokens: torch.Tensor, last: bool = False) -> torch.Tensor:
        """Logits behind each of more tokens of each row, or behind the last alone: [rows, tokens,
        vocabulary]."""
        self.mask = torch.cat([self.mask, self.mask.new_ones(tokens.shape)], dim=1)
        return self._forward(tokens, last)

    def repeat(self, times: int) -> None:
        """Puts each row so many times in its place."""
        self.cache.batch_repeat_interleave(times)
        self.mask = self.mask.repeat_interleave(times, dim=0)

    def keep(self, rows: torch.Tensor) -> None:
        self.mask = self.mask[rows]
        self.cache.batch_select_indices(rows)

    def _forward(self, tokens: torch.Tensor, last: bool) -> torch.Tensor:
        places = (self.mask.cumsum(dim=1) - 1).clamp_(min=0)[:, -tokens.shape[1] :]
        return self.model(
            input_ids=tokens,
            attention_mask=self.mask,
            position_ids=places,
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=int(last),
        ).logits


def likelihoods(state: Prompted, endings: Sequence[Sequence[int]]) -> torch.Tensor:
    """Log-probability of each of some ends, given each row: float32 [rows, ends].

    The rows are read once; then all ends of all rows at a time.
    """
    first = state.first().float().log_softmax(dim=-1)
    total = first[:, [tokens[0] for tokens in endings]]
    longest = max(map(len, endings))
    if longest == 1:
        return total
    rows, ends = total.shape
    device = first.device
    state.repeat(ends)
    padded = torch.zeros(ends, longest, dtype=torch.long, device=device)
    mask = torch.zeros(ends, longest, dtype=torch.bool, device=device)
    for place, tokens in enumerate(endings):
        padded[place, : len(tokens)] = torch.tensor(tokens, device=device)
        mask[place, : len(tokens)] = True
    logits = state.read(padded[:, :-1].repeat(rows, 1))
    log_likelihoods = logits.float().log_softmax(dim=-1)
    wanted = padded[:, 1:].repeat(rows, 1)
    rest = log_likelihoods.gather(2, wanted[..., None])[..., 0].masked_fill(
        ~mask[:, 1:].repeat(rows, 1), 0
    )
    return total + rest.sum(dim=1).view(rows, ends)


def past_of(model: PreTrainedModel, ids: torch.Tensor) -> Cache:
    """Keys and values of the tokens of one row, int64 [tokens]."""
    cache = DynamicCache(config=model.config)
    model(input_ids=ids[None], past_key_values=cache, use_cache=True, logits_to_keep=1)
    return cache

"""Models that write: prompts in, texts out, in batches of near-equal length."""

import copy
import difflib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    Cache,
    GenerationConfig,
    PreTrainedTokenizerFast,
)

from mashbill.models.batching import TokenBudget, TokenRows, for_each_batch, to_device
from mashbill.models.decoding import (
    Encoded,
    Prompted,
    Sampling,
    State,
    likelihoods,
    past_of,
    write,
)
from mashbill.models.device import Precision
from mashbill.models.elsewhere import on_device
from mashbill.models.engine import Engine
from mashbill.models.errors import ModelError, RowError
from mashbill.models.loading import common_tokenizer, load_tokenizer
from mashbill.models.prompting import before
from mashbill.models.word_tokens import Ragged

# Tokens of a batch, prompts and what is written: a step costs nearly the same for one row as for
# many, as long as it reads all weights for a token of each.
BUDGETS = {"cpu": (8192, 1024), "cuda": (262_144, 32_768)}
SHARED = 16  # tokens from which a common beginning of all prompts is worth a forward of its own
SAMPLE_SHIFT = np.uint64(0x9E3779B97F4A7C15)  # odd, so that samples of a row have different seeds
TAIL = 32  # last tokens in which a stop string must end


class Generator(Engine):
    """A frozen model that writes.

    Args:
        source_language, target_language: codes of the tokenizer's, for models of many languages
            that need them (NLLB, M2M, mBART).
    """

    def __init__(
        self,
        model: str,
        max_length: int,
        precision: Precision,
        device: str,
        source_language: str | None = None,
        target_language: str | None = None,
    ):
        self._source_language = source_language
        super().__init__(model, max_length, precision, device)
        self.budget = TokenBudget(*BUDGETS[self.device.type])
        self.words = common_tokenizer(model)
        self.begin = self._begin(model, target_language)
        wanted: GenerationConfig = self.model.generation_config
        ends = wanted.eos_token_id if wanted.eos_token_id is not None else self.words.eos_token_id
        if ends is None:
            raise ModelError(f"model {model} has no token that ends a text (eos_token_id)")
        self.ends = frozenset([ends] if isinstance(ends, int) else ends)
        alone = [ids[0] for ids in wanted.bad_words_ids or () if len(ids) == 1]
        self.never = sorted({*alone, *(wanted.suppress_tokens or ())} - self.ends)

    def _load_tokenizer(self, model: str) -> PreTrainedTokenizerFast:
        if self._source_language is None:
            return super()._load_tokenizer(model)
        tokenizer = load_tokenizer(model)
        language_token(tokenizer, self._source_language, model)
        tokenizer.src_lang = self._source_language
        return tokenizer

    def _begin(self, model: str, target_language: str | None) -> list[int]:
        """The tokens that a decoder starts from."""
        return []

    def lengths(self, prompts: Sequence[str]) -> list[int]:
        """Tokens of each prompt, as far as the model reads it."""
        return [len(row) for row in self._ids(prompts)]

    @on_device
    def write(
        self,
        prompts: Sequence[str],
        seeds: Sequence[int],
        limits: Sequence[int],
        how: Sampling = Sampling(),  # noqa: B008 - immutable
        *,
        samples: int = 1,
        beams: int = 1,
        stop: Sequence[str] = (),
    ) -> list[list[str]]:
        """What the model writes for each prompt, `samples` texts for each.

        Args:
            seeds: of the prompts; any int, taken modulo 2**64.
            limits: the most tokens of each.
            how: how tokens are drawn; not with beams.
            samples: texts for each prompt; 1 with beams.
            beams: of a beam search, which draws nothing; 1 for none.
            stop: a text ends before the first of these.

        Raises:
            RowError: the model gives no numbers.
        """
        ids = self._ids(prompts)
        numbers = np.array([seed % 2**64 for seed in seeds], np.uint64)
        most = np.array(limits, np.int64)
        written: list[list[str]] = [[] for _ in prompts]
        if not len(prompts):
            return written
        with self._timed():
            tokens, past, shared = self._read(ids)

            def step(rows: np.ndarray, _: int) -> None:
                batch = self._rows(tokens, rows)
                if beams > 1:
                    texts = self._searched(batch, most[rows], beams)
                else:
                    state = self._state(batch, past, shared, samples)
                    texts = self._drawn(state, numbers[rows], most[rows], how, samples, stop)
                for place, row in enumerate(rows.tolist()):
                    own = texts[place * samples : (place + 1) * samples]
                    written[row] = [before(text, stop) for text in own]

            room = samples * (np.array([len(row) for row in ids], np.int64) + most)
            try:
                for_each_batch(room, self.budget, step)
            except FloatingPointError as error:
                raise RowError(str(error), range(len(prompts))) from error
        return written

    def _read(self, ids: Sequence[Sequence[int]]) -> tuple[TokenRows, Cache | None, int]:
        """What each prompt has of its own, and keys and values of what all begin with, and how many
        tokens that is."""
        shared = self._shared(ids)
        own = Ragged.of([row[len(shared) :] for row in ids])
        past = past_of(self.model, shared) if len(shared) else None
        return TokenRows(own, self.pad_id, self.device), past, len(shared)

    def _drawn(
        self,
        state: State,
        seeds: np.ndarray,
        limits: np.ndarray,
        how: Sampling,
        samples: int,
        stop: Sequence[str],
    ) -> list[str]:
        with np.errstate(over="ignore"):
            shifts = np.arange(samples, dtype=np.uint64) * SAMPLE_SHIFT
            own = (seeds[:, None] + shifts).ravel()

        def is_over(tokens: Sequence[int]) -> bool:
            tail = self.words.decode(tokens[-TAIL:])
            return any(one in tail for one in stop)

        ended = {"is_over": is_over} if stop else {}
        most = np.repeat(limits, samples)
        return self._texts(write(state, own, most, how, self.ends, self.never, **ended))

    def _searched(
        self, batch: tuple[torch.Tensor, torch.Tensor], limits: np.ndarray, beams: int
    ) -> list[str]:
        """By the library's beam search, which has one limit for all rows of a batch."""
        ids, mask = batch
        forced = {"forced_bos_token_id": self.begin[1]} if len(self.begin) > 1 else {}
        sequences = self.model.generate(
            input_ids=ids,
            attention_mask=mask,
            num_beams=beams,
            do_sample=False,
            max_new_tokens=int(limits.max()),
            **forced,
        )
        new = sequences[:, len(self.begin) or ids.shape[1] :].tolist()
        return self._texts([row[:limit] for row, limit in zip(new, limits, strict=True)])

    def _texts(self, ids: Sequence[Sequence[int]]) -> list[str]:
        return self.words.batch_decode(
            ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )

    def _ids(self, prompts: Sequence[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self.tokenizer.encode(prompts)]

    def _shared(self, ids: Sequence[Sequence[int]]) -> torch.Tensor:
        """The tokens that all prompts begin with, if it is worth it; never all of a prompt."""
        return torch.empty(0, dtype=torch.long, device=self.device)

    def _rows(self, tokens: TokenRows, rows: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Token ids and mask of some prompts."""
        width = int(tokens.lengths[rows].max())
        return tokens.gather(to_device(rows, self.device), width)

    def _state(
        self, batch: tuple[torch.Tensor, torch.Tensor], past: Any, before: int, samples: int
    ) -> State:
        raise NotImplementedError


class Translator(Generator):
    """A sequence-to-sequence model: Marian, NLLB, M2M, T5, BART and their kind."""

    auto_class = AutoModelForSeq2SeqLM

    def _begin(self, model: str, target_language: str | None) -> list[int]:
        wanted = self.model.generation_config
        start = wanted.decoder_start_token_id
        if start is None:
            start = self.model.config.decoder_start_token_id
        if start is None:
            raise ModelError(f"model {model} does not say how its decoder starts")
        forced = wanted.forced_bos_token_id
        if target_language is not None:
            forced = language_token(self.words, target_language, model)
        return [start] if forced is None else [start, forced]

    def _state(self, batch, past, before, samples) -> Encoded:
        return Encoded(self.model, *batch, self.begin, samples)


class Writer(Generator):
    """A causal model."""

    auto_class = AutoModelForCausalLM

    @on_device
    def continuations(self, prompts: Sequence[str], words: Sequence[str]) -> np.ndarray:
        """Logarithm of the probability that each of some words follows a prompt, float32
        [prompts, words].

        Args:
            words: as they stand behind the prompt, with a space before them where one belongs
                there.
        """
        scores = np.empty((len(prompts), len(words)), np.float32)
        ids = self._ids(prompts)
        endings = [self.words(word, add_special_tokens=False)["input_ids"] for word in words]
        with self._timed():
            tokens, past, shared = self._read(ids)

            def step(rows: np.ndarray, _: int) -> None:
                state = self._state(self._rows(tokens, rows), past, shared, 1)
                scores[rows] = likelihoods(state, endings).cpu().numpy()

            extra = len(words) * max(map(len, endings))
            for_each_batch(np.array([len(row) + extra for row in ids]), self.budget, step)
        return scores

    def _load(self, model: str) -> torch.nn.Module:
        loaded = super()._load(model)
        if loaded.config.is_encoder_decoder:
            raise ModelError(f"model {model} has an encoder, so it is not a causal model")
        return loaded

    def _shared(self, ids: Sequence[Sequence[int]]) -> torch.Tensor:
        low, high = min(ids), max(ids)  # what these two share, all between them do
        size = next(
            (i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low)
        )
        size = min(size, min(map(len, ids)) - 1) if len(ids) > 1 else 0
        first = low[:size] if size >= SHARED else []
        return torch.tensor(first, dtype=torch.long, device=self.device)

    def _rows(self, tokens: TokenRows, rows: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        ids, _ = super()._rows(tokens, rows)
        width = ids.shape[1]
        gaps = to_device(width - tokens.lengths[rows], self.device)
        places = torch.arange(width, device=self.device) - gaps[:, None]
        return ids.gather(1, places.clamp(min=0)), (places >= 0).long()

    def _state(self, batch, past, before, samples) -> Prompted:
        own = (copy.deepcopy(past), before) if past is not None else None
        return Prompted(self.model, *batch, own, samples)


def language_token(tokenizer: PreTrainedTokenizerFast, code: str, model: str) -> int:
    """The token of a language.

    Raises ModelError if the tokenizer has none of that name.
    """
    for name in (code, f"__{code}__"):
        if name in tokenizer.get_vocab():
            return tokenizer.convert_tokens_to_ids(name)
    near = difflib.get_close_matches(code, tokenizer.all_special_tokens, n=3, cutoff=0.4)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise ModelError(f"the tokenizer of {model} has no language {code!r}{hint}")

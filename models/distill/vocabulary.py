"""A student that knows only the pieces of its corpus: tokenizer and embeddings cut alike."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from mashbill.models.cut_tokenizer import KEY, cut_tokenizer, used_pieces, without_limits
from mashbill.models.distill.dataset import SoftLabelled
from mashbill.models.distill.stream import file_tables
from mashbill.models.errors import ModelError
from mashbill.models.padding import first_position


@dataclass(frozen=True)
class CutVocabulary:
    """What was cut, and how to cut another model of the same vocabulary.

    Attributes:
        whole, tokenizer: before and after.
        kept: the old number of each piece, int64 [pieces].
        used: how many of them the texts need; the others are what else a text can be read in.
        parameters: of the model before.
    """

    whole: PreTrainedTokenizerFast
    tokenizer: PreTrainedTokenizerFast
    kept: np.ndarray
    used: int
    parameters: int

    @classmethod
    def of(
        cls,
        tokenizer: PreTrainedTokenizerFast,
        model: PreTrainedModel,
        texts: Iterable[Sequence[str]],
    ) -> "CutVocabulary":
        """Raises ModelError if the tokenizer cannot be cut."""
        used = used_pieces(tokenizer, texts)
        # where positions count from the padding token, it must keep its number
        cut = cut_tokenizer(tokenizer, used, first=first_position(model.config))
        return cls(tokenizer, cut.tokenizer, cut.kept, len(used), model.num_parameters())

    def cut(self, model: PreTrainedModel) -> None:
        """Leaves the model the rows of the kept pieces, and tells its configuration.

        Raises ModelError if it has no table of a vector for each piece.
        """
        kept = torch.from_numpy(self.kept)
        tables = [model.get_input_embeddings(), model.get_output_embeddings()]
        rows = getattr(getattr(tables[0], "weight", None), "shape", (0,))[0]
        if rows <= int(kept[-1]):
            raise ModelError(
                f"{KEY}: a {model.config.model_type} model has no vector for each piece"
            )
        parameters = {
            id(parameter): parameter
            for table in tables
            if table is not None
            for parameter in table.parameters()
            if parameter.shape[0] == rows
        }
        with torch.no_grad():
            for parameter in parameters.values():
                parameter[: len(kept)] = parameter[kept].clone()
        model.resize_token_embeddings(len(kept), mean_resizing=False)
        self._renumber(model)

    def _renumber(self, model: PreTrainedModel) -> None:
        places = {int(old): new for new, old in enumerate(self.kept)}
        for name, value in model.config.to_dict().items():
            if name.endswith("_token_id") and isinstance(value, int):
                setattr(model.config, name, places.get(value))
        table = model.get_input_embeddings()
        if table.padding_idx is not None:
            table.padding_idx = places.get(table.padding_idx)

    def report(self, data: SoftLabelled) -> dict[str, Any]:
        """What metrics.json says of it."""
        return {
            "pieces": len(self.kept),
            "pieces_used": self.used,
            "pieces_before": len(self.whole),
            "parameters_before": self.parameters,
            **{
                split: self.read_otherwise(texts_of(data, split))
                for split in ("validation", "test")
                if split in data.splits
            },
        }

    def read_otherwise(self, texts: Iterable[Sequence[str]]) -> dict[str, float | None]:
        """Shares: of texts that need another piece, of unknown pieces before and after.

        None where there is no text or piece.
        """
        whole, cut = without_limits(self.whole), without_limits(self.tokenizer)
        number = other = 0
        pieces, unknown = Counter(), Counter()
        for some in texts:
            read = [one.encode_batch_fast(some, add_special_tokens=False) for one in (whole, cut)]
            for before, after in zip(*read, strict=True):
                number += 1
                other += self.kept[after.ids].tolist() != before.ids
                for name, ids, of in (
                    ("unknown_before", before.ids, self.whole),
                    ("unknown", after.ids, self.tokenizer),
                ):
                    pieces[name] += len(ids)
                    unknown[name] += ids.count(of.unk_token_id)
        return {
            "texts_that_need_another_piece": other / number if number else None,
            **{name: unknown[name] / total if total else None for name, total in pieces.items()},
        }


def texts_of(data: SoftLabelled, split: str) -> Iterator[list[str]]:
    """All texts of a split, those of a pair apart; some thousand at a time."""
    for table in file_tables(data, split):
        for name in ("text", "text_pair"):
            yield table[name].drop_null().to_pylist()

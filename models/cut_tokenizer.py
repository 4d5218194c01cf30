"""A tokenizer with fewer pieces, which reads a text as before wherever it needs no other piece.

Taking away pieces that a text does not use changes nothing of how it is read. WordPiece takes the
longest piece that fits. BPE applies the earliest merge, and a piece keeps all that it is merged of.
Unigram takes the likeliest pieces; what an unknown character costs depends on the unlikeliest piece
of all, so that one is kept. Only a word that WordPiece does not know may be read in smaller pieces.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from mashbill.models.errors import ModelError

KEY = "distill.student.vocabulary"
BYTE = re.compile(r"<0x[0-9A-F]{2}>")
SAME = ("model_max_length", "model_input_names", "padding_side", "truncation_side")

Rules = dict[str, Any]


class CutTokenizer(NamedTuple):
    """A tokenizer of some pieces of another.

    Attributes:
        kept: the old number of each piece, ascending, int64 [pieces].
    """

    tokenizer: PreTrainedTokenizerFast
    kept: np.ndarray


def used_pieces(tokenizer: PreTrainedTokenizerFast, texts: Iterable[Sequence[str]]) -> set[int]:
    """The numbers of the pieces that some lists of texts need, read to their ends."""
    whole = without_limits(tokenizer)
    used: set[int] = set()
    for some in texts:
        for encoding in whole.encode_batch_fast(list(some), add_special_tokens=False):
            used.update(encoding.ids)
    return used


def without_limits(tokenizer: PreTrainedTokenizerFast) -> Tokenizer:
    """A copy of its rules that neither cuts nor pads."""
    copied = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    copied.no_truncation()
    copied.no_padding()
    return copied


def cut_tokenizer(
    tokenizer: PreTrainedTokenizerFast, pieces: Iterable[int], first: int = 0
) -> CutTokenizer:
    """The tokenizer with these pieces, the special tokens, and every single character or byte.

    Args:
        pieces: their numbers.
        first: so many pieces stay in any case, those with the lowest numbers.

    Raises ModelError if it is of a kind that cannot be cut.
    """
    rules = json.loads(without_limits(tokenizer).to_str())
    model, numbers = rules["model"], tokenizer.get_vocab()
    if model["type"] not in CUTS:
        raise ModelError(
            f"{KEY}: a tokenizer of the kind {model['type']} cannot be cut; {', '.join(CUTS)} can"
        )
    names = {number: piece for piece, number in numbers.items()}
    wanted = {names[number] for number in pieces} | {names[i] for i in sorted(names)[:first]}
    wanted |= {token["content"] for token in rules["added_tokens"]}
    wanted |= {*tokenizer.all_special_tokens, *_named(rules["post_processor"]), *_fallback(model)}
    if model["type"] == "BPE":
        wanted = _with_parts(wanted, model)
    kept = sorted(numbers[piece] for piece in wanted & numbers.keys())
    places = {names[number]: place for place, number in enumerate(kept)}
    rules["model"] = model | CUTS[model["type"]](model, places)
    for token in rules["added_tokens"]:
        token["id"] = places[token["content"]]
    rules["post_processor"] = _renumbered(rules["post_processor"], places)
    return CutTokenizer(_like(tokenizer, rules, places), np.array(kept, np.int64))


def _fallback(model: Rules) -> Iterator[str]:
    """Pieces that other texts are read in: characters and bytes, or the unknown token."""
    if model.get("unk_token") is not None:
        yield model["unk_token"]
    if model["type"] == "Unigram":
        scores = dict(model["vocab"])
        yield min(scores, key=scores.get)
        if model["unk_id"] is not None:
            yield model["vocab"][model["unk_id"]][0]
    before = model.get("continuing_subword_prefix") or ""
    behind = model.get("end_of_word_suffix") or ""
    for piece in dict(model["vocab"]) if model["type"] != "WordLevel" else ():
        if len(piece.removeprefix(before).removesuffix(behind)) == 1 or BYTE.fullmatch(piece):
            yield piece


def _with_parts(pieces: set[str], model: Rules) -> set[str]:
    """The pieces with all that they are merged of."""
    closed, before = set(pieces), 0
    merges = list(_merges(model))[::-1]  # parts are mostly made before the whole
    while len(closed) > before:
        before = len(closed)
        for left, right, whole in merges:
            if whole in closed:
                closed |= {left, right}
    return closed


def _merges(model: Rules) -> Iterator[tuple[str, str, str]]:
    inside = model.get("continuing_subword_prefix") or ""
    for merge in model["merges"]:
        left, right = merge.split(" ") if isinstance(merge, str) else merge
        yield left, right, left + right.removeprefix(inside)


def _cut_words(model: Rules, places: Mapping[str, int]) -> Rules:
    return {"vocab": {piece: places[piece] for piece in model["vocab"] if piece in places}}


def _cut_merges(model: Rules, places: Mapping[str, int]) -> Rules:
    merges = [[left, right] for left, right, whole in _merges(model) if whole in places]
    return _cut_words(model, places) | {"merges": merges}


def _cut_scores(model: Rules, places: Mapping[str, int]) -> Rules:
    unknown = model["unk_id"]
    return {
        "vocab": [entry for entry in model["vocab"] if entry[0] in places],
        "unk_id": None if unknown is None else places[model["vocab"][unknown][0]],
    }


CUTS: Mapping[str, Callable[[Rules, Mapping[str, int]], Rules]] = {
    "BPE": _cut_merges,
    "Unigram": _cut_scores,
    "WordLevel": _cut_words,
    "WordPiece": _cut_words,
}


def _named(processor: Rules | None) -> Iterator[str]:
    """The tokens that a post-processor puts around texts."""
    for part in (processor or {}).get("processors", [processor or {}]):
        for token in (part.get("sep"), part.get("cls")):
            yield from () if token is None else token[:1]
        for token in (part.get("special_tokens") or {}).values():
            yield from token["tokens"]


def _renumbered(processor: Rules | None, places: Mapping[str, int]) -> Rules | None:
    if processor is None:
        return None
    changed = dict(processor)
    if "processors" in processor:
        changed["processors"] = [_renumbered(part, places) for part in processor["processors"]]
    for name in {"sep", "cls"} & processor.keys():
        token = processor[name][0]
        changed[name] = [token, places[token]]
    if "special_tokens" in processor:
        changed["special_tokens"] = {
            name: token | {"ids": [places[one] for one in token["tokens"]]}
            for name, token in processor["special_tokens"].items()
        }
    return changed


def _like(
    tokenizer: PreTrainedTokenizerFast, rules: Rules, places: Mapping[str, int]
) -> PreTrainedTokenizerFast:
    """A tokenizer of other rules, else like this one; checked to number its pieces as told."""
    new = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(rules)),
        **tokenizer.special_tokens_map,
        **{name: getattr(tokenizer, name) for name in SAME},
    )
    if new.get_vocab() != places:
        raise ModelError(f"{KEY}: the numbers of this tokenizer's added tokens leave gaps")
    return new

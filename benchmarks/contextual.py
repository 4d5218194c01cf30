"""Contextual substitution: texts to variants, against nlpaug and against a loop written by hand.

    python -m benchmarks.contextual --tokenizer examples/reviews/models/bert-tiny

The model is a BERT of random weights (6 layers of 768 by default): only time is measured. Ours goes
through the public augmenter, with tokenisation, choice of words, draws and splicing. The plain loop
does the torch part alone, as a careful engineer would by hand for one fixed list of texts: 15 % of
the tokens masked, all masks of a text in one forward, sorted by length, scores at masked places
only, the best 50 found. nlpaug is patched where it no longer runs (two tokenizer methods that are
gone), batch 32, and given fewer texts, since it is slow.
"""

import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import (
    AutoModelForMaskedLM,
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    BertPreTrainedModel,
)

from benchmarks.plain_loop import PLAIN_TOKENS, sorted_batches
from benchmarks.timing import chosen, parser, rates, read_texts, report
from mashbill.models.device import pick_dtype
from mashbill.transforms.augmenters.base import apply
from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.request import Request

RATE, TOP_K, MAX_LENGTH = 0.15, 50, 128


def random_bert(
    tokenizer_folder: str,
    folder: str,
    layers: int,
    width: int,
    kind: type[BertPreTrainedModel] = BertForMaskedLM,
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        intermediate_size=4 * width,
    )
    torch.manual_seed(0)
    kind(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


class PlainLoop:
    """Masks, sorts, fills; no words are chosen, nothing is spliced."""

    def __init__(self, folder: str, device: str, dtype: torch.dtype, tokens: int):
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForMaskedLM.from_pretrained(folder, dtype=dtype)
        self.model = model.eval().to(device)
        self.device, self.tokens = device, tokens

    @torch.inference_mode()
    def __call__(self, texts: Sequence[str]) -> int:
        rng = np.random.default_rng(0)
        mask_id = self.tokenizer.mask_token_id
        ids = self.tokenizer(
            list(texts),
            truncation=True,
            max_length=MAX_LENGTH,
            return_token_type_ids=False,
            return_attention_mask=False,
        )["input_ids"]
        for row in ids:
            count = max(1, round(RATE * (len(row) - 2)))
            inner = np.arange(1, max(2, len(row) - 1))
            for place in rng.choice(inner, count, replace=False):
                row[place] = mask_id
        filled = 0
        for _, batch in sorted_batches(ids, self.tokens, self.device):
            states = self.model.bert(**batch).last_hidden_state
            hidden = states[batch["input_ids"] == mask_id]
            filled += len(self.model.cls(hidden).topk(TOP_K).indices.cpu())
        return filled


def nlpaug_substitution(folder: str, device: str):
    """nlpaug's augmenter, with the tokenizer methods it calls put back."""
    from nlpaug.augmenter.word import ContextualWordEmbsAug
    from nlpaug.model.lang_models import Bert

    Bert.token2id = lambda self, token: self.tokenizer.convert_tokens_to_ids(token)
    Bert.id2token = lambda self, number: self.tokenizer.convert_ids_to_tokens(number)
    augmenter = ContextualWordEmbsAug(
        model_path=folder, model_type="bert", aug_p=RATE, top_k=TOP_K, batch_size=32, device=device
    )

    def run(texts: Sequence[str]) -> None:
        random.seed(0)
        for start in range(0, len(texts), 32):
            augmenter.augment(list(texts[start : start + 32]))

    return run


def ours(folder: str, device: str, precision: str, max_length: int = MAX_LENGTH):
    augmenter = build(
        {
            "use": "contextual.substitute",
            "model": folder,
            "rate": RATE,
            "top_k": TOP_K,
            "max_length": max_length,
            "precision": precision,
            "device": device,
        }
    )

    def run(texts: Sequence[str]) -> list[str]:
        edits = augmenter.augment_batch(Request(texts, range(len(texts))))
        return [apply(text, found) for text, found in zip(texts, edits, strict=True)]

    return run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--tokenizer", default="examples/reviews/models/bert-tiny")
    arguments.add_argument("--layers", type=int, default=6)
    arguments.add_argument("--width", type=int, default=768, help="a multiple of 64")
    arguments.add_argument("--nlpaug-texts", type=int, default=32, help="0 leaves nlpaug out")
    options = arguments.parse_args()
    texts = read_texts(options.texts, options.limit, options.join)
    few = texts[:: max(1, len(texts) // max(1, options.nlpaug_texts))][: options.nlpaug_texts]
    dtype = pick_dtype("auto", torch.device(options.device))
    with tempfile.TemporaryDirectory() as temporary:
        folder = str(Path(temporary) / "bert")
        random_bert(options.tokenizer, folder, options.layers, options.width)
        contestants, rows = {}, {}

        def enter(name: str, run, of: Sequence[str]) -> None:
            contestants[name], rows[name] = lambda: run(of), len(of)

        fast = "bf16" if dtype == torch.bfloat16 else "fp32"
        enter(f"ours, {fast}", ours(folder, options.device, fast), texts)
        enter("ours, fp32", ours(folder, options.device, "fp32"), texts)
        for tokens in PLAIN_TOKENS[options.device]:
            loop = PlainLoop(folder, options.device, dtype, tokens)
            enter(f"plain loop, {fast}, {tokens} tokens", loop, texts)
        if few:
            enter("nlpaug, fp32, batch 32", nlpaug_substitution(folder, options.device), few)
        contestants = chosen(contestants, options.only)
        found = rates(contestants, rows, options.rounds)
    report("contextual", found, f"ours, {fast}", vars(options), options.json)


if __name__ == "__main__":
    main()

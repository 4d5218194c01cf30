"""Annotation of words: texts to the scores of every word, tokenisation included, in words/s.

    python -m benchmarks.spans --model examples/reviews/models/minilm --texts FILE

The tagger gets a random output layer where the model has none: its values do not matter here. The
plain loop is what a careful engineer writes by hand: tokenised in one call, sorted by length, the
best of several batch sizes, bfloat16 under inference mode, and of each word the scores of the token
that holds its first letter. Texts that are longer than the model are left out: the loop cuts them.
"""

import tempfile
from collections.abc import Sequence

import numpy as np
import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer

from benchmarks.plain_loop import PLAIN_TOKENS, sorted_batches
from benchmarks.timing import chosen, parser, rates, read_texts, report
from mashbill.models.device import pick_dtype
from mashbill.models.tagger import Tagger
from mashbill.models.tasks.words import word_bounds

TAGS = 9  # of four types


class PlainLoop:
    """Sorted batches by hand."""

    def __init__(self, folder: str, device: str, max_length: int, dtype: torch.dtype, tokens: int):
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForTokenClassification.from_pretrained(folder, dtype=dtype)
        self.model = model.eval().to(device)
        self.device, self.max_length, self.tokens = device, max_length, tokens

    @torch.inference_mode()
    def __call__(self, texts: Sequence[str]) -> list[np.ndarray]:
        encoded = self.tokenizer(list(texts), truncation=True, max_length=self.max_length)
        found: list[np.ndarray] = [np.empty(0)] * len(texts)
        for rows, batch in sorted_batches(encoded["input_ids"], self.tokens, self.device):
            logits = self.model(**batch).logits.float().cpu().numpy()
            for i, row in enumerate(rows):
                begins = (begin for begin, _ in word_bounds(texts[row]))
                found[row] = logits[i, [encoded.char_to_token(row, begin) for begin in begins]]
        return found


def save_tagger(model: str, folder: str) -> None:
    """A copy with a random layer that scores `TAGS` tags."""
    torch.manual_seed(0)
    made = AutoModelForTokenClassification.from_pretrained(model, num_labels=TAGS)
    made.save_pretrained(folder)
    AutoTokenizer.from_pretrained(model).save_pretrained(folder)


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--model", default="examples/reviews/models/minilm")
    arguments.add_argument("--max-length", type=int, default=128)
    options = arguments.parse_args()
    texts = list(dict.fromkeys(read_texts(options.texts, options.limit, options.join)))
    dtype = pick_dtype("auto", torch.device(options.device))
    with tempfile.TemporaryDirectory() as folder:
        save_tagger(options.model, folder)
        ours = Tagger.load(folder, max_length=options.max_length, device=options.device)
        fits = ours.tokenizer.whole(texts).ids.lengths <= ours.tokenizer.room
        texts = [text for text, fit in zip(texts, fits, strict=True) if fit]
        words = sum(len(word_bounds(text)) for text in texts)
        shape = (folder, options.device, options.max_length, dtype)
        contestants = {"ours": lambda: ours.logits(texts)}
        for tokens in PLAIN_TOKENS[options.device]:
            loop = PlainLoop(*shape, tokens)
            contestants[f"plain loop, {tokens} tokens"] = lambda loop=loop: loop(texts)
        both = zip(ours.logits(texts), PlainLoop(*shape, 2048)(texts), strict=True)
        gap = max(np.abs(one - other).max(initial=0) for one, other in both)
        assert gap < 0.1, f"the contestants disagree by {gap}"
        contestants = chosen(contestants, options.only)
        found = rates(contestants, dict.fromkeys(contestants, words), options.rounds)
    settings = {**vars(options), "texts measured": len(texts)}
    report("spans", found, "ours", settings, options.json, unit="words")


if __name__ == "__main__":
    main()

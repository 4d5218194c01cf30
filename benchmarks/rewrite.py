"""Writing by a sequence-to-sequence and by a causal model: texts in, texts out, in texts/s.

    python -m benchmarks.rewrite --tokenizer examples/reviews/models/bert-tiny

The models have random weights: only time is measured. So hardly ever does a token end a text; each
is as long as its source, which is what a paraphrase comes to. The peer is what a user of
transformers writes: batches of 32 in the order of the corpus, which `generate` goes on with until
the longest text of each is done. `pipeline(batch_size=32)` does just this; since version 5 it has
no task from sequence to sequence. nlpaug's BackTranslationAug translates twice, so twice as many
texts are counted; it takes the likeliest tokens, which is less work than a draw.
"""

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch.utils.data import DataLoader, TensorDataset
from transformers import (
    AutoTokenizer,
    BartConfig,
    BartForConditionalGeneration,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
)

from benchmarks.timing import chosen, parser, rates, read_texts, report
from mashbill.models.decoding import Sampling
from mashbill.models.generator import Generator, Translator, Writer

BATCH, HOW, MAX_LENGTH = 32, Sampling(temperature=1.0, top_k=50), 128
NLPAUG = "nlpaug, batches of 32"
UNUSED = 1  # bert-tiny's [unused0]: what ends a text, and is never drawn


def random_model(kind: str, tokenizer_folder: str, folder: str, layers: int, width: int) -> None:
    read = ["input_ids", "attention_mask"]  # nlpaug hands on no more than these
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder, model_input_names=read)
    common = {"vocab_size": len(tokenizer), "eos_token_id": UNUSED, "pad_token_id": 0}
    common |= {"bos_token_id": None}
    torch.manual_seed(0)
    if kind == "translator":
        sizes = {"layers": layers, "attention_heads": width // 64, "ffn_dim": 4 * width}
        both = {f"{part}_{name}": n for part in ("encoder", "decoder") for name, n in sizes.items()}
        forced = {"forced_eos_token_id": None, "forced_bos_token_id": None}
        config = BartConfig(d_model=width, decoder_start_token_id=2, **both, **forced, **common)
        model: PreTrainedModel = BartForConditionalGeneration(config)
    else:
        config = LlamaConfig(
            hidden_size=width,
            intermediate_size=4 * width,
            num_hidden_layers=layers,
            num_attention_heads=width // 64,
            max_position_embeddings=1024,
            **common,
        )
        model = LlamaForCausalLM(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


class InBatches:
    """`generate` over batches of 32."""

    def __init__(self, engine: Generator, limits: Sequence[int]):
        self.model, self.limits = engine.model, limits
        self.tokenizer = AutoTokenizer.from_pretrained(engine.model.config.name_or_path)
        self.tokenizer.padding_side = "right" if isinstance(engine, Translator) else "left"
        self.device, self.encodes = engine.device, isinstance(engine, Translator)

    @torch.inference_mode()
    def __call__(self, texts: Sequence[str]) -> list[str]:
        written = []
        for first in range(0, len(texts), BATCH):
            some = list(texts[first : first + BATCH])
            batch = self.tokenizer(
                some, padding=True, truncation=True, max_length=MAX_LENGTH, return_tensors="pt",
                return_token_type_ids=False,
            ).to(self.device)  # fmt: skip
            limit = max(self.limits[first : first + BATCH])
            ids = self.model.generate(
                **batch, do_sample=True, top_k=HOW.top_k, max_new_tokens=limit, eos_token_id=UNUSED
            )
            new = ids if self.encodes else ids[:, batch["input_ids"].shape[1] :]
            written += self.tokenizer.batch_decode(new, skip_special_tokens=True)
        return written


class ThereAndBack:
    """nlpaug's back-translation, batch by batch: it has one limit for all texts of a call, which
    models of random weights would reach with each."""

    def __init__(self, folder: str, device: str, limits: Sequence[int]):
        from nlpaug.augmenter.word import BackTranslationAug
        from nlpaug.model.lang_models import machine_translation_transformers as theirs

        # It forks a process for each call, which costs time and may die where threads compute.
        theirs.t_data = SimpleNamespace(TensorDataset=TensorDataset, DataLoader=_in_this_process)
        self.augmenter = BackTranslationAug(folder, folder, device=device, batch_size=BATCH)
        self.limits = limits

    def __call__(self, texts: Sequence[str]) -> list[str]:
        written = []
        for first in range(0, len(texts), BATCH):
            self.augmenter.model.max_length = 1 + max(self.limits[first : first + BATCH])
            written += self.augmenter.augment(list(texts[first : first + BATCH]))
        return written


def _in_this_process(rows: TensorDataset, num_workers: int, **options: Any) -> DataLoader:
    return DataLoader(rows, **options)


def main() -> None:
    arguments = parser(__doc__.splitlines()[0])
    arguments.add_argument("--tokenizer", required=True, help="folder of a model that has one")
    arguments.add_argument("--layers", type=int, default=6)
    arguments.add_argument("--width", type=int, default=512)
    arguments.set_defaults(limit=256)
    options = arguments.parse_args()
    texts = read_texts(options.texts, options.limit, options.join)
    seeds = range(len(texts))
    for kind, engine in (("translator", Translator), ("writer", Writer)):
        with tempfile.TemporaryDirectory() as folder:
            random_model(kind, options.tokenizer, folder, options.layers, options.width)
            ours = engine.load(
                folder, max_length=MAX_LENGTH, precision="fp32", device=options.device
            )
            limits = ours.lengths(texts)
            peer = InBatches(ours, limits)
            contestants = {
                "ours": partial(ours.write, texts, seeds, limits, HOW),
                "generate, batches of 32": partial(peer, texts),
            }
            rows = dict.fromkeys(contestants, len(texts))
            if engine is Translator:
                contestants[NLPAUG] = partial(ThereAndBack(folder, options.device, limits), texts)
                rows[NLPAUG] = 2 * len(texts)
            contestants = chosen(contestants, options.only)
            found = rates(contestants, rows, options.rounds)
        settings = {"kind": kind, "layers": options.layers, "width": options.width}
        settings |= {"texts": len(texts), "device": options.device, "path": Path(options.texts)}
        report(f"rewrite: {kind}", found, "ours", settings, options.json, "texts")


if __name__ == "__main__":
    main()

"""Tokens per second on a GPU, and how near that is to the rate of its matrix units.

    python -m benchmarks.gpu --tokenizer examples/reviews/models/minilm

A BERT-base of random weights (only time is measured) takes texts of 20 to 200 tokens, snippets put
end to end. Annotation is `Classifier.logits`, substitution the public augmenter, tokenisation and
splicing included in both. The peak is that of one large bfloat16 product on this GPU; an operation
is counted once for each token that a text has, padding not at all, nor what is left out.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from transformers import AutoTokenizer, BertForSequenceClassification

from benchmarks.annotate import PlainLoop
from benchmarks.contextual import ours, random_bert
from benchmarks.timing import rates, read_texts
from mashbill.models.classifier import Classifier

MAX_LENGTH, LAYERS, WIDTH = 256, 12, 768


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--device", choices=["cpu", "cuda"], default="cuda")
    arguments.add_argument("--tokenizer", default="examples/reviews/models/minilm")
    arguments.add_argument("--texts", type=Path, default="examples/reviews/data/movies.jsonl")
    arguments.add_argument("--limit", type=int, default=16_000, help="texts to use")
    arguments.add_argument("--fewer", type=int, default=8, help="substitution: every so many text")
    arguments.add_argument("--layers", type=int, default=LAYERS)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = arguments.parse_args()
    texts, lengths = mixed_lengths(options.texts, options.tokenizer, options.limit)
    operations = sum(forward_operations(n, options.layers) for n in lengths)
    few = slice(None, None, options.fewer)
    peak = matrix_peak(options.device)
    with tempfile.TemporaryDirectory() as temporary:
        teacher, filler = str(Path(temporary, "teacher")), str(Path(temporary, "filler"))
        random_bert(
            options.tokenizer, teacher, options.layers, WIDTH, BertForSequenceClassification
        )
        random_bert(options.tokenizer, filler, options.layers, WIDTH)
        engine = Classifier.load(teacher, max_length=MAX_LENGTH, device=options.device)
        loop = PlainLoop(teacher, options.device, MAX_LENGTH, engine.dtype, 65_536)
        substitute = ours(filler, options.device, "auto", MAX_LENGTH)
        ways = {
            "annotation": lambda: engine.logits(texts),
            "annotation, plain loop": lambda: loop(texts),
            "substitution": lambda: substitute(texts[few]),
        }
        tokens = dict.fromkeys(ways, sum(lengths)) | {"substitution": sum(lengths[few])}
        rate = rates(ways, tokens, options.rounds)
        forwards = engine.forward_seconds / (options.rounds + 1)  # one to warm up
        block = block_rate(engine)
    per_token = operations / sum(lengths)
    report = {
        "device": torch.cuda.get_device_name() if options.device == "cuda" else "cpu",
        "texts": len(texts),
        "tokens": sum(lengths),
        "peak, TFLOP/s": round(peak / 1e12, 1),
        "one block, share of the peak": round(block / peak, 3),
        "tokens per second": {name: round(value) for name, value in rate.items()},
        "annotation, share of the peak": round(per_token * rate["annotation"] / peak, 3),
        "the same of its forwards alone": round(operations / forwards / peak, 3),
        "annotation against the plain loop": ratio(rate, "annotation", "annotation, plain loop"),
        "substitution against annotation": ratio(rate, "substitution", "annotation"),
    }
    print(json.dumps(report) if options.json else json.dumps(report, indent=2))


def mixed_lengths(path: Path, tokenizer: str, limit: int) -> tuple[list[str], list[int]]:
    """Texts of 20 to 200 tokens, one to eight lines each, and their lengths."""
    rng, lines = random.Random(0), read_texts(path, limit)
    drawn = [" ".join(rng.choices(lines, k=rng.randint(1, 8))) for _ in range(2 * limit)]
    ids = AutoTokenizer.from_pretrained(tokenizer)(drawn, return_attention_mask=False)["input_ids"]
    fit = [(text, len(row)) for text, row in zip(drawn, ids, strict=True) if 20 <= len(row) <= 200]
    texts, lengths = zip(*fit[:limit], strict=True)
    return list(texts), list(lengths)


@torch.inference_mode()
def block_rate(engine: Classifier, rows: int = 512, length: int = 128) -> float:
    """Operations per second of one transformer block of the engine's, without padding."""
    if engine.device.type == "cpu":
        rows //= 64
    shape = {"device": engine.device, "dtype": engine.dtype}
    states, mask = (
        torch.randn(rows, length, WIDTH, **shape),
        torch.zeros(rows, 1, 1, length, **shape),
    )
    operations = rows * (forward_operations(length, 2) - forward_operations(length, 1))
    return per_second(lambda: engine.fast.blocks[0](states, mask, lambda x: x), operations)


def forward_operations(length: int, layers: int) -> int:
    """Multiplications and additions of the blocks for one text: for each token 12 products of the
    width squared, and attention to every other, twice. Behind the last block's attention, the
    first token alone goes on."""
    attention = 4 * WIDTH * length**2
    whole = 24 * WIDTH**2 * length + attention
    return (layers - 1) * whole + 6 * WIDTH**2 * length + attention + 18 * WIDTH**2


def matrix_peak(device: str, size: int = 8192) -> float:
    """Operations per second of one bfloat16 product of random numbers."""
    size = size if device == "cuda" else 256
    a, b = torch.randn(2, size, size, device=device, dtype=torch.bfloat16)
    return per_second(lambda: a @ b, 2 * size**3)


def per_second(run: Callable[[], object], operations: int) -> float:
    return rates({"it": run}, {"it": operations}, 10)["it"]


def ratio(rate: dict[str, float], of: str, to: str) -> float:
    return round(rate[of] / rate[to], 3)


if __name__ == "__main__":
    main()

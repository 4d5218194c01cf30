"""Soft-label annotation: texts to logits, tokenisation included, against what else one could do.

    python -m benchmarks.annotate --model examples/reviews/models/minilm

The classifier gets a random output layer where the model has none: its values do not matter here.
The plain loop is what a careful engineer writes by hand for one fixed list of texts: tokenised in
one call, sorted by length, the best of several batch sizes, bfloat16 under inference mode.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

from benchmarks.plain_loop import PLAIN_TOKENS, sorted_batches
from benchmarks.timing import chosen, parser, rates, read_texts, report
from mashbill.models.classifier import Classifier
from mashbill.models.device import pick_dtype
from mashbill.models.teachers import TeacherSpec


class PlainLoop:
    """Sorted batches by hand."""

    def __init__(self, folder: str, device: str, max_length: int, dtype: torch.dtype, tokens: int):
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=dtype)
        self.model = model.eval().to(device)
        self.device, self.max_length, self.tokens = device, max_length, tokens

    @torch.inference_mode()
    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        ids = self.tokenizer(
            list(texts),
            truncation=True,
            max_length=self.max_length,
            return_token_type_ids=False,
            return_attention_mask=False,
        )["input_ids"]
        logits = torch.empty(len(ids), self.model.config.num_labels)
        for rows, batch in sorted_batches(ids, self.tokens, self.device):
            logits[rows] = self.model(**batch).logits.float().cpu()
        return logits.numpy()


def hf_pipeline(folder: str, device: str, max_length: int, dtype: torch.dtype | str):
    """With the dtype "auto", which it has by default, that of the weights: float32 here."""
    classify = pipeline("text-classification", folder, device=device, dtype=dtype, top_k=None)
    return lambda texts: classify(
        list(texts), batch_size=32, truncation=True, max_length=max_length, function_to_apply="none"
    )


def run_inference(folder: str, device: str, max_length: int, dtype: torch.dtype, size: int):
    """Beam's stock handler at one fixed batch size; each run starts a job and loads the model."""
    import apache_beam as beam
    from apache_beam.ml.inference.base import RunInference
    from apache_beam.ml.inference.pytorch_inference import PytorchModelHandlerKeyedTensor

    tokenizer = AutoTokenizer.from_pretrained(folder)
    config = AutoModelForSequenceClassification.from_pretrained(folder).config
    state = Path(folder) / "state.pt"
    if not state.exists():
        torch.save(AutoModelForSequenceClassification.from_pretrained(folder).state_dict(), state)

    def model_class(**options):
        return AutoModelForSequenceClassification.from_config(config).to(dtype)

    def collate(batch, model, device, inference_args, model_id=None):
        padded = tokenizer.pad(
            {"input_ids": [row["input_ids"].tolist() for row in batch]}, return_tensors="pt"
        ).to(device)
        with torch.inference_mode():
            return list(model(**padded).logits.float().cpu())

    handler = PytorchModelHandlerKeyedTensor(
        state_dict_path=str(state),
        model_class=model_class,
        model_params={},
        device="GPU" if device == "cuda" else "CPU",
        inference_fn=collate,
        min_batch_size=size,
        max_batch_size=size,
    )

    def run(texts):
        ids = tokenizer(list(texts), truncation=True, max_length=max_length)["input_ids"]
        rows = [{"input_ids": torch.tensor(row)} for row in ids]
        with beam.Pipeline(runner="FnApiRunner") as job:
            job | beam.Create(rows, reshuffle=False) | RunInference(handler)

    return run


def beam_stage(folder: str, max_length: int, texts: Sequence[str]):
    """Our own stage, in batches as large as the pipeline's; each run starts a job."""
    import apache_beam as beam
    import pyarrow as pa

    from mashbill.models.checks import config_labels
    from mashbill.models.loading import read_config
    from mashbill.models.tasks.registry import single
    from mashbill.transforms import coders
    from mashbill.transforms.annotate import Annotate
    from mashbill.transforms.examples import EXAMPLES
    from mashbill.transforms.shuffle import ROWS_PER_BATCH
    from mashbill.transforms.stage import LEDGER

    coders.register()
    task = single(config_labels(read_config(folder)))
    rows = [{"id": str(i), "text": text, "corpus": "texts"} for i, text in enumerate(texts)]
    batches = [
        (0, pa.RecordBatch.from_pylist(rows[i : i + ROWS_PER_BATCH], schema=EXAMPLES))
        for i in range(0, len(rows), ROWS_PER_BATCH)
    ]

    def run():
        with beam.Pipeline(runner="FnApiRunner") as job:
            stage = beam.ParDo(Annotate(task, TeacherSpec([folder], max_length))).with_outputs(
                LEDGER
            )
            job | beam.Create(batches, reshuffle=False) | stage

    return run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--model", default="examples/reviews/models/minilm")
    arguments.add_argument("--max-length", type=int, default=128)
    arguments.add_argument("--without-beam", action="store_true", help="leave RunInference out")
    options = arguments.parse_args()
    texts = list(dict.fromkeys(read_texts(options.texts, options.limit, options.join)))
    dtype = pick_dtype("auto", torch.device(options.device))
    with tempfile.TemporaryDirectory() as folder:
        model = AutoModelForSequenceClassification.from_pretrained(options.model)
        model.save_pretrained(folder)
        AutoTokenizer.from_pretrained(options.model).save_pretrained(folder)
        ours = Classifier.load(folder, max_length=options.max_length, device=options.device)
        shape = (folder, options.device, options.max_length, dtype)
        contestants = {"ours": lambda: ours.logits(texts)}
        for tokens in PLAIN_TOKENS[options.device]:
            loop = PlainLoop(*shape, tokens)
            contestants[f"plain loop, {tokens} tokens"] = lambda loop=loop: loop(texts)
        for kind in (dtype, "auto"):
            classify = hf_pipeline(*shape[:-1], kind)
            name = f"HF pipeline, batch 32, {str(kind).removeprefix('torch.')}"
            contestants[name] = lambda classify=classify: classify(texts)
        if not options.without_beam:
            contestants["our stage in Beam"] = beam_stage(folder, options.max_length, texts)
            for size in (8, 32, 128):
                run = run_inference(*shape, size)
                contestants[f"RunInference, batch {size}"] = lambda run=run: run(texts)
        gap = np.abs(ours.logits(texts) - PlainLoop(*shape, 2048)(texts)).max()
        assert gap < 0.1, f"the contestants disagree by {gap}"
        contestants = chosen(contestants, options.only)
        found = rates(contestants, dict.fromkeys(contestants, len(texts)), options.rounds)
    report("annotate", found, "ours", vars(options), options.json)


if __name__ == "__main__":
    main()

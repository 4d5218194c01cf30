"""Tiny models with random weights, made once per test session, each in a folder of its own."""

import gc
import os
import string
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import settings

from tests.shortcuts import inspect_stages_once

# Torch reads it when it is imported. Tiny models gain nothing from threads, which wait in loops and
# take the processor from the other worker of pytest.
os.environ.setdefault("OMP_NUM_THREADS", "1")

LABELS = ("negative", "positive")
# On a busy machine an example takes as long as it takes.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

TEXT = """
the a an of and to in is it was movie film plot actor scene story music good bad great dull
funny slow sharp warm cold love hate like see saw watch never always very really quite not no
this that with for but on at by my your his her we they i you best worst better boring bright
"""


def tiny_tokenizer():
    """A lower-casing WordPiece tokenizer: some whole words, every letter as a word and a piece."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = string.ascii_lowercase + string.digits
    pieces = [*special, *letters, *string.punctuation, *(f"##{c}" for c in letters), *TEXT.split()]
    vocab = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.BertProcessing(
        ("[SEP]", vocab["[SEP]"]), ("[CLS]", vocab["[CLS]"])
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=64,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def save_tiny(folder: Path, kind: str, labels: Sequence[str] = LABELS) -> Path:
    """Writes a two-layer BERT of one kind (classifier, tagger, encoder or mlm) and its tokenizer.

    `labels` are the classes of a classifier, or of a tagger's words.
    """
    import transformers

    from tests.models.random_models import seeded

    tokenizer = tiny_tokenizer()
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.3,  # random weights large enough that outputs differ between texts
    )
    model_class = {
        "classifier": transformers.BertForSequenceClassification,
        "tagger": transformers.BertForTokenClassification,
        "encoder": transformers.BertModel,
        "mlm": transformers.BertForMaskedLM,
    }[kind]
    if kind in ("classifier", "tagger"):
        config.id2label = dict(enumerate(labels))
        config.label2id = {name: i for i, name in enumerate(labels)}
    seeded(model_class, config).save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_classifier(tmp_path_factory) -> Path:
    """A two-class BERT (negative, positive), at most 64 tokens."""
    return save_tiny(tmp_path_factory.mktemp("models") / "classifier", "classifier")


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory) -> Path:
    """A BERT encoder without a head."""
    return save_tiny(tmp_path_factory.mktemp("models") / "encoder", "encoder")


@pytest.fixture(scope="session")
def tiny_mlm(tmp_path_factory) -> Path:
    """A BERT with a masked-LM head."""
    return save_tiny(tmp_path_factory.mktemp("models") / "mlm", "mlm")


@pytest.fixture(scope="session", autouse=True)
def stages_inspected_once():
    with pytest.MonkeyPatch.context() as patch:
        if "apache_beam" in sys.modules:  # else no test has a pipeline
            inspect_stages_once(patch)
        yield


# What starts processes, and so takes longest; next to each other, since they share a fork server.
LONG = (
    "test_survival",
    "test_somebodys_project",
    "test_portable",
    "test_kills",
    "test_two_runs",
    "test_two_writers",
    "test_token_files",
    "test_processes",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the longest first: at the end they would keep one worker while the others wait."""
    items.sort(key=lambda item: item.path.stem not in LONG)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Imports everything without looking for garbage, a seventh of the time, and what is there then
    is never looked through again, 0.3 s each time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()

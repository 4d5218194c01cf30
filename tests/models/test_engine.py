"""The fast path of classifier and encoder against transformers called row by row."""

import threading

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

from mashbill.models.batching import TokenBudget
from mashbill.models.classifier import Classifier
from mashbill.models.encoder import Encoder
from mashbill.models.errors import ModelError, RowError
from mashbill.models.windows import Windows

TEXTS = [
    "a good movie",
    "",
    "   \t\n",
    "\x00\x01",
    "the plot was dull and slow but the actor was very good",
    "مرحبا 中文 🙂",
    "good " * 500,
    "a good movie",
]
words = st.sampled_from(["good", "bad", "movie", "plot", "zz", "\u200b", "é"])
texts = st.lists(st.lists(words, max_size=30).map(" ".join), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def classifier(tiny_classifier):
    return Classifier.load(str(tiny_classifier), max_length=64, precision="fp32")


@pytest.fixture(scope="module")
def encoder(tiny_encoder):
    return Encoder.load(str(tiny_encoder), max_length=64, precision="fp32")


def inputs(folder, *texts):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    # a batch of one, since the library takes a lone empty pair for none
    return tokenizer(
        *([text] for text in texts), truncation=True, max_length=64, return_tensors="pt"
    )


@torch.no_grad()
def reference_logits(folder, texts, pairs=None):
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    rows = zip(texts, pairs, strict=True) if pairs else zip(texts, strict=True)
    return np.stack([model(**inputs(folder, *row)).logits[0].numpy() for row in rows])


def test_logits_equal_the_reference_row_by_row(classifier, tiny_classifier):
    expected = reference_logits(tiny_classifier, TEXTS)
    np.testing.assert_allclose(classifier.logits(TEXTS), expected, atol=1e-5)


def test_texts_of_equal_tokens_are_computed_once(classifier, tiny_classifier, monkeypatch):
    shapes = []
    forward = Classifier.forward

    def counted(self, batch):
        shapes.append(tuple(batch["input_ids"].shape))
        return forward(self, batch)

    monkeypatch.setattr(Classifier, "forward", counted)
    texts = ["A good  movie", "bad plot", "a good movie", "BAD plot", "a good movie "]
    logits = classifier.logits(texts)
    assert sum(rows for rows, _ in shapes) == 2
    np.testing.assert_allclose(logits, reference_logits(tiny_classifier, texts), atol=1e-5)


@torch.no_grad()
def mean_over_windows(folder, text, length, shared, most):
    """Window by window, with transformers alone."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    room = length - 2
    logits, start = [], 0
    while not logits or (len(logits) < most and start + shared < len(ids)):
        window = ids[start : start + room]
        whole = [tokenizer.cls_token_id, *window, tokenizer.sep_token_id]
        logits.append(model(torch.tensor([whole])).logits[0].numpy())
        start += room - shared
    return np.mean(logits, axis=0)


@pytest.mark.parametrize(("overlap", "most"), [(0.25, 3), (0.0, 8), (0.5, 8)])
def test_a_long_text_gets_the_mean_logits_of_its_windows(tiny_classifier, overlap, most):
    windows = Windows(overlap=overlap, most=most)
    engine = Classifier.load(str(tiny_classifier), max_length=18, precision="fp32", windows=windows)
    long = ["good movie bad plot dull film " * times for times in (3, 4, 7, 400)]
    texts = [*TEXTS, *long, "good " * 16, "good " * 17]
    shared = int(overlap * 16)
    expected = [mean_over_windows(tiny_classifier, text, 18, shared, most) for text in texts]
    np.testing.assert_allclose(engine.logits(texts), expected, atol=1e-5)
    reads_the_beginning = Classifier.load(str(tiny_classifier), max_length=18, precision="fp32")
    assert np.abs(reads_the_beginning.logits(long) - engine.logits(long)).max() > 1e-3


def test_all_parameters_are_counted(classifier, tiny_classifier):
    model = AutoModelForSequenceClassification.from_pretrained(tiny_classifier)
    assert classifier.parameters == sum(p.numel() for p in model.parameters())


def test_logits_of_pairs_equal_the_reference(classifier, tiny_classifier):
    pairs = TEXTS[::-1]
    expected = reference_logits(tiny_classifier, TEXTS, pairs)
    np.testing.assert_allclose(classifier.logits(TEXTS, pairs), expected, atol=1e-5)


@torch.no_grad()
def test_embeddings_are_unit_means_over_the_tokens(encoder, tiny_encoder):
    model = AutoModel.from_pretrained(tiny_encoder).eval()
    expected = []
    for text in TEXTS:
        mean = model(**inputs(tiny_encoder, text)).last_hidden_state[0].mean(dim=0)
        expected.append((mean / mean.norm()).numpy())
    np.testing.assert_allclose(encoder.embed(TEXTS), np.stack(expected), atol=1e-5)


@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-4), ("bf16", 2e-2)])
def test_a_row_does_not_depend_on_its_neighbours(tiny_encoder, precision, tolerance):
    encoder = Encoder.load(str(tiny_encoder), precision=precision)
    together = encoder.embed(TEXTS)
    alone = np.concatenate([encoder.embed([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=tolerance)


def test_bf16_agrees_with_fp32(classifier, tiny_classifier):
    fast = Classifier.load(str(tiny_classifier), max_length=64, precision="bf16")
    np.testing.assert_allclose(fast.logits(TEXTS), classifier.logits(TEXTS), atol=0.1)


@given(texts, st.randoms(use_true_random=False), st.integers(1, 200), st.sampled_from([1, 16]))
@settings(deadline=None, max_examples=40)
def test_neither_order_nor_batch_size_matters(classifier, texts, random, tokens, step):
    expected = dict(zip(texts, classifier.logits(texts), strict=True))
    random.shuffle(texts)
    before, classifier.budget = classifier.budget, TokenBudget(tokens, step=step, widest=64)
    try:
        logits = classifier.logits(texts)
    finally:
        classifier.budget = before
    np.testing.assert_allclose(logits, np.stack([expected[t] for t in texts]), atol=1e-5)


def test_equal_texts_are_computed_once(classifier, monkeypatch):
    rows = []
    forward = classifier.forward
    monkeypatch.setattr(
        classifier, "forward", lambda b: rows.append(len(b["input_ids"])) or forward(b)
    )
    logits = classifier.logits(["good", "bad", "good"])
    assert sum(rows) == 2
    assert (logits[0] == logits[2]).all()


def test_out_of_memory_is_survived(classifier, monkeypatch):
    expected = classifier.logits(TEXTS)
    forward = classifier.forward

    def small_memory(batch):
        if batch["input_ids"].numel() > 130:
            raise torch.OutOfMemoryError("simulated")
        return forward(batch)

    monkeypatch.setattr(classifier, "forward", small_memory)
    monkeypatch.setattr(classifier, "budget", TokenBudget(100_000))
    np.testing.assert_allclose(classifier.logits(TEXTS), expected, atol=1e-5)


def test_a_logit_that_is_no_number_names_its_rows(classifier, monkeypatch):
    forward = classifier.forward

    def broken(batch):
        logits = forward(batch)
        logits[(batch["attention_mask"].sum(dim=1) == 3)] = float("nan")
        return logits

    monkeypatch.setattr(classifier, "forward", broken)
    with pytest.raises(RowError, match="row 1") as caught:
        classifier.logits(["a good movie", "good", "a bad movie", "good"])
    assert caught.value.rows == (1, 3)


def test_no_texts_give_no_rows(classifier, encoder):
    assert classifier.logits([]).shape == (0, 2)
    assert encoder.embed([]).shape == (0, 32)


def test_an_engine_is_loaded_once_even_by_threads(tiny_encoder):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(Encoder.load(str(tiny_encoder), max_length=9)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1


def test_threads_share_an_engine(classifier):
    expected = classifier.logits(TEXTS)
    results = [None] * 4

    def work(i):
        results[i] = classifier.logits(TEXTS)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for logits in results:
        np.testing.assert_allclose(logits, expected, atol=1e-5)


def test_forward_seconds_grow(classifier):
    before = classifier.forward_seconds
    classifier.logits(["good"])
    assert classifier.forward_seconds > before


def test_pieces_of_a_long_list_join_in_order(classifier, monkeypatch):
    monkeypatch.setattr("mashbill.models.engine.TEXTS_PER_PIECE", 3)
    np.testing.assert_allclose(
        classifier.logits(TEXTS),
        np.concatenate([classifier.logits([t]) for t in TEXTS]),
        atol=1e-5,
    )


def test_a_masked_lm_cannot_serve_as_a_classifier(tiny_mlm):
    with pytest.raises(ModelError, match=r"lacks weights: .*classifier"):
        Classifier.load(str(tiny_mlm))

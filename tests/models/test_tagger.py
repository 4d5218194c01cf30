"""Scores of words against plain torch in float32, and texts longer than the model."""

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, BertForTokenClassification, DistilBertConfig
from transformers import DistilBertForTokenClassification as DistilBert

from mashbill.models.errors import RowError
from mashbill.models.tagger import Tagger
from mashbill.models.tasks.words import word_bounds
from mashbill.models.windows import Windows
from tests.conftest import save_tiny, tiny_tokenizer
from tests.models.random_models import seeded

TAGS = ["O", "B-PER", "I-PER"]
LONG = " ".join(f"great{i}film was" for i in range(40))  # of about 400 tokens
TEXTS = [
    "good film",
    "the plot, e.g. of U.S. movies",
    "",
    LONG,
    "bad",
    "good film",
    " - ",
    "ünïted",
]


def save(folder, kind):
    if kind == "bert":
        return save_tiny(folder, "tagger", TAGS)
    # An architecture that the fast encoder does not know.
    tokenizer = tiny_tokenizer()
    tokenizer.model_input_names = ["input_ids", "attention_mask"]
    names = {"id2label": dict(enumerate(TAGS)), "label2id": {n: i for i, n in enumerate(TAGS)}}
    config = DistilBertConfig(vocab_size=len(tokenizer), dim=32, n_layers=2, n_heads=2,
                              hidden_dim=64, max_position_embeddings=64,
                              initializer_range=0.3, **names)  # fmt: skip
    seeded(DistilBert, config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=["bert", "distilbert"])
def folder(request, tmp_path_factory):
    return save(tmp_path_factory.mktemp(request.param) / "tagger", request.param)


@pytest.fixture(scope="module")
def tagger(folder):
    return Tagger.load(str(folder), max_length=64, precision="fp32")


def reference(folder, text):
    """One text by itself through the library, at the token that holds each word's first letter."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = BertForTokenClassification if "bert" in folder.parts[-2][:4] else DistilBert
    model = model.from_pretrained(folder).eval()
    encoded = tokenizer(text, return_tensors="pt")
    with torch.no_grad():
        logits = model(**encoded).logits[0].numpy()
    starts = [start for start, _ in word_bounds(text)]
    return np.array([logits[encoded.char_to_token(start)] for start in starts])


def test_every_word_gets_the_scores_of_its_first_piece(tagger, folder):
    found = tagger.logits(TEXTS)
    for text, scores in zip(TEXTS, found, strict=True):
        assert scores.shape == (len(word_bounds(text)), len(TAGS))
        if text.strip() and text is not LONG:
            np.testing.assert_allclose(scores, reference(folder, text), atol=1e-4)


def test_scores_do_not_depend_on_the_other_texts(tagger):
    alone = [tagger.logits([text])[0] for text in TEXTS]
    for one, other in zip(alone, tagger.logits(TEXTS), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_long_text_is_read_to_its_end_in_windows(tagger):
    (scores,) = tagger.logits([LONG])
    # the last words read as the last window alone, since nothing is beyond it
    encoded = AutoTokenizer.from_pretrained(tagger.model.name_or_path)(LONG)
    ids = encoded.input_ids
    room = tagger.max_length - 2
    step = room - int(0.25 * room)
    begin = step * -(-(len(ids) - 2 - room) // step)
    window = ids[:1] + ids[1 + begin :]
    tokens = torch.tensor([window])
    with torch.inference_mode():
        tagger_model = type(tagger.model).from_pretrained(tagger.model.name_or_path).eval()
        last = tagger_model(tokens).logits[0].numpy()
    place = len(window) - 2 - (len(ids) - 2 - encoded.char_to_token(LONG.rindex("was")))
    np.testing.assert_allclose(scores[-1], last[place], atol=1e-4)


@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5])
def test_no_word_lacks_an_answer_whatever_the_overlap(folder, overlap):
    windows = Windows(overlap=overlap, most=2)
    tagger = Tagger(str(folder), 16, "fp32", "auto", windows)
    (scores,) = tagger.logits([LONG])
    assert scores.shape == (len(word_bounds(LONG)), len(TAGS))
    assert np.isfinite(scores).all()
    assert tagger.windows([LONG]) == [None]


def test_scores_that_are_not_finite_name_their_rows(folder):
    tagger = Tagger(str(folder), 64, "fp32", "auto")
    with torch.no_grad():
        tagger.model.classifier.bias.fill_(torch.nan)
    with pytest.raises(RowError, match="row 0") as caught:
        tagger.logits(["good film"])
    assert caught.value.rows == (0,)


def test_a_pair_of_texts_has_no_words(tagger):
    with pytest.raises(ValueError, match="pair"):
        tagger.logits(["a"], ["b"])

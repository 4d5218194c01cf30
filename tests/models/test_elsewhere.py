import pickle

import numpy as np
import pytest

from mashbill.models import elsewhere, engine
from mashbill.models.classifier import Classifier
from mashbill.models.encoder import Encoder
from mashbill.models.errors import MachineError, RowError
from mashbill.models.masked_lm import MaskedLM
from mashbill.models.word_tokens import Ragged

TEXTS = ["the movie was good", "a very dull plot but the actor was great", "good", "i love it"]
HOW = {"max_length": 64, "precision": "fp32"}


class Apart:
    """A holder from which nothing comes, and to which nothing goes, that cannot be pickled."""

    def __init__(self):
        self.holder = elsewhere.Holder()

    def rest(self, which):
        return through(self.holder.rest(through(which)))

    def ask(self, *arguments, **named):
        arguments, named = through((arguments, named))
        return through(self.holder.ask(*arguments, **named))


class Killed(Apart):
    def ask(self, *arguments, **named):
        raise EOFError


def through(value):
    return pickle.loads(pickle.dumps(value))


@pytest.fixture
def apart():
    elsewhere.use(Apart())
    yield
    elsewhere.use(None)


@pytest.mark.parametrize(
    ("kind", "method", "folder"),
    [(Classifier, "logits", "tiny_classifier"), (Encoder, "embed", "tiny_encoder")],
)
def test_answers_from_elsewhere_are_the_same(kind, method, folder, request):
    model = str(request.getfixturevalue(folder))
    here = getattr(kind.load(model, **HOW), method)(TEXTS)
    request.getfixturevalue("apart")
    asks = kind.load(model, **HOW)
    assert "model" not in vars(asks)
    np.testing.assert_array_equal(getattr(asks, method)(TEXTS), here)
    assert asks.forward_seconds > 0


def test_words_from_elsewhere_are_the_same(tiny_mlm, request):
    def filled():
        lm = MaskedLM.load(str(tiny_mlm), **HOW)
        rows = lm.tokenizer.rows(TEXTS).lists()
        for row in rows:
            row[1] = lm.mask_id
        return lm.words, lm.fill(Ragged.of(rows), Ragged.of([[1]] * len(rows)), top=5)

    words, here = filled()
    request.getfixturevalue("apart")
    told, there = filled()
    assert told == words
    for one, other in zip(there, here, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_model_is_loaded_once_for_all_who_ask(tiny_classifier, tmp_path, apart, monkeypatch):
    loaded, load = [], engine.load_model
    monkeypatch.setattr(
        engine, "load_model", lambda *args, **how: loaded.append(args) or load(*args, **how)
    )
    model = tmp_path / "model"
    model.symlink_to(tiny_classifier)  # one that no other test has loaded
    for _ in range(2):
        elsewhere.use(Apart())  # as in another process
        Classifier.load(str(model), **HOW).logits(TEXTS)
    assert len(loaded) == 1


def test_what_fails_there_fails_here(tiny_classifier, apart, monkeypatch):
    asks = Classifier.load(str(tiny_classifier), **HOW)
    rows = asks.rows
    monkeypatch.setattr(asks, "rows", lambda *args: rows(*args) * np.float32("nan"))
    with pytest.raises(RowError):
        asks.logits(TEXTS)
    elsewhere.use(Killed())
    with pytest.raises(MachineError, match="a worker process was killed"):
        Classifier.load(str(tiny_classifier), **HOW).logits(TEXTS)


def test_a_model_for_the_cpu_stays_here(tiny_classifier, apart):
    assert Classifier.load(str(tiny_classifier), device="cpu", **HOW).ask is None

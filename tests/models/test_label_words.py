import numpy as np
import pytest
import torch

from mashbill.models.generator import Writer
from mashbill.models.label_words import CONTENT_FREE
from mashbill.models.tasks.single import Single
from mashbill.models.teachers import TeacherSpec, Words
from tests.models import writers

TEXTS = ["the film is good", "it was very dull and bad", "you", "they was in it"]
PROMPT = "the film in it and the film is {{ text }} it was"
NAMES = ((" good", " very good"), (" bad", " dull and not very fine"))
TASK = Single().over(["good", "bad"])


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(writers.writer(tmp_path_factory.mktemp("writer")))


def teacher(model, calibrate=False, prompt=PROMPT, names=NAMES):
    spec = TeacherSpec([model], precision="fp32", asks=Words(prompt, names, calibrate))
    return spec.load(TASK)


@torch.inference_mode()
def by_hand(model, prompt, words):
    """Log-probability of words behind a prompt, in one forward without a cache."""
    engine = Writer.load(model, precision="fp32")
    before = engine.tokenizer.encode([prompt])[0].ids
    behind = engine.words(words, add_special_tokens=False)["input_ids"]
    logits = engine.model(torch.tensor([before + behind])).logits[0].log_softmax(-1)
    places = range(len(before) - 1, len(before) + len(behind) - 1)
    return sum(float(logits[p, t]) for p, t in zip(places, behind, strict=True))


def scores_by_hand(model, text, prompt=PROMPT):
    asked = prompt.replace("{{ text }}", text)
    return [np.logaddexp.reduce([by_hand(model, asked, name) for name in of]) for of in NAMES]


def test_a_label_is_as_likely_as_its_names_together(model):
    wanted = [scores_by_hand(model, text) for text in TEXTS]
    np.testing.assert_allclose(teacher(model).logits(TEXTS), wanted, atol=1e-4)


def test_names_of_one_token_need_one_forward(model, monkeypatch):
    calls = []
    asked = teacher(model, names=((" good",), (" bad",)))
    forward = type(asked.writer.model).forward

    def watched(self, input_ids, **rest):
        calls.append(input_ids.shape)
        return forward(self, input_ids=input_ids, **rest)

    monkeypatch.setattr(type(asked.writer.model), "forward", watched)
    found = asked.logits(["the film is good"])
    assert len(calls) == 1
    assert found.shape == (1, 2)


def test_what_the_model_says_of_nothing_is_taken_off(model):
    nothing = np.mean([scores_by_hand(model, text) for text in CONTENT_FREE], axis=0)
    plain, calibrated = teacher(model).logits(TEXTS), teacher(model, calibrate=True).logits(TEXTS)
    np.testing.assert_allclose(plain - nothing, calibrated, atol=1e-4)


def test_scores_do_not_depend_on_the_texts_beside(model):
    together = teacher(model).logits(TEXTS)
    alone = [teacher(model).logits([text])[0] for text in TEXTS]
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_a_pair_of_texts_has_no_place_in_the_prompt(model):
    with pytest.raises(ValueError, match="knows one text"):
        teacher(model).logits(TEXTS, TEXTS)

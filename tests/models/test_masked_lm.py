import json
import shutil

import numpy as np
import pytest
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer

from mashbill.models.batching import TokenBudget
from mashbill.models.checks import check_masked_lm
from mashbill.models.errors import ModelError, RowError
from mashbill.models.masked_lm import MaskedLM, whole_words
from mashbill.models.word_tokens import Ragged

TEXTS = ["the movie was good", "a very dull plot but the actor was great", "good", "i love it"]
LETTERS = frozenset("aAiI")


class SecondBest:
    def on(self, device):
        return lambda at, found, _: (at, found[:, 1:2])


@pytest.fixture(scope="module")
def lm(tiny_mlm):
    return MaskedLM.load(str(tiny_mlm), max_length=64, precision="fp32", one_letter_words=LETTERS)


def masked(lm, texts):
    """Every third token of a text masked, the special ones spared."""
    rows, columns = [], []
    for row in lm.tokenizer.rows(texts).lists():
        chosen = list(range(1, len(row) - 1, 3))
        for column in chosen:
            row[column] = lm.mask_id
        rows.append(row)
        columns.append(chosen)
    return Ragged.of(rows), Ragged.of(columns)


def test_candidates_are_whole_words_only(lm, tiny_mlm):
    words, ids = whole_words(AutoTokenizer.from_pretrained(tiny_mlm), LETTERS)
    assert lm.words == words
    assert {"movie", "good", "a", "i"} <= set(words)
    assert all(word.isalpha() and (len(word) > 1 or word in LETTERS) for word in words)
    assert len(set(ids)) == len(words)
    of_no_language, _ = whole_words(AutoTokenizer.from_pretrained(tiny_mlm))
    assert set(words) - set(of_no_language) == {"a", "i"}


@torch.no_grad()
def test_logits_equal_the_full_head_of_the_reference(lm, tiny_mlm):
    tokenizer = AutoTokenizer.from_pretrained(tiny_mlm)
    model = AutoModelForMaskedLM.from_pretrained(tiny_mlm).eval()
    rows, columns = masked(lm, TEXTS)
    numbers, logits = lm.fill(rows, columns, top=5)
    place = 0
    for row, chosen in zip(rows.lists(), columns.lists(), strict=True):
        full = model(input_ids=torch.tensor([row])).logits[0]
        for column in chosen:
            ids = tokenizer.convert_tokens_to_ids(lm.words)
            expected = full[column, ids].topk(5)
            np.testing.assert_allclose(logits[place], expected.values.numpy(), atol=1e-5)
            assert numbers[place].tolist() == expected.indices.tolist()
            place += 1
    assert place == len(numbers)


@pytest.mark.parametrize("tokens", [1, 30, 10_000])
@pytest.mark.parametrize("step", [1, 16])
def test_batch_size_does_not_matter(lm, tokens, step, monkeypatch):
    rows, columns = masked(lm, TEXTS * 5)
    _, expected = lm.fill(rows, columns, top=3)
    monkeypatch.setattr(lm, "budget", TokenBudget(tokens, step=step))
    np.testing.assert_allclose(lm.fill(rows, columns, top=3)[1], expected, atol=1e-5)


def test_rows_without_a_mask_add_nothing(lm):
    rows, columns = masked(lm, TEXTS)
    some = columns.lists()
    some[1] = []
    numbers, _ = lm.fill(rows, Ragged.of(some), top=3)
    assert len(numbers) == sum(map(len, some))
    assert lm.fill(rows, Ragged.of([[]] * 4), top=3)[0].shape == (0, 3)
    assert lm.fill(Ragged.of([]), Ragged.of([]), top=3, labels=[])[0].shape == (0, 3)


def test_more_candidates_than_words_gives_all_words(lm):
    rows, columns = masked(lm, ["good movie"])
    assert lm.fill(rows, columns, top=10**6)[0].shape == (columns.lengths[0], len(lm.words))


def test_what_is_chosen_comes_in_the_order_of_the_places(lm, monkeypatch):
    rows, columns = masked(lm, TEXTS)
    numbers, _ = lm.fill(rows, columns, top=3)
    monkeypatch.setattr(lm, "budget", TokenBudget(1))
    places, second = lm.fill(rows, columns, 3, choice=SecondBest())
    assert places.tolist() == list(range(len(numbers)))
    np.testing.assert_array_equal(second, numbers[:, 1:2])


def test_a_logit_that_is_no_number_names_its_row(tiny_mlm):
    lm = MaskedLM(str(tiny_mlm), 64, "fp32", "cpu")
    lm.budget = TokenBudget(1)
    rows, columns = masked(lm, TEXTS)
    position = rows.lengths[1] - 1  # a place that only the longest row has
    lm.model.base_model.embeddings.position_embeddings.weight.data[position] = float("nan")
    with pytest.raises(RowError) as caught:
        lm.fill(rows, columns, top=3)
    assert caught.value.rows == (1,)


def test_an_encoder_cannot_serve_as_a_masked_lm(tiny_encoder):
    with pytest.raises(ModelError, match="lacks weights: cls"):
        MaskedLM.load(str(tiny_encoder))


@pytest.fixture(scope="module")
def told_mlm(tiny_mlm, tmp_path_factory):
    """The tiny masked LM, said to be adapted to two labels."""
    folder = shutil.copytree(tiny_mlm, tmp_path_factory.mktemp("told") / "mlm")
    config = json.loads((folder / "config.json").read_text())
    config["condition_labels"] = ["cold", "very_warm"]
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@torch.no_grad()
def test_a_row_with_a_label_is_filled_as_a_pair(told_mlm):
    lm = MaskedLM.load(str(told_mlm), max_length=64, precision="fp32")
    tokenizer = AutoTokenizer.from_pretrained(told_mlm)
    model = AutoModelForMaskedLM.from_pretrained(told_mlm).eval()
    rows, columns = masked(lm, TEXTS)
    labels = [0, None, 1, 1]
    numbers, logits = lm.fill(rows, columns, 5, labels)
    place = 0
    ids = tokenizer.convert_tokens_to_ids(lm.words)
    for row, chosen, label in zip(rows.lists(), columns.lists(), labels, strict=True):
        text = tokenizer.decode(row[1:-1])
        inputs = tokenizer(text, *([] if label is None else [["cold", "very warm"][label]]),
                           return_tensors="pt")  # fmt: skip
        assert inputs["input_ids"][0, : len(row) - 1].tolist() == row[:-1]
        full = model(**inputs).logits[0]
        for column in chosen:
            expected = full[column, ids].topk(5)
            np.testing.assert_allclose(logits[place], expected.values.numpy(), atol=1e-5)
            assert numbers[place].tolist() == expected.indices.tolist()
            place += 1


def test_a_label_leaves_the_longest_text_its_room(told_mlm):
    lm = MaskedLM.load(str(told_mlm), max_length=16, precision="fp32")
    row = lm.tokenizer.rows(["good " * 100])
    assert row.lengths == lm.max_length == 16 - 3
    assert lm.fill(row, Ragged.of([[1]]), 3, [1])[0].shape == (1, 3)


def test_labels_must_be_those_the_model_knows(told_mlm, tiny_mlm):
    check_masked_lm(str(told_mlm), ["Cold", "very_warm"])
    check_masked_lm(str(tiny_mlm), ["bad", "good"])
    with pytest.raises(ModelError, match="has the classes cold, very_warm"):
        check_masked_lm(str(told_mlm), ["very_warm", "cold"])

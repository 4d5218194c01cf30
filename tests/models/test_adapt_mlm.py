import pytest
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer

from models.adapt_mlm import adapt_mlm, evaluate_mlm
from models.errors import ModelError
from models.loading import check_masked_lm, weight_hash
from models.masked_lm import MaskedLM
from models.masked_places import MaskedPlaces

TRAIN = ["the movie was good", "the film was great", "i love the story", "a dull plot"] * 10
SETTINGS = dict(  # noqa: C408
    epochs=15, learning_rate=5e-3, batch_size=8, mask=0.3, max_length=32, seed=5
)


@pytest.fixture(scope="module")
def adapted(tiny_mlm, tmp_path_factory):
    folder = tmp_path_factory.mktemp("adapted") / "mlm"
    folder.mkdir()
    adapt_mlm(TRAIN, base=str(tiny_mlm), folder=folder, **SETTINGS)
    return folder


def accuracy(model):
    return evaluate_mlm(str(model), TRAIN[:4], TRAIN, max_length=32, seed=5)


def test_learns_the_text(adapted, tiny_mlm):
    check_masked_lm(str(adapted))
    MaskedLM.load(str(adapted))
    before, after = accuracy(tiny_mlm), accuracy(adapted)
    assert after["top1"] > before["top1"]
    assert after["top5"] >= after["top1"]
    assert after["masked_tokens"] == before["masked_tokens"] > 0


def test_measures_the_same_masks_each_time(tiny_mlm):
    assert accuracy(tiny_mlm) == accuracy(tiny_mlm)


def test_the_baseline_is_the_commonest_token(tiny_mlm):
    found = evaluate_mlm(str(tiny_mlm), ["good good good"] * 5, ["good", "bad good"], max_length=32,
                         seed=1)  # fmt: skip
    assert found["unigram_top1"] == found["unigram_top5"] == 1.0


def test_the_same_seed_gives_the_same_weights(tiny_mlm, tmp_path):
    hashes = set()
    for name in "ab":
        (tmp_path / name).mkdir()
        adapt_mlm(
            TRAIN[:8], base=str(tiny_mlm), folder=tmp_path / name, **(SETTINGS | {"epochs": 1})
        )
        hashes.add(weight_hash(str(tmp_path / name)))
    assert len(hashes) == 1


def test_texts_too_short_to_mask_are_an_error(tiny_mlm, tmp_path):
    with pytest.raises(ModelError, match="no text of two words"):
        adapt_mlm(["", "good"], base=str(tiny_mlm), folder=tmp_path, **SETTINGS)


@torch.no_grad()
def test_scores_at_places_equal_those_of_the_whole_head(tiny_mlm):
    tokenizer = AutoTokenizer.from_pretrained(tiny_mlm)
    inputs = tokenizer(TRAIN[:3], padding=True, return_tensors="pt")
    model = AutoModelForMaskedLM.from_pretrained(tiny_mlm).eval()
    everywhere = model(**inputs).logits
    rows, columns = torch.tensor([0, 0, 2]), torch.tensor([1, 3, 2])
    chosen = MaskedPlaces(model).logits((rows, columns), **inputs)
    torch.testing.assert_close(chosen, everywhere[rows, columns])
    torch.testing.assert_close(model(**inputs).logits, everywhere)

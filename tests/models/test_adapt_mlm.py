import pytest
import torch
import transformers
from transformers import AutoModelForMaskedLM, AutoTokenizer

from mashbill.models.adapt_mlm import Labelled, adapt_mlm, evaluate_mlm
from mashbill.models.checks import check_masked_lm
from mashbill.models.errors import ModelError
from mashbill.models.loading import weight_hash
from mashbill.models.masked_lm import MaskedLM
from mashbill.models.masked_places import MaskedPlaces
from mashbill.models.model_folder import save_model
from tests.models.mixed_tokenizers import LINES, unigram

TRAIN = ["the movie was good", "the film was great", "i love the story", "a dull plot"] * 10
SETTINGS = dict(  # noqa: C408
    epochs=15, learning_rate=5e-3, batch_size=8, mask=0.3, max_length=32, seed=5
)


def train(folder, base, texts=TRAIN, labels=None, **changes):
    """Adapts `base` into a new folder in `folder`, which also takes the checkpoints."""
    folder.mkdir(exist_ok=True)
    (folder / "mlm").mkdir()
    rows = Labelled(texts, labels or [None] * len(texts))
    places = {"folder": folder / "mlm", "checkpoints": folder / "checkpoints"}
    adapt_mlm(rows, base=str(base), **places, **(SETTINGS | changes))
    return folder / "mlm"


@pytest.fixture(scope="module")
def adapted(tiny_mlm, tmp_path_factory):
    return train(tmp_path_factory.mktemp("adapted"), tiny_mlm)


def accuracy(model, texts=TRAIN[:4], labels=(None,) * 4):
    return evaluate_mlm(str(model), Labelled(texts, labels), TRAIN, max_length=32, seed=5)


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
    held_out = Labelled(["good good good"] * 5, [None] * 5)
    train_texts = ["good", "bad good"]
    found = evaluate_mlm(str(tiny_mlm), held_out, train_texts, max_length=32, seed=1)
    assert found["unigram_top1"] == found["unigram_top5"] == 1.0


def test_the_same_seed_gives_the_same_weights(tiny_mlm, tmp_path):
    made = [train(tmp_path / name, tiny_mlm, TRAIN[:8], epochs=1) for name in "ab"]
    assert weight_hash(str(made[0])) == weight_hash(str(made[1]))


def test_a_training_that_was_broken_off_ends_with_the_same_weights(tiny_mlm, tmp_path):
    whole = train(tmp_path / "whole", tiny_mlm, TRAIN[:24], epochs=2)

    def broken_off(self, args, state, control, **kwargs):
        if state.global_step == 5:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mashbill.models.training._ProgressLines.on_step_end", broken_off)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "broken", tiny_mlm, TRAIN[:24], epochs=2)
    (tmp_path / "broken" / "mlm").rmdir()
    lines = []
    again = train(tmp_path / "broken", tiny_mlm, TRAIN[:24], epochs=2, report=lines.append)
    assert lines == ["resumes after step 3"]
    assert weight_hash(str(again)) == weight_hash(str(whole))


def test_an_encoder_without_a_head_gets_one_tied_to_its_embeddings(tiny_encoder, tmp_path):
    model = AutoModelForMaskedLM.from_pretrained(train(tmp_path, tiny_encoder))
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    after = accuracy(tmp_path / "mlm")
    assert after["top1"] > accuracy(tiny_encoder)["top1"]


@pytest.mark.parametrize("kind", ["XLMRoberta", "Bert"], ids=["xlm-roberta", "e5"])
def test_an_encoder_of_sentencepieces_gets_a_head_too(kind, tmp_path):
    tokenizer = unigram()
    config = getattr(transformers, f"{kind}Config")(
        vocab_size=len(tokenizer) + 3,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=70,
        pad_token_id=tokenizer.pad_token_id,
    )
    encoder = tmp_path / "encoder"
    torch.manual_seed(0)
    save_model(getattr(transformers, f"{kind}Model")(config), tokenizer, encoder)
    mlm = train(tmp_path, encoder, LINES * 5, epochs=8)
    check_masked_lm(str(mlm))
    model = AutoModelForMaskedLM.from_pretrained(mlm)
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    held_out = Labelled(LINES, [None] * len(LINES))
    before, after = (
        evaluate_mlm(str(folder), held_out, LINES, max_length=32, seed=5)
        for folder in (encoder, mlm)
    )
    assert after["top5"] > before["top5"]
    lm = MaskedLM.load(str(mlm), max_length=32, precision="fp32")
    assert "电脑" in lm.words


def test_a_conditional_model_fills_what_the_label_says(tiny_mlm, tmp_path):
    texts = ["the movie was good", "the movie was bad"] * 100
    settings = {"condition": ["cold", "warm"], "epochs": 12, "mask": 0.5}
    model = train(tmp_path, tiny_mlm, texts, [1, 0] * 100, **settings)
    found = accuracy(model, ["the movie was good", "the movie was bad"] * 40, [1, 0] * 40)
    assert found["told_top1"] > found["top1"] + 0.1
    assert "told_top1" not in accuracy(tiny_mlm)
    tokenizer = AutoTokenizer.from_pretrained(model)
    lm = AutoModelForMaskedLM.from_pretrained(model).eval()
    for label, word in (("cold", "bad"), ("warm", "good")):
        inputs = tokenizer("the movie was [MASK]", label, return_tensors="pt")
        scores = lm(**inputs).logits[0, 4]
        assert tokenizer.convert_ids_to_tokens(int(scores.argmax())) == word


def test_texts_too_short_to_mask_are_an_error(tiny_mlm, tmp_path):
    with pytest.raises(ModelError, match="no text in the train split has two words"):
        train(tmp_path, tiny_mlm, ["", "good"])


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

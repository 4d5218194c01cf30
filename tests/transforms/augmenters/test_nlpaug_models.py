"""nlpaug's classes that need models or data: each run once, with tiny ones, off the network."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from mashbill.models.errors import MashbillError
from mashbill.transforms.augmenters.base import apply
from mashbill.transforms.augmenters.registry import build
from tests.conftest import tiny_tokenizer
from tests.models.random_models import seeded
from tests.transforms.augmenters.wordnet_files import write_wordnet

TEXT = "The movie was good, and  the plot was dull. I like it!"


def save(folder: Path, kind: str) -> str:
    """A model of one layer with random weights, and its tokenizer."""
    tokenizer = tiny_tokenizer()
    tokenizer.model_input_names = ["input_ids", "attention_mask"]
    common = {"vocab_size": len(tokenizer), "bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0}
    small = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "init_std": 0.5}
    small |= {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
    small |= {"encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "max_position_embeddings": 512}
    if kind == "bart":
        config = transformers.BartConfig(**common, **small, decoder_start_token_id=2)
        model = seeded(transformers.BartForConditionalGeneration, config)
        stop = tokenizer.convert_tokens_to_ids(".")  # a summary without one is thrown away
        model.final_logits_bias[0, stop] = 20.0
    else:
        size = {"n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 256}
        config = transformers.GPT2Config(**common, **size, initializer_range=0.5)
        model = seeded(transformers.GPT2LMHeadModel, config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def models(tmp_path_factory, tiny_mlm, resources) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("nlpaug")
    return {
        "mlm": str(tiny_mlm),
        "bart": save(folder / "bart", "bart"),
        "gpt": save(folder / "gpt", "gpt"),
        "vectors": str(resources / "vectors.txt"),
    }


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        ("ContextualWordEmbsAug", {"model_path": "mlm"}),
        ("ContextualWordEmbsAug", {"model_path": "mlm", "action": "insert"}),
        (
            "BackTranslationAug",
            {"from_model_name": "bart", "to_model_name": "bart", "max_length": 12},
        ),
        ("AbstSummAug", {"model_path": "bart", "min_length": 2, "max_length": 8}),
        ("ContextualWordEmbsForSentenceAug", {"model_path": "gpt"}),
        ("WordEmbsAug", {"model_path": "vectors"}),
    ],
)
def test_models_make_variants_that_depend_on_the_seed_alone(models, kind, args):
    args = {name: models.get(value, value) for name, value in args.items()}
    augmenter = build({"use": f"nlpaug.{kind}", "args": args})
    state = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    variant = apply(TEXT, augmenter.augment(TEXT, 3))
    after = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    assert torch.equal(state[0], after[0])
    assert state[1:] == after[1:]
    torch.manual_seed(9)
    augmenter.augment("A film", 1)
    assert apply(TEXT, augmenter.augment(TEXT, 3)) == variant != TEXT
    assert not any(special in variant for special in ("[MASK]", "[UNK]", "[SEP]", "[CLS]"))


def test_casing_and_spacing_survive_a_lower_casing_model(models):
    spec = {"use": "nlpaug.ContextualWordEmbsAug", "args": {"model_path": models["mlm"]}}
    edits = build({**spec, "rate": 0.1}).augment(TEXT, 3)
    assert 0 < len(edits) <= 2
    assert apply(TEXT, edits)[0].isupper()


def test_a_model_of_another_kind_is_refused(models):
    spec = {"use": "nlpaug.ContextualWordEmbsAug", "args": {"model_path": models["gpt"]}}
    with pytest.raises(MashbillError, match="a model of type 'gpt2': expected bert"):
        build(spec).augment(TEXT, 1)


@pytest.fixture
def nltk_data(tmp_path, monkeypatch) -> Path:
    """The few files that nltk needs, with next to nothing in them."""
    import nltk

    wordnet = write_wordnet(tmp_path / "corpora/wordnet")
    (wordnet / "lexnames").write_text("".join(f"{n:02d}\tnoun.all\t1\n" for n in range(45)))
    (wordnet / "index.sense").write_text("")
    tagger = tmp_path / "taggers/averaged_perceptron_tagger_eng"
    tagger.mkdir(parents=True)
    known = {"movie": "NN", "plot": "NN", "good": "JJ", "dull": "JJ", "like": "VBP"}
    contents = {"weights": {"bias": {"IN": 1.0}}, "tagdict": known}
    contents["classes"] = ["IN", *sorted(set(known.values()))]
    for name, content in contents.items():
        file = tagger / f"averaged_perceptron_tagger_eng.{name}.json"
        file.write_text(json.dumps(content))
    punkt = tmp_path / "tokenizers/punkt_tab/english"
    punkt.mkdir(parents=True)
    for name in ("collocations.tab", "sent_starters.txt", "abbrev_types.txt", "ortho_context.tab"):
        (punkt / name).write_text("")
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    return tmp_path


def test_synonyms_and_sentences_by_nltk(nltk_data):
    def variants(kind: str) -> set[str]:
        augmenter = build({"use": f"nlpaug.{kind}", "rate": 0.5})
        return {apply(TEXT, augmenter.augment(TEXT, seed)) for seed in range(8)}

    assert any("film" in variant for variant in variants("SynonymAug"))
    assert variants("AntonymAug") == {TEXT}  # of which that WordNet has none
    assert "I like it! The movie was good, and  the plot was dull." in {
        variant.strip() for variant in variants("RandomSentAug")
    }


def test_only_a_masked_model_is_looked_at_as_one(models):
    masked = {"use": "nlpaug.ContextualWordEmbsAug", "args": {"model_path": models["mlm"]}}
    summary = {"use": "nlpaug.AbstSummAug", "args": {"model_path": models["bart"]}}
    both = build({"use": "chain", "of": [masked, summary]})
    assert both.needs() == [(models["mlm"], "masked LM"), (models["bart"], "other")]

"""Tiny models that write, of random weights: what they say is nonsense, and always the same."""

import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from tests.models.random_models import seeded

LANGUAGES = ["eng_Latn", "deu_Latn", "fra_Latn"]
TEXT = "a the film is was good bad fine dull and but not very to of in it you we they"
WORDS = TEXT.split()
SPECIAL = ["<pad>", "</s>", "<unk>", *LANGUAGES]


def tokenizer() -> PreTrainedTokenizerFast:
    """A word a token; a text ends with </s>."""
    numbers = {word: i for i, word in enumerate([*SPECIAL, *WORDS])}
    rules = Tokenizer(models.WordLevel(numbers, unk_token="<unk>"))
    rules.pre_tokenizer = pre_tokenizers.Whitespace()
    rules.add_special_tokens(SPECIAL)
    rules.post_processor = processors.TemplateProcessing("$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=rules, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )


def save(model_class, config, folder, ends: bool = True):
    words = tokenizer()
    if not ends:  # a prompt goes on
        words.backend_tokenizer.post_processor = processors.TemplateProcessing("$A")
    seeded(model_class, config).save_pretrained(folder)
    words.save_pretrained(folder)
    return folder


def translator(folder):
    config = transformers.BartConfig(
        vocab_size=len(SPECIAL) + len(WORDS),
        d_model=16,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=128,
        init_std=0.5,
        decoder_start_token_id=0,
        forced_bos_token_id=None,
        forced_eos_token_id=None,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=1,
    )
    return save(transformers.BartForConditionalGeneration, config, folder)


def writer(folder):
    config = transformers.LlamaConfig(
        vocab_size=len(SPECIAL) + len(WORDS),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=128,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=1,
        initializer_range=0.5,
    )
    return save(transformers.LlamaForCausalLM, config, folder, ends=False)

"""Small tokenizers of each kind, trained on Chinese, English and mixed lines."""

from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerFast

LINES = (
    "这家酒店的服务很好，房间也很干净。",
    "这本书的内容很差，我不喜欢。",
    "电脑的屏幕很好，价格也不贵！",
    "我在北京买了这台 ThinkPad 电脑，服务不错。",
    "房间很小，空调 24 小时都不工作。",
    "the hotel was very good and the service was good too",
    "the screen of this computer is bad, and so is the price",
    "我喜欢这本书，the story is very good。",
)
XLMR = {
    "bos_token": "<s>",
    "cls_token": "<s>",
    "pad_token": "<pad>",
    "eos_token": "</s>",
    "sep_token": "</s>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}
BERT = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


def unigram(lines=LINES, size: int = 260) -> PreTrainedTokenizerFast:
    """As XLM-RoBERTa and e5 have it: SentencePiece's pieces, the mask last."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(
        vocab_size=size, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(lines, trainer)
    return _finished(tokenizer, XLMR, ("<s>", "</s>"))


def wordpiece(lines=LINES, size: int = 200) -> PreTrainedTokenizerFast:
    """As Chinese BERT has it: each Chinese character is a word."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=list(BERT.values()), show_progress=False
    )
    tokenizer.train_from_iterator(lines, trainer)
    return _finished(tokenizer, BERT, ("[CLS]", "[SEP]"))


def byte_bpe(lines=LINES, size: int = 400) -> PreTrainedTokenizerFast:
    """As RoBERTa has it: merges of bytes."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel()
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines, trainer)
    return _finished(tokenizer, XLMR, ("<s>", "</s>"))


def word_level(lines=LINES, size: int = 40) -> PreTrainedTokenizerFast:
    """Whole words alone."""
    tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.WordLevelTrainer(
        vocab_size=size, special_tokens=["<s>", "<pad>", "</s>", "<unk>"], show_progress=False
    )
    tokenizer.train_from_iterator(lines, trainer)
    return _finished(tokenizer, XLMR, ("<s>", "</s>"))


KINDS = {
    "Unigram": unigram,
    "WordPiece": wordpiece,
    "BPE": byte_bpe,
    "WordLevel": word_level,
}


def _finished(tokenizer: Tokenizer, special: dict, around: tuple[str, str]):
    if tokenizer.token_to_id(special["mask_token"]) is None:
        tokenizer.add_special_tokens([special["mask_token"]])
    begin, end = around
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}",
        pair=f"{begin} $A {end} $B:1 {end}:1",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in around],
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=64, **special)

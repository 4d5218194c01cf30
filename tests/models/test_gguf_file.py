import importlib.util

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from mashbill.models import gguf_file
from mashbill.models.checks import check_writer
from mashbill.models.errors import ModelError
from mashbill.models.generator import Writer
from mashbill.models.loading import weight_hash

gguf = pytest.importorskip("gguf")

WIDTH, INNER, HEADS = 16, 32, 2
END = "<|endoftext|>"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A Llama of one block, whose tokens are bytes."""
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    tokens = [*bytes_to_unicode().values(), "ab", END]
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types([*[gguf.TokenType.NORMAL] * (len(tokens) - 1), gguf.TokenType.CONTROL])
    writer.add_token_merges(["a b"])
    writer.add_eos_token_id(tokens.index(END))
    rng = np.random.default_rng(0)
    square = dict.fromkeys(("attn_q", "attn_k", "attn_v", "attn_output"), (WIDTH, WIDTH))
    inner = {"ffn_gate": (INNER, WIDTH), "ffn_up": (INNER, WIDTH), "ffn_down": (WIDTH, INNER)}
    shapes = {f"blk.0.{name}": shape for name, shape in (square | inner).items()}
    shapes |= {"token_embd": (len(tokens), WIDTH), "output": (len(tokens), WIDTH)}
    shapes |= dict.fromkeys(("blk.0.attn_norm", "blk.0.ffn_norm", "output_norm"), (WIDTH,))
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", rng.normal(0, 0.5, shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    gguf_file._folder.cache_clear()


def test_a_file_writes_as_the_library_reads_it(file):
    check_writer(str(file), encodes=False)
    writer = Writer.load(str(file), precision="fp32")
    read = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name).eval()
    ids = torch.tensor([writer.tokenizer.encode(["cab at"])[0].ids])
    assert ids.shape[1] == 5  # of six letters, two are one token
    with torch.inference_mode():
        torch.testing.assert_close(writer.model(ids).logits, read(ids).logits)
    assert writer.write(["cab at"], [3], [8]) == writer.write(["cab at"], [3], [8])


def test_a_file_is_turned_into_a_folder_once(file, monkeypatch):
    first = weight_hash(str(file))
    gguf_file._folder.cache_clear()  # as in another process
    monkeypatch.setattr(gguf_file, "_convert", None)
    assert weight_hash(str(file)) == first


def test_another_file_of_that_name_is_another_model(file, tmp_path):
    copy = tmp_path / "copy.gguf"
    copy.write_bytes(file.read_bytes())
    assert gguf_file.folder_of(str(copy)) == gguf_file.folder_of(str(file))
    copy.write_bytes(b"GGUF, but no model")
    with pytest.raises(ModelError, match=r"cannot read .*copy.gguf: \S"):
        gguf_file.folder_of(str(copy))
    assert not list((tmp_path / "cache/mashbill/gguf").glob(".new-*"))


def test_what_cannot_be_read_is_one_line(file, tmp_path, monkeypatch):
    with pytest.raises(ModelError, match=r"model file nowhere.gguf does not exist"):
        check_writer("nowhere.gguf", encodes=False)
    (tmp_path / "text.gguf").write_text("no model")
    with pytest.raises(ModelError, match=r"text.gguf is no GGUF file"):
        check_writer(str(tmp_path / "text.gguf"), encodes=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="needs the package gguf: pip install gguf"):
        check_writer(str(file), encodes=False)

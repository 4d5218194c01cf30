"""GGUF files, which llama.cpp reads, as model folders.

A file is turned into a folder once, and kept: the library takes minutes for it, and each worker
process would take them again. Its weights lose their quantization, so the folder is several times
as large; a server such as llama.cpp's, behind `endpoint`, reads the file as it is.
"""

import hashlib
import importlib.util
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from mashbill.models.cache_folder import cache_folder
from mashbill.models.errors import ModelError, first_line
from mashbill.models.quiet import quiet_transformers

SUFFIX = ".gguf"
MAGIC = b"GGUF"
PACKAGE = "gguf"


def folder_of(model: str) -> Path:
    """The folder with what a GGUF file holds: a causal model and its tokenizer.

    Raises ModelError if it is no such file, or none that the library can read.
    """
    file = Path(model)
    if not file.is_file():
        raise ModelError(f"model file {model} does not exist")
    if not importlib.util.find_spec(PACKAGE):
        raise ModelError(f"{model}: reading it needs the package {PACKAGE}: pip install {PACKAGE}")
    stat = file.stat()
    return _folder(file, stat.st_size, stat.st_mtime_ns)


@cache
def _folder(file: Path, size: int, changed: int) -> Path:
    """Of a file as it was at a time, so that a new one in its place is read anew."""
    del size, changed
    with file.open("rb") as content:
        if content.read(len(MAGIC)) != MAGIC:
            raise ModelError(f"{file} is no GGUF file")
        content.seek(0)
        digest = hashlib.file_digest(content, lambda: hashlib.blake2b(digest_size=16))
    folder = cache_folder() / "gguf" / digest.hexdigest()
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
        try:
            _convert(file, new)
            os.rename(new, folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster
                raise
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return folder


def _convert(file: Path, folder: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    from mashbill.models.model_folder import save_model

    where = {"gguf_file": file.name, "local_files_only": True, "trust_remote_code": False}
    dense = GgufConfig(dequantize=True)
    try:
        with quiet_transformers():
            tokenizer = AutoTokenizer.from_pretrained(file.parent, **where)
            read = AutoModelForCausalLM.from_pretrained(
                file.parent, dtype="float32", quantization_config=dense, **where
            )
            if hasattr(read.config, "quantization_config"):
                del read.config.quantization_config
            # The library writes no model that came from such a file.
            model = AutoModelForCausalLM.from_config(read.config)
            model.load_state_dict(read.state_dict())
    except Exception as error:  # whatever a broken or unknown file makes the library raise
        raise ModelError(f"cannot read {file}: {first_line(error)}") from error
    save_model(model.float(), tokenizer, folder)

"""Where and how a model computes: device, number format, threads.

A driver whose workers hold the models reads this too, and has no need of torch.
"""

import gc
import os
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

Precision = Literal["auto", "fp32", "bf16"]

THREADS_VARIABLE = "MASHBILL_THREADS"
GPU_VARIABLE = "MASHBILL_GPU"
WORKER_VARIABLE = "MASHBILL_WORKER"  # of a process that does nothing but run stages


def pick_device(name: str = "auto") -> "torch.device":
    """`auto` is a CUDA device where there is one, else the CPU: the first, or that which
    `MASHBILL_GPU` names by its number."""
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    number = os.environ.get(GPU_VARIABLE)
    return torch.device(f"cuda:{number}" if name == "cuda" and number else name)


def pick_dtype(precision: Precision, device: "torch.device") -> "torch.dtype":
    """`auto` is bfloat16 where the hardware multiplies it natively, else float32."""
    import torch

    if precision == "auto":
        precision = "bf16" if has_native_bf16(device) else "fp32"
    return {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]


def has_native_bf16(device: "torch.device") -> bool:
    import torch

    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def set_threads(n: int) -> None:
    """Lets this process, and those it starts, use `n` cores: N workers on C cores take C // N each.

    The tokenizer's pool is as large as at its first use, so call this before the first text.
    """
    import torch

    torch.set_num_threads(n)
    os.environ["RAYON_NUM_THREADS"] = os.environ[THREADS_VARIABLE] = str(n)


def use_threads_from_environment() -> None:
    """Applies `MASHBILL_THREADS`, which a parent process has set for its workers."""
    if value := os.environ.get(THREADS_VARIABLE):
        set_threads(int(value))


def keep_what_is_loaded() -> None:
    """In a worker process, what was imported and loaded so far is not looked through for garbage
    any more: that takes some 0.3 s each time, and nothing of it ever is."""
    if os.environ.get(WORKER_VARIABLE):
        gc.freeze()

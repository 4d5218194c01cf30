import gc

import torch

from mashbill.models.device import (
    GPU_VARIABLE,
    THREADS_VARIABLE,
    WORKER_VARIABLE,
    keep_what_is_loaded,
    pick_device,
    pick_dtype,
    set_threads,
    use_threads_from_environment,
)

CPU = torch.device("cpu")


def test_explicit_choices_are_kept():
    assert pick_device("cpu") == CPU
    assert pick_dtype("fp32", CPU) is torch.float32
    assert pick_dtype("bf16", CPU) is torch.bfloat16


def test_a_gpu_may_be_named_by_its_number(monkeypatch):
    monkeypatch.setenv(GPU_VARIABLE, "1")
    assert pick_device("cuda") == torch.device("cuda:1")
    assert pick_device("cpu") == CPU


def test_auto_follows_the_hardware(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert pick_dtype("auto", CPU) is torch.bfloat16
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    assert pick_dtype("auto", CPU) is torch.float32


def test_threads_reach_torch_and_processes_started_later(monkeypatch):
    before = torch.get_num_threads()
    monkeypatch.setenv(THREADS_VARIABLE, "0")
    monkeypatch.setenv("RAYON_NUM_THREADS", "0")
    try:
        set_threads(1)
        assert torch.get_num_threads() == 1
        torch.set_num_threads(before)
        use_threads_from_environment()
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_only_a_worker_keeps_what_is_loaded_out_of_the_search_for_garbage(monkeypatch):
    frozen = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(True))
    monkeypatch.delenv(WORKER_VARIABLE, raising=False)
    keep_what_is_loaded()
    assert frozen == []
    monkeypatch.setenv(WORKER_VARIABLE, "1")
    keep_what_is_loaded()
    assert frozen == [True]

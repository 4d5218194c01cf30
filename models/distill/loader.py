"""Batches made ahead of the training, by processes beside it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from mashbill.models.distill.batches import TrainBatches
from mashbill.models.errors import MachineError, MashbillError

MOST_WORKERS = 4  # by default; each reads the whole data set
AHEAD = 2  # pieces that a worker makes before they are asked for


def workers_for(device: torch.device, asked: int | None) -> int:
    """How many processes make batches: as asked for, or some beside a GPU and none without one."""
    if asked is not None:
        return asked
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(MOST_WORKERS, (cores or 1) - 1) if device.type == "cuda" else 0


class Loader(DataLoader):
    """The batches as they are, in their order, whatever the number of workers.

    Trainer and accelerate would cut each batch in pieces, one for every process.
    """

    def __init__(self, batches: TrainBatches, workers: int = 0, pin_memory: bool = False):
        super().__init__(
            _Pieces(batches),
            batch_size=None,
            num_workers=workers,
            prefetch_factor=AHEAD if workers else None,
            pin_memory=pin_memory,
            # Forked workers share what is in memory, and start at once.
            multiprocessing_context="fork" if workers else None,
            generator=torch.Generator(),  # without one it draws from the state that was resumed
        )

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Raises MashbillError: what a worker raised, or that one has died."""
        with _tokenizers_that_fork():
            pieces = super().__iter__()
        try:
            for piece in pieces:
                if isinstance(piece, MashbillError):
                    raise piece
                yield from piece
        except RuntimeError as error:
            if "DataLoader worker" not in str(error):
                raise
            raise MachineError(
                "a process that makes batches was killed, perhaps for want of memory; set "
                "distill.training.workers: 0"
            ) from error


class _Pieces(IterableDataset):
    """What each worker makes: every so-many-th piece, or an error that is the user's."""

    def __init__(self, batches: TrainBatches):
        self.batches = batches

    def __iter__(self) -> Iterator[list[dict[str, Any]] | MashbillError]:
        info = get_worker_info()
        try:
            yield from self.batches.pieces(*((info.id, info.num_workers) if info else ()))
        except MashbillError as error:
            yield error


@contextmanager
def _tokenizers_that_fork() -> Iterator[None]:
    """What is forked here tokenises with one thread: the others stay behind."""
    name = "TOKENIZERS_PARALLELISM"
    before = os.environ.get(name)
    os.environ[name] = "false"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before

"""Batches made ahead of the training, by a thread or by processes beside it."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from mashbill.models.distill.batches import Piece, TrainBatches
from mashbill.models.distill.tokenized import CPU
from mashbill.models.errors import MachineError, MashbillError

MOST_WORKERS = 4  # by default; each reads the whole data set
AHEAD = 2  # pieces that a worker makes before they are asked for


def workers_for(device: torch.device, asked: int | None, makes_texts: bool) -> int:
    """How many processes make batches: as asked for, or some beside a GPU if there is more to do
    than to look rows up, and none without one."""
    if asked is not None:
        return asked
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    beside_gpu = device.type == "cuda" and makes_texts
    return min(MOST_WORKERS, (cores or 1) - 1) if beside_gpu else 0


class Loader(DataLoader):
    """The batches as they are, in their order, whatever the number of workers.

    Trainer and accelerate would cut each batch in pieces, one for every process. A thread makes the
    next piece, and copies it to the device, while the last batches of this one are trained on.

    Args:
        device: where batches are put together.
    """

    def __init__(self, batches: TrainBatches, workers: int = 0, device: torch.device = CPU):
        super().__init__(
            _Pieces(batches),
            batch_size=None,
            collate_fn=_as_it_is,  # the default makes tensors of arrays
            num_workers=workers,
            prefetch_factor=AHEAD if workers else None,
            # Forked workers share what is in memory, and start at once.
            multiprocessing_context="fork" if workers else None,
            generator=torch.Generator(),  # without one it draws from the state that was resumed
        )
        self.device = device

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Raises MashbillError: what a worker raised, or that one has died."""
        with _tokenizers_that_fork():
            pieces = super().__iter__()
        try:
            with ThreadPoolExecutor(1, "batches", _use, (self.device,)) as thread:
                coming = thread.submit(self._next, pieces)
                while (piece := coming.result()) is not None:
                    half = len(piece.groups) // 2
                    for number, batch in enumerate(piece.batches()):
                        if number == half:
                            coming = thread.submit(self._next, pieces)
                        yield batch
        except RuntimeError as error:
            if "DataLoader worker" not in str(error):
                raise
            raise MachineError(
                "a process that makes batches was killed, perhaps for want of memory; set "
                "distill.training.workers: 0"
            ) from error

    def _next(self, pieces: Iterator[Piece | MashbillError]) -> Piece | None:
        """The next piece, on the device; None at the end."""
        piece = next(pieces, None)
        if isinstance(piece, MashbillError):
            raise piece
        return piece and piece.to(self.device)


def _use(device: torch.device) -> None:
    """In a new thread, which would else take the first GPU."""
    if device.type == "cuda":
        torch.cuda.set_device(device)


def _as_it_is(piece: Piece) -> Piece:
    return piece


class _Pieces(IterableDataset):
    """What each worker makes: every so-many-th piece, or an error that is the user's."""

    def __init__(self, batches: TrainBatches):
        self.batches = batches

    def __iter__(self) -> Iterator[Piece | MashbillError]:
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

"""Checkpoints that do not stop a training: it takes a snapshot, and a thread writes it.

A checkpoint is written under another name and renamed when it is whole. Of the older ones, only the
best stays, with its weights alone.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.utils._pytree import tree_flatten, tree_unflatten

from mashbill.models.checkpoints import STATE_FILE, WEIGHT_FILES, checkpoint_name
from mashbill.models.errors import MachineError, one_line

UNFINISHED = ".unfinished"

File = tuple[Callable[[Any, Path], object], Any]  # what writes it, and of what


class Snapshot:
    """Copies in main memory of what a training changes while they are written.

    The next snapshot uses the same memory: write the last one first.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int], torch.Tensor] = {}
        self._copied: torch.cuda.Event | None = None

    def of(self, name: str, state: Any) -> Any:
        """Nested dicts and lists with every tensor copied.

        Args:
            name: what the state is called; each has memory of its own.
        """
        leaves, shape = tree_flatten(state)
        return tree_unflatten([self._copy((name, i), leaf) for i, leaf in enumerate(leaves)], shape)

    def _copy(self, place: tuple[str, int], leaf: Any) -> Any:
        if not isinstance(leaf, torch.Tensor):
            return leaf
        kept = self._kept.get(place)
        if kept is None or (kept.shape, kept.dtype) != (leaf.shape, leaf.dtype):
            kept = torch.empty(leaf.shape, dtype=leaf.dtype, pin_memory=leaf.is_cuda)
            self._kept[place] = kept
        kept.copy_(leaf.detach(), non_blocking=True)
        if leaf.is_cuda:
            self._copied = torch.cuda.Event()
            self._copied.record()
        return kept

    def wait(self) -> None:
        """Until the copies from a GPU are there."""
        if self._copied is not None:
            self._copied.synchronize()


class Saver:
    """Writes the checkpoints of one training, one at a time, while the training goes on.

    Args:
        folder: of the checkpoints.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.snapshot = Snapshot()
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._coming: Future | None = None

    def begin(self, step: int) -> Path:
        """A place for the files of the next checkpoint, once the last one is written.

        Raises:
            MachineError: the last checkpoint, or this folder, cannot be written.
        """
        self.wait()
        with _named(step):
            self.place(step).mkdir(parents=True, exist_ok=True)
        return self.place(step)

    def place(self, step: int) -> Path:
        """Where the checkpoint of a step is until it is whole."""
        return self.folder / f".{checkpoint_name(step)}{UNFINISHED}"

    def save(self, step: int, best: int | None, files: Mapping[str, File]) -> None:
        """Writes what `begin` has made room for, beside the files that are there already.

        Args:
            step: of the optimiser.
            best: the step of the best checkpoint, which stays.
            files: by name; the state of the Trainer is written last.
        """
        self._coming = self._threads.submit(self._write, step, best, files)

    def wait(self) -> None:
        """Until the last checkpoint is there.

        Raises:
            MachineError: it cannot be written.
        """
        if self._coming is not None:
            coming, self._coming = self._coming, None
            coming.result()

    def close(self) -> None:
        """Ends the thread, whatever has become of the last checkpoint."""
        self._threads.shutdown()

    def _write(self, step: int, best: int | None, files: Mapping[str, File]) -> None:
        place, whole = self.place(step), self.folder / checkpoint_name(step)
        with _named(step):
            self.snapshot.wait()
            for file in sorted(files, key=lambda one: one == STATE_FILE):
                write, content = files[file]
                write(content, place / file)
            shutil.rmtree(whole, ignore_errors=True)  # what a killed training left
            os.rename(place, whole)
        self._drop(step, best)

    def _drop(self, step: int, best: int | None) -> None:
        """Removes what no resume needs any more: of the best checkpoint all but its weights."""
        for path in self.folder.iterdir():
            if path.name == checkpoint_name(step):
                continue
            if best is None or path.name != checkpoint_name(best):
                shutil.rmtree(path, ignore_errors=True)
                continue
            (path / STATE_FILE).unlink(missing_ok=True)  # first: nobody shall resume from the rest
            for file in path.iterdir():
                if file.name not in WEIGHT_FILES:
                    file.unlink(missing_ok=True)


@contextmanager
def _named(step: int) -> Iterator[None]:
    """Says in an error which checkpoint it was."""
    try:
        yield
    except Exception as error:
        said = f"the checkpoint of step {step} cannot be written: {one_line(error)}"
        raise MachineError(said) from error

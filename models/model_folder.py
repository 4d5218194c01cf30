"""Model folders that are whole or not there, and what a training keeps until its model is.

Beside the folder NAME a training works in `.NAME-training`: checkpoints, the new model, and a
marker by which a later command knows that the folder is ours. A killed training leaves it; the
next one resumes from it, or clears it where the settings are others.
"""

import fcntl
import json
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from mashbill.models.errors import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

METRICS_FILE = "metrics.json"
FINGERPRINT_FILE = "fingerprint.json"
MARKER = "training.json"
PARTS = ("checkpoints", "new", "old")  # what a training makes beside it


def finished_metrics(folder: Path, fingerprint: str) -> dict[str, Any] | None:
    """The metrics of a model already trained under this fingerprint, else None.

    Raises ModelError if the folder holds something that no training of ours has put there.
    """
    _finish_replacement(folder)
    try:
        trained_as = json.loads((folder / FINGERPRINT_FILE).read_text())["fingerprint"]
        metrics = json.loads((folder / METRICS_FILE).read_text())
    except FileNotFoundError:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ModelError(
                f"{folder} holds files that this command did not make; "
                "remove them or name another folder in the recipe"
            ) from None
        return None
    if trained_as != fingerprint:
        return None
    if is_chief():
        if _is_ours(_work(folder)):
            with _locked(folder):
                _remove(_work(folder))
        with suppress(OSError):  # a kill after the marker's end leaves it empty
            _work(folder).rmdir()
    return metrics


@contextmanager
def kept_checkpoints(folder: Path, fingerprint: str) -> Iterator[Path]:
    """Where the training of a model keeps its state until the block ends, even if it is killed.

    Under distributed training only the first process creates and removes anything.

    Raises ModelError if another process trains the same model, or the place is somebody else's.
    """
    work = _work(folder)
    checkpoints = work / "checkpoints"
    if not is_chief():
        yield checkpoints
        return
    _make_work(work)
    with _locked(folder) as marker:
        _clear_others(work, marker, fingerprint)
        checkpoints.mkdir(exist_ok=True)
        try:
            yield checkpoints
        except BaseException:
            if not any(checkpoints.iterdir()):
                _remove(work)
            raise
        _remove(work)


@contextmanager
def new_model_folder(folder: Path, fingerprint: str) -> Iterator[Path]:
    """A new folder that replaces `folder` when all went well, and vanishes when not.

    To be used inside `kept_checkpoints`.
    """
    work = _work(folder)
    new = work / "new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    try:
        yield new
        (new / FINGERPRINT_FILE).write_text(json.dumps({"fingerprint": fingerprint}) + "\n")
        apply_umask(new)
        if folder.exists():
            os.rename(folder, work / "old")
        os.rename(new, folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def write_metrics(folder: Path, metrics: dict[str, Any]) -> None:
    temporary = folder / f".{METRICS_FILE}"
    temporary.write_text(json.dumps(metrics, indent=2) + "\n")
    os.replace(temporary, folder / METRICS_FILE)


def save_model(
    model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerFast", folder: Path
) -> None:
    """Writes both into `folder`, in files that are as readable as any other new file."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    apply_umask(folder)


def apply_umask(folder: Path) -> None:
    """Gives the files of a folder the mode of a new file: safetensors makes its own 0600."""
    probe = folder / ".mode"
    probe.touch()
    mode = stat.S_IMODE(probe.stat().st_mode)
    probe.unlink()
    for path in folder.iterdir():
        if path.is_file() and not path.is_symlink():
            path.chmod(mode)


def _work(folder: Path) -> Path:
    return folder.parent / f".{folder.name}-training"


def is_chief() -> bool:
    """Whether this is the process that speaks and writes, of all that torchrun or accelerate have
    started together."""
    alone = os.environ.get("WORLD_SIZE", "1") == "1"
    return alone or os.environ.get("RANK", "0") == "0"


def lone_launch() -> str | None:
    """What somebody has to know who wanted several processes and has got one; None: all is well.

    `accelerate launch --cpu` ignores --num_processes without a word.
    """
    on_cpu = os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("true", "1")
    if "WORLD_SIZE" in os.environ or not on_cpu:
        return None
    return (
        "accelerate launch --cpu starts one process, whatever --num_processes says; for N of "
        "them: torchrun --nproc_per_node N -m mashbill distill …"
    )


def _is_ours(work: Path) -> bool:
    return (work / MARKER).is_file() and not work.is_symlink()


def _make_work(work: Path) -> None:
    work.mkdir(parents=True, exist_ok=True)
    if work.is_symlink() or (any(work.iterdir()) and not _is_ours(work)):
        raise ModelError(
            f"{work} exists and was not created by this command; remove it or name another folder"
        )


def _remove(work: Path) -> None:
    _remove_parts(work)
    (work / MARKER).unlink()
    with suppress(OSError):  # it holds something of somebody else
        work.rmdir()


def _remove_parts(work: Path) -> None:
    for name in PARTS:
        shutil.rmtree(work / name, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[TextIO]:
    """Holds the marker, open for reading and appending, against other processes."""
    with (_work(folder) / MARKER).open("a+") as marker:
        try:
            fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ModelError(f"{folder}: another process is training this model") from None
        except OSError:  # a file system without locks
            pass
        yield marker


def _clear_others(work: Path, marker: TextIO, fingerprint: str) -> None:
    """Removes what a training with other settings has left, and names this one."""
    marker.seek(0)
    content = json.dumps({"made by": "mashbill", "fingerprint": fingerprint}) + "\n"
    if marker.read() == content:
        return
    _remove_parts(work)
    marker.truncate(0)
    marker.write(content)
    marker.flush()


def _finish_replacement(folder: Path) -> None:
    """Goes through with what a kill between the two renames has cut off."""
    work = _work(folder)
    if folder.exists() or not is_chief() or not _is_ours(work):
        return
    with _locked(folder):
        whole = work / "new"
        if not (work / "old").exists() or not (whole / FINGERPRINT_FILE).exists():
            whole = work / "old"
        with suppress(FileNotFoundError):
            os.rename(whole, folder)

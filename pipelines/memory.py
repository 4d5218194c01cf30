"""What a killed process leaves to say: what it was at, how large it was, and what needs less."""

import gc
import mmap
import resource
import sys

NOTE_BYTES = 1024
KILOBYTES = 0 if sys.platform == "darwin" else 10  # how far the system's numbers are shifted
SIGNS = ("MemoryError", "bad_alloc", "malloc of size", "can't allocate memory")
NEEDS_LESS = (
    "use fewer --workers, more --partitions, more output.shards, or a smaller "
    "max_length or batch_size"
)
_notes: bytearray | mmap.mmap = bytearray(NOTE_BYTES)


def look_for_garbage_seldom() -> None:
    """Importing makes half a million objects to keep; looking through them takes a tenth of it."""
    gc.set_threshold(50_000)


def share_notes() -> None:
    """From here on, notes of a fork are seen by its parent too."""
    global _notes
    _notes = mmap.mmap(-1, NOTE_BYTES)


def note(text: str) -> None:
    """Keeps what the command is at, in case it is killed."""
    _notes[:] = text.encode(errors="replace")[:NOTE_BYTES].ljust(NOTE_BYTES, b"\0")


def last_note() -> str:
    return bytes(_notes).rstrip(b"\0").decode(errors="replace").strip()


def peak(largest: int) -> str:
    """In words, how many bytes the largest process had."""
    return f"its largest process used {largest / 1e9:.2f} GB; {NEEDS_LESS}"


def out_of_memory() -> str:
    """Of this process or one of its children, to which the system gave no more."""
    return f"out of memory{_at()}: {peak(_largest(resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))}"


def child_killed(message: str) -> str:
    """The message, with what the killed child was at and the peak of the largest child so far."""
    return f"{message}{_at()}: {peak(_largest(resource.RUSAGE_CHILDREN))}"


def is_out_of_memory(said: str) -> bool:
    """Whether the text of an error is what Python, C++, Arrow or torch say then."""
    return any(sign in said for sign in SIGNS)


def _at() -> str:
    return f" at {last_note()!r}" if last_note() else ""


def _largest(*whose: int) -> int:
    return max(resource.getrusage(who).ru_maxrss for who in whose) << KILOBYTES

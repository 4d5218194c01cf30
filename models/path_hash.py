"""What identifies files by what is in them."""

import hashlib
from pathlib import Path


def file_hash(path: str | Path) -> bytes:
    """128-bit digest of a local file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest()


def path_hash(path: str) -> str:
    """128-bit hex digest of a local file, or of the names and contents of a folder's files."""
    digest = hashlib.blake2b(digest_size=16)
    files = [one for one in Path(path).rglob("*") if one.is_file()] or [Path(path)]
    for one in sorted(files):
        digest.update(f"\0{one.relative_to(path)}\0".encode("utf-8", "surrogateescape"))
        with one.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()

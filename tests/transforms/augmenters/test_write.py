import json

import pytest

from mashbill.models.errors import MashbillError
from mashbill.pipelines.finalize import finalize
from mashbill.transforms.augmenters.base import Request
from mashbill.transforms.augmenters.labels import label_of
from mashbill.transforms.augmenters.refusal import refusal_of
from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.statistics import Statistics
from tests.models.chat_server import Chat, serving
from tests.pipelines.runs import make, read_rows, settings, write_corpus

CORPUS = [f"train text number {i} of many" for i in range(50)]
ATTRIBUTES = {"tone": ["angry", "amused"], "length": ["one sentence"]}


@pytest.fixture
def chat():
    return Chat(lambda body: f"a tale of {body['seed']} men")


@pytest.fixture
def endpoint(chat, tmp_path):
    with serving(chat) as url:
        yield {"url": url, "model": "tiny", "cache": str(tmp_path / "answers.sqlite")}


def writer(endpoint, **changes):
    spec = {"use": "write.text", "endpoint": endpoint, "examples": 3, "attributes": ATTRIBUTES}
    statistics = Statistics.of(CORPUS, labels=[i % 2 for i in range(50)])
    return build(spec | changes).with_labels(["bad", "good"]).with_statistics(statistics)


def test_a_text_is_written_like_some_that_are_shown(chat, endpoint):
    (variant,) = writer(endpoint).variants(Request(["a row of its own"], [5], [1]))
    assert variant.text == "a tale of 5 men"
    asked = chat.asked[0]["messages"][0]["content"]
    shown = [line.removeprefix("Text: ") for line in asked.splitlines() if "Text: " in line]
    assert shown[0] == "a row of its own"
    assert len(set(shown)) == 3
    assert set(shown[1:]) < set(CORPUS)
    assert "length: one sentence" in asked


def test_nobody_knows_the_label_of_a_new_text(endpoint):
    (variant,) = writer(endpoint).variants(Request(["a row of its own"], [5], [1]))
    assert label_of(variant, "a row of its own", 1) is None


def test_the_seed_draws_the_attributes_and_the_texts(chat, endpoint):
    writer(endpoint).variants(Request(["a row of its own"] * 40, range(40)))
    asked = [body["messages"][0]["content"] for body in chat.asked]
    angry = sum("tone: angry" in one for one in asked)
    assert 10 < angry < 30
    assert sum("tone: amused" in one for one in asked) == 40 - angry
    assert len(set(asked)) > 35


def test_a_text_that_was_shown_is_not_new(chat, endpoint):
    chat.say = lambda body: body["messages"][0]["content"].splitlines()[3].removeprefix("Text: ")
    (variant,) = writer(endpoint).variants(Request(["a row of its own"], [5], [1]))
    assert (variant.text, refusal_of(variant)) == ("a row of its own", "copied")


def test_an_attribute_needs_values(endpoint):
    with pytest.raises(MashbillError, match="attributes: tone has no values"):
        writer(endpoint, attributes={"tone": []})


def test_new_texts_of_a_run_are_unlabelled_and_the_teacher_labels_them(
    tmp_path, tiny_classifier, tiny_encoder, tiny_mlm, chat, endpoint
):
    write_corpus(tmp_path, rows=20)
    models = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": tiny_mlm}
    filters = {"teacher_agrees": True, "min_similarity": 0.99}
    values = settings(tmp_path, models)
    values["filter"] |= filters
    methods = [{"use": "write.text", "endpoint": endpoint, "examples": 2}]
    values["augment"] = {"copies": 1, "methods": methods, "redraw": False}
    out = make(values, tmp_path / "out")
    finalize(str(out), 1.0)
    new = [row for row in read_rows(out).values() if row["augmenter"] == "write.text"]
    assert 5 < len(new) <= len(chat.asked)
    for row in new:
        assert row["label"] is None
        assert row["similarity"] is None
        assert len(row["teacher_logits"]) == 2
    counts = json.loads((out / "run.json").read_text())["counts"]
    assert counts["augment_model"]["variants"] == len(new)
    assert "judged" not in counts["teacher_filter"]["by_augmenter"]["write.text"]

import json

import pytest

from mashbill.models.errors import MashbillError
from mashbill.pipelines.finalize import finalize
from tests.models import writers
from tests.models.chat_server import Chat, serving
from tests.pipelines.runs import make, read_rows, settings, write_corpus


def test_a_run_with_a_rewriter_counts_what_was_refused(
    tmp_path, tiny_classifier, tiny_encoder, tiny_mlm
):
    write_corpus(tmp_path, rows=20)
    model = str(writers.translator(tmp_path / "translator"))
    models = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": tiny_mlm}
    values = settings(tmp_path, models)
    paraphrase = {"use": "rewrite.paraphrase", "model": model, "shortest": 0, "protect": []}
    values["augment"] = {
        "copies": 2,
        "methods": [paraphrase, {"use": "typo.keyboard", "rate": 0.3}],
        "redraw": False,
    }
    values |= {"filter": {}}
    out = make(values, tmp_path / "out")
    finalize(str(out), 1.0)
    counts = json.loads((out / "run.json").read_text())["counts"]["augment_model"]
    refused = counts["refused"]
    assert sum(refused.values()) > 0
    assert counts["by_augmenter"]["rewrite.paraphrase"]["refused"] == refused
    made = counts["by_augmenter"]["rewrite.paraphrase"]["variants"]
    assert made + sum(refused.values()) + counts.get("exhausted", 0) == counts["requested"]
    written = [row for row in read_rows(out).values() if row["augmenter"] == "rewrite.paraphrase"]
    assert len(written) == made > 0
    assert "refused/" in (out / "report.html").read_text()


def test_a_run_that_hits_its_bound_is_resumed_and_pays_nothing_twice(
    tmp_path, tiny_classifier, tiny_encoder, tiny_mlm
):
    write_corpus(tmp_path, rows=20)
    models = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": tiny_mlm}
    values = settings(tmp_path, models) | {"filter": {}}
    chat = Chat(lambda body: f"so {body['messages'][-1]['content'].split(': ')[-1]}")
    with serving(chat) as url:
        endpoint = {"url": url, "model": "tiny", "cache": str(tmp_path / "answers.sqlite")}

        def bounded(**bound):
            spec = {"use": "rewrite.prompt", "prompt": "say: {{ text }}"}
            method = spec | {"endpoint": endpoint | bound}
            return values | {"augment": {"copies": 1, "methods": [method]}}

        with pytest.raises(MashbillError, match="max_requests: 3 requests are spent"):
            make(bounded(max_requests=3, concurrency=1), tmp_path / "out")
        assert len(chat.asked) == 3
        out = make(bounded(), tmp_path / "out")  # a higher bound is no other data set
        asked = [body["messages"][-1]["content"] for body in chat.asked]
        assert len(asked) == len(set(asked)) > 3
    finalize(str(out), 1.0)
    counts = json.loads((out / "run.json").read_text())["counts"]["augment_model"]
    paid = counts["by_augmenter"]["rewrite.prompt"]
    assert paid["cached"] == 3
    assert paid["requests"] == len(asked) - 3
    assert paid["tokens"] == 7 * paid["requests"]

"""Answers of transformers' own server, through a proxy that is busy, breaks, and wants a key."""

import socket

import httpx
import pytest
from transformers import AutoTokenizer
from transformers.utils.import_utils import is_serve_available

from mashbill.models.endpoint import Client
from mashbill.models.endpoint_settings import Endpoint
from mashbill.models.errors import ModelError
from mashbill.transforms.augmenters.refusal import refusal_of
from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.request import Request
from tests.models import writers
from tests.models.chat_server import CUT, Chat, serving
from tests.waiting import wait_until

if not is_serve_available():
    pytest.skip("needs transformers[serving]", allow_module_level=True)

STARTS = 120.0  # seconds that the server may take, on a busy machine
TEMPLATE = "{% for one in messages %}{{ one.content }} {% endfor %}"
TEXTS = ["the film is good", "it was very dull and bad", "you in the film"]
QUESTIONS = [
    {"messages": [{"role": "user", "content": text}], "max_tokens": 4, "temperature": 0}
    for text in TEXTS
]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = writers.writer(tmp_path_factory.mktemp("served"))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def server(model):
    """The address of the server."""
    from transformers.cli.serve import Serve

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    served = Serve(model, host="127.0.0.1", port=port, device="cpu", non_blocking=True)
    try:
        wait_until(lambda: served.server.started, STARTS)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        served.kill_server()


@pytest.fixture
def proxy(server, model, tmp_path, monkeypatch):
    """A server before it, and how its model is reached through it; no one really waits."""
    monkeypatch.setattr(Client, "_sleep", staticmethod(lambda seconds: None))
    monkeypatch.setenv("MY_KEY", "sk-secret")

    def ask(body):
        return httpx.post(f"{server}/chat/completions", json=body, timeout=60).json()

    chat = Chat(ask, key="sk-secret")
    with serving(chat) as url:
        how = {"url": url, "model": model, "key_from": "MY_KEY", "concurrency": 2}
        yield chat, how | {"cache": str(tmp_path / "answers.sqlite")}


def client(how, **changes):
    return Client(Endpoint.model_validate(how | changes))


def test_answers_come_through_whatever_happens_on_the_way(proxy, server):
    chat, how = proxy
    direct = client(how, url=server, key_from=None, cache=f"{how['cache']}-direct").ask(QUESTIONS)
    chat.replies = [(429, {"retry-after": "1"}), (500, {}), (CUT, {}), (503, {})]
    asked = client(how)
    assert asked.ask(QUESTIONS) == direct
    assert all(answer for (answer,) in direct)
    assert asked.spent["requests"] == len(chat.asked) == len(QUESTIONS) + 4
    assert asked.spent["tokens"] > len(QUESTIONS)


def test_a_run_that_was_stopped_pays_for_the_rest_alone(proxy):
    chat, how = proxy
    chat.replies = [(200, {}), (500, {}), (500, {})]
    with pytest.raises(ModelError, match="gave up after 2 attempts: status 500"):
        client(how, attempts=2, concurrency=1).ask(QUESTIONS)
    assert len(chat.asked) < len(QUESTIONS) + 2
    for _ in range(2):
        client(how).ask(QUESTIONS)
        assert len(chat.asked) == len(QUESTIONS) + 2  # once each, beside the two that failed


def test_a_slow_server_ends_the_run(proxy):
    chat, how = proxy
    chat.seconds = 0.3
    with pytest.raises(ModelError, match=r"gave up after 2 attempts: .*timed out"):
        client(how, timeout=0.1, attempts=2).ask(QUESTIONS[:1])


def test_a_wrong_key_ends_the_run_and_is_not_told(proxy, monkeypatch):
    _, how = proxy
    monkeypatch.setenv("MY_KEY", "sk-wrong")
    with pytest.raises(ModelError, match=r"refuses the key from MY_KEY \(401\)") as caught:
        client(how).ask(QUESTIONS)
    assert "sk-wrong" not in str(caught.value)


def test_a_rewriter_takes_its_answers(proxy):
    _, how = proxy
    spec = {"use": "rewrite.prompt", "endpoint": how, "prompt": "{{ text }} but", "protect": []}
    request = Request(TEXTS, [1, 2, 3])
    variants = build(spec | {"shortest": 0, "longest": 9}).variants(request)
    assert any(refusal_of(one) is None for one in variants)
    # It has no structured output, and says so by giving something else.
    refused = build(spec | {"structured": True}).variants(request)
    assert [refusal_of(one) for one in refused] == ["format"] * 3


def test_it_tells_no_probabilities(proxy):
    from mashbill.models.asked_words import AskedWords

    _, how = proxy
    with pytest.raises(ModelError, match="tells no probabilities of tokens"):
        AskedWords(Endpoint.model_validate(how), "{{ text }}", [["good"], ["bad"]])

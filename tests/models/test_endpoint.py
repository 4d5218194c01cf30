import pickle
import time

import pytest
from pydantic import ValidationError

from mashbill.models.endpoint import Client, _seconds
from mashbill.models.endpoint_settings import Endpoint
from mashbill.models.errors import ModelError, RowError
from mashbill.models.spending import FILE_VARIABLE
from tests.models.chat_server import Chat, serving

QUESTIONS = [{"messages": [{"role": "user", "content": f"text {i}"}], "seed": i} for i in range(6)]


@pytest.fixture
def chat():
    return Chat(lambda body: f"said {body['messages'][-1]['content']}")


@pytest.fixture
def client(chat, tmp_path, monkeypatch):
    """Makes clients of a server that is there; none of them really sleeps."""
    slept = []
    monkeypatch.setattr(Client, "_sleep", staticmethod(slept.append))
    monkeypatch.setenv("MY_KEY", "sk-secret")
    with serving(chat) as url:

        def make(**changes):
            how = {"url": url, "model": "tiny", "key_from": "MY_KEY"}
            how["cache"] = str(tmp_path / "answers.sqlite")
            made = Client(Endpoint.model_validate(how | changes))
            made.slept = slept
            return made

        yield make


def test_every_question_has_its_answer(client, chat):
    asked = client()
    assert asked.ask(QUESTIONS) == [[f"said text {i}"] for i in range(6)]
    assert sorted(body["seed"] for body in chat.asked) == list(range(6))
    assert {body["model"] for body in chat.asked} == {"tiny"}
    assert set(chat.keys) == {"Bearer sk-secret"}
    assert asked.spent == {"requests": 6, "tokens": 42}
    assert asked.seconds > 0


def test_what_was_answered_once_is_not_asked_again(client, chat):
    first = client().ask(QUESTIONS[:4])
    again = client()
    assert again.ask(QUESTIONS)[:4] == first
    assert len(chat.asked) == 6
    assert again.spent == {"requests": 2, "tokens": 14, "cached": 4}


def test_another_model_or_setting_is_another_question(client, chat):
    client().ask(QUESTIONS[:1])
    client(model="other").ask(QUESTIONS[:1])
    client().ask([QUESTIONS[0] | {"temperature": 0.5}])
    assert len(chat.asked) == 3


def test_a_busy_server_is_asked_again_when_it_says(client, chat):
    chat.replies = [(429, {"retry-after": "7"}), (503, {}), (200, {})]
    asked = client()
    assert asked.ask(QUESTIONS[:1]) == [["said text 0"]]
    assert 7 <= asked.slept[0] <= 8
    assert 0 <= asked.slept[1] <= 120
    assert asked.spent["requests"] == 3


def test_a_date_to_come_back_at_is_understood():
    assert _seconds("3") == 3
    later = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 60))
    assert 57 < _seconds(later) <= 60
    assert _seconds("soon") is None
    assert _seconds(None) is None


def test_a_server_that_stays_busy_ends_the_run(client, chat):
    chat.replies = [(500, {})] * 3
    with pytest.raises(ModelError, match="gave up after 3 attempts: status 500"):
        client(attempts=3).ask(QUESTIONS[:1])


def test_a_server_that_is_down_ends_the_run(client):
    with pytest.raises(ModelError, match=r"127.0.0.1:9/v1: gave up after 2 attempts: \S"):
        client(url="http://127.0.0.1:9/v1", attempts=2).ask(QUESTIONS[:1])


def test_an_answer_that_takes_too_long_is_asked_for_again(client, chat):
    chat.seconds = 0.3
    with pytest.raises(ModelError, match=r"gave up after 2 attempts: .*timed out"):
        client(timeout=0.05, attempts=2).ask(QUESTIONS[:1])


def test_a_key_that_is_refused_ends_the_run_and_is_not_told(client, chat):
    chat.replies = [(401, {})]
    with pytest.raises(ModelError, match=r"refuses the key from MY_KEY \(401\)") as caught:
        client().ask(QUESTIONS[:1])
    assert "sk-secret" not in str(caught.value)
    assert len(chat.asked) == 1


def test_a_model_that_the_server_does_not_have_ends_the_run(client, chat):
    chat.replies = [(404, {})]
    with pytest.raises(ModelError, match="has no model 'tiny'"):
        client().ask(QUESTIONS[:1])


def test_a_question_that_the_server_does_not_take_is_a_row_s_fault(client, chat):
    chat.replies = [(200, {}), (400, {}), (200, {})]
    with pytest.raises(RowError, match=r"status 400: .*key … is no good") as caught:
        client(concurrency=1).ask(QUESTIONS[:3])
    assert caught.value.rows == (1,)
    assert client().ask(QUESTIONS[:3]) == [[f"said text {i}"] for i in range(3)]
    assert len(chat.asked) == 4  # what was good was kept


@pytest.mark.parametrize(
    ("said", "why"), [(b"<html>", "is not JSON"), ({"choices": []}, "is not OpenAI's protocol")]
)
def test_another_protocol_ends_the_run(client, chat, said, why):
    chat.say = lambda body: said
    with pytest.raises(ModelError, match=why):
        client().ask(QUESTIONS[:1])


def test_spending_has_a_bound_and_a_rerun_goes_on(client, chat):
    for number in (1, 2):
        with pytest.raises(ModelError, match="max_requests: 2 requests are spent"):
            client(max_requests=2, concurrency=1).ask(QUESTIONS)
        assert len(chat.asked) == 2 * number
    last = client(max_requests=2, concurrency=1)
    assert last.ask(QUESTIONS) == [[f"said text {i}"] for i in range(6)]
    assert last.spent == {"cached": 4, "requests": 2, "tokens": 14}


def test_tokens_have_a_bound_too(client):
    with pytest.raises(ModelError, match="max_tokens: 10 tokens are spent"):
        client(max_tokens=10, concurrency=1).ask(QUESTIONS)


def test_all_that_a_run_starts_spend_from_one_account(client, chat, tmp_path, monkeypatch):
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "spent.sqlite"))
    one, other = client(max_requests=4), client(max_requests=4)
    one.ask(QUESTIONS[:3])
    with pytest.raises(ModelError, match="max_requests: 4 requests are spent"):
        other.ask(QUESTIONS[3:])
    assert len(chat.asked) == 4  # however many are under way at a time
    assert len(client(model="other", max_requests=4).ask(QUESTIONS[:3])) == 3
    with pytest.raises(ModelError, match="max_tokens: 20 tokens are spent"):
        client(max_tokens=20).ask(QUESTIONS)


def test_a_question_may_ask_for_several_answers(client, chat):
    chat.say = lambda body: [f"answer {i}" for i in range(body["n"])]
    question = QUESTIONS[0] | {"n": 3}
    assert client().ask([question]) == [["answer 0", "answer 1", "answer 2"]]
    assert client().ask([question]) == [["answer 0", "answer 1", "answer 2"]]
    assert len(chat.asked) == 1


def test_no_more_requests_are_under_way_than_allowed(client, chat):
    chat.seconds = 0.02
    client(concurrency=3).ask(QUESTIONS)
    assert 1 < chat.most <= 3


def test_a_key_that_is_not_there_is_named(client, monkeypatch):
    monkeypatch.delenv("MY_KEY")
    with pytest.raises(ModelError, match="environment variable MY_KEY is not set"):
        client()
    assert client(key_from=None).ask(QUESTIONS[:1]) == [["said text 0"]]


def test_a_client_does_not_leave_its_process(client):
    with pytest.raises(TypeError, match="holds a key"):
        pickle.dumps(client())


@pytest.mark.parametrize("url", ["ftp://a/v1", "https://user:pass@a/v1", "a.org/v1", "https://a b"])
def test_an_address_is_one_of_a_server(url):
    with pytest.raises(ValidationError, match="is no address"):
        Endpoint(url=url, model="m")

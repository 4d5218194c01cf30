import math

import numpy as np
import pytest

from mashbill.models.endpoint_settings import Endpoint
from mashbill.models.errors import ModelError, RowError
from mashbill.models.tasks.single import Single
from mashbill.models.teachers import TeacherSpec, Words
from tests.models.chat_server import Chat, serving, with_logprobs

TASK = Single().over(["bad", "good"])
NAMES = ((" bad", " negative"), (" good", " neat"))


@pytest.fixture
def teacher(tmp_path):
    """Makes teachers that a server has, by the tokens that it says are likeliest."""
    chat = Chat()
    with serving(chat) as url:
        endpoint = Endpoint(url=url, model="tiny", cache=str(tmp_path / "answers.sqlite"))

        def make(tokens, calibrate=False):
            chat.say = lambda body: with_logprobs(tokens(body["messages"][0]["content"]))
            words = Words("Review: {{ text }}", NAMES, calibrate, endpoint)
            made = TeacherSpec([], asks=words).load(TASK)
            made.chat = chat
            return made

        yield make


def test_a_label_is_as_likely_as_the_tokens_that_begin_its_names(teacher):
    asked = teacher(lambda _: {" Bad": 0.3, "neg": 0.1, "good": 0.2, " ne": 0.2, "\n": 0.1})
    found = asked.logits(["a film", "another"])
    # "ne" begins names of both labels, so that it tells nothing.
    np.testing.assert_allclose(np.exp(found), [[0.4, 0.2]] * 2, rtol=1e-5)
    assert asked.chat.asked[0]["logprobs"] is True
    assert asked.chat.asked[0]["max_tokens"] == 1
    assert asked.spent() == {"requests": 2, "tokens": 7 * 2}
    assert asked.windows(["a film"]) == [None]


def test_a_label_that_is_not_among_them_is_no_likelier_than_what_is_left(teacher):
    assert teacher(lambda _: {"good": 0.7, "so": 0.2}).logits(["a film"])[0, 0] == pytest.approx(
        math.log(0.1), abs=1e-4
    )
    assert teacher(lambda _: {"good": 0.7, "so": 0.05}).logits(["two"])[0, 0] == pytest.approx(
        math.log(0.05), abs=1e-4
    )


def test_what_the_model_says_of_nothing_is_taken_off(teacher):
    favourite = {"good": 0.8, "bad": 0.2}
    asked = teacher(
        lambda text: {"good": 0.6, "bad": 0.4} if "film" in text else favourite, calibrate=True
    )
    assert asked.logits(["a film"])[0].argmax() == 0


def test_a_row_for_which_no_label_is_named_is_the_row_s_fault(teacher):
    asked = teacher(lambda text: {"so": 0.9} if "odd" in text else {"good": 0.9, "bad": 0.1})
    with pytest.raises(RowError, match="no label's name begins with one of the 20") as caught:
        asked.logits(["a film", "odd"])
    assert caught.value.rows == (1,)


def test_a_server_that_tells_no_probabilities_ends_the_run(teacher):
    asked = teacher(lambda _: {"good": 1.0})
    asked.chat.say = lambda body: "good"
    with pytest.raises(ModelError, match=r"/v1: the server tells no probabilities of tokens"):
        asked.logits(["a film"])

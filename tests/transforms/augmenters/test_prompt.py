import json
import pickle

import pytest

from mashbill.models.errors import MashbillError
from mashbill.transforms.augmenters.base import Request
from mashbill.transforms.augmenters.prompt import unquoted
from mashbill.transforms.augmenters.refusal import refusal_of
from mashbill.transforms.augmenters.registry import build
from mashbill.transforms.augmenters.rng import Rng
from mashbill.transforms.augmenters.statistics import Statistics
from tests.models import writers
from tests.models.chat_server import Chat, serving

TEXTS = ["the film is good and fine", "it was very dull", "we was bad"]
FREE = {"shortest": 0, "longest": 9}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(writers.writer(tmp_path_factory.mktemp("writer")))


@pytest.fixture
def chat():
    return Chat(lambda body: f"so {body['messages'][-1]['content'].split(': ')[-1]}")


@pytest.fixture
def endpoint(chat, tmp_path):
    with serving(chat) as url:
        yield {"url": url, "model": "tiny", "cache": str(tmp_path / "answers.sqlite")}


def request(texts=TEXTS, labels=None):
    return Request(texts, range(7, 7 + len(texts)), labels)


def test_a_local_model_goes_on_with_the_prompt(model):
    spec = {"use": "rewrite.prompt", "model": model, "prompt": "in the film {{ text }} but"}
    augmenter = build(spec | FREE)
    together = augmenter.variants_batch(request())
    assert together == [augmenter.variants_batch(request().of([i]))[0] for i in range(3)]
    assert together != TEXTS
    assert pickle.loads(pickle.dumps(augmenter)).variants_batch(request()) == together


def test_a_model_that_chats_gets_its_own_template(model, tmp_path, monkeypatch):
    asked = []
    augmenter = build({"use": "rewrite.prompt", "model": model, "prompt": "say {{ text }}"})
    augmenter = augmenter.model_copy(update={"system": "be brief"})
    words = augmenter._writer.words
    monkeypatch.setattr(
        words,
        "chat_template",
        "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>",
    )

    def write(prompts, *rest, **how):
        asked.extend(prompts)
        return [["fine"] for _ in prompts]

    monkeypatch.setattr(augmenter._writer, "write", write)
    augmenter.variants(request(["it was dull"]))
    assert asked == ["<system>be brief<user>say it was dull<assistant>"]


def test_a_server_is_asked_with_the_text_its_label_and_its_seed(chat, endpoint):
    spec = {
        "use": "rewrite.prompt",
        "endpoint": endpoint,
        "prompt": "{{ language }}, {{ label }}: {{ text }}",
        "system": "be brief",
        "stop": ["\n"],
    }
    augmenter = build(spec).with_labels(["bad", "good"])
    assert augmenter.variants_batch(request(TEXTS[:2], [1, None])) == [f"so {t}" for t in TEXTS[:2]]
    first, second = sorted(chat.asked, key=lambda body: body["seed"])
    assert [m["content"] for m in first["messages"]] == ["be brief", f"en, good: {TEXTS[0]}"]
    assert second["messages"][1]["content"] == f"en, None: {TEXTS[1]}"
    assert (first["seed"], second["seed"]) == (7, 8)
    assert first["stop"] == ["\n"]
    assert first["temperature"] == 0.7
    assert augmenter.spent() == {"requests": 2, "tokens": 14}


def test_another_run_pays_for_nothing_twice(chat, endpoint):
    spec = {"use": "rewrite.prompt", "endpoint": endpoint, "prompt": "say: {{ text }}"}
    wanted = build(spec).variants_batch(request())
    again = build(spec)
    assert again.variants_batch(request()) == wanted
    assert len(chat.asked) == 3
    assert again.spent() == {"cached": 3}


def test_a_preamble_is_refused_and_quotes_are_taken_off(chat, endpoint):
    chat.say = lambda body: ['"it was a bore"', "Sure! It was dull."][body["seed"] % 2]
    spec = {"use": "rewrite.prompt", "endpoint": endpoint}
    first, second = build(spec).variants(Request(["it was dull"] * 2, [2, 3]))
    assert first.text == "it was a bore"
    assert (second.text, refusal_of(second)) == ("it was dull", "preamble")


def test_of_several_answers_the_first_that_passes_is_taken(chat, endpoint):
    chat.say = lambda body: ["Sure! It was dull.", "", "a bore", "so dull"][: body["n"]]
    spec = {"use": "rewrite.prompt", "endpoint": endpoint, "choices": 4}
    assert build(spec).variants_batch(Request(["it was dull"], [2])) == ["a bore"]
    (refused,) = build(spec | {"choices": 2}).variants(Request(["it was dull"], [2]))
    assert refusal_of(refused) == "preamble"


def test_a_local_model_gives_several_answers_in_one_pass(model, monkeypatch):
    spec = {"use": "rewrite.prompt", "model": model, "prompt": "in {{ text }} but"} | FREE
    augmenter = build(spec | {"choices": 3})
    written = []
    write = augmenter._writer.write

    def watched(*rest, **how):
        written.append(write(*rest, **how))
        return written[-1]

    monkeypatch.setattr(augmenter._writer, "write", watched)
    (variant,) = augmenter.variants(request(TEXTS[:1]))
    ((answers,),) = written
    assert len(answers) == 3
    assert refusal_of(variant) or variant.text in [answer.strip() for answer in answers]


def test_a_server_is_asked_for_json(chat, endpoint):
    chat.say = lambda body: json.dumps(
        dict.fromkeys(
            body["response_format"]["json_schema"]["schema"]["required"], "a bore\nOriginal: x"
        )
    )
    spec = {"use": "rewrite.prompt", "endpoint": endpoint, "structured": True, "stop": ["\n"]}
    augmenter = build(spec | {"choices": 2})
    assert augmenter.variants_batch(Request(["it was dull"], [2])) == ["a bore"]
    schema = chat.asked[0]["response_format"]["json_schema"]["schema"]
    assert schema["required"] == ["text_1", "text_2"]
    assert not {"stop", "n"} & chat.asked[0].keys()  # they would tear the JSON, or repeat it
    alone = build(spec).variants(Request(["it was dull"], [2]))
    assert chat.asked[1]["max_tokens"] < chat.asked[0]["max_tokens"]
    assert refusal_of(alone[0]) is None


@pytest.mark.parametrize("said", ["a bore", "[1]", '{"text_1": 3}', "{"])
def test_what_is_no_such_json_is_refused(chat, endpoint, said):
    chat.say = lambda body: said
    spec = {"use": "rewrite.prompt", "endpoint": endpoint, "structured": True}
    (variant,) = build(spec).variants(Request(["it was dull"], [2]))
    assert (variant.text, refusal_of(variant)) == ("it was dull", "format")


@pytest.mark.parametrize(
    ("answer", "text", "wanted"),
    [
        (' "a film" ', "x", "a film"),
        ("“a film”", "x", "a film"),
        ("「电影」", "x", "电影"),
        ('"a film"', '"x"', '"a film"'),
        ('"a" film', "x", '"a" film'),
        ('"', "x", '"'),
    ],
)
def test_quotes_around_an_answer(answer, text, wanted):
    assert unquoted(answer, text) == wanted


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({}, "give either `model` or `endpoint`"),
        ({"model": "m", "endpoint": {"url": "http://a/v1", "model": "b"}}, "give either `model`"),
        ({"model": "m", "prompt": "{{ text"}, "is no template"),
        ({"model": "m", "prompt": "{{ txt }}"}, "is no template: 'txt' is undefined"),
        ({"model": "m", "prompt": "{{ ''.__class__.mro() }}"}, "is no template"),
        ({"endpoint": {"url": "http://a/v1", "model": "b"}, "beams": 2}, "beams: not available"),
        ({"endpoint": {"url": "a", "model": "b"}}, "endpoint.url: .* is no address"),
        ({"model": "m", "structured": True}, "structured: only with an endpoint"),
        ({"model": "m", "beams": 2, "choices": 2}, "choices: a beam search has one answer"),
    ],
)
def test_what_does_not_fit_together_is_an_error(spec, says):
    with pytest.raises(MashbillError, match=says):
        build({"use": "rewrite.prompt"} | spec)


FEW_SHOT = "{% for one in examples %}{{ one.label }}: {{ one.text }}\n{% endfor %}now: {{ text }}"
CORPUS = [f"train text number {i} of many" for i in range(50)]


def few_shot(endpoint):
    spec = {"use": "rewrite.prompt", "endpoint": endpoint, "prompt": FEW_SHOT, "examples": 3}
    statistics = Statistics.of(CORPUS, labels=[i % 2 for i in range(50)])
    return build(spec).with_labels(["bad", "good"]).with_statistics(statistics)


def test_a_prompt_shows_examples_of_the_corpus_other_ones_for_each_seed(chat, endpoint):
    few_shot(endpoint).variants(Request([CORPUS[0]] * 20, range(20)))
    shown = [body["messages"][0]["content"].splitlines() for body in chat.asked]
    assert all(len(lines) == 4 for lines in shown)
    texts = [line.partition(": ")[2] for lines in shown for line in lines[:3]]
    assert set(texts) < set(CORPUS[1:])
    assert len(set(texts)) > 20
    for lines in shown:
        for label, text in (line.split(": ") for line in lines[:3]):
            assert label == ["bad", "good"][CORPUS.index(text) % 2]


def test_examples_are_drawn_once(endpoint, monkeypatch):
    drawn = []
    draw = Rng.sample
    monkeypatch.setattr(Rng, "sample", lambda *how: drawn.append(how) or draw(*how))
    few_shot(endpoint).variants(Request(CORPUS[:2], [1, 2]))
    assert len(drawn) == 2


def test_an_answer_that_is_one_of_the_examples_is_refused(chat, endpoint):
    chat.say = lambda body: body["messages"][0]["content"].splitlines()[0].partition(": ")[2]
    (variant,) = few_shot(endpoint).variants(Request(["the text of another number here"], [5]))
    assert refusal_of(variant) == "copied"


@pytest.mark.parametrize("where", ["prompt", "system"])
def test_an_answer_that_repeats_the_prompt_is_refused(chat, endpoint, where):
    said = "a funny, moving film that you will not forget"
    chat.say = lambda body: f"{said}."
    spec = {"use": "rewrite.prompt", "endpoint": endpoint, "longest": 9}
    spec |= {"prompt": "{# none #}{{ text }}"} | {where: f"Such as: {said}\n{{{{ text }}}} so"}
    texts = ["it was dull", "dull, but a funny, moving film that you will not forget"]
    variants = build(spec).variants(request(texts))
    assert [refusal_of(one) for one in variants] == ["copied", None]


def test_examples_need_a_corpus(endpoint):
    spec = {"use": "rewrite.prompt", "endpoint": endpoint, "prompt": FEW_SHOT, "examples": 3}
    assert build(spec).needs_statistics
    assert not build(spec | {"examples": 0}).needs_statistics
    with pytest.raises(MashbillError, match="needs the statistics of a corpus"):
        build(spec).variants(request())

import numpy as np
import pytest
import torch

from mashbill.models.checks import check_writer
from mashbill.models.decoding import Sampling
from mashbill.models.errors import ModelError, RowError
from mashbill.models.generator import Encoded, Translator, Writer
from tests.models import writers

PROMPTS = [
    "the film is good",
    "it was dull and bad but fine",
    "you",
    "they was in the film and it is very very dull of us",
    "a bad film",
]
SEEDS = [3, 14, 15, 92, 65]
GREEDY = Sampling(temperature=0)
LIMITS = [12] * len(PROMPTS)


@pytest.fixture(scope="module")
def translator(tmp_path_factory):
    return Translator.load(str(writers.translator(tmp_path_factory.mktemp("translator"))))


@pytest.fixture(scope="module")
def writer(tmp_path_factory):
    return Writer.load(str(writers.writer(tmp_path_factory.mktemp("writer"))))


@pytest.fixture(params=["translator", "writer"])
def engine(request):
    return request.getfixturevalue(request.param)


@torch.inference_mode()
def by_the_library(engine, prompt, limit=12, **how):
    """One prompt at a time, by `generate`."""
    ids = torch.tensor(engine.tokenizer.encode([prompt])[0].ids)[None]
    found = engine.model.generate(
        input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=limit, **how
    )[0]
    new = found[1:] if isinstance(engine, Translator) else found[ids.shape[1] :]
    return engine.words.decode(new, skip_special_tokens=True)


def test_the_likeliest_tokens_are_those_of_the_library(engine):
    found = engine.write(PROMPTS, SEEDS, LIMITS, GREEDY)
    assert found == [[by_the_library(engine, prompt, do_sample=False)] for prompt in PROMPTS]
    assert len({text for (text,) in found}) > 2  # they do not all say the same


def test_a_beam_search_is_the_library_s(engine):
    found = engine.write(PROMPTS, SEEDS, LIMITS, beams=3)
    wanted = [by_the_library(engine, p, do_sample=False, num_beams=3) for p in PROMPTS]
    assert found == [[text] for text in wanted]


def test_a_text_is_the_same_whatever_it_is_written_with(engine):
    together = engine.write(PROMPTS, SEEDS, LIMITS)
    alone = [
        engine.write([prompt], [seed], [12])[0] for prompt, seed in zip(PROMPTS, SEEDS, strict=True)
    ]
    assert together == alone
    assert engine.write(PROMPTS[::-1], SEEDS[::-1], LIMITS) == together[::-1]


def test_other_seeds_write_other_texts(engine):
    assert engine.write(PROMPTS, SEEDS, LIMITS) != engine.write(PROMPTS, [1] * 5, LIMITS)


def test_several_samples_of_a_prompt_differ_and_the_first_is_that_of_one(engine):
    one = engine.write(PROMPTS, SEEDS, LIMITS)
    three = engine.write(PROMPTS, SEEDS, LIMITS, samples=3)
    assert [texts[:1] for texts in three] == one
    assert all(len(texts) == 3 for texts in three)
    assert sum(len(set(texts)) == 3 for texts in three) >= 3


def test_each_text_has_its_own_limit(engine):
    found = engine.write(PROMPTS, SEEDS, [0, 1, 2, 3, 4], GREEDY)
    whole = engine.write(PROMPTS, SEEDS, LIMITS, GREEDY)
    for limit, (text,), (long,) in zip(range(5), found, whole, strict=True):
        assert long.startswith(text)
        assert len(text.split()) <= limit
    assert found[0] == [""]
    assert found[4] != whole[4]


def test_a_text_ends_before_a_stop_string(engine):
    plain = [text for (text,) in engine.write(PROMPTS, SEEDS, LIMITS)]
    stop = max(plain, key=len).split()[2]
    stopped = [text for (text,) in engine.write(PROMPTS, SEEDS, LIMITS, stop=[stop])]
    assert stopped == [text.partition(stop)[0] for text in plain]
    assert stopped != plain


def test_what_all_prompts_begin_with_is_read_once(writer, monkeypatch):
    begin = "the film is good and it was very dull but you and we in the film of it is fine and "
    prompts = [begin + prompt for prompt in PROMPTS]
    widths = []
    forward = type(writer.model).forward

    def watched(self, input_ids, **rest):
        widths.append(input_ids.shape[1])
        return forward(self, input_ids=input_ids, **rest)

    alone = [writer.write([p], [s], [12])[0] for p, s in zip(prompts, SEEDS, strict=True)]
    monkeypatch.setattr(type(writer.model), "forward", watched)
    assert writer.write(prompts, SEEDS, LIMITS) == alone
    shared = len(begin.split())
    assert widths[0] == shared
    assert max(widths[1:]) == max(map(len, map(str.split, PROMPTS)))


def test_what_does_not_fit_the_memory_is_written_in_smaller_batches(translator, monkeypatch):
    wanted = translator.write(PROMPTS, SEEDS, LIMITS)
    sizes = []

    def small(self, model, ids, *rest):
        sizes.append(len(ids))
        if len(ids) > 2:
            raise torch.OutOfMemoryError
        Encoded.begin_with(self, model, ids, *rest)

    monkeypatch.setattr(Encoded, "begin_with", Encoded.__init__, raising=False)
    monkeypatch.setattr(Encoded, "__init__", small)
    monkeypatch.setattr(translator, "budget", type(translator.budget)(8192, 1024))
    assert translator.write(PROMPTS, SEEDS, LIMITS) == wanted
    assert sizes[0] == len(PROMPTS)
    assert sizes[-1] <= 2


def test_nothing_is_written_for_nothing(engine):
    assert engine.write([], [], []) == []


def test_a_language_is_the_decoder_s_first_token(translator, tmp_path):
    folder = str(writers.translator(tmp_path))
    german = Translator.load(folder, target_language="deu_Latn")
    french = Translator.load(folder, target_language="fra_Latn")
    token = german.words.convert_tokens_to_ids("deu_Latn")
    wanted = [
        by_the_library(german, prompt, limit=13, do_sample=False, forced_bos_token_id=token)
        for prompt in PROMPTS
    ]
    assert [text for (text,) in german.write(PROMPTS, SEEDS, LIMITS, GREEDY)] == wanted
    assert french.write(PROMPTS, SEEDS, LIMITS) != german.write(PROMPTS, SEEDS, LIMITS)
    with pytest.raises(ModelError, match="has no language 'xx'"):
        Translator.load(folder, target_language="xx")


def test_tokens_that_are_no_numbers_name_the_rows(translator, monkeypatch):
    with torch.no_grad():
        weights = translator.model.lm_head.weight
        old = weights.clone()
        weights.fill_(float("nan"))
    try:
        with pytest.raises(RowError, match="not numbers"):
            translator.write(PROMPTS, SEEDS, LIMITS)
    finally:
        weights.data = old


def test_a_model_of_another_kind_is_refused(tiny_classifier, tmp_path):
    writers.translator(tmp_path / "translator")
    check_writer(str(tmp_path / "translator"), encodes=True)
    with pytest.raises(ModelError, match="is not a causal language model: model_type bart"):
        check_writer(str(tmp_path / "translator"), encodes=False)
    with pytest.raises(ModelError, match="is not a sequence-to-sequence model"):
        check_writer(str(tiny_classifier), encodes=True)


def test_draws_follow_the_probabilities(translator):
    """Of one step: 3,000 seeds of the same prompt against its softmax."""
    from mashbill.models.decoding import choose

    logits = torch.tensor([[2.0, 1.0, 0.0, -1.0]]).expand(3000, -1)
    drawn = choose(logits, np.arange(3000, dtype=np.uint64), 0, Sampling())
    shares = np.bincount(drawn, minlength=4) / 3000
    assert np.abs(shares - torch.softmax(logits[0], 0).numpy()).max() < 0.03

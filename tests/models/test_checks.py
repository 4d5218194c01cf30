import json
import shutil
from functools import partial

import pytest

from mashbill.models.checks import check_classifier, check_encoder, check_masked_lm
from mashbill.models.errors import ModelError
from mashbill.models.loading import load_model, load_tokenizer
from mashbill.models.tasks.registry import single
from tests.models.configurations import set_config

LABELS = ["negative", "positive"]


def test_models_that_fit_pass(tiny_classifier, tiny_encoder, tiny_mlm):
    check_classifier(str(tiny_classifier), single(LABELS))
    check_classifier(str(tiny_classifier))
    check_encoder(str(tiny_encoder))
    check_masked_lm(str(tiny_mlm))


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"nowhere does not exist.*hf://"):
        check_classifier(str(tmp_path / "nowhere"), single(LABELS))


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("config.json", "no config.json"),
        ("*.safetensors", r"no \*.safetensors"),
        ("tokenizer.json", "no tokenizer.json"),
    ],
)
def test_a_missing_file_is_named(copy, pattern, message):
    for path in copy.glob(pattern):
        path.unlink()
    with pytest.raises(ModelError, match=message) as caught:
        check_classifier(str(copy), single(LABELS))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["{", "[]", "{}"])
def test_a_broken_configuration_is_named(copy, content):
    (copy / "config.json").write_text(content)
    with pytest.raises(ModelError, match=r"config\.json (is not JSON|names no model_type)"):
        check_encoder(str(copy))


def test_the_number_of_classes_must_fit(tiny_classifier):
    with pytest.raises(ModelError, match=r"2 classes \(negative, positive\).*3 labels \(a, b, c\)"):
        check_classifier(str(tiny_classifier), single(["a", "b", "c"]))


def test_the_order_of_labels_must_fit(tiny_classifier):
    with pytest.raises(ModelError, match="negative, positive, in this order"):
        check_classifier(str(tiny_classifier), single(LABELS[::-1]))


def test_classes_without_names_fit_any_labels(copy):
    set_config(copy, id2label={"0": "LABEL_0", "1": "LABEL_1"})
    check_classifier(str(copy), single(LABELS))


def test_case_of_labels_does_not_matter(copy):
    set_config(copy, id2label={"1": "POSITIVE", "0": "NEGATIVE"})
    check_classifier(str(copy), single(LABELS))


def test_kinds_are_told_apart(tiny_encoder, tiny_mlm):
    with pytest.raises(
        ModelError, match=r"not a masked language model: config\.json names BertModel"
    ):
        check_masked_lm(str(tiny_encoder))
    with pytest.raises(ModelError, match="not a text classifier"):
        check_classifier(str(tiny_mlm), single(LABELS))


@pytest.mark.parametrize(
    "change", [{"num_labels": 10**9}, {"num_hidden_layers": 10**9}, {"vocab_size": 10**12}]
)
def test_a_configuration_that_asks_for_too_much_is_refused_at_once(tmp_path, tiny_encoder, change):
    folder = shutil.copytree(tiny_encoder, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **change}))
    (key,) = change
    for call in (check_encoder, load_tokenizer, partial(load_model, auto_class=None)):
        with pytest.raises(ModelError, match=rf"config.json: {key}: \d+ exceeds the limit"):
            call(str(folder))


@pytest.mark.parametrize("kind", ["multi_label_classification", "regression"])
def test_a_classifier_of_another_kind_is_refused(copy, kind):
    set_config(copy, problem_type=kind)
    with pytest.raises(ModelError, match=f"problem_type '{kind}', expected 'single_label"):
        check_classifier(str(copy), single(LABELS))
    set_config(copy, problem_type="single_label_classification")
    check_classifier(str(copy), single(LABELS))


@pytest.mark.parametrize("kept", [0, 100, -1])
def test_weights_that_are_cut_off_are_refused_before_they_are_loaded(copy, kept):
    path = copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ModelError, match=r"model\.safetensors is damaged") as caught:
        check_classifier(str(copy), single(LABELS))
    assert "\n" not in str(caught.value)

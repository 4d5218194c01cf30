"""What would end a later stage ends a run before the first one."""

import pytest

from mashbill.models.errors import MashbillError
from mashbill.pipelines.later_stages import later_faults
from mashbill.pipelines.prepare import check
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.run import run_all
from tests.pipelines.runs import settings, write_corpus
from tests.transforms.augmenters.wordnet_files import write_wordnet

OPTIONS = {"overwrite": False, "max_rejects": 0.9, "workers": 1, "partitions": 1, "beam_args": ()}


@pytest.fixture
def values(tmp_path, tiny_classifier, tiny_encoder, tiny_mlm):
    write_corpus(tmp_path, rows=20)
    write_wordnet(tmp_path / "wordnet")
    models = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": tiny_mlm}
    return settings(
        tmp_path,
        models,
        augment={"copies": 0},
        teacher={"model": str(tmp_path / "teacher"), "train": {"base": str(tiny_encoder)}},
        mlm={"model": str(tmp_path / "mlm"), "base": str(tiny_mlm)},
        distill={"model": str(tmp_path / "student")},
        evaluate={"wordnet": str(tmp_path / "wordnet")},
    )


def test_models_that_the_run_makes_are_taken_for_granted(values):
    adversarial = {"kind": "adv", "assistant": values["mlm"]["model"]}
    values["distill"]["objective"] = adversarial
    values["evaluate"]["models"] = {"again": values["distill"]["model"]}
    assert list(later_faults(Recipe.model_validate(values))) == []


@pytest.mark.parametrize(
    ("section", "change", "key", "message"),
    [
        ("teacher", {"train": {"base": "nowhere"}}, "teacher.train.base", "nowhere does not exist"),
        ("mlm", {"base": "nowhere"}, "mlm.base", "nowhere does not exist"),
        (
            "distill",
            {"student": {"from": "checkpoint", "model": "nowhere"}},
            "distill.student.model",
            "nowhere does not exist",
        ),
        (
            "distill",
            {"objective": {"kind": "adv", "assistant": "nowhere"}},
            "distill.objective.assistant",
            "nowhere does not exist",
        ),
        (
            "distill",
            {"student": {"from": "teacher", "layers": [0, 7]}},
            "",
            "distill.student.layers: the bert teacher has no layer 7; it has 0 to 1",
        ),
        ("evaluate", {"models": {"x": "nowhere"}}, "evaluate.models.x", "nowhere does not exist"),
        (
            "evaluate",
            {"models": {"x": {"model": "nowhere", "before": "spelling"}}},
            "evaluate.models.x",
            "nowhere does not exist",
        ),
        (
            "evaluate",
            {"second_teacher": "nowhere"},
            "evaluate.second_teacher",
            "nowhere does not exist",
        ),
        (
            "distill",
            {"training": {"choose_under": ["typo", "negation"]}},
            "",
            "distill.training.choose_under: suite negation: its labels do not stay as they are",
        ),
        (
            "distill",
            {"training": {"choose_under": ["typos"]}},
            "",
            "distill.training.choose_under: 'typos' is not a suite (did you mean 'typo'?)",
        ),
        ("evaluate", {"wordnet": "nowhere"}, "evaluate.suites", "nowhere"),
        (
            "evaluate",
            {"sets": [{"name": "x", "path": "nowhere.jsonl", "label": "label"}]},
            "evaluate.sets.0",
            "no file matches nowhere.jsonl",
        ),
        ("evaluate", {"people": {"path": "no.jsonl"}}, "evaluate.people", "no file matches no.jso"),
    ],
)
def test_a_fault_is_named_with_its_key(values, section, change, key, message):
    values[section] |= change
    ((found, fault),) = later_faults(Recipe.model_validate(values))
    assert found == key
    assert message in fault


def test_noise_of_a_training_that_lacks_its_tables(values):
    values["distill"]["training"] = {"choose_under": ["synonym"]}
    values["evaluate"] = {"suites": ["clean"], "wordnet": "nowhere"}
    ((_, fault),) = later_faults(Recipe.model_validate(values))
    reads = "suite synonym, which reads evaluate.wordnet"
    assert fault.startswith(f"distill.training.choose_under: {reads}: no WordNet files")


def test_a_name_taken_twice_among_the_models(values, tiny_classifier):
    values["evaluate"]["models"] = {"student": str(tiny_classifier)}
    ((_, fault),) = later_faults(Recipe.model_validate(values))
    assert "student: the name is already taken" in fault


def test_a_set_of_single_texts_in_a_pair_task(values, tmp_path):
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"text": "a", "other": "b", "label": "positive"}\n')
    corpus = {"name": "pairs", "path": str(path), "label": "label"}
    values["corpus"] = [{**corpus, "text_pair": "other"}]
    values["evaluate"]["sets"] = [{**corpus, "name": "single"}]
    ((key, fault),) = later_faults(Recipe.model_validate(values))
    assert (key, fault) == ("evaluate.sets.0", "the task's examples are pairs: set text_pair")


@pytest.mark.parametrize("place", ["evaluate.suites", "evaluate.sets.0.suites"])
def test_a_suite_that_does_not_fit_the_labels_ends_a_run_before_any_training(
    values, place, tmp_path
):
    values["labels"] = ["bad", "good"]
    if place == "evaluate.suites":
        values["evaluate"]["suites"] = ["plain_cases"]
    else:
        one = {"name": "x", "path": str(tmp_path / "reviews.jsonl"), "label": "label"}
        values["evaluate"]["sets"] = [{**one, "suites": ["plain_cases"]}]
    recipe = Recipe.model_validate(values)
    message = f"{place}: suite plain_cases: its cases are labelled positive or negative"
    with pytest.raises(MashbillError, match=message):
        run_all(recipe, **OPTIONS)
    with pytest.raises(MashbillError, match=message):
        check(recipe)
    assert not (tmp_path / "teacher").exists()


def test_a_missing_base_of_the_second_training_ends_a_run_before_the_first(values, tmp_path):
    values["mlm"]["base"] = "nowhere"
    with pytest.raises(MashbillError, match=r"mlm\.base: model folder nowhere does not exist"):
        run_all(Recipe.model_validate(values), **OPTIONS)
    assert not (tmp_path / "teacher").exists()

"""`mashbill search` with tiny models: what it leaves, and that it resumes."""

import json
import time
from pathlib import Path

import pytest
from optuna import create_study
from optuna.distributions import FloatDistribution
from optuna.trial import create_trial
from pydantic import ValidationError

from mashbill.models.errors import MashbillError
from mashbill.pipelines.evaluation.suites import staying_suites
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.recipe_file import load_recipe
from mashbill.pipelines.search import noises
from mashbill.pipelines.search import study as studies
from mashbill.pipelines.search.candidates import candidates
from mashbill.pipelines.search.finals import train_finalists
from mashbill.pipelines.search.search import (
    _importances,
    _name,
    _of_study,
    search,
    search_folder,
    show,
)
from mashbill.pipelines.search.study import Budget, open_study
from mashbill.pipelines.search.written import summary
from tests.pipelines.runs import settings, write_corpus
from tests.transforms.augmenters.wordnet_files import write_wordnet

TRIALS = 3
TYPOS = {"use": "typo.keyboard", "rate": [0.1, 0.5]}


@pytest.fixture(scope="module")
def values(tmp_path_factory, tiny_classifier, tiny_encoder):
    folder = tmp_path_factory.mktemp("search")
    write_corpus(folder)
    models = dict.fromkeys(("classifier", "mlm"), tiny_classifier) | {"encoder": tiny_encoder}
    return settings(
        folder,
        models,
        augment={"copies": 1, "methods": [{"use": "edit.swap"}]},
        filter={"min_similarity": -1.0, "similarity_model": str(tiny_encoder)},
        output={"path": str(folder / "out"), "shards": 1},
        distill={
            "model": str(folder / "student"),
            "student": {"from": "teacher", "layers": [1]},
            "training": {"batch_size": 8, "precision": "fp32", "steps": 4},
        },
        evaluate={"wordnet": str(write_wordnet(folder / "wordnet"))},
        search={
            "methods": [TYPOS, {"use": "edit.swap"}, {"use": "contraction"}],
            "levels": 2,
            "variants": 1,
            "copies": [1, 2],
            "steps": [2, 4],
            "rungs": 2,
            "finalists": 2,
            "seeds": 2,
            "suites": ["typo"],
            "report": ["whitespace"],
            "prune": {"labels_kept": 0.0},
        },
    )


@pytest.fixture(scope="module")
def recipe(values):
    return Recipe.model_validate(values)


@pytest.fixture(scope="module")
def found(recipe):
    return search(recipe, Budget(TRIALS))


@pytest.fixture(scope="module")
def folder(recipe, found):
    return search_folder(recipe.output.path)


def test_the_result_names_the_best_trial_and_the_recipe_as_it_was(found, folder):
    assert json.loads((folder / "search.json").read_text()) == json.loads(json.dumps(found))
    assert found["finished"] == TRIALS == len(found["trials"])
    usual = found["usual"]
    assert usual["number"] == 0
    used = {key for key, value in usual["parameters"].items() if key[:4] == "use " and value}
    assert used == {"use edit.swap"}
    assert usual["parameters"]["copies"] == 1


def test_the_best_trials_and_the_recipe_as_it_was_are_trained_again_before_one_is_chosen(found):
    done = [one for one in found["trials"] if one["state"] == "complete"]
    first = sorted(done, key=lambda one: -one["trainings"][0])[:2]
    again = [one for one in done if len(one["trainings"]) == 2]
    assert {one["number"] for one in again} == {0, *(one["number"] for one in first)}
    for one in again:
        assert one["value"] == pytest.approx(sum(one["trainings"]) / 2)
    assert found["best"] == max(again, key=lambda one: one["value"])


def test_a_trial_that_was_best_by_luck_is_not_chosen(recipe, tmp_path, monkeypatch):
    """Of figures of trainings that are known, by trial and seed."""
    values = {"x": 0.2}, {"x": 0.5}, {"x": 0.9}
    lucky, steady = 0.9, 0.5
    study = open_study(tmp_path / "study.db", recipe.seed, rungs=2)
    distribution = {"x": FloatDistribution(0, 1)}
    study.add_trials(
        create_trial(params=one, distributions=distribution, value=one["x"]) for one in values
    )

    class Known:
        def __init__(self, *_):
            pass

        def again(self, parameters, seed):
            assert seed == recipe.seed + 1
            return 0.0 if parameters["x"] == lucky else parameters["x"]

    monkeypatch.setattr("mashbill.pipelines.search.trial.Trials", Known)
    monkeypatch.setattr("mashbill.pipelines.search.pool.open_pool", lambda *_: None)
    train_finalists(study, recipe, [], tmp_path, workers=1)
    chosen = _of_study(study, recipe)["best"]
    assert chosen["parameters"] == {"x": steady}
    assert chosen["trainings"] == [steady, steady]


def test_the_recipe_that_was_found_is_one_and_says_what_mattered(found, folder, recipe):
    text = (folder / "recipe.yaml").read_text()
    made = load_recipe(str(folder / "recipe.yaml"))
    assert text.startswith("# The best recipe that `mashbill search` has found.\n")
    assert f"# test, best: {found['test']['models']['best']['mean']['value']:.4f}" in text
    assert made.search is None
    assert made.corpus == recipe.corpus
    assert made.distill.student == recipe.distill.student
    parameters = found["best"]["parameters"]
    assert made.distill.training.steps == parameters["steps"]
    assert made.filter.teacher_agrees == parameters["teacher_agrees"]
    used = {key[4:] for key, value in parameters.items() if key[:4] == "use " and value}
    assert {method.use for method in made.augment.methods} == used


def test_test_rows_are_measured_clean_and_under_noise_that_was_not_searched_for(found):
    assert found["suites"] == ["typo"]
    assert found["report"] == ["whitespace"]
    for model in found["test"]["models"].values():
        assert list(model) == ["clean", "whitespace", "mean"]
        both = (model["clean"]["value"] + model["whitespace"]["value"]) / 2
        assert model["mean"]["value"] == pytest.approx(both)


def test_the_page_shows_trials_methods_and_the_recipe(found, folder):
    page = (folder / "report.html").read_text()
    for word in ("Tested once", "Best trials", "Methods before any training", "The way there"):
        assert word in page
    assert "typo.keyboard" in page
    assert "<script" not in page


def test_what_is_printed_names_the_files(found, folder, capsys):
    show(found)
    said = capsys.readouterr().out
    assert f"{folder}/recipe.yaml" in said.replace("\n", "")
    assert f"{TRIALS} trials" in said


@pytest.mark.parametrize(
    ("low", "high", "higher_is_better", "said"),
    [
        (0.01, 0.03, True, "a gain"),
        (-0.01, 0.03, True, "no gain that is certain"),
        (-0.03, -0.01, True, "no gain that is certain"),
        (-0.03, -0.01, False, "a gain"),
    ],
)
def test_a_gain_is_one_if_its_whole_interval_is(found, low, high, higher_is_better, said):
    gap = {"value": (low + high) / 2, "low": low, "high": high}
    measure = {"higher_is_better": higher_is_better}
    test = {"models": {}, "differences": {"as it was": gap}, "measure": measure}
    (line,) = (one for one in summary({**found, "test": test}) if "against" in one)
    assert line.endswith(f"), {said}")


def test_no_trial_leaves_its_data_behind(found, folder):
    assert {path.name for path in folder.iterdir()} == {
        *("pool", "study.db", "search.json", "recipe.yaml", "report.html")
    }


def test_a_finished_search_trains_nothing(recipe, found, monkeypatch):
    monkeypatch.setattr("mashbill.models.distill.run.train_student", None)
    assert search(recipe, Budget(TRIALS)) == found


def test_more_trials_go_on_behind_those_there_are(recipe, found, monkeypatch):
    """In two workers, which share the budget."""
    calls = []

    def call(function, *arguments):
        calls.append(arguments[-1])
        return function(*arguments)

    monkeypatch.setattr(studies, "call_apart", call)
    monkeypatch.setattr(studies, "ThreadPoolExecutor", InTurn)
    more = search(recipe, Budget(TRIALS + 1), workers=2)
    assert calls[:2] == [0, 1]
    assert more["finished"] == TRIALS + 1
    for one, before in zip(more["trials"][:TRIALS], found["trials"], strict=True):
        assert one["trainings"][:1] == before["trainings"][:1]
        assert all(one[key] == before[key] for key in ("number", "state", "rows", "parameters"))


def test_when_its_time_is_over_as_after_a_long_pool_a_call_makes_one_trial(recipe, found):
    before = search(recipe, Budget(TRIALS + 1))["finished"]
    assert search(recipe, Budget(TRIALS + 4, ends=time.time() - 60))["finished"] == before + 1


class InTurn:
    """Runs what it is given at once, in this thread."""

    def __init__(self, workers):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def submit(self, function, *arguments):
        function(*arguments)
        return self

    def result(self):
        pass


def test_another_search_in_the_folder_is_refused(values, found):
    changed = Recipe.model_validate({**values, "search": {**values["search"], "copies": [1, 3]}})
    with pytest.raises(MashbillError, match="holds a search with other settings"):
        search(changed, Budget(TRIALS))


def test_a_trial_that_was_killed_is_tried_again(tmp_path, monkeypatch):
    from optuna.trial import TrialState

    monkeypatch.setattr(studies, "BEAT", 1)
    monkeypatch.setattr(studies, "SILENCE", 1)

    def ended(*_):
        """As a killed process leaves it: running, and silent since an hour ago."""
        from sqlalchemy import text

        with storage.engine.begin() as connection:
            connection.execute(text("UPDATE trials SET state='RUNNING'"))
            connection.execute(text("UPDATE trial_heartbeats SET heartbeat='2020-01-01 00:00:00'"))

    study = open_study(tmp_path / "study.db", seed=1, rungs=2)
    storage = study._storage._backend
    study.enqueue_trial({"x": 0.5})
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), 1, callbacks=[ended])
    again = open_study(tmp_path / "study.db", seed=1, rungs=2)
    again.optimize(lambda trial: trial.suggest_float("x", 0, 1), 1)
    killed, retried = again.trials
    assert (killed.state, retried.state) == (TrialState.FAIL, TrialState.COMPLETE)
    assert retried.params == {"x": 0.5}


def test_search_and_report_never_disturb_texts_alike(recipe):
    """Whatever the search is for: no augmenter does what suites of both do."""
    section = recipe.search.model_copy(update={"report": ()})
    for name in ("typo", "ocr", "whitespace", "case", "punctuation"):
        changed = recipe.model_copy(
            update={"search": section.model_copy(update={"suites": (name,)})}
        )
        searched = staying_suites(changed, (name,), "search.suites")
        reported = noises.tested(changed)
        assert len(reported) > 3
        assert all(noises.alike(one, searched) is None for one in reported)
        assert name not in {one.name for one in reported}


def test_other_files_of_wordnet_are_another_search(recipe, tmp_path):
    section = recipe.evaluate.model_copy(update={"wordnet": str(tmp_path)})
    names = set()
    for content in ("one", "another"):
        (tmp_path / "index.noun").write_text(content)
        names.add(_name(recipe.model_copy(update={"evaluate": section})))
    assert len(names) == 2


def test_a_report_on_what_was_searched_for_is_refused(recipe):
    section = recipe.search.model_copy(update={"report": ("ocr", "typo")})
    with pytest.raises(MashbillError, match=r"search.report: typo disturbs texts as typo of"):
        noises.tested(recipe.model_copy(update={"search": section}))


def test_without_methods_those_of_the_recipe_are_searched_around_their_rates(values):
    plain = {key: value for key, value in values["search"].items() if key != "methods"}
    methods = [{"use": "typo.delete", "rate": 0.2, "share": 3}, {"use": "contraction.expand"}]
    recipe = Recipe.model_validate(
        {**values, "augment": {"copies": 2, "methods": methods}, "search": plain}
    )
    delete, expand = candidates(recipe)
    assert delete.rates == (0.1, 0.4)
    assert delete.usual == (3.0, 0)
    assert delete.alone
    assert expand.label == "contraction.expand"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"copies": [4, 2]}, r"must be \[low, high\]"),
        ({"suites": ["tipo"]}, "did you mean 'typo'"),
        ({"methods": [TYPOS, TYPOS]}, "typo.keyboard appears twice"),
        ({"methods": [{"use": "typo.homophone"}]}, "works in zh, not in en"),
        ({"trial": 3}, "Extra inputs are not permitted"),
    ],
)
def test_a_section_that_cannot_be_searched_is_an_error(values, change, why):
    with pytest.raises(ValidationError, match=why):
        Recipe.model_validate({**values, "search": {**values["search"], **change}})


def test_what_is_missing_is_said_first(recipe, tmp_path):
    with pytest.raises(MashbillError, match="no section search"):
        search(recipe.model_copy(update={"search": None}), Budget(1))
    with pytest.raises(MashbillError, match="no section distill"):
        search(recipe.model_copy(update={"distill": None}), Budget(1))
    assert not Path(f"{tmp_path}-search").exists()


@pytest.mark.parametrize(("values", "named"), [((1.0, 1.0, 1.0), set()), ((1.0, 0.5, 0.0), {"x"})])
def test_nothing_matters_where_all_trials_are_equal(values, named):
    trials = [
        create_trial(params={"x": x}, distributions={"x": FloatDistribution(0, 1)}, value=value)
        for x, value in zip((0.1, 0.5, 0.9), values, strict=True)
    ]
    study = create_study(direction="maximize")
    study.add_trials(trials)
    assert set(_importances(study, study.trials)) == named

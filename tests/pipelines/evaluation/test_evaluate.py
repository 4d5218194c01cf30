"""A whole evaluation with tiny models, and what its parts do with odd input."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from click.testing import CliRunner
from scipy import stats

from mashbill.models.errors import MashbillError
from mashbill.models.tasks.registry import single
from mashbill.pipelines.cli import main
from mashbill.pipelines.evaluation import figures
from mashbill.pipelines.evaluation.bought import Bought
from mashbill.pipelines.evaluation.compared import compared_models, load_models
from mashbill.pipelines.evaluation.evaluate import _fingerprint, evaluate
from mashbill.pipelines.evaluation.sets import groups, human_shares, labelled_test_split, other_sets
from mashbill.pipelines.evaluation.show import accuracy_table
from mashbill.pipelines.finalize import finalize
from mashbill.pipelines.recipe import HumanRatings, Recipe
from mashbill.pipelines.summary import read_run
from mashbill.transforms.layout import LOCKS
from mashbill.transforms.suites.registry import known_suites
from tests.pipelines.runs import make, settings, write_corpus

LABELS = ("negative", "positive")
METHODS = [{"use": "chain", "of": ["typo.keyboard", "edit.delete"]}]


@pytest.fixture(scope="module")
def recipe(tmp_path_factory, tiny_classifier):
    folder = tmp_path_factory.mktemp("evaluation")
    write_corpus(folder)
    models = dict.fromkeys(("classifier", "encoder", "mlm"), tiny_classifier)
    section = {
        "suites": ["typo", "truncation", "negation", "plain_cases"],
        "models": {"other": str(tiny_classifier)},
        "sets": [{"name": "again", "path": str(folder / "reviews.jsonl"), "label": "label"}],
        "limit": 8,
    }
    for name in ("student", "student-kd-real"):
        shutil.copytree(tiny_classifier, folder / name)
    student = {"model": str(folder / "student")}
    values = settings(folder, models, filter={}, evaluate=section, distill=student)
    values["augment"] = {"copies": 1, "methods": METHODS, "splits": ["train", "test"]}
    make(values, folder / "out")
    finalize(str(folder / "out"), max_rejects=1.0)
    return Recipe.model_validate(values)


@pytest.fixture(scope="module")
def found(recipe):
    return evaluate(recipe, max_rejects=0.1)


def test_every_model_under_every_condition(recipe, found):
    conditions = {(r["set"], r["suite"], r["level"]) for r in found["results"]}
    levels = {"typo": 3, "truncation": 3, "negation": 1, "plain_cases": 1}
    expected = {("test", name, i) for name, last in levels.items() for i in range(1, last + 1)}
    assert conditions == expected | {("test", "clean", 0), ("again", "clean", 0)}
    models = ("teacher", "student", "kd-real", "other")
    assert len(found["results"]) == len(models) * len(conditions)
    pairs = {(first, second) for i, first in enumerate(models) for second in models[:i]}
    assert {(d["first"], d["second"]) for d in found["differences"]} == pairs
    written = Path(recipe.output.path, "evaluation.json").read_text()
    assert json.loads(written) == json.loads(json.dumps(found))


def test_the_versions_of_a_row_get_the_answers_that_each_gets_alone(recipe, monkeypatch):
    monkeypatch.setattr("mashbill.pipelines.evaluation.compared.TEXTS_PER_PIECE", 5)
    models = load_models(recipe, compared_models(recipe))
    own = labelled_test_split(recipe)
    sets = [own, own._replace(texts=[text.upper() for text in own.texts]), own.take(np.arange(3))]
    for one, answers in zip(sets, models.logits(sets), strict=True):
        for name, engine in models.engines.items():
            np.testing.assert_allclose(answers[name], engine.logits(one.texts), atol=1e-5)


def test_the_same_model_under_two_names_differs_in_nothing(found):
    for pair in found["differences"]:
        assert pair["accuracy"] == {
            **dict.fromkeys(("value", "low", "high"), 0.0), "p_bootstrap": 1.0, "p_mcnemar": 1.0
        }  # fmt: skip
    assert {r["agreement"]["value"] for r in found["results"]} == {1.0}


def test_what_is_lost_is_the_difference_to_clean(found):
    clean = next(r for r in found["results"] if r["suite"] == "clean" and r["set"] == "test")
    for result in found["results"]:
        if "lost" in result:
            gap = clean["accuracy"]["value"] - result["accuracy"]["value"]
            assert result["lost"]["value"] == pytest.approx(gap)
            assert 0 < result["changed"] <= result["rows"]


def test_trained_is_told_from_the_recipe_that_made_the_data(found):
    assert found["suites"]["typo"]["trained_by"] == ["typo.keyboard"]
    assert found["suites"]["truncation"]["trained_by"] == []


def test_what_the_data_bought_is_the_student_against_its_baseline(found):
    bought = found["bought"]
    assert (bought["student"], bought["baseline"]) == ("student", "kd-real")
    suites = {one["under"]: one["suites"] for one in bought["under"]}
    assert suites == {"clean": [], "trained": ["typo"], "unseen": ["truncation"]}
    clean = next(r for r in found["results"] if r["suite"] == "clean" and r["model"] == "student")
    assert bought["under"][0]["student"] == clean["accuracy"]
    assert {one["difference"]["value"] for one in bought["under"]} == {0.0}


def test_a_baseline_that_is_not_trained_is_not_compared(recipe):
    assert list(compared_models(recipe)) == ["teacher", "student", "kd-real", "other"]
    for baseline in (None, "hard-real"):
        section = recipe.evaluate.model_copy(update={"baseline": baseline})
        models = compared_models(recipe.model_copy(update={"evaluate": section}))
        assert list(models) == ["teacher", "student", "other"]


def test_a_model_may_not_take_the_baselines_name(recipe):
    section = recipe.evaluate.model_copy(update={"models": {"kd-real": "x"}})
    with pytest.raises(MashbillError, match="kd-real: the name is already taken"):
        compared_models(recipe.model_copy(update={"evaluate": section}))


def test_noise_counts_row_by_row_as_the_mean_of_its_suites():
    bought = Bought("kd-real", METHODS)
    ocr, case = (known_suites()[name] for name in ("ocr", "case"))
    wrong, right = np.array([False, False]), np.array([True, True])
    bought.add(ocr, 3, {"student": right, "kd-real": np.array([True, False])})
    bought.add(case, 3, {"student": np.array([True, False]), "kd-real": wrong})
    bought.add(case, 1, {"student": wrong, "kd-real": right})  # not the last level
    (unseen,) = bought.figures()["under"]
    assert unseen["suites"] == ["ocr", "case"]
    assert [unseen[key]["value"] for key in ("student", "baseline", "difference")] == [
        0.75, 0.25, 0.5
    ]  # fmt: skip
    # both rows gain a half, so there is nothing to resample
    assert (unseen["difference"]["low"], unseen["difference"]["high"]) == (0.5, 0.5)


def test_a_limit_takes_source_examples_and_says_of_how_many(recipe, found):
    whole = recipe.evaluate.model_copy(update={"limit": None})
    every = labelled_test_split(recipe.model_copy(update={"evaluate": whole})).originals
    assert len(every.texts) > 8
    about = found["sets"]["test"]
    assert (about["rows"], about["of"]) == (8, len(every.texts))
    assert labelled_test_split(recipe).originals.texts == every.texts[:8]


def test_slices_cover_the_rows_and_variants_are_a_slice_of_their_own(recipe, found):
    rows = len(labelled_test_split(recipe).texts)
    for by in ("length", "corpus", "label", "augmenter"):
        parts = [s for s in found["slices"] if s["by"] == by and s["model"] == "teacher"]
        assert sum(part["rows"] for part in parts) == rows
    names = {s["slice"] for s in found["slices"] if s["by"] == "augmenter"}
    assert names == {"none", "chain(typo.keyboard+edit.delete)"}


def test_a_second_evaluation_has_nothing_to_do(recipe, found, monkeypatch):
    monkeypatch.setattr("mashbill.pipelines.evaluation.evaluate.measure", None)
    assert evaluate(recipe) == json.loads(json.dumps(found))


def test_a_set_with_too_many_rejects_is_refused_and_a_few_are_told(recipe, capsys):
    with pytest.raises(MashbillError, match=r"(?s)sets: again: more rejects .*again: 4 of 65 rows"):
        other_sets(recipe, 0.01)
    other_sets(recipe, 0.1)
    assert "evaluate.sets: again: 4 of 65 rows are rejects" in capsys.readouterr().err


def test_the_table_names_every_suite(found):
    suites = list(accuracy_table(found).columns[1].cells)
    assert suites == ["clean", "typo", "truncation", "negation", "plain_cases", "clean"]


def test_a_model_with_other_labels_is_refused_before_any_work(recipe, tiny_mlm):
    section = recipe.evaluate.model_copy(update={"models": {"odd": str(tiny_mlm)}})
    with pytest.raises(MashbillError, match=str(tiny_mlm)):
        evaluate(recipe.model_copy(update={"evaluate": section}))


def test_a_misspelt_suite_is_an_error_of_the_recipe(recipe):
    values = recipe.model_dump(by_alias=True, exclude_none=True)
    values["evaluate"]["suites"] = ["tipo"]
    with pytest.raises(ValueError, match="did you mean 'typo'"):
        Recipe.model_validate(values)


def test_ratings_become_shares(tmp_path):
    path = tmp_path / "rated.jsonl"
    rows = [{"text": "a", "ratings": [-1, 2, 3, 0]}, {"text": "b", "ratings": [1]}]
    path.write_text("\n".join(map(json.dumps, rows)))
    ratings = HumanRatings(path=str(path), bounds=(0,))
    places, shares = human_shares(ratings, LABELS, ["unrated", "A "])
    assert places.tolist() == [1]
    assert shares.tolist() == [[0.375, 0.625]]  # one and a half of four votes are negative


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": "a", "ratings": ["so so"]}', r"rated.jsonl:1: ratings: 'so so' is neither"),
        ('{"text": "a"}', r"rated.jsonl:1: ratings: not a list of ratings"),
        ("{broken", r"rated.jsonl:1: not JSON"),
        ('{"text": "b", "ratings": [1]}', r"no text of the test split has ratings there"),
    ],
)
def test_ratings_that_cannot_be_used_name_file_and_line(tmp_path, line, message):
    path = tmp_path / "rated.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(MashbillError, match=message):
        human_shares(HumanRatings(path=str(path), bounds=(0,)), LABELS, ["a"])


def test_people_and_model_by_hand():
    shares = np.array([[0.5, 0.5], [0.0, 1.0]])
    found = figures.with_people(np.log([[0.5, 0.5], [0.25, 0.75]]), shares)
    assert found["kl"]["value"] == pytest.approx(np.log(1 / 0.75) / 2)
    assert found["entropy"]["value"] == pytest.approx(np.log(2) / 2)
    assert found["pearson"]["value"] == pytest.approx(1.0)


def test_correlations_are_those_of_scipy():
    rng = np.random.default_rng(1)
    shares, logits = rng.dirichlet([1, 1, 1], 50), rng.normal(size=(50, 3))
    found = figures.with_people(logits, shares)
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    expected = stats.spearmanr(probabilities[:, 1:].ravel(), shares[:, 1:].ravel()).statistic
    assert found["spearman"]["value"] == pytest.approx(expected)


def test_consistency_counts_changed_rows_alone():
    clean = np.array([[2.0, 0], [2, 0], [2, 0], [0, 2]])
    after = np.array([[2.0, 0], [0, 2], [2, 0], [0, 2]])
    changed = np.array([True, True, False, False])
    gold = np.array([0, 0, 0, 1])
    found = figures.against_clean(single(LABELS), (clean, gold), (after, gold), changed)
    assert found["changed"] == 2
    assert found["consistency"]["value"] == 0.5
    assert found["lost"]["value"] == 0.25


def test_groups_by_length(recipe):
    test = labelled_test_split(recipe)
    lengths = [name for by, name in groups(test, single(LABELS)) if by == "length"]
    assert lengths
    assert set(lengths) <= {"1-10 words", "11-20 words", "21-40 words", "more than 40 words"}


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory.\nTried"),
        MemoryError(),
        OSError(5, "I/O"),
    ],
)
def test_a_machine_that_fails_a_model_is_one_line_that_names_it(
    recipe, tmp_path, monkeypatch, error
):
    def failing(*_):
        raise error

    monkeypatch.setattr("mashbill.models.classifier.Classifier.logits", failing)
    values = recipe.model_dump(mode="json", by_alias=True)
    values["evaluate"]["limit"] = 5  # another evaluation than the finished one
    (tmp_path / "recipe.json").write_text(json.dumps(values))
    ended = CliRunner().invoke(
        main, ["evaluate", str(tmp_path / "recipe.json"), "--max-rejects", "1"]
    )
    assert ended.exit_code == 1
    assert isinstance(ended.exception, SystemExit)
    assert ended.stderr.splitlines()[-1].startswith("mashbill: evaluate: teacher failed on test: ")
    assert type(error).__name__ in ended.stderr.splitlines()[-1]


def test_classes_with_too_few_rows_are_said_with_the_figures_that_hang_on_them(found):
    classes = found["sets"]["test"]["classes"]
    assert sum(classes.values()) == 8
    named = ", ".join(f"{label!r} ({rows})" for label, rows in classes.items())
    warning = next(line for line in found["warnings"] if line.startswith("test: "))
    assert f"fewer than 10 labelled rows of {named}, so" in warning


class Measured(Exception):
    """That it would now be measured anew."""


@pytest.fixture
def copied(recipe, found, tmp_path, monkeypatch):
    """The finished evaluation in a folder that a test may change; nothing is measured there."""

    def measure(*_):
        raise Measured

    monkeypatch.setattr("mashbill.pipelines.evaluation.evaluate.measure", measure)
    out = shutil.copytree(recipe.output.path, tmp_path / "out")
    people = tmp_path / "people.jsonl"
    rows = [{"text": "a film", "ratings": [1]}]
    people.write_text("".join(json.dumps(row) + "\n" for row in rows))
    texts = shutil.copy(recipe.evaluate.sets[0].path, tmp_path / "again.jsonl")
    section = recipe.evaluate.model_copy(
        update={
            "sets": (recipe.evaluate.sets[0].model_copy(update={"path": str(texts)}),),
            "people": HumanRatings(path=str(people), bounds=(0,)),
        }
    )
    output = recipe.output.model_copy(update={"path": str(out)})
    moved = recipe.model_copy(update={"evaluate": section, "output": output})
    name = _fingerprint(moved, read_run(str(out)), compared_models(moved))
    evaluation = json.loads((out / "evaluation.json").read_text())
    (out / "evaluation.json").write_text(json.dumps(evaluation | {"fingerprint": name}))
    assert evaluate(moved)["fingerprint"] == name
    return moved


@pytest.mark.parametrize("name", ["again.jsonl", "people.jsonl"])
def test_other_content_of_what_it_reads_is_another_evaluation(copied, tmp_path, name):
    with (tmp_path / name).open("a") as file:
        file.write('{"text": "more", "label": "positive", "ratings": [1]}\n')
    with pytest.raises(Measured):
        evaluate(copied)


def test_another_length_of_the_texts_is_another_evaluation(copied):
    teacher = copied.teacher.model_copy(update={"max_length": 8})
    with pytest.raises(Measured):
        evaluate(copied.model_copy(update={"teacher": teacher}))


def test_a_report_that_a_kill_has_cut_off_is_written_without_measuring_anew(copied):
    report = Path(copied.output.path, "report.html")
    whole = report.read_text()
    report.unlink()
    evaluate(copied)
    assert report.read_text() == whole
    assert not [*Path(copied.output.path, LOCKS).iterdir()]


def test_an_old_report_goes_before_the_new_figures_come(copied, monkeypatch):
    seen = []

    def written(out, page, content):
        seen.append((page, Path(out, "report.html").exists()))

    monkeypatch.setattr("mashbill.pipelines.evaluation.evaluate.measure", lambda *_: {})
    monkeypatch.setattr("mashbill.pipelines.evaluation.evaluate.write_page", written)
    monkeypatch.setattr("mashbill.pipelines.evaluation.evaluate.write_report", lambda out: None)
    section = copied.evaluate.model_copy(update={"limit": 5})
    evaluate(copied.model_copy(update={"evaluate": section}))
    assert seen == [("evaluation.json", False)]


def test_a_report_of_somebody_else_is_refused_before_any_work(copied):
    out = Path(copied.output.path)
    (out / ".mashbill" / "page-report.html.json").unlink()
    section = copied.evaluate.model_copy(update={"limit": 5})
    with pytest.raises(MashbillError, match=r"report\.html: was not written by mashbill"):
        evaluate(copied.model_copy(update={"evaluate": section}))


def test_a_data_set_of_two_runs_is_refused(copied):
    path = sorted(Path(copied.output.path, "data").glob("train-*.parquet"))[0]
    table = pq.read_table(path)
    ours = json.loads(table.schema.metadata[b"mashbill"]) | {"fingerprint": "f00"}
    metadata = {**table.schema.metadata, b"mashbill": json.dumps(ours)}
    pq.write_table(table.replace_schema_metadata(metadata), path)
    with pytest.raises(MashbillError, match=rf"{path.name}: written by run f00, not by run "):
        evaluate(copied)
    shutil.rmtree(Path(copied.output.path, ".mashbill"))  # as in a copy by a pattern
    with pytest.raises(MashbillError, match=rf"{path.name}: written by run f00, not by run "):
        evaluate(copied)


def test_an_unfinished_data_set_and_an_old_run_json_are_refused(copied):
    out = Path(copied.output.path)
    run = json.loads((out / "run.json").read_text())
    (out / "run.json").write_text(json.dumps(run | {"fingerprint": "f00"}))
    with pytest.raises(
        MashbillError, match=r"run.json belongs to the run f00, .* mashbill finalize"
    ):
        evaluate(copied)
    (out / "run.json").write_text(json.dumps(run))
    next((out / ".mashbill").glob("shard-*.json")).unlink()
    with pytest.raises(MashbillError, match="1 of 3 shards are not finished"):
        evaluate(copied)


def test_other_files_of_wordnet_are_another_evaluation(recipe, tmp_path):
    section = recipe.evaluate.model_copy(update={"wordnet": str(tmp_path)})
    recipe, run = recipe.model_copy(update={"evaluate": section}), {"fingerprint": "made up"}
    names = set()
    for content in ("one", "another"):
        (tmp_path / "index.noun").write_text(content)
        names.add(_fingerprint(recipe, run, {}))
    assert len(names) == 2

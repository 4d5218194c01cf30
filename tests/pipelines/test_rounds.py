"""Two rounds with tiny models: what the second adds, and that the first stays as it was."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from datasets import load_dataset
from transformers import AutoModelForMaskedLM

from mashbill.models.distill.dataset import open_data
from mashbill.models.distill.rows import DataError
from mashbill.models.errors import MashbillError
from mashbill.models.loading import weight_hash
from mashbill.pipelines.output import round_folder
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.rounds import assistant_recipe, student_recipe, variants_recipe
from mashbill.pipelines.run import run_all
from mashbill.pipelines.train_assistant import train_assistant
from tests.pipelines.runs import read_rows, settings, write_corpus

OPTIONS = {"overwrite": False, "max_rejects": 0.9, "workers": 1, "partitions": 1, "beam_args": ()}


@pytest.fixture(scope="module")
def recipe(tmp_path_factory, tiny_classifier, tiny_mlm):
    folder = tmp_path_factory.mktemp("rounds")
    write_corpus(folder)
    training = {"steps": 4, "batch_size": 8, "precision": "fp32"}
    values = settings(
        folder,
        dict.fromkeys(("classifier", "encoder", "mlm"), tiny_classifier),
        filter={},
        augment={"copies": 2, "methods": [{"use": "typo.keyboard", "rate": 0.1}]},
        distill={"model": str(folder / "student"), "training": training},
        assistant={
            "model": str(folder / "assistant"),
            "base": str(tiny_mlm),
            "steps": 6,
            "assistant_steps": 1,
            "student_steps": 1,
            "learning_rate": 1e-3,
            "rate": 0.3,
        },
    )
    return Recipe.model_validate({**values, "rounds": 2})


@pytest.fixture(scope="module")
def first(recipe):
    """The data set's bytes after a run of the first round alone."""
    run_all(recipe.model_copy(update={"rounds": 1}), **OPTIONS)
    return {path: path.read_bytes() for path in Path(recipe.output.path, "data").iterdir()}


@pytest.fixture(scope="module")
def out(recipe, first):
    run_all(recipe, **OPTIONS)
    return Path(recipe.output.path)


def test_a_round_adds_variants_and_leaves_what_was_there(recipe, first, out):
    assert {path: path.read_bytes() for path in (out / "data").iterdir()} == first
    old, new = read_rows(out), read_rows(Path(round_folder(str(out), 2)))
    assert not old.keys() & new.keys()
    assert new
    assert {row["augmenter"] for row in new.values()} == {"contextual.substitute"}
    assert {row["copy"] for row in new.values()} <= {3, 4}
    sources = {row["source_id"] for row in old.values() if row["split"] == "train"}
    assert {row["source_id"] for row in new.values()} <= sources


def test_both_rounds_are_one_data_set_to_whoever_reads_it(recipe, out, tmp_path):
    old, new = read_rows(out), read_rows(out / "rounds" / "2")
    data = load_dataset(str(out), cache_dir=str(tmp_path))
    assert sum(map(len, data.values())) == len(old) + len(new)
    assert open_data(str(out), recipe.task).splits["train"].rows == sum(
        row["split"] == "train" for row in [*old.values(), *new.values()]
    )
    assert open_data(str(out), recipe.task, rounds=1).splits["train"].rows == sum(
        row["split"] == "train" for row in old.values()
    )


def test_every_round_has_its_student_and_the_last_is_the_recipes(recipe, out):
    assert student_recipe(recipe, 1).distill.model == f"{recipe.distill.model}-round-1"
    assert student_recipe(recipe, 2).distill.model == recipe.distill.model
    hashes = {weight_hash(student_recipe(recipe, number).distill.model) for number in (1, 2)}
    assert len(hashes) == 2


def test_the_assistant_is_a_masked_lm_that_has_learned(recipe, out):
    section = assistant_recipe(recipe, 2).assistant
    AutoModelForMaskedLM.from_pretrained(section.model)
    assert weight_hash(section.model) != weight_hash(section.base)
    assert section.student.model == f"{recipe.distill.model}-round-1"
    assert variants_recipe(recipe, 2).augment.methods[0].model == section.model


def test_the_assistant_of_a_third_round_starts_from_that_of_the_second(recipe):
    longer = recipe.model_copy(update={"rounds": 3})
    assert assistant_recipe(longer, 3).assistant.base == assistant_recipe(recipe, 2).assistant.model
    assert variants_recipe(longer, 3).augment.copy_numbers == range(5, 7)


def test_a_second_run_trains_and_makes_nothing(recipe, out, monkeypatch):
    monkeypatch.setattr("mashbill.models.distill.run.train_student", None)
    monkeypatch.setattr("mashbill.pipelines.job.build_pipeline", None)
    run_all(recipe, **OPTIONS)


def test_variants_for_another_data_set_are_refused(recipe, out, tmp_path):
    copy = tmp_path / "rounds" / "2" / "data"
    copy.mkdir(parents=True)
    (tmp_path / "data").mkdir()
    for path in (out / "data").iterdir():
        (tmp_path / "data" / path.name).write_bytes(path.read_bytes())
    path = next((out / "rounds" / "2" / "data").iterdir())
    table = pq.read_table(path)
    ours = table.schema.metadata[b"mashbill"].replace(b'"adds_to": "', b'"adds_to": "0')
    changed = table.replace_schema_metadata({**table.schema.metadata, b"mashbill": ours})
    pq.write_table(changed, copy / path.name)
    with pytest.raises(DataError, match="written with another recipe"):
        open_data(str(tmp_path), recipe.task)


def test_a_game_needs_its_players(recipe, tmp_path):
    with pytest.raises(MashbillError, match="no section assistant"):
        train_assistant(recipe.model_copy(update={"assistant": None}))
    nothing = recipe.output.model_copy(update={"adds_to": str(tmp_path / "none")})
    with pytest.raises(
        MashbillError, match=r"output.adds_to: .* is not the output of a mashbill run"
    ):
        run_all(recipe.model_copy(update={"output": nothing}), **OPTIONS)
    with pytest.raises(ValueError, match="more than one round needs the section assistant"):
        Recipe.model_validate({**recipe.model_dump(by_alias=True), "assistant": None})

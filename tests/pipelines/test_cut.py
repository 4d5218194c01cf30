"""Partitions that read their own part of corpora which were cut once for all of them."""

import json
from pathlib import Path

import pytest

from mashbill.models.errors import MashbillError
from mashbill.pipelines import cut as cutting
from mashbill.pipelines.cut import pays
from mashbill.pipelines.generate import generate
from mashbill.pipelines.output import cut_files
from mashbill.pipelines.prepare import prepare
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.runner import pipeline_options
from mashbill.transforms.cut import Cut
from mashbill.transforms.readers import read
from tests.pipelines.runs import make, settings, write_corpus


@pytest.fixture(scope="module")
def values(tmp_path_factory, tiny_classifier, tiny_encoder):
    """A run that looks at all of its corpora: rows alike, rare classes, counted words."""
    folder = tmp_path_factory.mktemp("corpus")
    write_corpus(folder)
    models = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": "unused"}
    methods = [{"use": "distribution.tfidf", "rate": 0.3}, {"use": "typo.keyboard", "rate": 0.2}]
    return settings(
        folder,
        models,
        augment={"copies": 2, "methods": methods},
        filter={},
        filters=[{"kind": "near_duplicate", "threshold": 0.95}],
        splits={"train": 0.6, "validation": 0.2, "test": 0.2, "stratify": True},
        output={"path": str(folder / "out"), "shards": 5},
    )


@pytest.fixture(scope="module")
def whole(values, tmp_path_factory):
    return contents(make(values, tmp_path_factory.mktemp("run") / "out"))


@pytest.fixture
def cut_at_once(monkeypatch, partitions_here):
    monkeypatch.setattr(cutting, "WORTH", 0)


def contents(out: Path) -> dict[str, bytes | dict]:
    """Name to bytes of the files; of the markers what they count, less the time that it took.

    Not of what names the output folder.
    """
    found = {}
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        name = str(path.relative_to(out))
        if name == ".mashbill/run.json":
            continue
        found[name] = path.read_bytes()
        if path.name.startswith("shard-"):
            marker = json.loads(found[name])
            timed = {name for name in marker["counts"] if "seconds" in name}
            marker["counts"] = {
                name: number for name, number in marker["counts"].items() if name not in timed
            }
            found[name] = marker
    return found


@pytest.fixture
def read_pieces(monkeypatch):
    """The pieces of work that were read, in their order."""
    found = []

    def noted(item, task):
        found.append(item.key)
        return read(item, task)

    monkeypatch.setattr("mashbill.transforms.read.read", noted)
    return found


@pytest.mark.parametrize("partitions", [2, 5])
def test_files_are_the_same_to_the_byte_and_nothing_is_left_of_the_cut(
    values, whole, tmp_path, cut_at_once, partitions
):
    assert contents(make(values, tmp_path / "out", partitions=partitions)) == whole


def test_a_piece_is_written_in_chunks_of_bounded_size(
    values, whole, tmp_path, cut_at_once, monkeypatch
):
    monkeypatch.setattr("mashbill.transforms.cut.FLUSH_BYTES", 1)
    assert contents(make(values, tmp_path / "out", partitions=3)) == whole


def test_bundles_that_run_twice_cut_the_same(values, whole, tmp_path, cut_at_once):
    twice = ["--direct_runner_bundle_repeat=2"]
    out = make(values, tmp_path / "out", partitions=2, beam_args=twice)
    assert contents(out) == whole


def test_the_corpora_are_read_once_and_once_more_for_the_strata(
    values, tmp_path, cut_at_once, read_pieces
):
    make(values, tmp_path / "out", partitions=5)
    assert len(read_pieces) == 2 * len(prepare(Recipe.model_validate(values)).items)


class Killed(BaseException):
    pass


def test_a_cut_that_was_broken_off_is_made_anew(
    values, whole, tmp_path, cut_at_once, monkeypatch, read_pieces
):
    out, recipe = tmp_path / "out", with_out(values, tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr(Cut, "close", lambda self: broken())
        with pytest.raises(Killed):
            generate(recipe, partitions=3)
    assert cut_files(str(out))
    before = len(read_pieces)
    assert generate(recipe, partitions=3)
    assert len(read_pieces) == 2 * before
    assert contents(out) == whole


def test_what_is_cut_is_used_by_a_rerun_and_by_single_partitions(
    values, whole, tmp_path, cut_at_once, monkeypatch, read_pieces
):
    out, recipe = tmp_path / "out", with_out(values, tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr("mashbill.pipelines.job.build_pipeline", lambda *_: broken())
        with pytest.raises(Killed):
            generate(recipe, partitions=3)
    read_pieces.clear()
    assert not generate(recipe, partitions=3, partition=2)
    assert cut_files(str(out))
    assert generate(recipe, partitions=3)
    assert not read_pieces
    assert contents(out) == whole


def test_another_number_of_partitions_is_another_cut(
    values, whole, tmp_path, cut_at_once, monkeypatch
):
    out, recipe = tmp_path / "out", with_out(values, tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr("mashbill.pipelines.job.build_pipeline", lambda *_: broken())
        with pytest.raises(Killed):
            generate(recipe, partitions=3)
    assert generate(recipe, partitions=2)
    assert contents(out) == whole


def test_overwriting_a_run_removes_its_cut(values, tmp_path, cut_at_once, monkeypatch):
    out, recipe = tmp_path / "out", with_out(values, tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr("mashbill.pipelines.job.build_pipeline", lambda *_: broken())
        with pytest.raises(Killed):
            generate(recipe, partitions=3)
    assert cut_files(str(out))
    assert generate(recipe, overwrite=True)
    assert not cut_files(str(out))


def test_a_full_disk_is_told_and_the_run_goes_on_later(
    values, whole, tmp_path, cut_at_once, monkeypatch
):
    def full(path, write):
        raise OSError(28, "No space left on device", path)

    with monkeypatch.context() as patch:
        patch.setattr("mashbill.transforms.cut.write_whole", full)
        with pytest.raises(MashbillError, match=r"No space left on device.*0 of 5 shards"):
            generate(with_out(values, tmp_path / "out"), partitions=2)
    assert contents(make(values, tmp_path / "out", partitions=2)) == whole


def test_it_pays_where_much_would_be_read_again_and_the_runner_waits(values, monkeypatch):
    recipe = Recipe.model_validate(values)
    prepared, local = prepare(recipe), pipeline_options([], 1)
    assert not pays(recipe, prepared, range(100), local)
    monkeypatch.setattr(cutting, "WORTH", 50 * (Path(values["corpus"][0]["path"]).stat().st_size))
    assert pays(recipe, prepared, range(100), local)
    assert not pays(recipe, prepared, range(2), local)
    assert not pays(recipe, prepared, range(100), pipeline_options(["--runner=DataflowRunner"], 1))


def with_out(values: dict, out: Path) -> Recipe:
    return Recipe.model_validate({**values, "output": {**values["output"], "path": str(out)}})


def broken():
    raise Killed

import pytest

from mashbill.models.errors import MashbillError
from mashbill.models.tasks.registry import single
from mashbill.pipelines.summary import Group, Stage, balance, read_run, stages, written
from tests.pipelines.finished import HOSTILE, LABELS, RUN, finished


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return str(finished(tmp_path_factory.mktemp("out")))


def test_a_folder_without_a_run(tmp_path):
    with pytest.raises(MashbillError, match=r"no run\.json; mashbill generate writes"):
        read_run(str(tmp_path))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train-00000-of-00002.parquet").touch()
    with pytest.raises(MashbillError, match=r"no run\.json; if all shards .* mashbill finalize"):
        read_run(str(tmp_path))


def test_a_broken_run_json_is_named(tmp_path):
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(MashbillError, match=r"run\.json: not JSON"):
        read_run(str(tmp_path))


def test_rows_by_split_and_by_augmenter_and_the_teacher_by_sources_alone(out):
    splits, augmenters = balance(out, single(LABELS))
    assert splits == [
        Group("train", 62, {"bad": 0, HOSTILE: 62}, 0, 1.0),
        Group("test", 2, {"bad": 0, HOSTILE: 0}, 2, None),
    ]
    assert augmenters == [
        Group("none", 33, {"bad": 0, HOSTILE: 31}, 2, 1.0),
        Group("test.made", 31, {"bad": 0, HOSTILE: 31}, 0, None),
    ]


def test_stages_say_what_was_lost_and_why():
    assert stages(RUN["counts"]) == [
        Stage("read", 40, None, {"blank": 2, "rejected": 5}, 33),
        Stage("augment", 33, 62, {}, 95),
        Stage("filter", 95, None, {HOSTILE: 31}, 64),
    ]
    assert stages({"later": {"something": {"new": 1}}}) == [Stage("later", None, None, {}, None)]
    assert written(RUN["counts"]) == {"train": 62, "test": 2}

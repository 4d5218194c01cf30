import pytest
from apache_beam.io.filesystems import FileSystems

from mashbill.models.errors import MashbillError
from mashbill.pipelines.output import (
    finished_shards,
    open_output,
    read_markers,
    read_state,
    remove_temporary_files,
)
from mashbill.transforms.files import names_in, write_whole
from mashbill.transforms.layout import marker_path, split_path

SETTINGS = {"seed": 7, "augment": {"copies": 4, "methods": [{"use": "typo.keyboard"}]}}


def put(path, content=b"{}"):
    write_whole(path, lambda file: file.write(content))


def test_the_same_run_may_go_on(tmp_path):
    out = str(tmp_path / "out")
    open_output(out, SETTINGS, {"version": 1}, overwrite=False)
    put(marker_path(out, 0, 2))
    open_output(out, SETTINGS, {"version": 2}, overwrite=False)
    assert finished_shards(out, 2) == {0}
    assert read_state(out) == {"settings": SETTINGS, "about": {"version": 2}}


def test_another_run_is_refused_and_every_difference_named(tmp_path):
    out = str(tmp_path)
    open_output(out, SETTINGS, {}, overwrite=False)
    other = {"seed": 8, "augment": {"copies": 4, "methods": [{"use": "edit.swap"}]}}
    with pytest.raises(MashbillError) as error:
        open_output(out, other, {}, overwrite=False)
    message = str(error.value)
    assert "seed: 7 -> 8" in message
    assert "augment.methods.0.use: 'typo.keyboard' -> 'edit.swap'" in message
    assert "copies" not in message
    assert "--overwrite" in message


def test_overwrite_removes_the_run_and_nothing_else(tmp_path):
    out = str(tmp_path)
    open_output(out, SETTINGS, {}, overwrite=False)
    put(marker_path(out, 0, 2))
    put(split_path(out, "train", 0, 2))
    (tmp_path / "notes.txt").write_text("mine")
    open_output(out, {"seed": 8}, {}, overwrite=True)
    assert finished_shards(out, 2) == set()
    assert not (tmp_path / "data/train-00000-of-00002.parquet").exists()
    assert (tmp_path / "notes.txt").exists()


def test_a_folder_with_other_data_is_refused(tmp_path):
    put(split_path(str(tmp_path), "train", 0, 1))
    with pytest.raises(MashbillError, match=r"train-00000-of-00001.parquet, which is no run"):
        open_output(str(tmp_path), SETTINGS, {}, overwrite=False)


def test_missing_shards_are_named(tmp_path):
    out = str(tmp_path)
    put(marker_path(out, 1, 3))
    with pytest.raises(MashbillError, match=r"2 of 3 shards are not finished \(0, 2\)"):
        read_markers(out, 3)


def test_an_output_that_is_a_file_is_an_error_of_one_line(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(MashbillError, match="cannot be written"):
        open_output(str(tmp_path / "out"), SETTINGS, {}, overwrite=False)


def test_temporary_files_of_killed_workers_go(tmp_path):
    out = str(tmp_path)
    open_output(out, SETTINGS, {}, overwrite=False)
    for folder in ("", "data", "rejects", ".mashbill"):
        put(str(tmp_path / folder / f".tmp-{32 * '0'}-shard"))
    remove_temporary_files(out)
    assert not list(tmp_path.rglob(".tmp-*"))
    assert read_state(out) is not None


def test_a_path_with_the_letters_of_a_glob_is_meant_literally(tmp_path):
    neighbours = [str(tmp_path / name) for name in ("run1", "run2")]
    out = str(tmp_path / "run[12]")
    for folder in (*neighbours, out):
        open_output(folder, SETTINGS, {}, overwrite=False)
        put(marker_path(folder, 0, 1))
        put(split_path(folder, "train", 0, 1))
    assert finished_shards(out, 1) == {0}
    open_output(out, {"seed": 8}, {}, overwrite=True)
    assert finished_shards(out, 1) == set()
    for folder in neighbours:
        assert finished_shards(folder, 1) == {0}
        assert list(names_in(FileSystems.join(folder, "data")))


def test_temporary_files_of_others_stay(tmp_path):
    open_output(str(tmp_path), SETTINGS, {}, overwrite=False)
    (tmp_path / ".tmp-notes").write_text("mine")
    remove_temporary_files(str(tmp_path))
    assert (tmp_path / ".tmp-notes").read_text() == "mine"

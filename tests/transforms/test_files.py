import pytest

from mashbill.transforms.files import (
    TEMPORARY,
    delete_files,
    names_in,
    read_bytes,
    write_whole,
)


def test_what_is_written_is_there_whole_and_alone(tmp_path):
    path = str(tmp_path / "deep" / "file")
    write_whole(path, lambda file: file.write(b"one"))
    write_whole(path, lambda file: file.write(b"two"))
    assert read_bytes(path) == b"two"
    assert list(names_in(str(tmp_path / "deep"))) == [path]


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = str(tmp_path / "file")
    write_whole(path, lambda file: file.write(b"old"))

    def broken(file):
        file.write(b"half")
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_whole(path, broken)
    assert read_bytes(path) == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_another_writers_temporary_file_is_not_in_the_way(tmp_path):
    (tmp_path / f"{TEMPORARY}dead-file").write_bytes(b"half")
    path = str(tmp_path / "file")
    write_whole(path, lambda file: file.write(b"whole"))
    assert read_bytes(path) == b"whole"


def test_names_in_a_folder_that_is_not_there_are_none(tmp_path):
    assert list(names_in(str(tmp_path / "nowhere"))) == []
    delete_files([])

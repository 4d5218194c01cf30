import os
import tempfile
import uuid
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as settings_of
from hypothesis import strategies as st

from mashbill.models.errors import MashbillError
from mashbill.pipelines.lock import writes_into
from mashbill.pipelines.output import (
    finished_shards,
    open_output,
    read_markers,
    read_state,
    remove_temporary_files,
    write_page,
)
from mashbill.transforms.files import write_whole
from mashbill.transforms.layout import marker_path, rejects_path, split_path

SHARDED = {"seed": 7, "shards": 2}
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
    open_output(out, SHARDED, {}, overwrite=False)
    put(marker_path(out, 0, 2))
    put(split_path(out, "train", 0, 2))
    (tmp_path / "notes.txt").write_text("mine")
    open_output(out, {"seed": 8}, {}, overwrite=True)
    assert finished_shards(out, 2) == set()
    assert not (tmp_path / "data/train-00000-of-00002.parquet").exists()
    assert (tmp_path / "notes.txt").exists()


def test_a_folder_with_other_data_is_refused(tmp_path):
    put(split_path(str(tmp_path), "train", 0, 1))
    with pytest.raises(
        MashbillError, match=r"train-00000-of-00001.parquet, which mashbill did not write"
    ):
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
    open_output(out, SHARDED, {}, overwrite=False)
    halves = [split_path(out, "train", 0, 2), rejects_path(out, 1, 2), marker_path(out, 0, 2)]
    for path in (*halves, f"{out}/report.html"):
        folder, name = os.path.split(path)
        put(f"{folder}/.tmp-{uuid.uuid4().hex}-{name}")
    put(f"{out}/.tmp-mine")
    put(f"{out}/.tmp-{uuid.uuid4().hex}-mine.txt")
    remove_temporary_files(out)
    left = sorted(path.name[-8:] for path in tmp_path.rglob(".tmp-*"))
    assert left == ["mine.txt", "tmp-mine"]
    assert read_state(out) is not None


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", ["notes.txt", "data/corpus.csv", "rejects/mine.csv", "README.md"])
def test_a_folder_that_holds_something_else_is_refused(tmp_path, overwrite, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(MashbillError, match=f"{name}, which mashbill did not write"):
        open_output(str(tmp_path), SHARDED, {}, overwrite=overwrite)
    assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_strangers_file_among_the_data_is_refused(tmp_path, overwrite):
    open_output(str(tmp_path), SHARDED, {}, overwrite=False)
    put(str(tmp_path / "data/train-extra.parquet"))
    with pytest.raises(MashbillError, match=r"train-extra.parquet: not a file of the run"):
        open_output(str(tmp_path), SHARDED, {}, overwrite=overwrite)
    assert (tmp_path / "data/train-extra.parquet").exists()


def test_models_that_the_recipe_makes_may_lie_in_the_folder(tmp_path):
    put(str(tmp_path / "out/teacher/config.json"))
    out = str(tmp_path / "out")
    open_output(out, SHARDED, {}, overwrite=False, beside=[str(tmp_path / "out/teacher")])
    assert read_state(out) is not None


def test_the_path_of_the_folder_is_no_pattern(tmp_path):
    for name in ("run1", "run2", "run[12]"):
        out = str(tmp_path / name)
        open_output(out, SHARDED, {}, overwrite=False)
        put(split_path(out, "train", 0, 2))
        put(marker_path(out, 0, 2))
    assert finished_shards(out, 2) == {0}
    open_output(out, {"seed": 8}, {}, overwrite=True)
    left = sorted(path.parts[-3] for path in tmp_path.rglob("*.parquet"))
    assert left == ["run1", "run2"]


@pytest.mark.parametrize("folder", ["data", "rejects", ".mashbill"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_links_are_not_followed(tmp_path, folder, overwrite):
    elsewhere, out = tmp_path / "elsewhere", tmp_path / "out"
    elsewhere.mkdir()
    (elsewhere / "train-00000-of-00002.parquet").write_text("mine")
    open_output(str(out), SHARDED, {}, overwrite=False)
    if folder == ".mashbill":
        (out / folder).rename(tmp_path / "state")
    (out / folder).symlink_to(elsewhere)
    with pytest.raises(MashbillError, match="is a symbolic link"):
        open_output(str(out), SHARDED, {}, overwrite=overwrite)
    assert (elsewhere / "train-00000-of-00002.parquet").read_text() == "mine"


@pytest.mark.parametrize("page", ["run.json", "README.md", "report.html", "evaluation.json"])
def test_a_page_that_somebody_else_wrote_is_not_replaced(tmp_path, page):
    out = str(tmp_path)
    open_output(out, SHARDED, {}, overwrite=False)
    (tmp_path / page).write_text("mine")
    with pytest.raises(MashbillError, match=f"{page}: was not written by mashbill"):
        write_page(out, page, b"ours")
    open_output(out, {"seed": 8}, {}, overwrite=True)
    assert (tmp_path / page).read_text() == "mine"


def test_a_page_of_ours_is_replaced_and_goes_with_its_run(tmp_path):
    out = str(tmp_path)
    open_output(out, SHARDED, {}, overwrite=False)
    write_page(out, "README.md", b"first")
    write_page(out, "README.md", b"second")
    assert (tmp_path / "README.md").read_text() == "second"
    open_output(out, {"seed": 8}, {}, overwrite=True)
    assert not (tmp_path / "README.md").exists()


FOREIGN = st.dictionaries(
    st.lists(
        st.sampled_from(["data", "rejects", "rounds", "2", ".mashbill", "a[1]", "x*", "notes.txt"]),
        min_size=1,
        max_size=4,
    ).map("/".join),
    st.binary(max_size=8),
    max_size=8,
)


@settings_of(max_examples=int(os.environ.get("MASHBILL_TREES", "60")), deadline=None)
@given(before=FOREIGN, after=FOREIGN, fails=st.booleans())
def test_no_foreign_byte_is_changed_whatever_happens(before, after, fails):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        foreign = plant(root, before)
        for out in (root, root / "a[1]"):
            for overwrite in (False, True):
                with suppress(MashbillError):
                    open_output(str(out), {"seed": overwrite, "shards": 2}, {}, overwrite)
                    put(split_path(str(out), "train", 0, 2))
                    write_page(str(out), "README.md", b"ours")
                    foreign |= plant(root, after)
                    if fails:
                        put(str(out / "data" / f".tmp-{uuid.uuid4().hex}-half"))
                with suppress(MashbillError):
                    write_page(str(out), "report.html", b"ours")
                with suppress(MashbillError):
                    open_output(str(out), {"seed": 9, "shards": 1}, {}, overwrite)
                remove_temporary_files(str(out))
                assert {path: (root / path).read_bytes() for path in foreign} == foreign


def plant(root: Path, tree: dict[str, bytes]) -> dict[str, bytes]:
    """Writes the files that do not stand in the way of others; which these are."""
    planted = {}
    for name, content in tree.items():
        path = root / name
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                file.write(content)
            planted[name] = content
    return planted


def test_a_relative_folder_is_used_like_any_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for out in ("out", "./runs/1/", 'odd "\\ name'):
        with writes_into(out, "f00"):
            open_output(out, SHARDED, {}, overwrite=False)
        half = f"{out.rstrip('/')}/data/.tmp-{uuid.uuid4().hex}-train-00000-of-00002.parquet"
        put(half)
        put(split_path(out, "train", 1, 2))
        put(marker_path(out, 1, 2))
        with writes_into(out, "f00"):
            open_output(out, SHARDED, {}, overwrite=False)
        assert finished_shards(out, 2) == {1}
        remove_temporary_files(out)
        assert not Path(half).exists()
        open_output(out, {"seed": 8}, {}, overwrite=True)
        assert not Path(split_path(out, "train", 1, 2)).exists()

"""An engine that retries runs a bundle twice at a time: two processes write one shard."""

import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mashbill.transforms.write
from mashbill.models.tasks.registry import single
from mashbill.transforms.annotate import TeacherFilter
from mashbill.transforms.files import TEMPORARY, delete_files, names_in
from mashbill.transforms.layout import features, marker_path, parquet_schema, split_path
from tests.pipelines.processes import FORKS
from tests.transforms.batches import sources
from tests.transforms.columns import COLUMNS
from tests.waiting import wait_until


def write(out: Path, name: str, pause: float) -> None:
    """Writes shard 0 of 1 with a pause in the middle of its file, and says when it is there."""
    whole = mashbill.transforms.write.write_parquet

    def slowly(table, file):
        whole(table, file)
        file.flush()
        (out / name).touch()
        time.sleep(pause)

    mashbill.transforms.write.write_parquet = slowly
    rows = sources(*map(str, range(500)))
    logits = pa.array([[0.0, 1.0]] * rows.num_rows, pa.list_(pa.float32(), 2))
    rows = rows.append_column("teacher_logits", logits)
    task = single(["bad", "good"])
    rows = TeacherFilter(task, "uniform").run(rows).batch
    schema = parquet_schema(features(task, COLUMNS), {})
    list(mashbill.transforms.write.WriteShard(str(out), 1, schema).process((0, [rows])))


def writer(out: Path, name: str, pause: float) -> BaseProcess:
    """Started, and in the middle of its file."""
    process = FORKS.Process(target=write, args=(out, name, pause))
    process.start()
    wait_until(lambda: (out / name).exists() or not process.is_alive())
    assert (out / name).exists()
    (out / name).unlink()
    return process


@pytest.mark.parametrize("victim", ["first", "second", None])
def test_one_whole_file_is_left_whoever_is_killed_in_the_middle(tmp_path, victim):
    first = writer(tmp_path, "first", pause=60 if victim == "first" else 1)
    second = writer(tmp_path, "second", pause=60 if victim == "second" else 0)
    if victim:
        {"first": first, "second": second}[victim].kill()
    for process in (first, second):
        process.join(60)
    assert [first.exitcode, second.exitcode] == [
        -9 if victim == name else 0 for name in ("first", "second")
    ]
    path = split_path(str(tmp_path), "train", 0, 1)
    assert pq.read_table(path).num_rows == 500
    assert Path(marker_path(str(tmp_path), 0, 1)).exists()
    left = list(names_in(str(tmp_path / "data")))
    assert len(left) == (2 if victim else 1)  # the killed one's, which the next run removes
    delete_files([name for name in left if TEMPORARY in name])
    assert list(names_in(str(tmp_path / "data"))) == [path]

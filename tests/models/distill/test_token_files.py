"""Token ids beside the data set: made once, never stale, shared, and worth nothing but time."""

import os
import shutil
from dataclasses import replace
from itertools import islice

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from mashbill.models.distill.batches import TrainBatches
from mashbill.models.distill.dataset import open_data
from mashbill.models.distill.run import train_student
from mashbill.models.distill.token_files import LOCK, UNFINISHED, open_tokens, token_files
from mashbill.models.distill.tokenized import BatchEncoder
from mashbill.models.tasks.registry import single
from tests.conftest import tiny_tokenizer
from tests.models.distill.data import LABELS, rows, table, write
from tests.models.distill.test_batches import PLAN, take
from tests.models.distill.test_fresh import FRESH, batch_plan, same
from tests.models.distill.test_run import assert_same, data, plan, whole
from tests.pipelines.processes import FORKS

__all__ = ["data", "plan", "whole"]  # fixtures


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "set", sources=60)


def opened(folder):
    return open_data(str(folder), single(LABELS))


def encoder_of(data, length=32, tokenizer=None):
    own = tokenizer or tiny_tokenizer()
    return BatchEncoder(data, own, max_length=length, makers=FRESH.augmenters)


def made(folder, report=pytest.fail, with_texts=False, **encoding):
    """Token files as a training asks for them."""
    data = opened(folder)
    return token_files(data, encoder_of(data, **encoding), with_texts, report)


def kept(folder):
    return sorted(path for path in folder.glob(".mashbill/tokens/*") if path.name != LOCK)


def test_batches_are_those_of_the_texts_without_reading_a_text(folder, monkeypatch):
    data = opened(folder)
    encoder = encoder_of(data)
    expected = take(TrainBatches(data, encoder, PLAN), 99)
    tokens = made(folder)
    monkeypatch.setattr(BatchEncoder, "_made", None)
    found = take(TrainBatches(data, encoder, PLAN, tokens=tokens), 99)
    assert all(map(same, expected, found))


@pytest.mark.parametrize("by_source", [False, True])
def test_fresh_rows_are_tokenised_and_stored_ones_looked_up(folder, by_source):
    data = opened(folder)
    encoder, plan = encoder_of(data), batch_plan(by_source=by_source)
    tokens = made(folder, with_texts=True)
    expected = islice(TrainBatches(data, encoder, plan), 60)
    found = islice(TrainBatches(data, encoder, plan, tokens=tokens), 60)
    assert all(map(same, expected, found))


def test_pairs_keep_the_types_of_their_tokens(tmp_path):
    for split in ("train", "validation"):
        found = [{**row, "text_pair": f"plot {i}"} for i, row in enumerate(rows(40))]
        whole = pa.Table.from_pylist(found).select(["id", "source_id", "text", "text_pair"])
        whole = whole.append_column("teacher_logits", table(found)["teacher_logits"])
        metadata = table(found).schema.metadata
        name = f"{split}-00000-of-00001.parquet"
        pq.write_table(whole.replace_schema_metadata(metadata), tmp_path / name)
    data = opened(tmp_path)
    encoder = encoder_of(data)
    tokens = token_files(data, encoder, False, pytest.fail)
    expected = take(TrainBatches(data, encoder, PLAN), 40)
    found = take(TrainBatches(data, encoder, PLAN, tokens=tokens), 40)
    for one, other in zip(expected, found, strict=True):
        assert same(one, other)
        assert one["inputs"]["token_type_ids"].any()
        assert torch.equal(*(batch["inputs"]["token_type_ids"] for batch in (one, other)))


def test_they_are_made_once(folder, monkeypatch):
    made(folder)
    files = kept(folder)
    assert len(files) == 4  # two of train, two of validation
    stamps = [path.stat().st_mtime_ns for path in files]
    monkeypatch.setattr(BatchEncoder, "_made", None)
    made(folder)
    assert [path.stat().st_mtime_ns for path in files] == stamps


@pytest.mark.parametrize("change", ["length", "tokenizer", "data"])
def test_whatever_they_hang_on_makes_others(folder, tmp_path, change):
    made(folder)
    before = kept(folder)
    encoding = {}
    if change == "length":
        encoding = {"length": 16}
    if change == "tokenizer":
        other = tiny_tokenizer()
        other.add_tokens(["verylong"])
        encoding = {"tokenizer": other}
    if change == "data":
        other = write(tmp_path / "other", sources=30)
        shutil.copytree(other / "data", folder / "data", dirs_exist_ok=True)
    tokens = made(folder, **encoding)
    data = opened(folder)
    encoder = encoder_of(data, **encoding)
    expected = take(TrainBatches(data, encoder, PLAN), 40)
    assert all(map(same, expected, take(TrainBatches(data, encoder, PLAN, tokens=tokens), 40)))
    assert not set(kept(folder)) & set(before) if change == "data" else len(kept(folder)) == 8


def test_what_a_kill_or_a_fault_left_is_made_anew(folder):
    made(folder)
    damaged, *others = kept(folder)
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[: len(whole) // 2])
    half = damaged.with_name(f"{others[0].name}{UNFINISHED}")
    half.write_bytes(whole[:10])
    made(folder)
    assert damaged.read_bytes() == whole
    assert not half.exists()


def _make_and_count(folder, barrier, counts):
    barrier.wait()
    counted, make = [], BatchEncoder._made
    BatchEncoder._made = lambda self, table: counted.append(1) or make(self, table)
    made(folder)
    counts.put(len(counted))


def test_of_processes_that_begin_together_one_makes_each_file(folder):
    barrier, counts = FORKS.Barrier(2), FORKS.Queue()
    both = [FORKS.Process(target=_make_and_count, args=(folder, barrier, counts)) for _ in "ab"]
    for one in both:
        one.start()
    assert sum(counts.get(timeout=120) for _ in both) == 4
    for one in both:
        one.join()


def test_a_full_disk_is_a_warning_and_texts_are_tokenised_instead(
    data, plan, whole, tmp_path, monkeypatch
):
    def full_disk(*_):
        raise OSError(28, "No space left on device")

    copied = shutil.copytree(data.folder / "data", tmp_path / "data")
    lines = []
    monkeypatch.setattr(os, "replace", full_disk)
    mine = open_data(str(copied.parent), single(LABELS))
    assert_same(whole[0], train_student(mine, plan, tmp_path / "student", lines.append))
    said = "warning: token ids cannot be kept beside the data set ([Errno 28] No space left"
    assert [line for line in lines if line.startswith(said)]
    assert not kept(copied.parent)


def test_the_student_is_the_one_that_learns_from_texts(data, plan, whole, tmp_path, monkeypatch):
    monkeypatch.setattr("mashbill.models.distill.run.token_files", lambda *_: None)
    assert_same(whole[0], train_student(data, plan, tmp_path))


def test_a_linked_file_has_its_tokens_where_it_lies(folder, tmp_path):
    linked = tmp_path / "linked"
    shutil.copytree(folder / "data", linked / "data")
    for path in (linked / "data").glob("validation-*"):
        path.unlink()
        path.symlink_to(folder / "data" / path.name)
    made(linked)
    assert len(kept(folder)) == len(kept(linked)) == 2


def test_what_is_drawn_from_a_pool_has_the_tokens_of_the_pool(folder, tmp_path, monkeypatch):
    made(folder)
    part = tmp_path / "part"
    shutil.copytree(folder / "data", part / "data")
    pool = tuple(sorted((folder / "data").glob("train-*")))
    whole = pa.concat_tables(map(pq.read_table, pool)).unify_dictionaries()
    for path in (part / "data").glob("train-*"):
        path.unlink()
    chosen = whole.take(list(range(whole.num_rows - 1, 0, -3)))
    pq.write_table(chosen, part / "data" / "train-00000-of-00001.parquet")
    data = replace(opened(part), drawn_from=pool)
    encoder = encoder_of(data)
    expected = take(TrainBatches(data, encoder, PLAN), 40)
    tokens = token_files(data, encoder, False, pytest.fail)
    assert len(kept(part)) == 2  # of validation
    monkeypatch.setattr(BatchEncoder, "_made", None)
    assert all(map(same, expected, take(TrainBatches(data, encoder, PLAN, tokens=tokens), 40)))


def test_files_stay_on_disk(folder):
    made(folder)
    before = pa.total_allocated_bytes()
    tables = [open_tokens(path) for path in kept(folder)]
    assert pa.total_allocated_bytes() - before < sum(one.nbytes for one in tables) / 4

"""Token ids of a data set's files, made once and kept beside them for every training to come.

Each Parquet file has a memory-mapped Arrow file in the data set's hidden folder. Its name is a hash
of what the Parquet file holds and of how the tokenizer reads it, so that it cannot be stale.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import tokenizers

from mashbill.models.distill.dataset import SPLITS, SoftLabelled
from mashbill.models.distill.rows import COLUMNS, RowReader, read_batches
from mashbill.models.errors import first_line
from mashbill.models.path_hash import file_hash
from mashbill.models.run_folder import STATE
from mashbill.models.word_tokens import Ragged

FOLDER, LOCK, UNFINISHED = "tokens", "lock", ".unfinished"
TOKENS, TYPES = "tokens", "token_types"  # columns
TEXTS = ("text", "text_pair")
LAYOUT = 1  # of the files: another number for another content


class Encoder(Protocol):
    """What makes token ids; see `BatchEncoder`.

    Attributes:
        rules: of the tokenizer, all that it does.
        max_length: tokens of a text.
        keeps_types: whether tokens have types worth keeping.
    """

    task: Any
    rules: str
    max_length: int
    keeps_types: bool

    def encode(self, table: pa.Table) -> Sequence[Any]:
        """Token ids of each row and, where it keeps them, their types: two `Ragged`."""


class TokenFiles:
    """Rows of a data set with their token ids in the place of their texts.

    Args:
        tables: the token ids of each Parquet file, see `open_tokens`.
        with_texts: whether rows have their texts, too.
    """

    def __init__(self, tables: Mapping[Path, pa.Table], with_texts: bool = False):
        self._tables = dict(tables)
        left_out = () if with_texts else TEXTS
        self._columns = [name for name in COLUMNS if name not in left_out]

    def schema(self, reader: RowReader) -> pa.Schema:
        """Of what `tables` gives."""
        fields = [reader.schema.field(name) for name in self._columns]
        return pa.schema([*fields, *next(iter(self._tables.values())).schema])

    def tables(self, reader: RowReader, path: Path) -> Iterator[pa.Table]:
        """The rows of a Parquet file, some thousand at a time, in its order."""
        tokens, start = self._tables[path], 0
        for batch in read_batches(path, self._columns):
            table = reader.complete(batch).select(self._columns)
            for column in tokens.column_names:
                part = tokens[column].slice(start, batch.num_rows)
                table = table.append_column(tokens.schema.field(column), part)
            start += batch.num_rows
            yield table


def open_tokens(place: Path) -> pa.Table:
    """The columns of an Arrow file, which stay on disk until they are read."""
    with pa.memory_map(str(place)) as source:  # what is mapped outlives the open file
        table = pa.ipc.open_file(source).read_all()
    return table.replace_schema_metadata(None)


def ragged_of(column: pa.ChunkedArray) -> Ragged:
    """A column of lists as rows of numbers."""
    lists = column.combine_chunks()
    offsets = lists.offsets.to_numpy()
    flat = lists.values.to_numpy()[offsets[0] : offsets[-1]]
    return Ragged(flat.copy(), offsets[1:].astype("int64") - offsets[:-1])


def token_files(
    data: SoftLabelled,
    encoder: Encoder,
    with_texts: bool,
    report: Callable[[str], None],
    splits: Sequence[str] = ("train", "validation"),
) -> TokenFiles | None:
    """The token ids of some splits, made where they are not there yet.

    Of several processes that want the same, one makes them and the others wait.

    Args:
        with_texts: see `TokenFiles`.
        report: gets a warning where they cannot be kept.

    Returns:
        None where they cannot be kept, or the task needs more of a text than its tokens.
    """
    if encoder.task.needs_offsets:
        return None
    key, tables = _key(encoder, data.pairs), {}

    def kept(path: Path) -> pa.Table:
        return open_tokens(_kept(path, key, data.reader, encoder))

    try:
        for split in splits:
            for path in data.splits[split].paths:
                drawn = split == "train" and data.drawn_from
                tables[path] = _drawn(path, data.drawn_from, kept) if drawn else kept(path)
        return TokenFiles(tables, with_texts)
    except (OSError, pa.ArrowException) as error:
        report(
            f"warning: token ids cannot be kept beside the data set ({first_line(error)}); every "
            "pass tokenises its texts anew"
        )
        return None


def _key(encoder: Encoder, pairs: bool) -> str:
    """Of all that token ids hang on beside the texts."""
    parts = (LAYOUT, tokenizers.__version__, encoder.rules, encoder.max_length, pairs)
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def _kept(path: Path, key: str, reader: RowReader, encoder: Encoder) -> Path:
    folder = _folder(path)
    place = folder / f"{file_hash(path).hex()}-{key}.arrow"
    if _is_whole(place):
        return place
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        if not _is_whole(place):  # another process may have made it meanwhile
            _drop_useless(folder, path.resolve().parent)
            _make(place, path, reader, encoder)
    return place


def _drawn(path: Path, pool: Sequence[Path], kept: Callable[[Path], pa.Table]) -> pa.Table:
    """The token ids of a file's rows, from those of the files that they were drawn from."""
    ids = pa.chunked_array([chunk for one in pool for chunk in _ids(one).chunks], pa.string())
    tokens = pa.concat_tables(kept(one) for one in pool)
    return tokens.take(pc.index_in(_ids(path), value_set=ids.combine_chunks()))


def _ids(path: Path) -> pa.ChunkedArray:
    return pq.read_table(path, columns=["id"])["id"].cast(pa.string())


def _folder(path: Path) -> Path:
    """That of the data set in which a Parquet file lies, not a link to it."""
    parent = path.resolve().parent
    return (parent.parent if parent.name == "data" else parent) / STATE / FOLDER


def _is_whole(place: Path) -> bool:
    try:
        open_tokens(place)
    except (OSError, pa.ArrowException):
        return False
    return True


def _make(place: Path, path: Path, reader: RowReader, encoder: Encoder) -> None:
    half = place.with_name(f"{place.name}{UNFINISHED}")
    names = [TOKENS, TYPES] if encoder.keeps_types else [TOKENS]
    schema = pa.schema([(name, pa.list_(pa.int32())) for name in names])
    try:
        with pa.OSFile(str(half), "wb") as file, pa.ipc.new_file(file, schema) as writer:
            for batch in read_batches(path, COLUMNS):
                encoded = encoder.encode(reader.complete(batch))
                columns = [_lists(one) for one in encoded[: len(names)]]
                writer.write_batch(pa.record_batch(columns, schema=schema))
        os.replace(half, place)
    except BaseException:
        half.unlink(missing_ok=True)
        raise


def _lists(rows: Ragged) -> pa.ListArray:
    offsets = [*rows.starts.tolist(), len(rows.flat)]
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(rows.flat, pa.int32()))


def _drop_useless(folder: Path, parquets: Path) -> None:
    """Removes what killed processes have left, and the tokens of files that are no more."""
    there = [path for split in SPLITS for path in parquets.glob(f"{split}-*.parquet")]
    hashes = {file_hash(path).hex() for path in there if path.is_file()}
    for path in folder.iterdir():
        if path.name != LOCK and (
            path.name.endswith(UNFINISHED) or path.name.partition("-")[0] not in hashes
        ):
            path.unlink(missing_ok=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keeps other processes from making files here."""
    with (folder / LOCK).open("a") as lock:
        with suppress(OSError):  # a file system without locks: both make the same
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield

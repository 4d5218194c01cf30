"""Whether the files of a data set are there, whole, and of the run that the folder says."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems

from mashbill.models.errors import MashbillError
from mashbill.pipelines.output import read_markers, read_state
from mashbill.pipelines.summary import parquet_files
from mashbill.transforms.layout import fingerprint_of, split_path


def check_whole(out: str, fingerprint: str) -> None:
    """Raises MashbillError unless `out` holds all of the run of this fingerprint, and no other."""
    state = read_state(out)
    if state is None:  # a copy without the hidden folder
        written = [(path, None) for _, path in parquet_files(out)]
        problems = list(_problems(written, fingerprint))
    else:
        held, shards = state["about"]["fingerprint"], state["settings"]["shards"]
        if held != fingerprint:
            raise MashbillError(
                f"{out}: run.json belongs to the run {fingerprint}, the files to {held}; run "
                f"mashbill finalize {out} to rewrite it"
            )
        problems = list(check_files(out, shards, read_markers(out, shards), fingerprint))
    if problems:
        raise MashbillError(
            "\n  ".join([f"{out}: the data set is incomplete or mixed:", *problems])
        )


def check_files(
    out: str, shards: int, markers: Iterable[Mapping[str, Any]], fingerprint: str
) -> Iterator[str]:
    """A line for every file that is not there, holds another number of rows than was written, or
    was written by a run of another fingerprint."""
    written = (
        (split_path(out, split, marker["shard"], shards), rows)
        for marker in markers
        for split, rows in marker["rows"].items()
    )
    return _problems(written, fingerprint)


def _problems(written: Iterable[tuple[str, int | None]], fingerprint: str) -> Iterator[str]:
    for path, rows in written:
        try:
            with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
                parquet = pq.ParquetFile(file)
                there, writer = parquet.metadata.num_rows, fingerprint_of(parquet.schema_arrow)
        except (OSError, BeamIOError, pa.ArrowException) as error:
            yield f"{path}: cannot be read: {error}"
            continue
        if rows is not None and there != rows:
            yield f"{path}: has {there} rows, but {rows} were written"
        if writer != fingerprint:
            yield f"{path}: written by run {writer}, not by run {fingerprint}"

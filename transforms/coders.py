"""Record batches travel as Arrow IPC; Beam's default for them is pickling."""

import apache_beam as beam
import pyarrow as pa
from apache_beam.coders import Coder


class RecordBatchCoder(Coder):
    """One record batch as an Arrow IPC stream, schema included."""

    def encode(self, value: pa.RecordBatch) -> bytes:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, value.schema) as writer:
            writer.write_batch(value)
        return sink.getvalue().to_pybytes()

    def decode(self, encoded: bytes) -> pa.RecordBatch:
        return pa.ipc.open_stream(encoded).read_next_batch()

    def is_deterministic(self) -> bool:
        return True

    def to_type_hint(self) -> type:
        return pa.RecordBatch


def register() -> None:
    """Makes the coder the one for `pa.RecordBatch`; before a pipeline is built."""
    beam.coders.registry.register_coder(pa.RecordBatch, RecordBatchCoder)

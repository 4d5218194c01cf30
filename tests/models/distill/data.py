"""Small soft-labelled data sets on disk, as `mashbill generate` would write them."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

LABELS = ("negative", "positive")
NOUNS = ("movie", "film", "plot", "actor", "scene", "story", "music")
WORDS = {0: ("bad", "dull", "boring", "slow"), 1: ("good", "great", "warm", "bright")}


def rows(sources: int, copies: int = 2, labelled: bool = True) -> list[dict]:
    """Source examples with their variants after each; the teacher is sure and right."""
    made = []
    for i in range(sources):
        label = i % 2
        words = WORDS[label]
        text = f"the {NOUNS[i % 7]} was {words[i % 4]} and the {NOUNS[i // 7 % 7]} {i}"
        for copy in range(copies + 1):
            made.append(
                {
                    "id": f"{i:04d}{copy:028d}",
                    "source_id": f"{i:04d}{0:028d}",
                    "text": text + " very" * copy,
                    "label": label if labelled else None,
                    "augmenter": f"test.add{copy}" if copy else "none",
                    "copy": copy,
                    "corpus": "made",
                    "teacher_logits": [1.0 - 2 * label + copy / 8, 2.0 * label - 1],
                    "weight": 1.0,
                }
            )
    return made


def table(found: list[dict], labels=LABELS, fingerprint: str = "f00") -> pa.Table:
    schema = pa.schema(
        [
            ("id", pa.string()),
            ("source_id", pa.string()),
            ("text", pa.string()),
            ("label", pa.int64()),
            ("augmenter", pa.dictionary(pa.int32(), pa.string())),
            ("copy", pa.int16()),
            ("corpus", pa.dictionary(pa.int32(), pa.string())),
            ("teacher_logits", pa.list_(pa.float32(), len(labels))),
            ("weight", pa.float32()),
        ],
        metadata={"mashbill": json.dumps({"labels": list(labels), "fingerprint": fingerprint})},
    )
    return pa.Table.from_pylist(found, schema=schema)


def write(
    folder: Path, sources: int = 24, copies: int = 2, shards: int = 2, labelled: bool = True
) -> Path:
    """A data set of `sources` train examples, and half as many for validation and test each."""
    (folder / "data").mkdir(parents=True)
    for split, number in (("train", sources), ("validation", sources // 2), ("test", sources // 2)):
        made = rows(number, copies if split == "train" else 0, labelled)
        for shard in range(shards):
            mine = [row for row in made if int(row["source_id"][:4]) % shards == shard]
            name = f"{split}-{shard:05d}-of-{shards:05d}.parquet"
            pq.write_table(table(mine), folder / "data" / name)
    return folder

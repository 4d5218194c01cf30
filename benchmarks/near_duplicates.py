"""Near-duplicates: our bands and buckets against a plain loop over datasketch's index.

    python -m benchmarks.near_duplicates --corpus examples/reviews/data/movies.jsonl

Ours runs as one table, without Beam, so that the two do the same work in one process. Both use the
same shingles, MinHash values and bands; the loop checks candidates by their estimated similarity.
"""

import argparse
import random

import orjson
import pyarrow as pa
from datasketch import MinHash, MinHashLSH

from benchmarks.timing import rates, report
from mashbill.transforms.examples import RAW, identify
from mashbill.transforms.filters.near_duplicate import PERMUTATIONS, WEIGHTS, NearDuplicate
from mashbill.transforms.shuffle import slices


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", default="examples/reviews/data/movies.jsonl")
    parser.add_argument("--limit", type=int, default=10_000, help="texts")
    parser.add_argument("--copies", type=float, default=0.2, help="share of texts that come again")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with open(arguments.corpus, "rb") as file:
        texts = [orjson.loads(line)["text"] for line in file][: arguments.limit]
    texts += copies(texts, arguments.copies)
    wanted = NearDuplicate()
    found: dict[str, int] = {}

    def ours() -> None:
        found["ours"] = len(dropped(texts, wanted))

    def loop() -> None:
        found["datasketch's loop"] = len(plain(texts, wanted))

    runs = {"ours": ours, "datasketch's loop": loop}
    speed = rates(runs, dict.fromkeys(runs, len(texts)), arguments.rounds)
    report("near duplicates", speed, "ours", vars(arguments) | {"found": found}, arguments.json)
    if not arguments.json:
        print(f"  dropped: {found}")


def copies(texts: list[str], share: float) -> list[str]:
    """Some of the texts with a word more, at random and the same each time."""
    chance = random.Random(1)
    chosen = chance.sample(texts, round(share * len(texts)))
    return [f"{text} {chance.choice(text.split())}" for text in chosen]


def dropped(texts: list[str], wanted: NearDuplicate) -> set[str]:
    rows = [{**dict.fromkeys(RAW.names), "text": text, "split": "train"} for text in texts]
    table = pa.Table.from_batches(
        [identify(pa.RecordBatch.from_pylist(rows, schema=RAW), (1.0, 0.0, 0.0))]
    )
    return wanted.losers(map(wanted.bands, slices(table)))


def plain(texts: list[str], wanted: NearDuplicate) -> list[int]:
    """Each text in turn: near to one that stays, or staying."""
    index = MinHashLSH(wanted.threshold, PERMUTATIONS, weights=WEIGHTS)
    kept: dict[int, MinHash] = {}
    gone = []
    for row, text in enumerate(texts):
        made = MinHash(PERMUTATIONS)
        for shingle in wanted.shingles(text, None):
            made.update(shingle)
        near = (kept[other].jaccard(made) >= wanted.threshold for other in index.query(made))
        if any(near):
            gone.append(row)
        else:
            index.insert(row, made)
            kept[row] = made
    return gone


if __name__ == "__main__":
    main()

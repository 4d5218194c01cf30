from mashbill.transforms.augmenters.edits import Edit
from mashbill.transforms.shown_edits import (
    SOURCES_SHOWN,
    MadeBy,
    edits_batch,
    edits_lines,
    first_turns,
    point_of,
    read_edits,
)

SEED = 7
IDS = [f"{number:032x}" for number in range(0, 1 << 128, (1 << 128) // 400)][:400]


def test_the_first_sources_are_those_after_the_point_of_the_seed_then_the_others():
    ordered = sorted(IDS, key=lambda one: (one < point_of(SEED), one))
    assert list(first_turns(reversed(IDS), SEED)) == ordered[:SOURCES_SHOWN]


def test_a_shard_keeps_the_edits_of_its_first_sources_whatever_the_batches_were():
    made = [MadeBy(one, f"variant {one}", {"text": [Edit(0, 1, "b")]}) for one in IDS]
    parts = [made[start : start + 100] for start in range(0, 400, 100)]

    def lines(parts):
        turns = [first_turns((one.source_id for one in part), SEED) for part in parts]
        kept = (
            edits_batch([one for one in part if one.source_id in own], own)
            for part, own in zip(parts, turns, strict=True)
        )
        return edits_lines(kept)

    assert lines(parts) == lines(parts[::-1]) == lines([made])
    edits = read_edits(lines(parts))
    assert list(edits) == [f"variant {one}" for one in first_turns(IDS, SEED)]
    assert edits[f"variant {next(iter(first_turns(IDS, SEED)))}"] == {"text": [Edit(0, 1, "b")]}

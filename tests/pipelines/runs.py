"""A small run of the whole pipeline, for the tests that look at what it leaves."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from mashbill.pipelines.generate import generate
from mashbill.pipelines.recipe import Recipe

GOOD = "this film was good and the story was great , i did not see a better one {}"
BAD = "the plot was bad , the actor was dull and i can't like the {} music"


def write_corpus(folder: Path, rows: int = 60) -> None:
    """Labelled JSONL and plain text in `folder`; five of the lines have a fault."""
    lines = [
        json.dumps({"text": template.format(i), "label": label})
        for i in range(rows // 2)
        for template, label in ((GOOD, "positive"), (BAD, "negative"))
    ]
    faults = [
        "{broken",
        "",
        json.dumps({"text": GOOD.format(0).upper(), "label": "negative"}),
        json.dumps({"text": BAD.format(1) + " ", "label": "negative"}),
        json.dumps({"text": "x", "label": "so so"}),
    ]
    (folder / "reviews.jsonl").write_text("\n".join(lines + faults) + "\n")
    (folder / "more.txt").write_text("an old story of love\n   \nמה נשמע? 这部电影 👩‍👩‍👧\n")


def settings(folder: Path, models: dict[str, Path], **changes) -> dict:
    """A recipe over `folder`; changes replace whole sections."""
    methods = [
        {"use": "typo.keyboard", "rate": 0.1},
        {"use": "edit.swap"},
        {"use": "contraction"},
        {"use": "contextual.substitute", "rate": 0.2, "model": str(models["mlm"])},
        {"use": "chain", "of": ["edit.delete", {"use": "typo.keyboard", "rate": 0.05}]},
    ]
    return {
        "seed": 7,
        "corpus": [
            {"name": "reviews", "path": str(folder / "reviews.jsonl"), "label": "label"},
            {"name": "more", "path": str(folder / "more.txt"), "split": "train"},
        ],
        "labels": ["negative", "positive"],
        "splits": {"train": 0.6, "validation": 0.2, "test": 0.2},
        "augment": {"copies": 3, "methods": methods},
        "filter": {"min_similarity": 0.1, "similarity_model": str(models["encoder"])},
        "teacher": {"model": str(models["classifier"]), "max_length": 64, "precision": "fp32"},
        "output": {"path": str(folder / "out"), "shards": 3},
        **changes,
    }


def make(values: dict, out: Path, **options) -> Path:
    """Generates into `out`."""
    recipe = {**values, "output": {**values["output"], "path": str(out)}}
    assert generate(Recipe.model_validate(recipe), **options)
    return out


def read_rows(out: Path) -> dict[str, dict]:
    """Every row by its id, with the split that its file belongs to."""
    rows = {}
    for path in sorted((out / "data").glob("*.parquet")):
        for row in pq.read_table(path).to_pylist():
            assert row["id"] not in rows
            rows[row["id"]] = {**row, "split": path.name.split("-")[0]}
    return rows


def assert_same_rows(found: dict[str, dict], expected: dict[str, dict]) -> None:
    """Equal in everything but what models compute, whose last digits hang on the threads."""
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        for name, value in row.items():
            if isinstance(value, float | list):
                np.testing.assert_allclose(found[key][name], value, atol=1e-4, err_msg=name)
            else:
                assert found[key][name] == value, name

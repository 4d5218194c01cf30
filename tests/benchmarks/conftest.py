"""The demo's folder in small: a few texts, tiny models, and a data set made of them."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from tests.pipelines.runs import BAD, GOOD, make
from tests.transforms.augmenters.wordnet_files import write_wordnet

REVIEWS = Path(__file__).parents[2] / "examples/reviews"
SHORTER = {"teacher": {"max_length": 64}, "mlm": {"max_length": 64}}


@pytest.fixture(scope="session")
def small_demo(tmp_path_factory, tiny_classifier, tiny_encoder, tiny_mlm) -> Path:
    """A working directory with `examples/reviews` as `make demo` leaves it."""
    here = tmp_path_factory.mktemp("demo")
    reviews = here / "examples/reviews"
    rows = [
        {"text": template.format(i), "label": label}
        for i in range(60)
        for template, label in ((GOOD, "positive"), (BAD, "negative"))
    ]
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    (reviews / "data").mkdir(parents=True)
    (reviews / "data/movies.jsonl").write_text(lines)
    (reviews / "data/amazon.jsonl").write_text(lines)
    (reviews / "data/editorials.txt").write_text("an old story of love\n")
    write_wordnet(reviews / "data/wordnet")
    models = {"teacher": tiny_classifier, "minilm": tiny_encoder}
    models |= dict.fromkeys(("mlm", "bert-tiny"), tiny_mlm)
    for name, folder in models.items():
        shutil.copytree(folder, reviews / "models" / name)
    recipe = yaml.safe_load((REVIEWS / "recipe.yaml").read_text())
    for section, values in SHORTER.items():
        recipe[section] |= values
    (reviews / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    return here


@pytest.fixture(scope="session")
def distilling(small_demo) -> Path:
    """A recipe whose data set is there, with a student that trains in four steps."""
    reviews = small_demo / "examples/reviews"
    values = {
        "corpus": [
            {"name": "movies", "path": str(reviews / "data/movies.jsonl"), "label": "label"}
        ],
        "labels": ["negative", "positive"],
        "augment": {"copies": 1, "methods": [{"use": "typo.keyboard"}]},
        "teacher": {"model": str(reviews / "models/teacher"), "max_length": 64},
        "output": {"path": str(small_demo / "out"), "shards": 1},
        "distill": {
            "model": str(small_demo / "student"),
            "student": {"from": "teacher", "layers": [1]},
            "training": {"steps": 4, "batch_size": 8, "precision": "fp32"},
        },
    }
    make(values, small_demo / "out")
    path = small_demo / "distilling.yaml"
    path.write_text(yaml.safe_dump(values))
    return path

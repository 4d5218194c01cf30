"""What must never leave a run: credentials; and where it may never write: outside of its folder."""

import json

import pytest
import yaml
from click.testing import CliRunner

from mashbill.pipelines.cli import main
from mashbill.pipelines.recipe_file import RecipeError, load_recipe
from tests.pipelines.runs import read_rows, settings

SECRET = "wJalrXUtnFEMI-not-a-real-one"


@pytest.fixture
def values(tmp_path, tiny_classifier, tiny_encoder, tiny_mlm):
    rows = [{"text": f"a film number {i}", "label": "positive"} for i in range(20)]
    (tmp_path / "reviews.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "more.txt").write_text("../../etc/passwd\n{{ 7 * 7 }}\n%s %(x)s $HOME\n")
    models = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": tiny_mlm}
    return settings(tmp_path, models, augment={"copies": 0}, filter={})


def test_credentials_are_neither_printed_nor_written(values, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(values))
    given = ["--s3_access_key_id=someone", f"--s3_secret_access_key={SECRET}"]
    done = CliRunner().invoke(main, ["--debug", "generate", str(path), "--", *given])
    assert done.exit_code == 0, done.stderr
    assert SECRET not in done.output
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert written
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]


def test_what_corpora_say_names_no_file(values, tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(values))
    assert CliRunner().invoke(main, ["generate", str(path)]).exit_code == 0
    assert "../../etc/passwd" in {row["text"] for row in read_rows(tmp_path / "out").values()}
    names = {path.name for path in (tmp_path / "out/data").iterdir()}
    splits = ("train", "validation", "test")
    assert names <= {f"{split}-{i:05d}-of-00003.parquet" for split in splits for i in range(3)}
    assert {path.name for path in tmp_path.iterdir()} == {
        "reviews.jsonl", "more.txt", "recipe.yaml", "out"
    }  # fmt: skip


@pytest.mark.parametrize("name", ["../x", "a/b", "/etc", "", ".hidden"])
def test_a_corpus_name_is_no_path(values, tmp_path, name):
    values["corpus"][0]["name"] = name
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(values))
    with pytest.raises(RecipeError, match=r"corpus\.0\.name"):
        load_recipe(str(path))

"""The commands as a user meets them: exit codes, one line for an error, results on stdout."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from mashbill.pipelines.cli import main
from tests.pipelines.runs import assert_same_rows, read_rows, settings, write_corpus

ROOT = Path(__file__).parents[2]


@pytest.fixture
def mashbill():
    def mashbill(*args, stdin=None):
        return CliRunner().invoke(main, [str(arg) for arg in args], input=stdin)

    return mashbill


@pytest.fixture
def models(tiny_classifier, tiny_encoder, tiny_mlm):
    return {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": tiny_mlm}


@pytest.fixture
def values(tmp_path, models):
    """One model and one method: what a command says does not hang on how much it has to do."""
    write_corpus(tmp_path, rows=20)
    augment = {"copies": 1, "methods": [{"use": "edit.swap"}]}
    return settings(tmp_path, models, filter={}, augment=augment)


@pytest.fixture
def recipe(tmp_path):
    def write(values):
        path = tmp_path / "recipe.yaml"
        path.write_text(yaml.safe_dump(values))
        return path

    return write


def test_generate_finalizes_and_prints_the_counts(mashbill, recipe, values, models, tmp_path):
    done = mashbill("generate", recipe(settings(tmp_path, models)), "--max-rejects", "1")
    assert done.exit_code == 0, done.output
    assert "the counts add up" in done.stdout
    for name in ("README.md", "run.json", "report.html"):
        assert (tmp_path / "out" / name).is_file()
    assert mashbill("inspect", tmp_path / "out").exit_code == 0
    assert mashbill("finalize", tmp_path / "out", "--max-rejects", "1").exit_code == 0


def test_too_many_rejects_fail_the_run_but_leave_the_data(mashbill, recipe, values, tmp_path):
    done = mashbill("generate", recipe(values))
    assert done.exit_code == 1
    assert "reviews: 4 of 25 rows (16.0%) are rejects" in done.stderr
    assert "the same text has conflicting gold labels" in done.stderr
    assert read_rows(tmp_path / "out")


def test_a_stage_that_rejects_every_row_of_a_corpus_fails_the_run(
    mashbill, recipe, values, tmp_path, monkeypatch
):
    def broken(self, texts, pairs=None):
        raise ValueError("logits are not finite")

    monkeypatch.setattr("mashbill.models.classifier.Classifier.logits", broken)
    (tmp_path / "few.txt").write_text("a film\nan actor\na story\n")
    corpus = [{"name": "few", "path": str(tmp_path / "few.txt"), "split": "train"}]
    values |= {"corpus": corpus, "augment": {"copies": 0}, "filter": {}}
    done = mashbill("generate", recipe(values))
    assert done.exit_code == 1
    assert "few: annotate: 3 of 3 rows (100.0%) are rejects" in done.stderr
    assert "3 x annotate: the teacher failed: ValueError: logits are not finite" in done.stderr
    lost = "no train row was written: 3 rows read; lost: annotate rejected 3"
    assert lost in mashbill("finalize", tmp_path / "out", "--max-rejects", "1").stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n \n\n", "few.txt: no rows in any file"),
        ("a film\nan actor\n", "no variant was written, though 2 were requested"),
    ],
)
def test_a_data_set_without_what_was_asked_for_fails_the_run(
    mashbill, recipe, values, tmp_path, text, message
):
    (tmp_path / "few.txt").write_text(text)
    corpus = [{"name": "few", "path": str(tmp_path / "few.txt"), "split": "train"}]
    augment = {"copies": 1, "methods": [{"use": "contraction"}]}
    done = mashbill("generate", recipe({**values, "corpus": corpus, "augment": augment}))
    assert done.exit_code == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_another_recipe_is_refused_until_overwrite(mashbill, recipe, values):
    path = recipe(values)
    assert mashbill("generate", path, "--max-rejects", "1").exit_code == 0
    done = mashbill("generate", path, "--max-rejects", "1", "--set", "seed=8")
    assert done.exit_code == 1
    assert "seed: 7 -> 8" in done.stderr
    done = mashbill("generate", path, "--max-rejects", "1", "--set", "seed=8", "--overwrite")
    assert done.exit_code == 0


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"seed": "many"}, 2, "seed: 'many'"),
        ({"corpus": [{"name": "x", "path": "nowhere/*.txt"}]}, 1, "no file matches nowhere/*.txt"),
        ({"teacher": {"model": "nowhere"}}, 1, "model folder nowhere does not exist"),
        ({"labels": ["negative", "neutral", "positive"]}, 1, "has 2 classes"),
        ({"labels": ["positive", "negative"]}, 1, "in this order"),
        (
            {"augment": {"methods": [{"use": "synonym.wordnet", "wordnet": "nowhere"}]}},
            1,
            "nowhere",
        ),
    ],
)
def test_what_cannot_work_ends_before_any_work(mashbill, recipe, values, change, code, message):
    done = mashbill("generate", recipe({**values, **change}))
    assert (done.exit_code, done.stdout) == (code, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_run_looks_at_everything_before_it_trains(mashbill, recipe, values, tiny_encoder, tmp_path):
    made = tmp_path / "teacher"
    teacher = {"model": str(made), "train": {"base": str(tiny_encoder), "epochs": 1}}
    filters = {"min_similarity": 0.5, "similarity_model": "nowhere"}
    done = mashbill("run", recipe({**values, "teacher": teacher, "filter": filters}))
    assert done.exit_code == 1
    assert "model folder nowhere does not exist" in done.stderr
    assert not made.exists()


def test_run_trains_generates_and_skips_what_is_done(
    mashbill, recipe, values, tiny_encoder, tiny_mlm, tmp_path
):
    teacher = {"model": str(tmp_path / "teacher"), "max_length": 32}
    teacher["train"] = {"base": str(tiny_encoder), "epochs": 1}
    mlm = {"model": str(tmp_path / "mlm"), "base": str(tiny_mlm), "epochs": 1, "max_length": 32}
    augment = {"copies": 1, "methods": [{"use": "contextual.substitute", "model": mlm["model"]}]}
    path = recipe({**values, "teacher": teacher, "mlm": mlm, "augment": augment})
    done = mashbill("run", path, "--max-rejects", "1")
    assert done.exit_code == 0, done.stderr
    weights = tmp_path / "teacher/model.safetensors"
    before = weights.stat().st_mtime_ns
    rows = read_rows(tmp_path / "out")
    again = mashbill("run", path, "--max-rejects", "1")
    assert again.exit_code == 0
    assert weights.stat().st_mtime_ns == before
    assert_same_rows(read_rows(tmp_path / "out"), rows)


def test_a_damaged_file_is_one_line_that_names_it(mashbill, recipe, values, tmp_path):
    (tmp_path / "reviews.txt.gz").write_bytes(b"\x1f\x8b\x08 not really")
    corpus = [{"name": "x", "path": str(tmp_path / "reviews.txt.gz")}]
    done = mashbill("generate", recipe({**values, "corpus": corpus}))
    assert done.exit_code == 1
    (line,) = done.stderr.strip().splitlines()
    assert "reviews.txt.gz: cannot be read to the end" in line


def test_whatever_the_machine_lacks_is_one_line(mashbill, recipe, values, monkeypatch):
    def failing(*_):
        raise PermissionError(13, "Permission denied", "teacher")

    monkeypatch.setattr("mashbill.pipelines.train_teacher.train_teacher", failing)
    ended = mashbill("train-teacher", recipe(values))
    assert (ended.exit_code, type(ended.exception)) == (1, SystemExit)
    expected = "mashbill: PermissionError: [Errno 13] Permission denied: 'teacher'\n"
    assert ended.stderr == expected
    debugged = mashbill("--debug", "train-teacher", recipe(values))
    assert isinstance(debugged.exception, PermissionError)


def test_wrong_use_is_exit_code_two(mashbill, recipe, values):
    assert mashbill("generate", "nowhere.yaml").exit_code == 2
    assert mashbill("generat").exit_code == 2
    done = mashbill("generate", recipe(values), "--partition", "4/3")
    assert (done.exit_code, "i must be from 1 to 3" in done.stderr) == (2, True)


def test_a_folder_without_a_run(mashbill, tmp_path):
    assert mashbill("inspect", tmp_path).exit_code == 1
    assert "not the output of a mashbill run" in mashbill("finalize", tmp_path).stderr


def augmented(mashbill, lines, *args):
    done = mashbill("augment", "--use", "edit.swap", *args, stdin="".join(lines))
    assert done.exit_code == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_augment_gives_each_line_the_same_variants_in_any_order(mashbill):
    lines = [f"film number {i} was not a very good one, but they liked it\n" for i in range(20)]
    forth = augmented(mashbill, lines, "--copies", "3", "--seed", "3")
    back = augmented(mashbill, lines[::-1], "--copies", "3", "--seed", "3")
    assert forth == back[::-1]
    for row in forth:
        texts = [row["text"], *(variant["text"] for variant in row["variants"])]
        assert len(set(texts)) == 4
    assert forth != augmented(mashbill, lines, "--copies", "3", "--seed", "4")


def test_augment_says_what_is_wrong(mashbill):
    done = mashbill("augment", "--use", "edit.swp", stdin="x\n")
    assert (done.exit_code, "did you mean 'edit.swap'?" in done.stderr) == (1, True)
    done = mashbill("augment", "--use", "edit.swap", stdin=b"caf\xe9\n")
    assert "standard input, line 1: not UTF-8" in done.stderr


def test_augmenters_lists_them_all(mashbill):
    from mashbill.transforms.augmenters.registry import AUGMENTERS

    listed = mashbill("augmenters").stdout
    assert all(name in listed for name in AUGMENTERS)


def test_help_imports_nothing_heavy():
    heavy = "{'torch', 'apache_beam', 'transformers', 'datasets', 'pyarrow', 'pydantic', 'numpy'}"
    assert imported_with("mashbill.pipelines.cli", heavy) == "[]"


def test_a_recipe_is_read_and_partitions_are_waited_for_without_beam_or_torch():
    heavy = "{'torch', 'apache_beam', 'transformers', 'datasets'}"
    assert (
        imported_with("mashbill.pipelines.recipe_file, mashbill.pipelines.generate", heavy) == "[]"
    )


def imported_with(modules: str, names: str) -> str:
    """Which of the modules `names` a new process has imported after `modules`."""
    code = f"import sys, {modules}; print(sorted({names} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    return done.stdout.strip()


def test_a_single_partition_says_what_is_still_to_come(mashbill, recipe, values):
    done = mashbill("generate", recipe(values), "--partition", "1/3")
    assert done.exit_code == 0
    assert (
        done.stderr.strip()
        .splitlines()[-1]
        .endswith("when all are, run mashbill finalize " + values["output"]["path"])
    )

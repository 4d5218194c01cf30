"""The Python API: what `import mashbill` gives, without a command line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import mashbill
from mashbill.transforms.augmenters.edits import apply
from tests.pipelines.runs import settings, write_corpus

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "examples/notebook.ipynb"
TEXTS = ["The plot wasn't bad, and the actors were great.", "I don't like this story at all."]


def test_importing_it_imports_nothing_else():
    code = (
        "import sys, mashbill; heavy = {'torch', 'apache_beam', 'pydantic', 'numpy'};"
        "print(*heavy & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_every_name_is_there_and_says_what_it_does():
    for name in mashbill.__all__:
        assert getattr(mashbill, name).__doc__
    assert set(mashbill.__all__) <= set(dir(mashbill))
    with pytest.raises(AttributeError, match="no attribute 'agument'"):
        _ = mashbill.agument


def test_texts_are_augmented_in_memory_with_their_edits():
    methods = [{"use": "typo.keyboard", "rate": 0.1, "share": 2}, "contraction"]
    found = mashbill.augment(TEXTS, methods, copies=3, seed=7)
    assert {one.source for one in found} == {0, 1}
    assert len({one.text for one in found}) == len(found) >= 4
    for one in found:
        assert one.text != TEXTS[one.source]
        assert apply(TEXTS[one.source], one.edits) == one.text
    assert found == mashbill.augment(TEXTS, methods, copies=3, seed=7)
    assert found != mashbill.augment(TEXTS, methods, copies=3, seed=8)


def test_a_texts_variants_do_not_depend_on_the_others():
    alone = mashbill.augment(TEXTS[1:], ["edit.swap"], copies=2)
    both = mashbill.augment(TEXTS, ["edit.swap"], copies=2)
    assert [one.text for one in alone] == [one.text for one in both if one.source == 1]


def test_statistics_are_those_of_the_texts_given():
    found = mashbill.augment(TEXTS * 3, [{"use": "distribution.unigram", "rate": 0.3}])
    assert found


def test_a_wrong_name_is_one_line():
    with pytest.raises(mashbill.MashbillError, match=r"did you mean 'typo\.keyboard'"):
        mashbill.augment(TEXTS, ["typo.keybord"])


def test_a_recipe_is_loaded_checked_generated_and_read(
    tmp_path, tiny_classifier, tiny_encoder, tiny_mlm
):
    write_corpus(tmp_path, rows=40)
    models = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": tiny_mlm}
    augment = {"copies": 1, "methods": [{"use": "typo.keyboard", "rate": 0.1}]}
    values = settings(tmp_path, models, filter={}, augment=augment)
    (tmp_path / "recipe.json").write_text(json.dumps(values))
    recipe = mashbill.load_recipe(str(tmp_path / "recipe.json"), ["seed=3"])
    assert recipe.seed == 3
    found = mashbill.check(recipe, max_rejects=0.5)
    assert found.faults == []
    assert found.loaded.table.num_rows > 30
    folder = mashbill.generate(recipe, max_rejects=0.9)
    data = mashbill.read_dataset(folder)
    assert data["train"].features["label"].names == ["negative", "positive"]
    assert set(data["train"]["augmenter"]) == {"none", "typo.keyboard"}


def test_the_notebook_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    names: dict = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            exec("".join(cell["source"]), names)
    assert names["variants"]


def test_named_entities_go_along_and_a_variant_that_loses_one_is_not_there():
    texts, spans = ["Ann lives in Rome", "Bob left"], [[(0, 3, "PER"), (13, 17, "LOC")], None]
    found = mashbill.augment(texts, ["edit.delete", "edit.insert_symbol"], copies=6, spans=spans)
    named = [one for one in found if one.source == 0]
    assert all(one.spans is None for one in found if one.source == 1)
    assert len(named) > 0
    for one in named:
        names = [(one.text[start:end], kind) for start, end, kind in one.spans]
        assert names == [("Ann", "PER"), ("Rome", "LOC")]
    (drawn,) = mashbill.augment(
        texts[:1] * 1, ["entity.replace"], spans=[[(0, 3, "X"), (13, 17, "X")]]
    )
    assert drawn.text in {"Rome lives in Rome", "Ann lives in Ann", "Rome lives in Ann"}
    assert [kind for _, _, kind in drawn.spans] == ["X", "X"]


def test_spans_that_fit_no_text_are_an_error_that_names_it():
    with pytest.raises(mashbill.MashbillError, match="spans of text 1: the span 0-9 ends after"):
        mashbill.augment(["a b", "a b"], ["edit.swap"], spans=[[], [(0, 9, "PER")]])

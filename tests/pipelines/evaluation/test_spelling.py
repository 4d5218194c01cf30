"""A model behind a spelling corrector: its figures, and what the corrector breaks and costs."""

import numpy as np
import pytest

from mashbill.models.classifier import Classifier
from mashbill.pipelines.evaluation.sets import labelled_test_split
from mashbill.pipelines.evaluation.spelling import Corrected, corrections, speller_of
from mashbill.pipelines.report.spelling import corrector_lines, correctors


@pytest.fixture(scope="module")
def engine(recipe, metrics):
    student = Classifier.load(recipe.distill.model, max_length=64, precision="fp32")
    return Corrected(student, speller_of(recipe.output.path))


def test_the_dictionary_is_of_train_sources(engine):
    assert engine.speller(["teh stroy was graet"]) == ["the story was great"]


def test_the_model_reads_corrected_texts(engine):
    texts = ["teh stroy was graet", "the plot was bad"]
    corrected = ["the story was great", "the plot was bad"]
    expected = engine.engine.logits(corrected)
    np.testing.assert_allclose(engine.logits(texts), expected, atol=1e-6)
    both = engine.engine.logits(corrected, corrected)
    np.testing.assert_allclose(engine.logits(texts, texts), both, atol=1e-6)


def test_it_has_figures_under_every_suite_and_no_cascade(found):
    of = {
        name: {(r["suite"], r["level"]) for r in found["results"] if r["model"] == name}
        for name in found["models"]
    }
    assert of["corrected"] == of["student"]
    assert len(of["corrected"]) == 4
    assert "corrected" not in {one["model"] for one in found["cascades"]}
    assert {one["model"] for one in found["likeness"]} == {"student", "second_teacher", "corrected"}


def test_a_corrector_that_knows_all_words_breaks_nothing(found):
    (one,) = found["spelling"]
    assert one["model"] == "corrected"
    assert one["words"] > 20
    assert (one["changed"]["value"], one["gained"]["value"]) == (0.0, 0.0)


def test_what_it_breaks_on_clean_texts_is_counted(recipe, engine):
    test = labelled_test_split(recipe).originals
    odd = test._replace(texts=["teh " + text for text in test.texts[:2]] + test.texts[2:])
    logits = {"corrected": engine.logits(odd.texts)}
    (one,) = corrections({"corrected": engine}, {"corrected": recipe.task}, odd, logits)
    assert one["changed"]["value"] == 2 / len(test.texts)
    right, plain = (
        recipe.task.of_rows(found, odd.labels).mean()
        for found in (logits["corrected"], engine.engine.logits(odd.texts))
    )
    assert one["gained"]["value"] == pytest.approx(right - plain)
    evaluation = {"measure": recipe.task.measure._asdict(), "spelling": [one]}
    assert len(correctors(evaluation)[1]) == len(list(corrector_lines(evaluation))) == 1

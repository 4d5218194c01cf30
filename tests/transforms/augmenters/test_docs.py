from pathlib import Path

import pytest

from mashbill.transforms.augmenters import figures
from mashbill.transforms.augmenters.docs import measured_page, page
from mashbill.transforms.augmenters.registry import AUGMENTERS, build
from mashbill.transforms.languages.zh.language import Chinese

DOCS = Path(__file__).parents[3] / "docs"


def test_the_pages_are_up_to_date():
    """If not: see the commands in transforms/augmenters/docs.py."""
    assert (DOCS / "augmenters.md").read_text("utf-8") == page(figures.read())
    assert (DOCS / "measured/augmenters.md").read_text("utf-8") == measured_page(figures.read())


def test_every_augmenter_says_what_it_does():
    for name, kind in AUGMENTERS.items():
        assert (kind.__doc__ or "").strip(), name
        combines = "of" in kind.model_fields
        assert combines or kind.source or kind.uses_model, f"{name} names no source"


def found(right: float, similarity: float = 0.9) -> dict[str, float]:
    shown = {"variants": 1000, "source_right": 0.9, "right": right, "similarity": similarity}
    return {**shown, "distinct_2": 0.5, "edits": 1, "exhausted": 0}


def test_figures_are_shown_at_the_default_rate():
    rate = str(figures.default_rate(AUGMENTERS["edit.swap"]))
    shown = measured_page({"edit.swap": {"rates": {rate: found(0.8)}}})
    assert f"| `edit.swap` | {rate} | 1,000 | 0.900 | 0.800 | 0.900 |" in shown
    elsewhere = measured_page({"edit.swap": {"rates": {"0.9": found(0.8)}}})
    assert f"| `edit.swap` | {rate} | not measured |" in elsewhere


@pytest.mark.parametrize(
    ("rates", "best"),
    [
        ({"0.1": found(0.89), "0.2": found(0.885), "0.3": found(0.87)}, 0.2),
        ({"0.1": found(0.9), "0.2": found(0.9, similarity=0.8)}, 0.1),
        ({"0.1": found(0.8), "0.2": found(0.7)}, 0.1),
    ],
)
def test_the_best_rate_is_the_highest_that_keeps_labels_and_meaning(rates, best):
    assert figures.best_rate(rates) == best


@pytest.mark.parametrize("language", figures.LEAST_SIMILAR)
def test_default_rates_are_the_best_ones_measured(language):
    for name, measured in figures.read(figures.file_of(language)).items():
        if len(measured["rates"]) > 1:
            best = figures.best_rate(measured["rates"], language)
            assert figures.default_rate(AUGMENTERS[name], language) == best, name


def test_a_language_may_have_a_default_rate_of_its_own(monkeypatch):
    monkeypatch.setattr(Chinese, "rates", {"edit.swap": 0.05})
    assert build("edit.swap", "zh").rate == 0.05
    assert build({"use": "edit.swap", "rate": 0.2}, "zh").rate == 0.2
    assert build({"use": "one_of", "of": ["edit.swap"]}, "zh").of[0].rate == 0.05
    assert build("edit.swap").rate == figures.default_rate(AUGMENTERS["edit.swap"]) == 0.2

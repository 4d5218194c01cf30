from pathlib import Path

from transforms.augmenters.docs import figures, page
from transforms.augmenters.registry import AUGMENTERS

PAGE = Path(__file__).parents[3] / "docs" / "augmenters.md"


def test_the_page_is_up_to_date():
    """If not: python -m transforms.augmenters.docs > docs/augmenters.md"""
    assert PAGE.read_text("utf-8") == page(figures())


def test_every_augmenter_says_what_it_does():
    for name, kind in AUGMENTERS.items():
        assert (kind.__doc__ or "").strip(), name
        combines = "of" in kind.model_fields
        assert combines or kind.source or kind.uses_model, f"{name} names no source"


def test_measured_figures_are_shown():
    shown = {"label_kept": 0.9, "similarity": 0.8, "distinct_2": 0.5, "edits": 1, "exhausted": 0}
    assert "| `edit.swap` | 0.1 | 0.900 | 0.800 |" in page({"edit.swap": shown})

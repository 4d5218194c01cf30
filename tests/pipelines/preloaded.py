"""What the fork server of `processes` holds: all that is heavy, none of it looked through again."""

import gc
import re
from importlib import import_module

import pytest

from tests.shortcuts import draw_nothing, inspect_stages_once

HEAVY = (
    "mashbill.models.train_classifier",
    "mashbill.models.distill.run",
    "mashbill.pipelines.distill",
    "mashbill.pipelines.evaluation.evaluate",
    "mashbill.pipelines.generate",
    "mashbill.pipelines.job",
    "mashbill.pipelines.show",
    "transformers.models.bert.modeling_bert",
)


def load() -> None:
    """Imports, and makes what a process makes once; none of it starts a thread: no fork has it."""
    for name in HEAVY:
        import_module(name)
    from transformers.conversion_mapping import get_checkpoint_conversion_mapping

    from mashbill.pipelines.report.page import _templates as templates
    from mashbill.transforms.augmenters.characters import table

    table()
    get_checkpoint_conversion_mapping("bert")
    for template in templates().list_templates(filter_func=re.compile(r"report.*html").match):
        templates().get_template(template)
    inspect_stages_once(pytest.MonkeyPatch())
    draw_nothing(pytest.MonkeyPatch())


gc.disable()  # a seventh of the time that importing takes
load()
gc.enable()
gc.freeze()

"""What the fork server of `processes` holds: all that is heavy, none of it looked through again."""

import gc
from importlib import import_module

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

gc.disable()  # a seventh of the time that importing takes
for name in HEAVY:
    import_module(name)
gc.enable()
gc.freeze()

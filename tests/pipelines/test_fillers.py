import json

import pytest

from mashbill.models.references import ModelRef
from mashbill.pipelines.fillers import LEAST_TOP1, weak_fillers


@pytest.mark.parametrize(("top1", "weak"), [(LEAST_TOP1 - 0.01, True), (LEAST_TOP1, False)])
def test_a_filler_that_finds_few_hidden_tokens_is_named_once(tmp_path, top1, weak):
    metrics = {"before": {"top1": 0.0}, "after": {"top1": top1}}
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    lines = list(weak_fillers([ModelRef(str(tmp_path), "masked LM")] * 2))
    assert len(lines) == weak
    assert all(str(tmp_path) in line and f"{top1:.0%}" in line for line in lines)


@pytest.mark.parametrize("metrics", [None, "{", "[]", '{"after": {"top1": null}}', "{}"])
def test_of_other_models_nothing_is_said(tmp_path, metrics):
    if metrics is not None:
        (tmp_path / "metrics.json").write_text(metrics)
    assert not list(weak_fillers([ModelRef(str(tmp_path), "masked LM")]))
    (tmp_path / "metrics.json").write_text('{"after": {"top1": 0}}')
    assert not list(weak_fillers([ModelRef(str(tmp_path), "classifier")]))

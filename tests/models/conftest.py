import shutil

import pytest
import torch


@pytest.fixture(params=[True, False], ids=["padded", "of one length"])
def inputs(request):
    ids = torch.randint(5, 60, (4, 12), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    if request.param:
        mask[1, 7:] = mask[3, 2:] = 0
    return {"input_ids": ids, "attention_mask": mask}


@pytest.fixture
def copy(tiny_classifier, tmp_path):
    """A classifier's folder that a test may change."""
    return shutil.copytree(tiny_classifier, tmp_path / "model")

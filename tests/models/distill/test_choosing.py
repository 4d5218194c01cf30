"""What chooses the weights that are kept: noise on validation, and averages over steps."""

import pytest
import torch

from mashbill.models.distill.averages import Averages
from mashbill.models.distill.choosing import with_noise


def test_the_mean_of_clean_and_noise_weighs_both_alike():
    noisy = {"typo": {"accuracy": 0.6}, "ocr": {"accuracy": 0.4}}
    assert with_noise("accuracy", {"accuracy": 0.9, "nll": 1.0}, noisy) == {
        "accuracy": 0.9,
        "nll": 1.0,
        "accuracy_typo": 0.6,
        "accuracy_ocr": 0.4,
        "chosen": pytest.approx(0.7),
    }


def test_an_average_follows_the_weights_by_its_decay():
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(model.weight)
    averages, state = Averages(model, 0.5), type("State", (), {"global_step": 100})
    torch.nn.init.ones_(model.weight)
    for expected in (0.5, 0.75):
        averages.on_step_end(None, state, None)
        with averages.in_their_place():
            assert model.weight.item() == expected
        assert model.weight.item() == 1.0


def test_the_first_steps_forget_where_the_training_began():
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(model.weight)
    averages, state = Averages(model, 0.999), type("State", (), {"global_step": 1})
    torch.nn.init.ones_(model.weight)
    averages.on_step_end(None, state, None)
    with averages.in_their_place():
        assert model.weight.item() == pytest.approx(1 - 2 / 11)

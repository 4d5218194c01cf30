"""Whose fault a failure is: a row's, the machine's, or that of whatever is called."""

import pytest
import torch

from mashbill.models.errors import MachineError, ModelError, RowError, SystematicError
from mashbill.transforms.retry import ENOUGH, Retry

IDS = [f"text {i}" for i in range(64)]


def failing_at(bad, error, calls=None):
    def call(places):
        if calls is not None:
            calls.append(len(places))
        if bad & set(places):
            raise error
        return [place * 10 for place in places]

    return call


@pytest.mark.parametrize("error", [ValueError("odd"), RowError("no number in row 3", [3])])
def test_only_the_rows_at_fault_fail_and_the_others_keep_their_places(error):
    answers = Retry("the teacher")(failing_at({0, 7, 63}, error), IDS)
    assert [i for i, answer in enumerate(answers) if answer is error] == [0, 7, 63]
    assert all(answer in (error, i * 10) for i, answer in enumerate(answers))


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("CUDA error: device-side assert triggered\nmore"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 9 bytes"),
        OSError(28, "No space left on device"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_the_machine_causes_ends_the_run_at_once(error):
    calls = []
    with pytest.raises(MachineError, match=r"^the teacher failed: \w+(: .*)?$") as caught:
        Retry("the teacher")(failing_at({5}, error, calls), IDS)
    assert calls == [len(IDS)]
    assert "\n" not in str(caught.value)


def test_a_model_that_cannot_serve_is_no_rows_fault():
    with pytest.raises(ModelError, match="cannot load it"):
        Retry("the teacher")(failing_at({5}, ModelError("cannot load it")), IDS)


def test_when_everything_fails_alike_it_stops_without_trying_each_row():
    calls = []
    retry = Retry("the teacher")
    with pytest.raises(SystematicError, match=f"each of the first {ENOUGH} texts: ValueError: no"):
        retry(failing_at(set(range(64)), ValueError("no token 31"), calls), IDS)
    assert len(calls) < 2 * ENOUGH + 7


def test_small_batches_add_up():
    retry = Retry("the teacher")
    call = failing_at({0}, ValueError("no"))
    for text in IDS[: ENOUGH - 1]:
        assert isinstance(retry(call, [text])[0], ValueError)
    with pytest.raises(SystematicError):
        retry(call, [IDS[-1]])


def test_variants_of_one_text_are_one_text():
    many = Retry("the teacher")(failing_at(set(range(64)), ValueError("no")), ["a text"] * 64)
    assert all(isinstance(answer, ValueError) for answer in many)


def test_once_it_has_worked_any_number_of_rows_may_fail():
    retry = Retry("the teacher")
    retry(failing_at(set(), ValueError("no")), IDS)
    answers = retry(failing_at(set(range(64)), ValueError("no")), IDS)
    assert all(isinstance(answer, ValueError) for answer in answers)

"""A call over many rows of which some may fail: only what a row itself causes is its own."""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TypeVar

from mashbill.models.errors import (
    MachineError,
    MashbillError,
    RowError,
    SystematicError,
    is_of_the_machine,
    one_line,
)
from mashbill.models.plugins import told

ENOUGH = 16  # texts that fail alike before any has succeeded; so many by chance are out of question

Answer = TypeVar("Answer")
Call = Callable[[Sequence[int]], Sequence[Answer]]


class Retry:
    """Retries by halves, so that only the rows at fault fail, and stops where all of them do.

    It remembers whether any row has succeeded: one object for each model or augmenter.

    Args:
        what: the subject of its messages, such as `the teacher`.
    """

    def __init__(self, what: str):
        self.what = what
        self._works = False
        self._failed: dict[str, set[str]] = defaultdict(set)

    def __call__(self, call: Call, ids: Sequence[str]) -> list[Answer | Exception]:
        """The answer for each row, or the error that the row causes.

        Args:
            call: takes the places of some rows and gives an answer for each.
            ids: of the texts that the rows are made of; their number is that of the rows.

        Raises:
            MachineError: what failed is the machine: memory, disk, accelerator.
            SystematicError: the first `ENOUGH` texts have failed, all for one reason.
            MashbillError: another of these, raised by the call; it is no row's fault.
        """
        return self._answers(call, range(len(ids)), ids)

    def _answers(self, call: Call, places: range, ids: Sequence[str]) -> list[Answer | Exception]:
        if not places:
            return []
        try:
            answers = list(call(places))
            self._works = True
            return answers
        except Exception as error:
            self._raise_unless_a_row_may_cause(error)
            if len(places) == 1:
                self._note(error, ids[places[0]])
                return [error]
        middle = len(places) // 2
        return self._answers(call, places[:middle], ids) + self._answers(call, places[middle:], ids)

    def _raise_unless_a_row_may_cause(self, error: Exception) -> None:
        if isinstance(error, MashbillError) and not isinstance(error, RowError):
            raise error
        if is_of_the_machine(error):
            raise MachineError(f"{self.what} failed: {one_line(error)}") from error

    def _note(self, error: Exception, text_id: str) -> None:
        if self._works:
            return
        alike = self._failed[re.sub(r"\d+", "", one_line(error))]
        alike.add(text_id)
        if len(alike) >= ENOUGH:
            raise SystematicError(
                f"{self.what} failed on each of the first {len(alike)} texts: {told(error)}"
            ) from error

"""What a stage declares of columns and rows: needed, added, lost, made.

Schema, checks, card and pages of a run are derived from the list of its stages' contracts.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from mashbill.models.errors import MashbillError

NOT_MADE = ("exhausted", "held_out", "rejected")  # what becomes of copies without a variant
# Or its label is lost, or the guards of a rewriter refuse it: these begin the names of counts by
# reason.
LABEL_LOST, REFUSED = BY_REASON = ("label_lost", "refused")


class Column(NamedTuple):
    """A column that a stage adds.

    Attributes:
        name: of the column.
        kind: a type of `datasets`, such as `float32`; or what the task makes of it: `label`, a
            gold label; `answer`, a model's; `scores`, its numbers; or a column of `Task.added`.
        about: what it says, in one line.
    """

    name: str
    kind: str
    about: str


class Contract(NamedTuple):
    """What a stage declares.

    Attributes:
        name: of the stage, which begins the names of its counts.
        needs: columns that an earlier stage must have added.
        adds: columns.
        loses: counts of rows that do not leave it, such as `rejected` or `dropped/duplicates`.
        makes: whether it makes variants; then `rejected` counts these, and not its rows.
        not_made: counts of copies of which it made no variant, such as `exhausted`.
    """

    name: str
    needs: tuple[str, ...] = ()
    adds: tuple[Column, ...] = ()
    loses: tuple[str, ...] = ()
    makes: bool = False
    not_made: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As `run.json` has it under `stages`."""
        return {**self._asdict(), "adds": [column._asdict() for column in self.adds]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Contract":
        value = {"not_made": NOT_MADE if value["makes"] else (), **value}
        lists = {name: tuple(value[name]) for name in ("needs", "loses", "not_made")}
        adds = tuple(Column(**column) for column in value["adds"])
        return cls(**{**value, **lists, "adds": adds})


def columns_of(contracts: Iterable[Contract]) -> dict[str, Column]:
    """What the stages add, in order."""
    return {column.name: column for one in contracts for column in one.adds}


def check_order(contracts: Iterable[Contract]) -> None:
    """Raises MashbillError: a stage needs a column that no earlier one adds."""
    contracts = list(contracts)
    there: set[str] = set()
    for place, one in enumerate(contracts):
        for name in one.needs:
            if name not in there:
                later = [other.name for other in contracts[place:] if name in columns_of([other])]
                hint = (
                    f"{later[0]} adds it, but runs later"
                    if later
                    else "no stage of this run adds it"
                )
                raise MashbillError(f"the stage {one.name} needs the column {name}: {hint}")
        there.update(columns_of([one]))


def check_losses(contracts: Iterable[Contract], counts: Mapping[str, float]) -> Iterator[str]:
    """A line for every stage that lost rows in a way which it does not declare, or counted
    without being declared."""
    known = {one.name: one for one in contracts}
    for count in counts:
        stage, _, what = count.partition("/")
        if what == "in" and stage not in known:
            yield f"{stage}: not a stage of this run, but it counted rows"
        declared = (*known[stage].loses, *known[stage].not_made) if stage in known else (what,)
        if (
            what.startswith(("dropped/", *(f"{name}/" for name in BY_REASON)))
            and what not in declared
        ):
            yield f"{stage}: {what}: the stage does not declare this loss"

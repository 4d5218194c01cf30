"""What is measured of models of a task, and of the splits that they learn from."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa

from mashbill.models.settings import Section

Calibration = Mapping[str, Any]


class Measure(NamedTuple):
    """What is measured of every row, whose mean is a model's main figure.

    Attributes:
        key: of the figure, in metrics and in evaluation.json.
        name: for a reader.
        percent: whether it is a share.
        higher_is_better: whether more of it is better.
    """

    key: str
    name: str
    percent: bool = True
    higher_is_better: bool = True


class Measuring(Section):
    """Logits have first axis n, the number of rows; gold is as `Labelling.gold` gives it.

    Attributes:
        measure: the main figure.
        figures: the others, by key, with their names.
        lower_is_better: figures of which less is better.
        on_cards: figures that a student's card shows.
        likeness_names: what `likeness` gives, with its names.
    """

    measure: ClassVar[Measure]
    figures: ClassVar[Mapping[str, str]]
    lower_is_better: ClassVar[frozenset[str]] = frozenset({"divergence"})
    on_cards: ClassVar[tuple[str, ...]]
    likeness_names: ClassVar[tuple[tuple[str, str], ...]] = (
        ("agreement", "agreement with the soft labels"),
        ("divergence", "KL(soft labels ‖ student)"),
    )

    # Of a split

    @property
    def confused(self) -> tuple[str, ...]:
        """Names of the rows and columns of the `confusion` among `details`, where it is there."""
        return self.labels

    @property
    def tallied(self) -> tuple[str, ...]:
        """What `tally` counts, for the header of a table."""
        return self.labels

    def balance(self, tally: np.ndarray, rows: int) -> dict[str, int | float]:
        """A tally of so many labelled rows, for a table: `tallied` to a number."""
        return dict(zip(self.tallied, np.rint(tally).astype(int).tolist(), strict=True))

    def tally(self, gold: np.ndarray) -> np.ndarray:
        """What is known of all rows together, float64 [len(tallied)]; of parts, the sums count."""
        raise NotImplementedError

    def too_few_to_measure(self, split: str, tally: Sequence[float]) -> Iterator[str]:
        """What to say of a split in which some labels hardly occur."""
        yield from ()

    # Of a model

    def metrics(self, logits: np.ndarray, gold: np.ndarray) -> dict[str, float]:
        """Of at least one row with a label: `rows`, the main figure and `figures`."""
        raise NotImplementedError

    @property
    def card_columns(self) -> list[tuple[str, str]]:
        """Key and title of the figures on a student's card."""
        names = {self.measure.key: self.measure.name, **self.figures}
        return [*((key, names[key]) for key in self.on_cards), *self.likeness_names]

    def slices(self, gold: np.ndarray) -> dict[str, np.ndarray]:
        """Places of the rows that share something of their labels, by a name for it."""
        raise NotImplementedError

    def memory(self, train: Iterator[pa.RecordBatch]) -> Any:
        """What `parts` has to know of the labelled train rows, which have `gold_columns`."""
        return None

    def parts(
        self, texts: Sequence[str], logits: np.ndarray, gold: np.ndarray, memory: Any
    ) -> Iterator[tuple[str, str, int, np.ndarray]]:
        """Slices of labels, not of rows: what it goes by, a name, how many labels there are, and
        the main figure as `of_rows` gives it."""
        yield from ()

    def resampled(
        self, logits: np.ndarray, gold: np.ndarray
    ) -> Callable[[np.ndarray], dict[str, float]]:
        """What gives `figures` of the rows at some places, any number of times."""

        def figures(rows: np.ndarray) -> dict[str, float]:
            every_figure = self.metrics(logits[rows], gold[rows])
            return {key: every_figure[key] for key in self.figures}

        return figures

    def details(self, logits: np.ndarray, gold: np.ndarray) -> dict[str, Any]:
        """What evaluation.json has of a model beside its figures, by key."""
        return {}

    def of_rows(self, logits: np.ndarray, gold: np.ndarray) -> np.ndarray:
        """The main figure of each row, bool or float64 [n]."""
        raise NotImplementedError

    def likeness(self, teacher: np.ndarray, student: np.ndarray) -> dict[str, float]:
        """How near a student's logits are to its teacher's: `agreement` and `divergence`."""
        raise NotImplementedError

    def calibrate(self, logits: np.ndarray, gold: np.ndarray) -> dict[str, Any]:
        """What makes a model's answers better without training, fitted on rows it has not seen."""
        return {}

    def of_config(self, calibration: Calibration, scales: bool = True) -> dict[str, Any]:
        """What a model's config.json keeps of a calibration.

        Args:
            scales: with what only changes how sure the answers are.
        """
        return {}

    def scaled(self, logits: np.ndarray, calibration: Calibration) -> np.ndarray | None:
        """Logits after `calibrate`; None where that scales nothing."""
        return None

    def scaled_metrics(
        self, logits: np.ndarray, gold: np.ndarray, calibration: Calibration
    ) -> dict[str, float]:
        """`metrics` of the logits after `calibrate`."""
        return self.metrics(self.scaled(logits, calibration), gold)

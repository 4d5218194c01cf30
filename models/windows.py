"""How a classifier reads what is longer than its window."""

from pydantic import Field

from mashbill.models.settings import Section


class Windows(Section):
    """Several windows for a long text; the mean of their logits is its answer.

    Attributes:
        overlap: share of a window that the next one begins with.
        most: windows of a text; what lies beyond is not read.
    """

    overlap: float = Field(0.25, ge=0, le=0.5)
    most: int = Field(8, ge=2)

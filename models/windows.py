"""How a classifier reads what is longer than its window."""

from pydantic import Field

from mashbill.models.settings import Section


class Windows(Section):
    """Several windows for a long text; the mean of their logits is its answer."""

    overlap: float = Field(
        0.25, ge=0, le=0.5, description="share of a window that it has in common with the next one"
    )
    most: int = Field(
        8, ge=2, description="largest number of windows of a text; the rest of it is not read"
    )

"""How a classifier reads what is longer than its window."""

from pydantic import Field

from mashbill.models.settings import Section


class Windows(Section):
    """Several windows for a long text; the mean of their logits is its answer."""

    overlap: float = Field(
        0.25, ge=0, le=0.5, description="share of a window that the next one begins with"
    )
    most: int = Field(8, ge=2, description="windows of a text; what lies beyond is not read")

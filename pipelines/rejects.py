"""What is said, and done, where rows of a corpus that a command reads itself cannot be used."""

from collections.abc import Iterator

from mashbill.models.errors import MashbillError
from mashbill.pipelines.gate import lossy_corpora
from mashbill.pipelines.messages import tell
from mashbill.transforms.corpus import Loaded, reasons
from mashbill.transforms.ledger import nested


def settle_rejects(what: str, loaded: Loaded, max_rejects: float) -> None:
    """Says how many rows were left out, and why.

    Args:
        what: begins each line, such as `teacher`.
        loaded: what was read.
        max_rejects: the share of a corpus's rows that may be rejects, as in `generate`.

    Raises:
        MashbillError: a corpus has more.
    """
    if not loaded.rejects:
        return
    if too_many := list(lossy(loaded, max_rejects)):
        lines = [f"  {line}" for line in too_many] + list(reasons(loaded.rejects))
        raise MashbillError("\n".join([f"{what}: more rejects than --max-rejects allows", *lines]))
    rows = loaded.counts["read/rows"]
    tell(f"{what}: {len(loaded.rejects):,} of {rows:,} rows are rejects and left out:")
    for line in reasons(loaded.rejects):
        tell(line)


def lossy(loaded: Loaded, max_rejects: float) -> Iterator[str]:
    """A line for each corpus with more rejects than it may have."""
    return lossy_corpora({"counts": nested(loaded.counts)}, max_rejects)

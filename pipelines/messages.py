"""What a command says while it works."""

import sys


def tell(line: str) -> None:
    """To stderr: stdout is for results."""
    print(line, file=sys.stderr, flush=True)

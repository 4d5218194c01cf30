"""The environment in which the processes that we start find themselves."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mashbill.models.spending import FILE_VARIABLE

# Python started with -m or -c would look for its modules in the current folder first: in somebody's
# project, where a torch.py or a transformers/ may lie that has nothing to do with ours.
SAFE_PATH = {"PYTHONSAFEPATH": "1"}


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Within the block, children inherit these variables; then all are as they were."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def one_account() -> Iterator[None]:
    """Within the block, and blocks inside of it, all processes spend from one account; see
    `models/spending.py`."""
    if FILE_VARIABLE in os.environ:
        yield
        return
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mashbill-spending-"))
        account = str(Path(folder, "spent.sqlite"))
        stack.enter_context(environment(**{FILE_VARIABLE: account}))
        yield

"""Where mashbill keeps what it need not make or pay for twice."""

import os
from pathlib import Path


def cache_folder() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "mashbill"

"""Changes to a model's config.json."""

import json
from pathlib import Path
from typing import Any


def set_config(folder: Path, **settings: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))

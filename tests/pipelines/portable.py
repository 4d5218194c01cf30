"""Prism, Beam's own portable runner, where its binary is at hand."""

import os
import zipfile
from pathlib import Path

import apache_beam
import pytest

VARIABLE = "MASHBILL_PRISM"
BESIDE = Path(__file__).parents[3] / "shared" / "prism"


def prism_binary(folder: Path) -> Path:
    """Unpacks Prism into `folder`; skips the test where there is none of this version.

    It is what MASHBILL_PRISM names, or `shared/prism/*.zip` beside the repository: the binary, or a
    zip archive that holds it.
    """
    named, version = os.environ.get(VARIABLE), apache_beam.__version__
    found = [Path(named)] if named else sorted(BESIDE.glob(f"prism-{version}-*.zip"))
    if not found or not found[0].is_file():
        pytest.skip(f"needs Prism {version}: set {VARIABLE} to its binary or zip")
    binary = folder / "prism"
    if zipfile.is_zipfile(found[0]):
        with zipfile.ZipFile(found[0]) as archive:
            (member,) = archive.namelist()
            binary.write_bytes(archive.read(member))
    else:
        binary.write_bytes(found[0].read_bytes())
    binary.chmod(0o755)
    return binary

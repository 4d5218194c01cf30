"""What a Flex Template's launcher starts: the template's parameters become `mashbill generate`."""

import argparse
import shutil
import tempfile
from pathlib import Path, PurePosixPath

from apache_beam.io.filesystems import FileSystems

from mashbill.pipelines.cli import main


def command(arguments: list[str] | None, folder: str) -> list[str]:
    """The arguments of `mashbill`; a recipe in an object store is copied into `folder`."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--recipe", required=True)
    parser.add_argument("--overrides", default="", help="a.b=value, separated by semicolons")
    parser.add_argument("--partition", default="1/1")
    given, beam_args = parser.parse_known_args(arguments)
    recipe = Path(folder, PurePosixPath(given.recipe).name)
    with FileSystems.open(given.recipe) as source, recipe.open("wb") as copy:
        shutil.copyfileobj(source, copy)
    overrides = [part for part in given.overrides.split(";") if part]
    sets = [word for override in overrides for word in ("--set", override)]
    return ["generate", str(recipe), *sets, "--partition", given.partition, "--", *beam_args]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(command(None, folder))

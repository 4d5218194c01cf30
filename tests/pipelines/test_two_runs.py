"""Two runs in real processes want one folder: one stays, the other says who holds it."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from mashbill.transforms.layout import LOCKS, fingerprint_of
from tests.pipelines.processes import Command, run
from tests.pipelines.runs import make, settings, write_corpus

OVERWRITE = ("--overwrite",)


@pytest.fixture(scope="module")
def recipes(tmp_path_factory, tiny_classifier):
    """A function from an output folder and a seed to a recipe file."""
    folder = tmp_path_factory.mktemp("two_runs")
    write_corpus(folder, rows=20)
    models = dict.fromkeys(("classifier", "encoder", "mlm"), tiny_classifier)
    augment = {"copies": 1, "methods": [{"use": "edit.swap"}]}
    values = settings(folder, models, filter={}, augment=augment)

    def write(out: Path, seed: int) -> str:
        recipe = {**values, "seed": seed, "output": {"path": str(out), "shards": 2}}
        path = folder / f"{out.parent.name}-{seed}.yaml"
        path.write_text(yaml.safe_dump(recipe))
        return str(path)

    return write


def generate(recipe: str, options: tuple[str, ...]) -> list[str]:
    return ["generate", recipe, "--max-rejects=1", *options]


def seed_of_all_files(out: Path) -> int:
    """What run.json says, where every file is of that run."""
    written = json.loads((out / "run.json").read_text())
    paths = list((out / "data").iterdir())
    assert paths
    assert {fingerprint_of(pq.read_schema(path)) for path in paths} == {written["fingerprint"]}
    assert [*(out / LOCKS).iterdir()] == []
    return written["seed"]


@pytest.mark.parametrize("second", [(), OVERWRITE], ids=["plain", "overwrite"])
@pytest.mark.parametrize("first", [(), OVERWRITE], ids=["plain", "overwrite"])
def test_who_came_second_is_refused_and_told_who_holds_the_folder(recipes, tmp_path, first, second):
    out = tmp_path / "out"
    if first:  # there is something to overwrite
        make(yaml.safe_load(Path(recipes(out, 6)).read_text()), out)
    holder = Command(*generate(recipes(out, 7), first), below=out / "data", hold=1)
    holder.wait_until_held()
    code, said = run(*generate(recipes(out, 8), second), below=out)
    assert code == 1
    holder_of = f"{out}: another run is writing here (process {holder.process.pid} on "
    assert holder_of in said.splitlines()[-1]
    holder.go_on()
    code, said = holder.end()
    assert code == 0, said
    assert seed_of_all_files(out) == 7

    code, said = run(*generate(recipes(out, 8), second), below=out)
    if second:
        assert (code, seed_of_all_files(out)) == (0, 8)
    else:
        assert (code, seed_of_all_files(out)) == (1, 7)
        assert "seed: 7 -> 8" in said


def test_who_came_first_but_signed_last_gives_way_to_a_run_that_writes_already(recipes, tmp_path):
    out = tmp_path / "out"
    late = Command(
        *generate(recipes(out, 7), ()), below=out / LOCKS, hold=2
    )  # signs before the 2nd
    late.wait_until_held()
    writing = Command(*generate(recipes(out, 8), ()), below=out / "data", hold=1)
    writing.wait_until_held()
    late.go_on()
    code, said = late.end()
    assert code == 1
    assert f"(process {writing.process.pid} on " in said
    writing.go_on()
    assert writing.end()[0] == 0
    assert seed_of_all_files(out) == 8

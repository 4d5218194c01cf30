"""The main job as a whole: how much of its time is not spent in the models, and how it grows.

    python -m benchmarks.end_to_end --partitions 1

Takes texts of the demo's corpora at 1x and 10x, runs `mashbill generate` on each in a process of
its own, and prints wall time, the sum of the time inside model forwards, peak memory (of the driver
and all its workers) and rows/s.
The demo's models must be there (`make demo`).
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import yaml

from benchmarks.scale import run_watched

EXAMPLE = Path("examples/reviews")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rows", type=int, default=1500, help="source texts at 1x")
    arguments.add_argument("--scales", type=int, nargs="+", default=[1, 10])
    arguments.add_argument("--partitions", type=int, default=1)
    arguments.add_argument("--workers", type=int, default=1)
    arguments.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = arguments.parse_args()
    found = [
        measure(scale, scale * options.rows, options.partitions, options.workers)
        for scale in options.scales
    ]
    if options.json:
        print(json.dumps({"benchmark": "end_to_end", "settings": vars(options), "runs": found}))
        return
    for run in found:
        print(
            f"{run['scale']}x, {run['sources']} sources, {options.partitions} partition(s), "
            f"{options.workers} worker(s): {run['rows']} rows in {run['wall']:.1f} s "
            f"({run['rows'] / run['wall']:.0f}/s); model forwards {run['forwards']:.1f} s, "
            f"wall / forwards {run['wall'] / run['forwards']:.2f}; peak {run['peak_mb']:.0f} MB"
        )


def measure(scale: int, sources: int, partitions: int, workers: int) -> dict[str, float]:
    """One run over the first `sources` texts."""
    with tempfile.TemporaryDirectory() as folder:
        recipe = write_recipe(Path(folder), sources)
        command = [sys.executable, "-m", "mashbill", "generate"]
        command += [str(recipe), f"--partitions={partitions}", f"--workers={workers}"]
        wall, peak = run_watched([*command, "--max-rejects=1"])
        run = json.loads(Path(folder, "out/run.json").read_text())
    written = run["counts"]["write"]
    return {
        "scale": scale,
        "sources": sources,
        "rows": sum(written.get(split, 0) for split in ("train", "validation", "test")),
        "wall": wall,
        "forwards": sum(run["timings"]["forward_seconds"].values()),
        "peak_mb": peak / 2**20,
    }


def write_recipe(folder: Path, sources: int) -> Path:
    """The demo's recipe over its first texts, labelled ones first."""
    recipe = yaml.safe_load((EXAMPLE / "recipe.yaml").read_text())
    left = sources
    for corpus in recipe["corpus"]:
        lines = Path(corpus["path"]).read_text(encoding="utf-8").splitlines()[:left]
        left -= len(lines)
        path = folder / Path(corpus["path"]).name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        corpus["path"] = str(path)
    recipe["corpus"] = [c for c in recipe["corpus"] if Path(c["path"]).stat().st_size]
    if left:
        sys.exit(f"the demo's corpora have {left} texts too few for this scale")
    recipe["output"]["path"] = str(folder / "out")
    target = folder / "recipe.yaml"
    target.write_text(yaml.safe_dump(recipe))
    return target


if __name__ == "__main__":
    main()

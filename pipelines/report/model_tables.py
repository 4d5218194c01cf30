"""Tables of evaluation.json; every share stands with its 95 % interval and its rows."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mashbill.models.tasks.base import Measure
from mashbill.pipelines.shares import figure, with_interval

CLEAN = "clean"
UNDER = {"clean": "as they are", "trained": "trained noise", "unseen": "unseen noise"}

Table = tuple[list[str], list[list[str]]]  # header and rows


class Confusion(NamedTuple):
    """Of a model, gold by predicted class as (rows, share of the gold class)."""

    model: str
    cells: list[list[tuple[int, float]]]


class Gain(NamedTuple):
    """What the student does under one kind of noise, beside its baseline.

    Attributes:
        under: a key of `UNDER`; suites: those it is the mean of.
        student, baseline, difference: the figure, and its 95 % interval, as text.
        verdict: what the interval of the difference says.
    """

    under: str
    suites: str
    student: tuple[str, str]
    baseline: tuple[str, str]
    difference: tuple[str, str]
    verdict: str


def measure_of(evaluation: Mapping[str, Any]) -> Measure:
    """The main figure of the models."""
    return Measure(**evaluation["measure"])


def gains(evaluation: Mapping[str, Any]) -> list[Gain]:
    """What the data bought: clean and under noise; empty where no baseline tells."""
    measure = measure_of(evaluation)
    return [
        Gain(
            UNDER[one["under"]],
            ", ".join(one["suites"]),
            *(figure(one[key], percent=measure.percent) for key in ("student", "baseline")),
            figure(one["difference"], "+", measure.percent),
            _verdict(one["difference"], measure),
        )
        for one in evaluation.get("bought", {}).get("under", [])
    ]


def _verdict(difference: Mapping[str, float], measure: Measure) -> str:
    if difference["low"] <= 0 <= difference["high"]:
        return "no difference shown"
    return "better" if (difference["low"] > 0) == measure.higher_is_better else "worse"


def rows_of(evaluation: Mapping[str, Any], name: str) -> str:
    """How many rows of a set the figures are of: "956 rows", or "200 of 956 rows"."""
    return f"{_rows_and_all(evaluation, name)} rows"


def _rows_and_all(evaluation: Mapping[str, Any], name: str) -> str:
    about_set = evaluation["sets"][name]
    rows, of = about_set["rows"], about_set.get("of", about_set["rows"])
    return f"{rows:,}" if rows == of else f"{rows:,} of {of:,}"


def limited(evaluation: Mapping[str, Any]) -> list[str]:
    """The sets that figures are not of all rows of: "test: 200 of 956 rows"."""
    return [
        f"{name}: {rows_of(evaluation, name)}"
        for name, about_set in evaluation["sets"].items()
        if about_set["rows"] != about_set.get("of", about_set["rows"])
    ]


def severity(evaluation: Mapping[str, Any], suite: str, level: int) -> str:
    """What a reader calls a level of a suite: "25 %"; 0 is the set as it is."""
    names = evaluation["suites"].get(suite, {}).get("severities") or []
    return "clean" if level == 0 else names[level - 1] if level <= len(names) else str(level)


def confusions(evaluation: Mapping[str, Any]) -> list[Confusion]:
    """Of each model on the test split as it is; none where rows have no classes."""
    tables = []
    for result in of_clean(evaluation):
        if "confusion" not in result:
            continue
        rows = [[(n, n / max(1, sum(row))) for n in row] for row in result["confusion"]]
        tables.append(Confusion(result["model"], rows))
    return tables


def overview(evaluation: Mapping[str, Any]) -> Table:
    """Each model on each set as it is."""
    measure, figures = measure_of(evaluation), evaluation["figures"]
    header = ["set", "model", "rows", measure.name, *figures.values(), "agreement"]
    rows = [
        [
            result["set"],
            result["model"],
            _rows_and_all(evaluation, result["set"]),
            with_interval(result[measure.key], measure.percent),
            *(with_interval(result[key], percent=False) for key in figures),
            with_interval(result["agreement"]) if "agreement" in result else "",
        ]
        for result in evaluation["results"]
        if result["suite"] == CLEAN
    ]
    return header, rows


def differences(evaluation: Mapping[str, Any]) -> Table:
    """Pairs of models on each set as it is."""
    measure = measure_of(evaluation)
    header = ["set", "rows", "first", "second", f"{measure.name} of first minus second",
              "p, bootstrap", "p, McNemar"]  # fmt: skip
    rows = []
    for pair in evaluation["differences"]:
        if pair["suite"] == CLEAN:
            difference = pair[measure.key]
            value, interval = figure(difference, "+", measure.percent)
            rows.append(
                [pair["set"], _rows_and_all(evaluation, pair["set"]), pair["first"],
                 pair["second"], f"{value} ({interval})",
                 f"{difference['p_bootstrap']:.3f}", f"{difference['p_mcnemar']:.3f}"]
            )  # fmt: skip
    return header, rows


def checks(evaluation: Mapping[str, Any]) -> Table:
    """What each model fails of the suites MFT (cases answered wrong) and DIR (changed rows of which
    the label's probability rises), with 95 % intervals."""
    measure = measure_of(evaluation)
    models = list(evaluation["models"])
    shares: dict[tuple[str, str, int], dict[str, str]] = {}
    for one in evaluation["results"]:
        kind = evaluation["suites"].get(one["suite"], {}).get("kind")
        place = (one["set"], one["suite"], one["level"])
        if kind == "MFT":
            right = one[measure.key]
            wrong = {
                "value": 1 - right["value"],
                "low": 1 - right["high"],
                "high": 1 - right["low"],
            }
            shares.setdefault(place, {})[one["model"]] = _failed(wrong, one["rows"])
        elif kind == "DIR" and "rises" in one:
            shares.setdefault(place, {})[one["model"]] = _failed(one["rises"], one["changed"])
    rows = [
        [test, suite, *(of.get(model, "") for model in models)]
        for (test, suite, _), of in shares.items()
    ]
    return ["set", "suite", *models], rows


def _failed(share: Mapping[str, float], rows: int) -> str:
    low, high = (f"{100 * share[key]:z.1f}" for key in ("low", "high"))
    return f"{round(share['value'] * rows):,} of {rows:,} ({low}–{high} %)"


def slices(evaluation: Mapping[str, Any]) -> Table:
    """The main figure by slice, a column for each model."""
    measure = measure_of(evaluation)
    models = list(evaluation["models"])
    cells: dict[tuple[str, str], dict[str, Any]] = {}
    for one in evaluation["slices"]:
        cells.setdefault((one["by"], one["slice"]), {})[one["model"]] = one
    rows = [
        [by, piece, f"{next(iter(of.values()))['rows']:,}",
         *(with_interval(of[model][measure.key], measure.percent) for model in models)]
        for (by, piece), of in cells.items()
    ]  # fmt: skip
    return ["by", "slice", "rows", *models], rows


def of_entities(evaluation: Mapping[str, Any]) -> Iterator[tuple[str, Table]]:
    """Where labels are spans: the figures of each type, and what becomes of gold entities."""
    tagged = [one for one in of_clean(evaluation) if "types" in one]
    if not tagged:
        return
    keys = {"precision": "precision", "recall": "recall", "f1": "F1"}
    yield (
        "Types of entities",
        (
            ["model", "type", "entities", *keys.values()],
            [
                [
                    one["model"],
                    name,
                    f"{of['entities']:,}",
                    *(with_interval(of[key]) for key in keys),
                ]
                for one in tagged
                for name, of in one["types"].items()
            ],
        ),
    )
    names = list(tagged[0]["matches"])
    rows = [[one["model"], *(f"{one['matches'][name]:,}" for name in names)] for one in tagged]
    told = {"type": "other type", "bounds": "other bounds", "both": "other type and bounds"}
    yield "Entities found", (["model", *(told.get(name, name) for name in names)], rows)


def of_clean(evaluation: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The results on the data set's own test rows as they are."""
    own = next(iter(evaluation["sets"]), None)
    for result in evaluation["results"]:
        if result["set"] == own and result["suite"] == CLEAN:
            yield result

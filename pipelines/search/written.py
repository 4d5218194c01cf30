"""The recipe that a search has found, as a file with comments on what mattered."""

from collections.abc import Mapping
from typing import Any

import yaml

from mashbill.pipelines.recipe import Recipe

MOST = 6  # parameters that a comment names


def recipe_text(recipe: Recipe, result: Mapping[str, Any]) -> str:
    """YAML that `load_recipe` takes.

    Args:
        recipe: of the best choice.
        result: see `search`.
    """
    values = recipe.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
    values.pop("search", None)
    for name in ("augment", "filter"):
        section = getattr(recipe, name).model_dump(
            mode="json", by_alias=True, exclude_defaults=True, exclude_none=True
        )
        values.pop(name, None)
        if section:
            values[name] = section
    values["distill"] = _plain(recipe)
    body = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    lines = ["The best recipe that `mashbill search` has found.", *summary(result)]
    return "".join(f"# {line}\n" for line in lines) + body


def _plain(recipe: Recipe) -> dict[str, Any]:
    """The section `distill` without what has its default."""
    section = recipe.distill
    found = section.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)
    for name in ("student", "objective"):  # told apart by a key that may have its default
        part = getattr(section, name)
        found[name] = part.model_dump(mode="json", by_alias=True, exclude_none=True)
    return found


def summary(result: Mapping[str, Any]) -> list[str]:
    """What was found, in lines for the recipe and the terminal.

    Args:
        result: see `search`.
    """
    best, usual = result["best"], result["usual"]
    many = len(best["trainings"])
    lines = [
        f"{result['finished']} trials, {result['pruned']} of them pruned; validation, the mean of "
        f"clean and noise ({', '.join(result['suites']) or 'none'}):",
        f"  {best['value']:.4f} in trial {best['number']}"
        + (f", {usual['value']:.4f} with the recipe as it was" if usual else "")
        + (f" (means of {many} trainings)" if many > 1 else ""),
    ]
    test = result.get("test") or {"models": {}, "differences": {}}
    for name, found in test["models"].items():
        mean = found["mean"]
        lines.append(
            f"test, {name}: {mean['value']:.4f} ({mean['low']:.4f} to {mean['high']:.4f}), clean "
            f"{found['clean']['value']:.4f}"
        )
    for name, gap in test["differences"].items():
        known = gap["low"] > 0 if test["measure"]["higher_is_better"] else gap["high"] < 0
        lines.append(
            f"  against {name}: {gap['value']:+.4f} ({gap['low']:+.4f} to {gap['high']:+.4f}), "
            + ("a gain" if known else "no gain that is certain")
        )
    if result["importances"]:
        lines.append("What mattered, as a share of the variance between trials:")
        ranked = list(result["importances"].items())[:MOST]
        lines += [f"  {share:.2f} {name}" for name, share in ranked]
    if result["left_out"]:
        lines.append("Left out before any training:")
        lines += [f"  {label}: {why}" for label, why in result["left_out"].items()]
    return lines

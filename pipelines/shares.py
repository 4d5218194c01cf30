"""Shares and differences of them as a reader sees them: in percent, with their 95 % interval."""

from collections.abc import Mapping


def figure(found: Mapping[str, float], sign: str = "") -> tuple[str, str]:
    """Value and interval of a share; with the sign "+", of a difference in points."""
    value, low, high = (f"{100 * found[key]:{sign}z.1f}" for key in ("value", "low", "high"))
    return (f"{value} points", f"{low} to {high}") if sign else (f"{value} %", f"{low}–{high}")


def with_interval(share: Mapping[str, float]) -> str:
    """A share with its interval: "87.0 % (84.8–89.0)"."""
    value, interval = figure(share)
    return f"{value} ({interval})"

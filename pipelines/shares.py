"""Figures as a reader sees them, with their 95 % interval; shares are in percent."""

from collections.abc import Mapping


def figure(interval: Mapping[str, float], sign: str = "", percent: bool = True) -> tuple[str, str]:
    """Value and interval; with the sign "+", of a difference, which of shares is in points."""
    ends = (interval[key] for key in ("value", "low", "high"))
    if not percent:
        value, low, high = (f"{end:{sign}z.3f}" for end in ends)
        return value, f"{low} to {high}" if sign else f"{low}–{high}"
    value, low, high = (f"{100 * end:{sign}z.1f}" for end in ends)
    return (f"{value} points", f"{low} to {high}") if sign else (f"{value} %", f"{low}–{high}")


def with_interval(ends: Mapping[str, float], percent: bool = True) -> str:
    """A figure with its interval: "87.0 % (84.8–89.0)"."""
    value, interval = figure(ends, percent=percent)
    return f"{value} ({interval})"

"""How near models come to the teacher: where it is sure, where they differ, and what the bar is."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mashbill.models.deferral import certainty
from mashbill.models.significance import difference, interval
from mashbill.pipelines.evaluation.cascade import Player

SECOND = "second_teacher"  # its name among the models
EDGES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)  # of the teacher's confidence


def likeness(players: Mapping[str, Player], gold: np.ndarray) -> list[dict[str, Any]]:
    """Of each model but the teacher, on the same rows; nothing where answers are only near.

    Args:
        players: the teacher first.
    """
    (_, teacher), *others = players.items()
    if not teacher.task.is_exact:
        return []
    said = teacher.task.predict(teacher.logits)
    agrees = {
        name: player.task.agree(player.task.predict(player.logits), said) for name, player in others
    }
    return [
        {
            "model": name,
            "rows": len(gold),
            "agreement": interval(agrees[name])._asdict(),
            "by_confidence": _by_confidence(teacher, agrees[name]),
            "differing": _differing(teacher, player, ~agrees[name], gold),
            "above_ceiling": difference(agrees[name], agrees[SECOND])._asdict()
            if SECOND in agrees and name != SECOND
            else None,
        }
        for name, player in others
    ]


def one_teacher_twice(models: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """A line where the second teacher is the first one, so that its agreement is no ceiling.

    Args:
        models: see `models` in evaluation.json.
    """
    if SECOND in models and models[SECOND]["weights"] == models["teacher"]["weights"]:
        yield f"{SECOND}: it has the same weights as the teacher; train it with another seed"


def _by_confidence(teacher: Player, agrees: np.ndarray) -> list[dict[str, Any]]:
    """Agreement by how sure the teacher is; bins without a row are left out."""
    if not teacher.task.has_confidence:
        return []
    places = np.searchsorted(
        EDGES, certainty(teacher.task, teacher.logits, teacher.config), "right"
    )
    bounds = (0.0, *EDGES, 1.0)
    return [
        {
            "low": bounds[place],
            "high": bounds[place + 1],
            "rows": int((places == place).sum()),
            "agreement": interval(agrees[places == place])._asdict(),
        }
        for place in np.unique(places).tolist()
    ]


def _differing(
    teacher: Player, model: Player, differ: np.ndarray, gold: np.ndarray
) -> dict[str, Any]:
    """The main figure of both on the rows that they answer otherwise."""
    figures: dict[str, Any] = {"rows": int(differ.sum()), "teacher": None, "model": None}
    if differ.any():
        for key, player in (("teacher", teacher), ("model", model)):
            values = player.task.of_rows(player.logits[differ], gold[differ])
            figures[key] = interval(values)._asdict()
    return figures

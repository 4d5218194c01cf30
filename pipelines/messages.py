"""What a command says while it works, and of a model when it is trained."""

import sys
from collections.abc import Mapping
from typing import Any

from mashbill.models.model_folder import is_chief
from mashbill.pipelines.memory import note
from mashbill.pipelines.terminal import Terminal, terminal_text


def tell(line: str) -> None:
    """To stderr: stdout is for results. Of processes started together, only the first one does."""
    note(line)
    if not is_chief():
        return
    print(terminal_text(line), file=sys.stderr, flush=True)


def show_metrics(title: str, metrics: Mapping[str, Any]) -> None:
    """Prints nested figures, a line for each group; one with lists, such as a curve, is left to the
    file. Of processes started together, only the first one prints."""
    if not is_chief():
        return
    console = Terminal()
    console.print(title, style="bold")
    for group, values in metrics.items():
        if isinstance(values, Mapping) and not any(map(_is_list, values.values())):
            figures = ", ".join(
                f"{name} {value:.4f}" if isinstance(value, float) else f"{name} {value}"
                for name, value in values.items()
            )
            console.print(f"  {group}: {figures}")


def _is_list(value: Any) -> bool:
    return isinstance(value, list)

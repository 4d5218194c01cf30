"""The one place where data becomes terminal text: nothing in it moves a cursor or hides letters."""

import re
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from mashbill.transforms.addresses import without_secrets

# C0 and C1 but for tab and line end, line separators, marks and overrides of direction, surrogates
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def visible(text: str) -> str:
    """Control characters as Python writes them, such as \\x1b."""
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def terminal_text(text: str) -> str:
    """What may be printed of a text: control characters visible, secrets of addresses gone."""
    return visible(without_secrets(text))


class Terminal(Console):
    """A console whose every text is made visible, wherever it comes from."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))

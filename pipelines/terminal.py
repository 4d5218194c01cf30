"""The one place where data becomes terminal text: nothing in it moves a cursor or hides letters."""

import re
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from mashbill.transforms.addresses import without_secrets

# C0 and C1 but for tab and line end, line separators, marks and overrides of direction, surrogates
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def visible(text: str) -> str:
    """Control characters as Python writes them, such as \\x1b."""
    return _UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def terminal_text(text: str) -> str:
    """What may be printed of a text: control characters visible, secrets of addresses gone."""
    return visible(without_secrets(text))


def json_text(line: bytes) -> str:
    """A JSON text of the same value, with its control characters as JSON escapes them."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", line.decode())


class Terminal(Console):
    """A console to which every text is data: made visible, without secrets, and no markup."""

    def __init__(self, **options):
        super().__init__(markup=False, highlight=False, emoji=False, **options)

    def render_str(self, text: str, **options) -> Text:
        # Here a text is still whole; in a segment half of an address would tell its secret.
        return super().render_str(terminal_text(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))

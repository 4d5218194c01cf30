"""Log records are terminal text too: a library may quote data, or an address, in any of them."""

import logging


class TerminalFormatter(logging.Formatter):
    """Formats as logging does by default, with nothing that moves a cursor or is secret."""

    def __init__(self):
        super().__init__(logging.BASIC_FORMAT)

    def format(self, record: logging.LogRecord) -> str:
        from mashbill.pipelines.terminal import terminal_text

        return terminal_text(super().format(record))


def start_logging(level: int) -> None:
    """To stderr, unless somebody has set up logging already."""
    handler = logging.StreamHandler()
    handler.setFormatter(TerminalFormatter())
    logging.basicConfig(level=level, handlers=[handler])

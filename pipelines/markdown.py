"""Data as Markdown: nothing in it is markup, breaks its line, or ends its code."""

import re
from functools import cache

from jinja2 import Environment, PackageLoader

from mashbill.pipelines.terminal import terminal_text

_MARKUP = re.compile(r"[\\`*_\[\]<>|~&$]")


def plain(text: str) -> str:
    """The text on one line, with a backslash before every letter that means something."""
    return _MARKUP.sub(r"\\\g<0>", _one_line(text))


def code(text: str) -> str:
    """A code span of the text."""
    text = _one_line(text)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return _fence(text, 1) + pad + text + pad + _fence(text, 1)


def code_block(text: str, language: str) -> str:
    """A fenced block of the text."""
    fence = _fence(text, 3)
    return f"{fence}{language}\n{terminal_text(text).rstrip()}\n{fence}"


def _one_line(text: str) -> str:
    return " ".join(terminal_text(str(text)).split("\n"))


def _fence(text: str, least: int) -> str:
    """More backticks in a row than the text has anywhere."""
    return "`" * max([least, *(len(run) + 1 for run in re.findall("`+", text))])


@cache
def templates() -> Environment:
    """The Markdown templates, with these functions as filters; compiled once."""
    environment = Environment(
        loader=PackageLoader("mashbill.pipelines"), trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"plain": plain, "code": code, "code_block": code_block}
    return environment

"""Prompts: Jinja2 templates without access to anything but what they are given."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment, Template


def render(prompt: str, **known: object) -> str:
    """The template filled in; a name that it does not know is an error of jinja2's."""
    return _template(prompt).render(**known)


def check_prompt(prompt: str, **known: object) -> str:
    """The prompt.

    Raises ValueError if it is no template over these names.
    """
    from jinja2 import TemplateError

    try:
        render(prompt, **known)
    except TemplateError as error:
        raise ValueError(f"is no template: {error}") from None
    return prompt


def literal(prompt: str) -> str:
    """What a template says whatever is filled in."""
    from jinja2 import nodes

    written = _environment().parse(prompt).find_all(nodes.TemplateData)
    return " ".join(node.data for node in written)


def before(text: str, stop: Sequence[str]) -> str:
    """The text up to the first of some strings."""
    return min((text.partition(one)[0] for one in stop), key=len, default=text)


@lru_cache(maxsize=64)
def _template(prompt: str) -> "Template":
    return _environment().from_string(prompt)


def _environment() -> "Environment":
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)

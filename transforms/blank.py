"""What is no text."""

import regex

# Anything but white space, control characters and what Unicode calls ignorable (zero width).
VISIBLE = regex.compile(r"[^\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]")


def is_blank(text: str) -> bool:
    """Whether there is nothing to read in it."""
    return VISIBLE.search(text) is None

"""Texts of any letters, for hypothesis."""

from hypothesis import strategies as st

# The alphabet of `st.text()`, which asks the codec about each of a million letters for two seconds.
LETTERS = st.characters(exclude_categories=["Cs"])


def anything(max_size: int | None = None) -> st.SearchStrategy[str]:
    """`st.text()` without the wait."""
    return st.text(LETTERS, max_size=max_size)

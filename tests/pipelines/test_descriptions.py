"""Every key of a recipe says what it is for: editors and the reference page show it."""

import pytest

from mashbill.pipelines.recipe import Recipe

SCHEMA = Recipe.model_json_schema()
SECTIONS = {"Recipe": SCHEMA, **SCHEMA["$defs"]}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_has_a_description(section):
    keys = SECTIONS[section].get("properties", {})
    assert [key for key, value in keys.items() if not value.get("description", "").strip()] == []


def test_a_description_is_a_phrase_not_a_sentence():
    """As the others are: they stand in tables, behind the name of their key."""
    for section, schema in SECTIONS.items():
        for key, value in schema.get("properties", {}).items():
            assert not value["description"].rstrip().endswith("."), f"{section}.{key}"

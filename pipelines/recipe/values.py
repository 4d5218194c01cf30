"""Texts of a recipe that must be of a form: names, paths to write below, encodings."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, StrictStr

from mashbill.models.errors import MashbillError
from mashbill.models.settings import Path
from mashbill.transforms.languages.registry import language_of
from mashbill.transforms.suites.registry import check_name

READ_ONLY = ("hf", "http", "https")


def _suite(name: str) -> str:
    try:
        return check_name(name)
    except MashbillError as error:
        raise ValueError(str(error)) from None


def _language(name: str) -> str:
    try:
        language_of(name)
    except MashbillError as error:
        raise ValueError(str(error)) from None
    return name


def _written(path: str) -> str:
    """A path that files can be written below."""
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", path)
    if scheme and scheme[1] in READ_ONLY:
        raise ValueError(f"{path}: {scheme[1]}:// is read-only")
    return path


def _encoding(name: str) -> str:
    try:
        "a".encode(name)
    except (LookupError, UnicodeError, ValueError):
        raise ValueError("unknown encoding; examples: utf-16, gb18030, big5, latin-1") from None
    return name


def _delimiter(character: str) -> str:
    if len(character) != 1 or character in '"\r\n':
        raise ValueError(
            'must be one character other than a quote; a tab is "\\t", in double quotes'
        )
    return character


Name = Annotated[StrictStr, Field(min_length=1, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Suite = Annotated[StrictStr, AfterValidator(_suite)]
Language = Annotated[StrictStr, AfterValidator(_language)]
WrittenPath = Annotated[Path, AfterValidator(_written)]
Encoding = Annotated[StrictStr, AfterValidator(_encoding)]
Delimiter = Annotated[StrictStr, AfterValidator(_delimiter)]

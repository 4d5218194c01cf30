"""Any language: everything that needs to know none."""

from mashbill.transforms.languages.base import Language

ANY = Language()

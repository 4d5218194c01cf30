"""Every augmenter by its name, and augmenters from what a recipe says."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from mashbill.models.errors import MashbillError
from mashbill.transforms.augmenters import (
    abbreviation,
    combinators,
    contextual,
    contraction,
    distribution,
    edit,
    embedding,
    grammar,
    nlpaug_methods,
    order,
    synonym,
    typo,
)
from mashbill.transforms.augmenters.base import Augmenter

AUGMENTERS: dict[str, type[Augmenter]] = {
    kind.name: kind
    for kind in (
        typo.Keyboard,
        typo.Insert,
        typo.Delete,
        typo.Substitute,
        typo.Transpose,
        typo.Repeat,
        typo.Ocr,
        typo.Misspelling,
        typo.Homoglyph,
        typo.Diacritics,
        edit.Delete,
        edit.Swap,
        edit.InsertPunctuation,
        edit.InsertSymbol,
        edit.Duplicate,
        edit.Replace,
        edit.Split,
        edit.Join,
        edit.Crop,
        edit.Case,
        contraction.Contraction,
        contraction.Expand,
        contraction.Contract,
        abbreviation.Abbreviation,
        abbreviation.Expand,
        abbreviation.Contract,
        grammar.Agreement,
        grammar.Article,
        grammar.Preposition,
        grammar.VerbForm,
        grammar.Number,
        grammar.Homophone,
        distribution.Unigram,
        distribution.TfIdf,
        order.Reverse,
        order.Shuffle,
        order.Clauses,
        synonym.WordNetSynonym,
        embedding.EmbeddingSynonym,
        contextual.Substitute,
        contextual.Insert,
        *nlpaug_methods.METHODS,
        combinators.Chain,
        combinators.OneOf,
        combinators.Sometimes,
    )
}


def build(spec: str | Mapping[str, Any]) -> Augmenter:
    """An augmenter from its name, or from `{"use": name, parameter: value, …}`.

    Raises:
        MashbillError: no such augmenter or parameter, or a value that is not allowed.
    """
    if isinstance(spec, Augmenter):
        return spec
    if isinstance(spec, str):
        spec = {"use": spec}
    if not isinstance(spec, Mapping):
        raise MashbillError(f"{spec!r} is no augmenter: expected a name or {{use: NAME, …}}")
    name = spec.get("use")
    if not isinstance(name, str):
        raise MashbillError(f"an augmenter needs `use`, the name of one; got {dict(spec)!r}")
    family, _, kind_name = name.partition(".")
    if family == "nlpaug" and kind_name in nlpaug_methods.ELSEWHERE:
        raise MashbillError(f"use: {name!r} {nlpaug_methods.ELSEWHERE[kind_name]}")
    if name not in AUGMENTERS:
        raise MashbillError(f"use: {name!r} is no augmenter{_nearest(name, AUGMENTERS)}")
    kind = AUGMENTERS[name]
    parameters = {key: value for key, value in spec.items() if key != "use"}
    try:
        return kind(**parameters)
    except ValidationError as error:
        raise MashbillError(_explain(kind, error)) from None


def _explain(kind: type[Augmenter], error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(map(str, first["loc"])) or "parameters"
    if first["type"] == "extra_forbidden":
        return f"{kind.name} has no parameter {key!r}{_nearest(key, kind.model_fields)}"
    if first["type"] == "missing":
        return f"{kind.name} needs the parameter {key!r}"
    return f"{kind.name}: {key}: {first['input']!r}: {first['msg']}"


def _nearest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{hint} (there are: {', '.join(known)})"

"""Every augmenter by its name, and augmenters from what a recipe says."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import Any

from pydantic import ValidationError

from mashbill.models.errors import MashbillError, words_of
from mashbill.models.plugins import Added, Registry
from mashbill.transforms.augmenters import (
    combinators,
    contextual,
    distribution,
    edit,
    embedding,
    entity,
    nlpaug_methods,
    order,
    prompt,
    translate,
    typo,
    write,
)
from mashbill.transforms.augmenters.base import Augmenter
from mashbill.transforms.augmenters.nlpaug_classes import ELSEWHERE
from mashbill.transforms.languages.registry import DEFAULT_LANGUAGE, LANGUAGES, language_of

COMMON: tuple[type[Augmenter], ...] = (
    typo.Keyboard,
    typo.Insert,
    typo.Delete,
    typo.Substitute,
    typo.Transpose,
    typo.Repeat,
    typo.Ocr,
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
    distribution.Unigram,
    distribution.TfIdf,
    order.Reverse,
    order.Shuffle,
    embedding.EmbeddingSynonym,
    contextual.Substitute,
    contextual.Insert,
    entity.Replace,
    entity.SwapContext,
    translate.Translate,
    translate.Paraphrase,
    prompt.Prompted,
    write.Write,
    *nlpaug_methods.METHODS,
    combinators.Chain,
    combinators.OneOf,
    combinators.Sometimes,
)


def _by_family(kinds: Iterable[type[Augmenter]]) -> Iterator[type[Augmenter]]:
    """Those of a family stand together."""
    families: dict[str, list[type[Augmenter]]] = {}
    for kind in kinds:
        families.setdefault(kind.name.partition(".")[0], []).append(kind)
    return chain.from_iterable(families.values())


def _of_languages(languages: Iterable[str]) -> Iterator[type[Augmenter]]:
    for name in languages:
        yield from language_of(name).augmenters()


def _brought() -> Iterator[Added]:
    """Those of the languages that packages add; a broken one is told of where a recipe names it."""
    for name, language in LANGUAGES.added().items():
        with suppress(MashbillError):
            for kind in _of_languages([name]):
                yield Added(kind.name, language.package, partial(_itself, kind))


def _itself(kind: type[Augmenter]) -> type[Augmenter]:
    return kind


AUGMENTERS = Registry(
    "mashbill.augmenters",
    Augmenter,
    _by_family([*COMMON, *_of_languages(LANGUAGES.own)]),
    lambda kind: kind.name,
    _brought,
)


def available(language: str) -> list[str]:
    """Names of the augmenters that work in a language."""
    works = {"any", language_of(language).name}
    return [name for name, kind in AUGMENTERS.items() if works.intersection(kind.languages)]


def unavailable(language: str) -> list[str]:
    """Names of the augmenters that work in other languages only."""
    works = available(language)
    return [name for name in AUGMENTERS if name not in works]


def build(spec: str | Mapping[str, Any], language: str = DEFAULT_LANGUAGE) -> Augmenter:
    """An augmenter from its name, or from `{"use": name, parameter: value, …}`.

    Args:
        spec: what to build.
        language: of the texts.

    Raises:
        MashbillError: see `parse`, `check_language`.
    """
    augmenter = parse(spec)
    check_language(augmenter, language)
    return augmenter.in_language(language)


def check_language(augmenter: Augmenter, language: str) -> None:
    """Raises MashbillError: the augmenter does not work in the language."""
    if why := augmenter.misses(language_of(language)):
        raise MashbillError(f"{why}; available: {', '.join(available(language))}")


def parse(spec: str | Mapping[str, Any]) -> Augmenter:
    """As `build`, but for whichever language.

    Raises:
        MashbillError: no such augmenter or parameter, or a value that is not allowed.
    """
    if isinstance(spec, Augmenter):
        return spec
    if isinstance(spec, str):
        spec = {"use": spec}
    if not isinstance(spec, Mapping):
        raise MashbillError(f"{spec!r} is not an augmenter: expected a name or {{use: NAME, …}}")
    name = spec.get("use")
    if not isinstance(name, str):
        raise MashbillError(f"an augmenter needs the key `use`, its name; got {dict(spec)!r}")
    family, _, kind_name = name.partition(".")
    if family == "nlpaug" and kind_name in ELSEWHERE:
        raise MashbillError(f"use: {name!r} {ELSEWHERE[kind_name]}")
    if name not in AUGMENTERS:
        raise MashbillError(f"use: {name!r} is not an augmenter{_nearest(name, AUGMENTERS)}")
    kind = AUGMENTERS[name]
    parameters = {key: value for key, value in spec.items() if key != "use"}
    if issubclass(kind, combinators.Combinator) and isinstance(parameters.get("of"), list | tuple):
        parameters["of"] = tuple(parse(part) for part in parameters["of"])
    try:
        return kind(**parameters)
    except ValidationError as error:
        raise MashbillError(f"{_explain(kind, error)}{AUGMENTERS.origin(name)}") from None


def _explain(kind: type[Augmenter], error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(map(str, first["loc"])) or "parameters"
    if first["type"] == "extra_forbidden":
        return f"{kind.name} has no parameter {key!r}{_nearest(key, kind.model_fields)}"
    if first["type"] == "missing":
        return f"{kind.name} needs the parameter {key!r}"
    return f"{kind.name}: {key}: {first['input']!r}: {words_of(first)}"


def _nearest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{hint} (available: {', '.join(known)})"

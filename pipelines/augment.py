"""`mashbill augment`, `mashbill augmenters` and `mashbill filters`: what there is, by hand."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
import yaml
from pydantic import BaseModel

from mashbill.models.errors import MashbillError
from mashbill.pipelines.terminal import Terminal
from mashbill.transforms.assignment import Job
from mashbill.transforms.augmenters.base import Augmenter, apply
from mashbill.transforms.augmenters.edits import aligned
from mashbill.transforms.augmenters.registry import AUGMENTERS, build
from mashbill.transforms.filters.registry import FILTERS
from mashbill.transforms.in_memory import make
from mashbill.transforms.languages.registry import DEFAULT_LANGUAGE

LINES_PER_BATCH = 1024
EXAMPLE = "I didn't think the movie was very good, but the 2 actors were great."


def augmenter_from_options(
    use: str,
    rate: float | None,
    model: str | None,
    settings: Sequence[str],
    language: str = DEFAULT_LANGUAGE,
) -> Augmenter:
    """Raises MashbillError for an unknown augmenter, parameter or language."""
    spec: dict[str, Any] = {"use": use}
    if rate is not None:
        spec["rate"] = rate
    if model is not None:
        spec["model"] = model
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise MashbillError(f"--set {setting}: expected NAME=VALUE")
        spec[name] = yaml.safe_load(value)
    augmenter = build(spec, language)
    if augmenter.needs_statistics:
        raise MashbillError(f"{use} needs the statistics of a corpus; try it in a recipe")
    return augmenter


def augment_lines(
    augmenter: Augmenter, lines: Iterable[bytes], copies: int, seed: int
) -> Iterator[bytes]:
    """JSON lines `{text, variants: [{copy, text, edits}]}`, in the order of the input.

    A line's variants depend on its text and the seed alone. Copies that could not be made (nothing
    to do, or nothing new in three attempts) are left out.
    """
    batch: list[str] = []
    for number, line in enumerate(lines, 1):
        try:
            batch.append(line.decode("utf-8").rstrip("\r\n"))
        except UnicodeDecodeError as error:
            raise MashbillError(
                f"standard input, line {number}: not UTF-8: {error.reason}"
            ) from None
        if len(batch) == LINES_PER_BATCH:
            yield from _batch(augmenter, batch, copies, seed)
            batch = []
    yield from _batch(augmenter, batch, copies, seed)


def _batch(augmenter: Augmenter, texts: list[str], copies: int, seed: int) -> Iterator[bytes]:
    jobs = [Job(row, copy, 0) for row in range(len(texts)) for copy in range(1, copies + 1)]
    variants: list[list[dict]] = [[] for _ in texts]
    for job, variant, _ in make(texts, [augmenter], jobs, seed):
        edits = variant.edits
        if edits is None:
            edits = aligned(texts[job.row], variant.text)
        shown = {"copy": job.copy, "text": variant.text, "edits": list(map(list, edits))}
        variants[job.row].append(shown)
    for text, written in zip(texts, variants, strict=True):
        yield orjson.dumps({"text": text, "variants": written})


def about(kind: type[BaseModel]) -> str:
    """The first paragraph of what is written of a class, on one line."""
    return " ".join((kind.__doc__ or "").strip().split("\n\n")[0].split())


def parameters(kind: type[BaseModel]) -> str:
    """Names, and default values where there are any."""
    return ", ".join(
        field if info.is_required() else f"{field}={info.get_default(call_default_factory=True)!r}"
        for field, info in kind.model_fields.items()
    )


def list_filters() -> None:
    """Prints what each filter drops, its parameters and the columns that it reads."""
    console = Terminal(soft_wrap=True)
    for name, kind in FILTERS.items():
        console.print(f"\n{name}{FILTERS.origin(name)}", style="bold")
        console.print(f"  {about(kind)}")
        console.print(f"  parameters: {parameters(kind)}")
        console.print(f"  reads: {', '.join(kind.reads)}")
        console.print(f"  reasons: {', '.join(kind.reasons)}")


def list_augmenters() -> None:
    """Prints what each augmenter does, its parameters and an example."""
    console = Terminal(soft_wrap=True)
    console.print(f"examples: {EXAMPLE}", style="italic")
    for name, kind in AUGMENTERS.items():
        console.print(f"\n{name}{AUGMENTERS.origin(name)}", style="bold")
        console.print(f"  {about(kind)}")
        console.print(f"  languages: {', '.join(kind.languages)}")
        console.print(f"  parameters: {parameters(kind)}")
        console.print(f"  example: {example(name)}")


def example(name: str) -> str:
    """The variant that an augmenter with default parameters makes of a fixed sentence."""
    try:
        augmenter = build(name)
        edits = augmenter.augment(EXAMPLE, 1)
    except MashbillError as error:
        return f"none without its parameters ({str(error).splitlines()[0][:100]})"
    return apply(EXAMPLE, edits) if edits else "nothing to do in this sentence"

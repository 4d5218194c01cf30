"""Variants of texts in memory: the recipe's methods without a recipe."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mashbill.models.errors import MashbillError
from mashbill.models.tasks.base import Lost, Task
from mashbill.models.tasks.names import BadLabel
from mashbill.models.tasks.projection import Span
from mashbill.models.tasks.spans import Spans
from mashbill.transforms.assignment import ATTEMPTS, Job, Method, assign, bind
from mashbill.transforms.augmenters.edits import Edit
from mashbill.transforms.augmenters.labels import label_of
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.augmenters.statistics import Statistics
from mashbill.transforms.examples import seed_of, source_id_of
from mashbill.transforms.languages.registry import DEFAULT_LANGUAGE


class Augmented(NamedTuple):
    """A variant of a text.

    Attributes:
        source: the place of its text among those that were given, from 0.
        copy: the number of the variant among those of its text, from 1.
        text: the variant.
        augmenter: what made it.
        edits: on the source's text, sorted and apart; None where the augmenter does not tell them.
        spans: its named entities, if those of the texts were given.
    """

    source: int
    copy: int
    text: str
    augmenter: str
    edits: list[Edit] | None
    spans: list[Span] | None = None


def augment(
    texts: Sequence[str],
    methods: Iterable[str | Mapping[str, Any]],
    *,
    copies: int = 1,
    seed: int = 0,
    language: str = DEFAULT_LANGUAGE,
    spans: Sequence[Sequence[tuple[int, int, str]] | None] | None = None,
) -> list[Augmented]:
    """Variants of each text, in the order of the texts; fewer where there is nothing to do, or
    where a variant would lose a named entity.

    The same texts, methods and seed give the same variants; those of a text do not depend on the
    other texts, unless an augmenter needs statistics, which are of all texts given.

    Args:
        texts: to make variants of.
        methods: as in a recipe: names of augmenters, or `{"use": NAME, PARAMETER: value}`; each
            with a `share` of the copies, 1 if it has none.
        copies: how many variants each text should have.
        seed: of all random decisions.
        language: of the texts.
        spans: named entities of each text: start and end in characters, and the type. They go along
            with the edits.

    Raises:
        MashbillError: no such augmenter or parameter, or one that needs a model that is not there;
            or a span that fits no text.
    """
    task, labels = _labels(texts, spans)
    chosen = [_method(spec, language) for spec in methods]
    augmenters = [method.augmenter() for method in chosen]
    if any(augmenter.needs_statistics for augmenter in augmenters):
        statistics = Statistics.of(texts, language=language, labels=labels, types=task.named)
        augmenters = [bind(augmenter, statistics) for augmenter in augmenters]
    for augmenter in augmenters:
        augmenter.load()
    ids = [source_id_of(text) for text in texts]
    pending = assign(
        enumerate(ids), range(1, copies + 1), [method.share for method in chosen], seed
    )
    taken: dict[int, set[str]] = {place: {text} for place, text in enumerate(texts)}
    found: list[Augmented] = []
    for attempt in range(ATTEMPTS):
        missing = []
        for job, made in _drafts(texts, labels, ids, augmenters, pending, seed, attempt):
            label = label_of(made, texts[job.row], labels[job.row], task.project)
            if made.text in taken[job.row] or isinstance(label, Lost):
                missing.append(job)
                continue
            taken[job.row].add(made.text)
            own = None if label is None else _named(label, task)
            by = augmenters[job.method].label
            found.append(Augmented(job.row, job.copy, made.text, by, made.edits, own))
        pending = sorted(missing)
    return sorted(found, key=lambda one: (one.source, one.copy))


def _labels(
    texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int, str]] | None] | None
) -> tuple[Task, list[Any]]:
    """A task with the types that occur, and the texts' labels in it."""
    given = (
        [None] * len(texts) if spans is None else [one and list(map(list, one)) for one in spans]
    )
    types = sorted({kind for one in given for *_, kind in one or ()})
    task = Spans().over(types or ["-"])
    parse, labels = task.parser(), []
    for place, (text, one) in enumerate(zip(texts, given, strict=True)):
        try:
            label = parse(None if one is None else list(one))
            task.check_label(label, text)
        except BadLabel as error:
            raise MashbillError(f"spans of text {place}: {error}") from None
        labels.append(label)
    return task, labels


def _named(label: Sequence[Mapping[str, int]], task: Task) -> list[Span]:
    return [Span(one["start"], one["end"], task.named[one["label"]]) for one in label]


def _method(spec: str | Mapping[str, Any], language: str) -> Method:
    settings = {"use": spec} if isinstance(spec, str) else dict(spec)
    share = float(settings.pop("share", 1.0))
    return Method(settings, share, language)


def _drafts(
    texts: Sequence[str],
    labels: Sequence[Any],
    ids: Sequence[str],
    augmenters: Sequence[Any],
    jobs: Sequence[Job],
    seed: int,
    attempt: int,
) -> Iterator[tuple[Job, Any]]:
    by_method: dict[int, list[Job]] = defaultdict(list)
    for job in jobs:
        by_method[job.method].append(job)
    for method, group in sorted(by_method.items()):
        augmenter = augmenters[method]
        seeds = [seed_of(seed, ids[job.row], augmenter.label, job.copy, attempt) for job in group]
        rows = [job.row for job in group]
        own = [labels[row] for row in rows]
        variants = augmenter.variants(Request([texts[row] for row in rows], seeds, own))
        yield from zip(group, variants, strict=True)

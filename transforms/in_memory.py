"""Variants of texts in memory: the recipe's methods without a recipe."""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from mashbill.models.errors import MashbillError
from mashbill.models.plugins import told
from mashbill.models.tasks.base import Lost, Task
from mashbill.models.tasks.names import BadLabel
from mashbill.models.tasks.projection import Span, carried
from mashbill.models.tasks.spans import Spans
from mashbill.transforms.assignment import Job, Method, assign, bind
from mashbill.transforms.attempts import attempt, by_method
from mashbill.transforms.augmenters.base import Augmenter
from mashbill.transforms.augmenters.edits import Edit, Variant
from mashbill.transforms.augmenters.labels import Project, label_of
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.augmenters.statistics import Statistics
from mashbill.transforms.examples import seed_of, source_id_of
from mashbill.transforms.languages.registry import DEFAULT_LANGUAGE
from mashbill.transforms.retry import Retry

SHOWN = 80  # characters of a text in a message


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
    shares = [method.share for method in chosen]
    jobs = assign(enumerate(map(source_id_of, texts)), range(1, copies + 1), shares, seed)
    return [
        Augmented(
            job.row,
            job.copy,
            variant.text,
            augmenters[job.method].label,
            variant.edits,
            None if label is None else _named(label, task),
        )
        for job, variant, label in make(texts, augmenters, jobs, seed, labels, task.project)
    ]


class Made(NamedTuple):
    """A copy that was made. Attributes: `label`, the text's, carried over to the variant."""

    job: Job
    variant: Variant
    label: Any


def make(
    texts: Sequence[str],
    augmenters: Sequence[Augmenter],
    jobs: Sequence[Job],
    seed: int,
    labels: Sequence[Any] | None = None,
    project: Project = carried,
) -> list[Made]:
    """The copies that some jobs ask for, as far as they can be made, by text and number.

    Args:
        texts: a job's row is the place of one of them.
        augmenters: a job's method is the place of one of them.
        jobs: what to make.
        seed: of all random decisions.
        labels: of the texts.
        project: carries a label over to a variant.

    Raises:
        MashbillError: an augmenter fails on a text; names both.
    """
    ids = [source_id_of(text) for text in texts]
    known = [None] * len(texts) if labels is None else labels
    taken = [{text} for text in texts]
    retries = [Retry(augmenter.label) for augmenter in augmenters]
    copies: list[Made] = []

    def draw(pending: Sequence[Job], number: int) -> list[tuple[Job, Variant]]:
        drafts: dict[Job, Variant] = {}
        for method, group in by_method(pending):
            rows = [job.row for job in group]
            label = augmenters[method].label
            seeds = [seed_of(seed, ids[job.row], label, job.copy, number) for job in group]
            request = Request([texts[row] for row in rows], seeds, [known[row] for row in rows])
            answers = _answers(
                augmenters[method], retries[method], request, [ids[row] for row in rows]
            )
            drafts.update(zip(group, answers, strict=True))
        return sorted(drafts.items(), key=itemgetter(0))

    def take(job: Job, variant: Variant) -> str | None:
        label = label_of(variant, texts[job.row], known[job.row], project)
        if variant.text in taken[job.row] or isinstance(label, Lost):
            return "nothing new"
        taken[job.row].add(variant.text)
        copies.append(Made(job, variant, label))
        return None

    attempt(jobs, draw, take, lambda job: augmenters[job.method].is_random)
    return sorted(copies, key=lambda one: one.job[:2])


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


def _answers(
    augmenter: Augmenter, retry: Retry, request: Request, ids: Sequence[str]
) -> list[Variant]:
    answers = retry(lambda some: augmenter.variants(request.of(some)), ids)
    for text, answer in zip(request.texts, answers, strict=True):
        if isinstance(answer, Exception):
            raise MashbillError(f"{augmenter.label} failed on {text[:SHOWN]!r}: {told(answer)}")
    return answers

"""The loop in which copies are made: an unlucky draw gets another."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from mashbill.transforms.assignment import Job

ATTEMPTS = 3  # an augmenter with nothing to do must not loop

Draft = TypeVar("Draft")


def attempt(
    jobs: Sequence[Job],
    draw: Callable[[Sequence[Job], int], Iterable[tuple[Job, Draft]]],
    take: Callable[[Job, Draft], str | None],
    draws: Callable[[Job], bool],
) -> dict[Job, str]:
    """Makes what it can in `ATTEMPTS`; gives the jobs without anything new, and why.

    Args:
        jobs: to do, in order.
        draw: drafts of some jobs, sorted by job, in the attempt of this number, from 0.
        take: takes a draft, or says why not.
        draws: whether another attempt may bring another draft.
    """
    why: dict[Job, str | None] = {}
    pending = list(jobs)
    for number in range(ATTEMPTS):
        found = {job: take(job, draft) for job, draft in draw(pending, number)}
        why |= found
        pending = [job for job, reason in found.items() if reason is not None and draws(job)]
    return {job: reason for job, reason in why.items() if reason is not None}


def by_method(jobs: Iterable[Job]) -> Iterator[tuple[int, list[Job]]]:
    """The jobs of each method."""
    groups: dict[int, list[Job]] = defaultdict(list)
    for job in jobs:
        groups[job.method].append(job)
    yield from groups.items()

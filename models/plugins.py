"""Kinds by name: mashbill's own, and those that installed packages bring along as entry points."""

import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, NamedTuple, TypeVar

from mashbill.models.errors import MashbillError, is_of_the_machine, one_line

GROUPS = ("mashbill.augmenters", "mashbill.filters", "mashbill.languages", "mashbill.tasks")

Kind = TypeVar("Kind")


class Added(NamedTuple):
    """What a package adds. Attributes: `package`, its name and version; `load`, gives the class."""

    name: str
    package: str
    load: Callable[[], Any]


class Registry(Mapping[str, type[Kind]], Generic[Kind]):
    """The classes of one sort, such as all augmenters, by the names that a recipe gives them.

    A package adds one under an entry point group, with its name in recipes:
    `[project.entry-points."mashbill.filters"]`, `shouting = "their_package:Shouting"`. Packages are
    looked for only where a name is not one of ours, and imported only when theirs is asked for.

    Args:
        group: of the entry points, one of `GROUPS`.
        base: what each class is a subclass of.
        own: ours.
        name_of: what a class calls itself.
        brought: what packages add by other ways than this group.

    Raises:
        MashbillError: by a look-up, for a class of a package that cannot be used; names the
            package.
    """

    def __init__(
        self,
        group: str,
        base: type[Kind],
        own: Iterable[type[Kind]],
        name_of: Callable[[type[Kind]], str],
        brought: Callable[[], Iterable[Added]] = tuple,
    ):
        self.group, self.base, self.name_of, self._brought = group, base, name_of, brought
        self.own = {name_of(kind): kind for kind in own}
        self._loaded: dict[str, type[Kind]] = {}

    def __getitem__(self, name: str) -> type[Kind]:
        if name in self.own:
            return self.own[name]
        if name not in self._loaded:
            self._loaded[name] = self._load(self.added(name)[name])
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        yield from self.own
        yield from sorted(self.added().keys() - self.own.keys())

    def __len__(self) -> int:
        return len(self.own.keys() | self.added().keys())

    def __contains__(self, name: object) -> bool:
        return name in self.own or name in self.added(name)

    def origin(self, name: str) -> str:
        """Where a name comes from, to stand behind it: the package's; "" for one of ours."""
        return "" if name in self.own else f", of the package {self.added(name)[name].package}"

    def added(self, wanted: object = None) -> dict[str, Added]:
        """What packages add; just the entry points if the one that is wanted is among these."""
        by_name = {
            one.name: Added(one.name, _package(one), one.load)
            for one in _added_to(self.group, tuple(sys.path))
        }
        return (
            by_name if wanted in by_name else {one.name: one for one in self._brought()} | by_name
        )

    def _load(self, added: Added) -> type[Kind]:
        what = f"{self.group}: {added.name}, of the package {added.package},"
        try:
            kind = added.load()
        except Exception as error:
            raise MashbillError(f"{what} cannot be loaded: {one_line(error)}") from error
        if not (isinstance(kind, type) and issubclass(kind, self.base)):
            raise MashbillError(f"{what} is not a subclass of {self.base.__qualname__}")
        try:
            called = self.name_of(kind)
        except (AttributeError, KeyError):
            called = None
        if called != added.name:
            raise MashbillError(f"{what} has another name, {called!r}")
        return kind


@contextmanager
def packages_blamed() -> Iterator[None]:
    """Names the package whose plug-in failed, where one of them did.

    Raises:
        MashbillError: in place of such an error.
    """
    try:
        yield
    except Exception as error:
        package = _at_fault(error)
        if package is None or package in str(error) or is_of_the_machine(error):
            raise
        said = str(error) if isinstance(error, MashbillError) else one_line(error)
        raise MashbillError(f"{said}, in the package {package}") from error


def told(error: Exception) -> str:
    """As `one_line`, with the package whose plug-in failed, where one of them did."""
    package = _at_fault(error)
    said = one_line(error)
    return said if package is None or package in said else f"{said}, in the package {package}"


def _at_fault(error: BaseException) -> str | None:
    """The package with a plug-in among the calls that led to an error, the innermost of them."""
    packages = _modules(tuple(sys.path))
    while packages and error is not None:
        calls = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        names = (frame.f_globals.get("__name__", "") for frame in reversed(calls))
        for module in (name.partition(".")[0] for name in names):
            if module in packages:
                return packages[module]
        error = error.__cause__
    return None


@lru_cache(maxsize=1)
def _modules(path: tuple[str, ...]) -> dict[str, str]:
    """Top-level modules of plug-ins, and their packages; `path` is where they are looked for."""
    plugins = (one for group in GROUPS for one in _added_to(group, path))
    return {one.module.partition(".")[0]: _package(one) for one in plugins}


@lru_cache(maxsize=len(GROUPS))
def _added_to(group: str, path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """The group's entry points, for which the files of every package on `path` are read."""
    del path
    return tuple(entry_points(group=group))


def _package(added: EntryPoint) -> str:
    package = added.dist
    return f"{package.name} {package.version}" if package is not None else added.module

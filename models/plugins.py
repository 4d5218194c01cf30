"""Kinds by name: mashbill's own, and those that installed packages bring along as entry points."""

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from mashbill.models.errors import MashbillError, one_line

Kind = TypeVar("Kind")


class Registry(Mapping[str, type[Kind]], Generic[Kind]):
    """The classes of one sort, such as all augmenters, by the names that a recipe gives them.

    A package adds one under an entry point group, with its name in recipes:
    `[project.entry-points."mashbill.filters"]`, `shouting = "their_package:Shouting"`. Packages are
    looked for only where a name is not one of ours, and imported only when theirs is asked for.

    Args:
        group: of the entry points.
        base: what each class is a subclass of.
        own: ours.
        name_of: what a class calls itself.

    Raises:
        MashbillError: by a look-up, for a class of a package that cannot be used; names the
            package.
    """

    def __init__(
        self,
        group: str,
        base: type[Kind],
        own: Mapping[str, type[Kind]],
        name_of: Callable[[type[Kind]], str],
    ):
        self.group, self.base, self.own, self.name_of = group, base, own, name_of
        self._loaded: dict[str, type[Kind]] = {}

    def __getitem__(self, name: str) -> type[Kind]:
        if name in self.own:
            return self.own[name]
        if name not in self._loaded:
            self._loaded[name] = self._load(self._added()[name])
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**dict.fromkeys(self.own), **dict.fromkeys(sorted(self._added()))})

    def __len__(self) -> int:
        return len(self.own.keys() | self._added().keys())

    def __contains__(self, name: object) -> bool:
        return name in self.own or name in self._added()

    def origin(self, name: str) -> str:
        """Where a name comes from, to stand behind it: the package's; "" for one of ours."""
        return "" if name in self.own else f", of the package {_package(self._added()[name])}"

    def _added(self) -> dict[str, EntryPoint]:
        return {one.name: one for one in entry_points(group=self.group)}

    def _load(self, added: EntryPoint) -> type[Kind]:
        what = f"{self.group}: {added.name}, of the package {_package(added)},"
        try:
            kind = added.load()
        except Exception as error:
            raise MashbillError(f"{what} cannot be loaded: {one_line(error)}") from error
        if not (isinstance(kind, type) and issubclass(kind, self.base)):
            raise MashbillError(f"{what} is no subclass of {self.base.__qualname__}")
        try:
            called = self.name_of(kind)
        except (AttributeError, KeyError):
            called = None
        if called != added.name:
            raise MashbillError(f"{what} calls itself {called!r}")
        return kind


def _package(added: EntryPoint) -> str:
    found = added.dist
    return f"{found.name} {found.version}" if found is not None else added.module

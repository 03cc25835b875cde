"""The bodies that there would be, had a profile or an environment not been lost.

One is lost where something that it extends cannot be read, or is not there, or extends it in turn.
What is wrong then stands in the file of a base, and it is the heirs that have no body.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from voxmint.problems import Body
from voxmint.profiles.documents import Environment, Profile
from voxmint.profiles.lineage import Extending
from voxmint.profiles.order import Order
from voxmint.profiles.roster import Roster
from voxmint.profiles.selectors import selected
from voxmint.profiles.source import ENDINGS

E = TypeVar("E", bound=Extending)


class Kin(NamedTuple, Generic[E]):
    """All profiles, or all environments, that could be read, and the names that have a lineage.

    `folder` is where their files are: of one that could not be read only the name is known, and of
    one in a folder that could not be looked into that folder's.
    """

    documents: Mapping[str, E]
    found: Collection[str]
    folder: str
    names: Roster

    @property
    def lost(self) -> Mapping[str, tuple[str, ...]]:
        """The lost ones, each with its own file and those of all that it extends."""
        return {
            name: tuple(file for one in self.walk(name) for file in self._files_of(one))
            for name in self.documents
            if name not in self.found
        }

    def walk(self, name: str) -> Sequence[str]:
        """The name and all that it extends, the nearest first, each once."""
        names = [name]
        for one in names:
            document = self.documents.get(one)
            bases = [base.name for base in reversed(document.extends)] if document else []
            names += [base for base in bases if base not in names]
        return names

    def _files_of(self, name: str) -> Iterator[str]:
        document = self.documents.get(name)
        hiding = self.names.hiding(name)
        if document is not None:
            yield document.file
        elif hiding is not None:
            yield f"{self.folder}/{hiding}".rstrip("/")
        else:
            yield from (f"{self.folder}/{name}{ending}" for ending in ENDINGS)


def lost_bodies(
    profiles: Kin[Profile], environments: Kin[Environment], order: Order
) -> Mapping[str, tuple[Body, ...]]:
    """By file, the bodies of the lost ones that the file would have a part in."""
    lost_profiles, lost_environments = profiles.lost, environments.lost
    users: dict[str, list[Body]] = {}
    for body in (
        _bodies(profiles, environments, order) if lost_profiles or lost_environments else ()
    ):
        profile, environment = body
        for file in (*lost_profiles.get(profile, ()), *lost_environments.get(environment, ())):
            users.setdefault(file, []).append(body)
    return {file: tuple(bodies) for file, bodies in users.items()}


def _bodies(profiles: Kin[Profile], environments: Kin[Environment], order: Order) -> Iterator[Body]:
    """All that are asked for, as far as names tell: the labels of what is lost are lost, too."""
    if order.labels:
        return
    concrete = [name for name, one in profiles.documents.items() if not one.abstract]
    asked = [name for name in concrete if order.has_profile(name, {})]
    for name, document in environments.documents.items():
        if not document.abstract and order.has_environment(name):
            for profile in selected(_patterns(environments, name), asked):
                yield profile, name


def _patterns(environments: Kin[Environment], name: str) -> Sequence[str]:
    """Which profiles an environment has, as far as its files could be read."""
    for one in environments.walk(name):
        document = environments.documents.get(one)
        if document is not None and document.profiles is not None:
            return [reference.name for reference in document.profiles]
    return ["*"]

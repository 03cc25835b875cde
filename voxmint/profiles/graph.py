"""Who extends whom, and on which bodies each overlay item is laid: without compiling a body."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from voxmint.origin import Origin
from voxmint.problems import Body
from voxmint.profiles.compiled import CompiledEnvironment, CompiledProfile
from voxmint.profiles.documents import OverlayItem


class Node(NamedTuple):
    """A profile or an environment: its file, and what it extends, the weakest first.

    `places` are the environments that a profile is in, or how an environment asks: empty for one
    that is abstract.
    """

    name: str
    file: str
    bases: tuple[str, ...] = ()
    is_abstract: bool = False
    places: tuple[str, ...] = ()


class Overlay(NamedTuple):
    """An overlay item: its number in the graph, the environment whose file holds it, and where.

    `where` is whom it selects, empty for everybody; `reached` are the bodies it is laid on, of so
    many that it could be laid on.
    """

    number: int
    environment: str
    where: str
    at: Origin
    reached: tuple[Body, ...]
    possible: int

    @property
    def profiles(self) -> tuple[str, ...]:
        """The profiles it is laid on, in any environment."""
        return tuple(dict.fromkeys(profile for profile, _ in self.reached))


@dataclass(frozen=True, slots=True)
class Graph:
    """Profiles and environments by name, and overlay items by environment and place."""

    profiles: tuple[Node, ...] = ()
    environments: tuple[Node, ...] = ()
    overlays: tuple[Overlay, ...] = ()

    def overlays_on(self, profile: str) -> tuple[Overlay, ...]:
        """The overlay items that are laid on a profile somewhere."""
        return tuple(one for one in self.overlays if profile in one.profiles)


class Folding(NamedTuple):
    """Nodes of which some stand for several, and for each name the one that it is in."""

    nodes: tuple[Node, ...]
    inside: Mapping[str, str]


def folded(nodes: Sequence[Node], alike: Mapping[str, object], most: int) -> Folding:
    """The nodes with those put together that nothing extends, that extend the same and are alike.

    `alike` says by name what must be the same; up to `most` of them stand by themselves.
    """
    extended = {base for node in nodes for base in node.bases}
    groups: dict[object, list[Node]] = {}
    for node in nodes:
        key = (node.bases, node.is_abstract, alike.get(node.name))
        groups.setdefault(node.name if node.name in extended else key, []).append(node)
    found: list[Node] = []
    inside: dict[str, str] = {}
    for group in groups.values():
        if len(group) > most:
            first, last = group[0], group[-1]
            # No name of a profile holds a blank before `…`: it is a file's.
            name = f"{first.name} … {last.name} ({len(group):,})"
            found.append(Node(name, "", first.bases, first.is_abstract))
            inside.update((one.name, name) for one in group)
        else:
            found += group
            inside.update((one.name, one.name) for one in group)
    return Folding(tuple(sorted(found)), inside)


def graph_of(
    profiles: Mapping[str, CompiledProfile],
    environments: Mapping[str, CompiledEnvironment],
    chosen: Collection[str],
    places: Collection[str],
) -> Graph:
    """The graph of the chosen profiles with all they inherit from and all that inherits from them.

    `places` are the environments looked at; those that they extend are in it, too.
    """
    kept = _family(profiles, chosen)
    there = [environments[name] for name in sorted(places)]
    bases = {base.name for one in there for base in one.lineage}
    return Graph(
        tuple(_profile(profiles[name], there) for name in sorted(kept)),
        tuple(_environment(environments[name]) for name in sorted(bases) if name in environments),
        tuple(_overlays(there, profiles, kept)),
    )


def _family(profiles: Mapping[str, CompiledProfile], chosen: Collection[str]) -> set[str]:
    """The chosen, their bases, and whatever extends one of the chosen."""
    wanted = set(chosen)
    kept: set[str] = set()
    for name, profile in profiles.items():
        lineage = [base.name for base in profile.lineage]
        if name in wanted or not wanted.isdisjoint(lineage):
            kept.update(lineage)
    return kept & profiles.keys()


def _profile(profile: CompiledProfile, environments: Iterable[CompiledEnvironment]) -> Node:
    document = profile.document
    places = tuple(one.name for one in environments if document.name in one.profiles)
    bases = tuple(base.name for base in document.extends)
    return Node(document.name, document.file, bases, document.abstract, places)


def _environment(environment: CompiledEnvironment) -> Node:
    document = environment.document
    bases = tuple(base.name for base in document.extends)
    return Node(document.name, document.file, bases, document.abstract)


def _overlays(
    environments: Sequence[CompiledEnvironment],
    profiles: Mapping[str, CompiledProfile],
    kept: Collection[str],
) -> Iterable[Overlay]:
    """Each item once, with its bodies in all the environments that have it."""
    found: dict[OverlayItem, tuple[str, list[Body], list[Body]]] = {}
    for environment in environments:
        there = [profiles[name] for name in environment.profiles if name in kept]
        for base in environment.lineage:
            for item in base.overlay:
                _, reached, possible = found.setdefault(item, (base.name, [], []))
                bodies = [(one, (one.name, environment.name)) for one in there]
                possible += [body for _, body in bodies]
                reached += [body for one, body in bodies if item.where.fits(one.name, one.labels)]
    ranked = sorted(found.items(), key=lambda one: (one[1][0], one[0].mark))
    for number, (item, (owner, reached, possible)) in enumerate(ranked, 1):
        at = item.origin(item.mark)
        yield Overlay(number, owner, str(item.where), at, tuple(sorted(reached)), len(possible))

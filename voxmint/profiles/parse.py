"""Nodes → documents: what each file says, with all that is wrong with its shape.

A part that is wrong is noted and left out, so that the rest of the file can still be checked: two
mistakes give two problems. Values of the request are checked later, when they are rendered; here
it is keys, and the types of what is voxmint's own.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from voxmint.problems import Problem
from voxmint.profiles import wording
from voxmint.profiles.documents import (
    Environment,
    Layer,
    LayerKind,
    OverlayItem,
    Profile,
    ProjectFile,
    Reference,
)
from voxmint.profiles.nodes import ListNode, MapNode, Mark, Node, ScalarNode
from voxmint.profiles.parser import (
    EMPTY,
    LAYER_KEYS,
    NO_ENDS,
    Ends,
    Parser,
    TooManyProblemsError,
)
from voxmint.profiles.reader import Document
from voxmint.profiles.selectors import EVERYWHERE, Where

if TYPE_CHECKING:
    from voxmint.profiles.policies.document import Policy

T = TypeVar("T")

_PROFILE_KEYS = ("extends", "abstract", "description", "labels", "environments", *LAYER_KEYS)
_ENVIRONMENT_KEYS = (
    "extends",
    "abstract",
    "description",
    "provider",
    "mint",
    "profiles",
    "overlay",
    "sinks",
    *LAYER_KEYS,
)
_OVERLAY_KEYS = ("where", *LAYER_KEYS)
_PROJECT_KEYS = ("version", "profiles", "environments", "policies")
VERSION = 1
"""The version of the project's files that this voxmint reads."""


Parsed = tuple[T, tuple[Problem, ...]]


def is_given_up(problems: Sequence[Problem]) -> bool:
    """Whether so much is wrong with a file that nothing is taken from it."""
    return bool(problems) and problems[-1].kind is wording.TOO_MANY_PROBLEMS


def _bounded(parse: Callable[[Document], Parsed[T]], document: Document) -> Parsed[T]:
    """What a file says; of one that is given up, what an empty one would say."""
    try:
        return parse(document)
    except TooManyProblemsError as stop:
        nothing, _ = parse(Document(document.file, "", None, ()))
        return nothing, stop.problems


def parse_profile(name: str, document: Document) -> Parsed[Profile]:
    """A profile's file, and what is wrong with it."""
    return _bounded(partial(_profile, name), document)


def _profile(name: str, document: Document) -> Parsed[Profile]:
    parser = Parser(document)
    root = parser.root(document, "profile", _PROFILE_KEYS)
    blocks = parser.map(root, "environments") or EMPTY
    layers: dict[str, Layer] = {}
    ends = Ends(blocks.keys.values(), root.keys.values()) if blocks.keys else NO_ENDS
    for environment, node in blocks.entries.items():
        if not isinstance(node, MapNode):
            key = blocks.keys[environment]
            parser.wrong_type(f"environments.{environment}", "a map", node, key)
            continue
        before = len(parser.problems)
        block = parser.known(node, f"environments.{environment}", LAYER_KEYS)
        layer = parser.layer(LayerKind.BLOCK, name, block, environment)
        end = ends.after(blocks.keys[environment])
        layers[environment] = parser.part(layer, parser.problems[before:], node.mark, end)
    # First these: where something is wrong with them, what the layer lacks may stand in a base.
    before = len(parser.problems)
    bases = parser.bases(root)
    sound = parser.sound(root, "extends", before)
    labels = parser.labels(root)
    profile = Profile(
        name,
        document.file,
        parser.layer(LayerKind.PROFILE, name, sound),
        parser.flag(root, "abstract"),
        bases,
        parser.text(root, "description"),
        labels,
        MappingProxyType(layers),
        tuple(Reference(key, blocks.keys[key]) for key in layers),
        root.entries["description"].mark if "description" in root.entries else None,
    )
    return profile, tuple(parser.problems)


def parse_environment(name: str, document: Document) -> Parsed[Environment]:
    """An environment's file, and what is wrong with it."""
    return _bounded(partial(_environment, name), document)


def _environment(name: str, document: Document) -> Parsed[Environment]:
    parser = Parser(document)
    root = parser.root(document, "environment", _ENVIRONMENT_KEYS)
    sinks = _sinks(parser, root)
    wheres = _sinks_where(parser, sinks)
    before = len(parser.problems)
    bases = parser.bases(root)
    sound = parser.sound(root, "extends", before)
    environment = Environment(
        name,
        document.file,
        parser.layer(LayerKind.ENVIRONMENT, name, sound),
        parser.flag(root, "abstract"),
        bases,
        parser.text(root, "description"),
        parser.settings(root, "provider"),
        parser.settings(root, "mint"),
        _profiles(parser, root),
        tuple(_overlay(parser, name, root)),
        sinks,
        bool(parser.problems),
        wheres,
    )
    return environment, tuple(parser.problems)


def _profiles(parser: Parser, root: MapNode) -> tuple[Reference, ...] | None:
    """The patterns of an environment's profiles; an empty list is none of them."""
    references = parser.references(root, "profiles")
    node = root.entries.get("profiles")
    is_empty = isinstance(node, ListNode) and not node.items
    return references if references or is_empty else None


def _sinks_where(parser: Parser, sinks: ListNode | None) -> tuple[Where, ...]:
    """Of each of an environment's sinks, which profiles it is for."""
    items = sinks.items if sinks else ()
    return tuple(parser.where(one) if isinstance(one, MapNode) else EVERYWHERE for one in items)


def _sinks(parser: Parser, root: MapNode) -> ListNode | None:
    """An environment's sinks; none where a directive stands in one, since they are not merged."""
    sinks = parser.list(root, "sinks")
    found = [] if sinks is None else list(_directives_in(sinks))
    for key, mark in found:
        parser.note(wording.DIRECTIVE_IN_SINK, mark, {"directive": key})
    return None if found else sinks


def _directives_in(node: Node) -> Iterator[tuple[str, Mark]]:
    if isinstance(node, MapNode):
        yield from ((key, node.keys[key]) for key in node.entries if key.startswith("$"))
    if not isinstance(node, ScalarNode):
        inner = node.entries.values() if isinstance(node, MapNode) else node.items
        for value in inner:
            yield from _directives_in(value)


def _overlay(parser: Parser, name: str, root: MapNode) -> list[OverlayItem]:
    overlay = parser.list(root, "overlay")
    items: list[OverlayItem] = []
    nodes = overlay.items if overlay else ()
    ends = Ends([node.mark for node in nodes], root.keys.values())
    for index, node in enumerate(nodes):
        if not isinstance(node, MapNode):
            parser.wrong_type(f"overlay.{index}", "a map", node)
            continue
        before = len(parser.problems)
        where = parser.where(node)
        sound = parser.sound(node, "where", before)
        before = len(parser.problems)
        item = parser.known(sound, f"overlay.{index}", _OVERLAY_KEYS)
        layer = parser.layer(LayerKind.OVERLAY, name, item, str(where))
        bounds = _beside_where(node, ends.after(node.mark))
        layer = parser.part(layer, parser.problems[before:], *bounds)
        layer = layer if sound is node else layer._replace(incomplete=True)
        items.append(OverlayItem(layer, where, node.mark))
    return items


def _beside_where(item: MapNode, end: Mark) -> tuple[Mark, Mark]:
    """The bounds of an overlay item without its `where`, which is about other bodies as well."""
    where = item.keys.get("where")
    if where is None:
        return item.mark, end
    after = min(Ends(item.keys.values()).after(where), end)
    return (item.mark, where) if after == end else (after, end)


def parse_project(document: Document) -> Parsed[ProjectFile]:
    """The project's own file, and what is wrong with it."""
    return _bounded(_project, document)


def _project(document: Document) -> Parsed[ProjectFile]:
    parser = Parser(document)
    root = parser.root(document, "project", _PROJECT_KEYS)
    if isinstance(document.root, MapNode):
        _check_version(parser, root)
    profiles, environments = _folders(parser, root)
    policies: tuple[Policy, ...] = ()
    if "policies" in root.entries:
        from voxmint.profiles.policies.reading import read_policies  # few projects have any

        policies = read_policies(parser, root)
    marks = MappingProxyType({key: node.mark for key, node in root.entries.items()})
    return ProjectFile(profiles, environments, policies, marks), tuple(parser.problems)


def _check_version(parser: Parser, root: MapNode) -> None:
    version = root.entries.get("version")
    if version is None:
        facts = {"owner": "the project", "key": "version", "example": f"write `version: {VERSION}`"}
        if not any(one.facts.get("nearest") == "version" for one in parser.problems):
            parser.note(wording.MISSING_KEY, root.mark, facts)
    elif not isinstance(version, ScalarNode) or type(version.value) is not int:
        parser.wrong_type("version", f"the number {VERSION}", version, root.keys["version"])
    elif version.value != VERSION:
        said = f"this voxmint reads version {VERSION}"
        parser.note(wording.BAD_SETTING, version.mark, {"field": "version", "said": said})


def _folders(parser: Parser, root: MapNode) -> tuple[str, str]:
    """The folders of profiles and of environments; the usual one where one is in the other."""
    before = len(parser.problems)
    profiles, environments = (_folder(parser, root, key) for key in ("profiles", "environments"))
    if not _overlap(profiles, environments):
        return profiles, environments
    field = "environments" if "environments" in root.entries else "profiles"
    if len(parser.problems) == before:
        said = "profiles and environments need a folder each, and neither inside of the other"
        parser.note(wording.BAD_SETTING, root.entries[field].mark, {"field": field, "said": said})
    mended = (profiles, field) if field == "environments" else (field, environments)
    return ("profiles", "environments") if _overlap(*mended) else mended


def _overlap(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or other.startswith(f"{one}/")


def _folder(parser: Parser, root: MapNode, key: str) -> str:
    """A folder's name, relative to the project and inside it."""
    given = parser.text(root, key)
    if given is None:
        return key
    parts = [part for part in given.split("/") if part not in ("", ".")]
    if given.startswith("/") or ".." in parts or "\\" in given or not parts:
        said = "the folder must be inside the project, written with `/`"
        parser.note(wording.BAD_SETTING, root.entries[key].mark, {"field": key, "said": said})
        return key
    return "/".join(parts)

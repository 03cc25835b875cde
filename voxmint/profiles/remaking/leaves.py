"""Single values of bodies, worked out from the layers that speak of them and from nothing else.

A value at a path is that of the strongest layer that says a scalar there, and its template may ask
for the weaker ones and for vars. Whatever else a layer says on the way there, a map or a list in
place of a scalar, a directive, is left to a merge; so is a template that only Jinja can read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from voxmint.origin import Path
from voxmint.profiles.directives import has_directives
from voxmint.profiles.documents import Layer
from voxmint.profiles.fields import UNIONS
from voxmint.profiles.nodes import ListNode, MapNode, Node, ScalarNode
from voxmint.profiles.remaking.parts import is_same_node
from voxmint.profiles.render import SharedParts, Subject
from voxmint.profiles.stages import Stack
from voxmint.profiles.templates.template import (
    Budget,
    Names,
    Template,
    TemplateError,
    bounded,
    is_template,
    template,
)
from voxmint.profiles.values import Plain, Scalar

VARS = "vars"
_OPENS = re.compile(r"\{\{[ \t\n]*super\(\)[ \t\n]*\}\}")
_MOST_TEMPLATES = 20
"""With so many of the simple kind a body can neither do too much work nor nest them too deep."""


class DoubtError(Exception):
    """It takes more than single values to say what a body is."""


class Edits(NamedTuple):
    """What two layers differ in, where that is single values: their paths, and names of vars."""

    paths: tuple[Path, ...]
    names: frozenset[str]


def edits(one: Layer, other: Layer) -> Edits | None:
    """The single values in which two layers differ; `None` where they do in more than that."""
    before, after = dict(one.tree.entries), dict(other.tree.entries)
    names = _names(before.pop(VARS, None), after.pop(VARS, None))
    if names is None or one.incomplete or other.incomplete or list(before) != list(after):
        return None
    try:
        paths = [path for name in before for path in _paths((name,), before[name], after[name])]
    except DoubtError:
        return None
    return Edits(tuple(paths), names)


def _names(before: Node | None, after: Node | None) -> frozenset[str] | None:
    one, other = (_entries(node) for node in (before, after))
    if one is None or other is None:
        return None
    return frozenset(
        name
        for name in one.keys() | other.keys()
        if not is_same_node(one.get(name), other.get(name))
    )


def _entries(node: Node | None) -> Mapping[str, Node] | None:
    """The entries of a map, none of what is not there; `None` of anything else."""
    if node is None:
        return {}
    return node.entries if isinstance(node, MapNode) and not has_directives(node) else None


def _paths(path: Path, before: Node, after: Node) -> Iterator[Path]:
    if is_same_node(before, after):
        return
    if isinstance(before, ScalarNode) and isinstance(after, ScalarNode):
        if before.is_bare or after.is_bare:
            raise DoubtError
        yield path
        return
    one, other = _entries(before), _entries(after)
    if not (isinstance(before, MapNode) and one and other and list(one) == list(other)):
        raise DoubtError
    for name, node in one.items():
        yield from _paths((*path, name), node, other[name])


class Known(NamedTuple):
    """What a value was, of which layers; the vars and all else that templates see is the same."""

    value: Plain
    layers: Sequence[Layer]


class _Spoken(NamedTuple):
    """A scalar that a layer says: its value, or its template; whether it asks for weaker ones.

    Where these come first and only there, the template `opens_weaker`.
    """

    value: Scalar
    template: Template | None
    asks_weaker: bool
    opens_weaker: bool = False


class _Said(dict[Layer, _Spoken | None]):
    """The scalar that each layer says at a path, `None` where it is silent.

    Raises `DoubtError` for a layer that says anything else there or on the way.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def __missing__(self, layer: Layer) -> _Spoken | None:
        node = self._node(layer)
        found = self[layer] = None if node is None else _spoken(node.value)
        return found

    def _node(self, layer: Layer) -> ScalarNode | None:
        node: Node | None = layer.tree
        for name in self._path:
            if not isinstance(node, MapNode) or has_directives(node):
                raise DoubtError
            node = node.entries.get(str(name))
            if node is None:
                return None
        if not isinstance(node, ScalarNode) or node.is_bare:
            raise DoubtError
        return node


def _spoken(value: Scalar) -> _Spoken:
    if type(value) is not str or not is_template(value):
        return _Spoken(value, None, asks_weaker=False)
    slots = _slots(value)
    opens = _OPENS.match(value) is not None and slots.count(()) == 1
    return _Spoken(value, template(value), () in slots, opens)


class _Templates(dict[Layer, Mapping[Path, frozenset[str]]]):
    """The templates of layers by their paths: the names of the vars that each asks for.

    Raises `DoubtError` for a layer with a template that only Jinja can read.
    """

    def __missing__(self, layer: Layer) -> Mapping[Path, frozenset[str]]:
        found: dict[Path, frozenset[str]] = {}
        _note_templates((), layer.tree, found)
        self[layer] = found
        return found


def _note_templates(path: Path, node: Node, found: dict[Path, frozenset[str]]) -> None:
    if isinstance(node, ScalarNode):
        text = node.value
        if type(text) is str and is_template(text):
            found[path] = frozenset([slot[1] for slot in _slots(text) if slot[:1] == (VARS,)])
    elif isinstance(node, MapNode):
        for name, inner in node.entries.items():
            if type(inner) is not ScalarNode or type(inner.value) is str:
                _note_templates((*path, name), inner, found)
    else:
        for index, item in enumerate(node.items):
            _note_templates((*path, index), item, found)


class _Using(dict[Layer, Sequence[Path]]):
    """The paths of those templates in layers that ask for any of some vars by themselves."""

    def __init__(self, names: frozenset[str], templates: _Templates) -> None:
        super().__init__()
        self._names = names
        self._templates = templates

    def __missing__(self, layer: Layer) -> Sequence[Path]:
        templates = self._templates[layer].items()
        found = [path for path, used in templates if not used.isdisjoint(self._names)]
        self[layer] = found
        return found


class _Counts(dict[Layer, int]):
    """How many templates layers have; `DoubtError` for one that only Jinja can read."""

    def __missing__(self, layer: Layer) -> int:
        count = 0
        waiting: list[MapNode | ListNode] = [layer.tree]
        while waiting:
            node = waiting.pop()
            inner = node.entries.values() if isinstance(node, MapNode) else node.items
            for one in inner:
                if not isinstance(one, ScalarNode):
                    waiting.append(one)
                elif type(one.value) is str and is_template(one.value):
                    _slots(one.value)
                    count += 1
        self[layer] = count
        return count


def _slots(text: str) -> Sequence[tuple[str, ...]]:
    try:
        slots = template(text).slots
    except TemplateError:
        slots = None
    if slots is None:
        raise DoubtError
    return slots


class Leaves:
    """Works out single values of bodies; what bodies share is looked at once."""

    def __init__(self) -> None:
        self._said: dict[Path, _Said] = {}
        self._templates = _Templates()
        self._using: dict[frozenset[str], _Using] = {}
        self._counts = _Counts()
        self._shared = SharedParts()

    def paths_using(self, names: Set[str], layers: Sequence[Layer]) -> set[Path]:
        """The paths of all templates that use vars of these names, be it through other vars."""
        changed = frozenset(names)
        while True:
            by_layer = self._using.get(changed)
            if by_layer is None:
                by_layer = self._using[changed] = _Using(changed, self._templates)
            found = {path for layer in layers for path in by_layer[layer]}
            behind = changed.union([str(path[1]) for path in found if path[0] == VARS])
            if behind == changed:
                return {path for path in found if path[0] != VARS}
            changed = behind

    def check_vars(self, names: Set[str], layers: Sequence[Layer]) -> None:
        """That every layer which says anything of these vars says a scalar."""
        for name in names:
            said = self.at((VARS, name))
            for layer in layers:
                said[layer]

    def value(self, path: Path, stack: Stack, known: Known | None = None) -> Plain:
        """The value at a path of a body; `known` is what it was."""
        said = self.said(path, reversed(stack.layers))
        if not said:
            raise DoubtError
        if said[0].template is None:
            return said[0].value
        count = sum(map(self._counts.__getitem__, stack.layers))
        if count > _MOST_TEMPLATES or path[:-1] in UNIONS:
            # What fell away with its variant is not there for `super()`.
            raise DoubtError
        try:
            text = None if known is None else self._opened_anew(path, said, known)
            if text is not None:
                return text
            profile = stack.profile
            subject = self._shared.subject(
                profile.name, stack.environment.name, profile.document.description, profile.labels
            )
            return _Rendering(self, stack.layers, subject).value(said, 0)
        except TemplateError:
            raise DoubtError from None

    def _opened_anew(self, path: Path, said: Sequence[_Spoken], known: Known) -> str | None:
        """The text as it was, over a weaker one that is another; `None` where it takes rendering.

        All that follows in the template gives what it gave.
        """
        top = said[0]
        if not top.opens_weaker or len(said) != 2:
            return None
        was = self.said(path, reversed(known.layers))
        if len(was) != 2 or was[0].value != top.value:
            return None
        if said[1].template or was[1].template:
            return None
        before, after, text = was[1].value, said[1].value, known.value
        if not (isinstance(before, str) and isinstance(after, str) and isinstance(text, str)):
            return None
        return bounded(after + text[len(before) :], Budget())

    def said(self, path: Path, layers: Iterable[Layer]) -> Sequence[_Spoken]:
        """What layers say at a path, the strongest first, down to what asks for no weaker one."""
        by_layer = self.at(path)
        found: list[_Spoken] = []
        for layer in layers:
            one = by_layer[layer]
            if one is not None:
                found.append(one)
                if not one.asks_weaker:
                    break
        return found

    def at(self, path: Path) -> _Said:
        """What each layer says at a path."""
        said = self._said.get(path)
        if said is None:
            said = self._said[path] = _Said(path)
        return said


class _Rendering:
    """Renders the values of one body."""

    def __init__(self, leaves: Leaves, layers: Sequence[Layer], subject: Subject) -> None:
        self._leaves = leaves
        self._with_vars = [layer for layer in reversed(layers) if VARS in layer.tree.entries]
        self._roots = {"env": subject.env, "profile": subject.profile}
        self._depth = 0

    def value(self, said: Sequence[_Spoken], index: int) -> Plain:
        """The value of one of those that are said; the next one is what it overrode."""
        value, made, _, _ = said[index]
        if made is None:
            return value
        self._depth += 1
        if self._depth > _MOST_TEMPLATES:  # as vars in a circle are
            raise DoubtError

        def weaker() -> Plain:
            if index + 1 == len(said):
                raise KeyError
            return self.value(said, index + 1)

        rendered = made.render(Names(self._roots, weaker, Budget(), self._known))
        self._depth -= 1
        return rendered

    def _known(self, path: tuple[str, ...]) -> Plain:
        if path[0] != VARS:
            return None
        value = self._var(path) if len(path) == 2 else None
        if value is None:
            raise DoubtError
        return value

    def _var(self, path: Path) -> Plain:
        by_layer = self._leaves.at(path)
        for layer in self._with_vars:
            one = by_layer[layer]
            if one is not None:
                if one.template is None:
                    return one.value
                return self.value(self._leaves.said(path, self._with_vars), 0)
        return None

"""Which vars the value at a path is rendered from, told by the texts of its templates alone.

That takes no cells, no rendering, and is the same for all bodies in which the same layers speak.
Where it takes more to tell, such as a template that only Jinja can read, nothing is said.
"""

from collections.abc import Sequence
from typing import NamedTuple

from voxmint.origin import Path
from voxmint.profiles.diff.touches import Speaking, Touch, effective
from voxmint.profiles.documents import Layer
from voxmint.profiles.fields import UNIONS
from voxmint.profiles.nodes import ScalarNode
from voxmint.profiles.templates import TemplateError, is_template, template


class Slots(NamedTuple):
    """What the templates of a value name: paths of vars, and whether they look at the profile."""

    names: frozenset[Path]
    is_about_profile: bool


_NOTHING = Slots(frozenset(), is_about_profile=False)


class Used:
    """Remembers by path which layers speak of it, and what their templates name."""

    def __init__(self) -> None:
        self._speaking: dict[Path, Speaking] = {}
        self._slots: dict[tuple[Path, tuple[Layer, ...]], Slots | None] = {}

    def speaking(self, path: Path, layers: Sequence[Layer]) -> tuple[Layer, ...]:
        """Those of the layers that say anything at a path."""
        speaks = self._speaking.get(path)
        if speaks is None:
            speaks = self._speaking[path] = Speaking(path)
        return tuple([layer for layer in layers if speaks[layer]])

    def by(self, path: Path, layers: Sequence[Layer]) -> Slots | None:
        """All that the value at a path is rendered from, through other vars, too.

        `None` where that cannot be said.
        """
        found = self.directly(path, layers)
        if found is None or not found.names:
            return found
        names, is_about_profile, waiting = set(found.names), found.is_about_profile, [*found.names]
        while waiting:
            inner = self.directly(waiting.pop(), layers)
            if inner is None:
                return None
            waiting += inner.names - names
            names |= inner.names
            is_about_profile = is_about_profile or inner.is_about_profile
        return Slots(frozenset(names), is_about_profile)

    def directly(self, path: Path, layers: Sequence[Layer]) -> Slots | None:
        """What the templates at a path name by themselves; `None` where that cannot be said."""
        key = (path, self.speaking(path, layers))
        if key not in self._slots:
            self._slots[key] = _slots(effective(key[1], path), path)
        return self._slots[key]


def _slots(touches: Sequence[Touch], path: Path) -> Slots | None:
    """What the templates of a value name by themselves."""
    if not touches:
        return None
    names: set[Path] = set()
    is_about_profile = False
    for touch in touches:
        node = touch.node
        if touch.path != path or not isinstance(node, ScalarNode):
            return None
        slots = _slots_of(node.value)
        if slots is None or (slots and path[:-1] in UNIONS):
            return None
        names.update(slot for slot in slots if slot[:1] == ("vars",))
        is_about_profile = is_about_profile or any(slot[:1] == ("profile",) for slot in slots)
    return Slots(frozenset(names), is_about_profile) if names or is_about_profile else _NOTHING


def _slots_of(value: object) -> Sequence[Path] | None:
    if not (isinstance(value, str) and is_template(value)):
        return ()
    try:
        return template(value).slots
    except TemplateError:
        return None

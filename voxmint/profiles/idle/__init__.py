"""What never has an effect: lines that could be removed without any body's being another.

The guarantee: removing what is reported, each alone or all of it together, changes no body and
makes no error. So where it cannot be told, nothing is said.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from voxmint.problems import Kind
from voxmint.profiles import wording


class Unit(StrEnum):
    """What a problem's place names: a map's entry by its key, or an item of a list."""

    ENTRY = "entry"
    ITEM = "item"


REMOVABLE: Mapping[Kind, Unit] = MappingProxyType(
    {
        wording.DEAD_OVERRIDE: Unit.ENTRY,
        wording.IDLE_OVERLAY_ITEM: Unit.ITEM,
        wording.SHADOWED_VAR: Unit.ENTRY,
        wording.UNUSED_VAR: Unit.ENTRY,
        wording.DIRECTIVE_WITHOUT_EFFECT: Unit.ENTRY,
    }
)
"""The kinds of problem whose place can be removed.

A map, list or file that is left empty by that had nothing else to say: it goes, too, a map from
its own map, and of a file's root `{}` remains.
"""

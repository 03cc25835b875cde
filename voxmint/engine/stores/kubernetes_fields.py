"""What the metadata of a Kubernetes object tells: the marks, and which fields are held by whom.

With server-side apply each field belongs to whoever set it, its field manager. voxmint's is called
`voxmint`; what another one holds, it does not change.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from voxmint.engine.stores.marks import MANAGED_BY, OURS

MANAGER = OURS
LABEL = "app.kubernetes.io/managed-by"
PREFIX = "voxmint/"
"""Of annotations: `voxmint-profile` is `voxmint/profile` there."""
_MARK = "voxmint-"

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Holding:
    """An object as a look saw it, for the write that follows.

    `fields` are the entries on who holds what. `own` and `others` are the keys of its data that
    voxmint and others hold.
    """

    uid: str
    fields: tuple[Fields, ...]
    own: frozenset[str]
    others: frozenset[str]

    @property
    def is_as_made(self) -> bool:
        """Whether voxmint holds fields as who made the object, and not as who applies to it."""
        return any(map(_is_as_made, self.fields))


def holding_of(metadata: Mapping[str, Any]) -> Holding:
    """Who holds what of an object."""
    fields = tuple(metadata.get("managedFields") or ())
    own = frozenset(key for one in fields if _is_own(one) for key in _keys(one))
    others = frozenset(key for one in fields if not _is_own(one) for key in _keys(one))
    return Holding(metadata["uid"], fields, own, others)


def as_applied(fields: tuple[Fields, ...]) -> list[Fields]:
    """The entries, with what voxmint holds as who made the object turned into what it applied."""
    if any(_is_own(one) and one.get("operation") == "Apply" for one in fields):
        return [one for one in fields if not _is_as_made(one)]
    return [{**one, "operation": "Apply"} if _is_as_made(one) else one for one in fields]


def _is_own(entry: Fields) -> bool:
    return entry.get("manager") == MANAGER


def _is_as_made(entry: Fields) -> bool:
    return _is_own(entry) and entry.get("operation") == "Update"


def _keys(entry: Fields) -> Iterator[str]:
    data = (entry.get("fieldsV1") or {}).get("f:data") or {}
    return (key.removeprefix("f:") for key in data if key.startswith("f:"))


def marks_of(metadata: Mapping[str, Any]) -> dict[str, str]:
    """The marks, by the names that all stores have."""
    found = {
        _MARK + name.removeprefix(PREFIX): text
        for name, text in (metadata.get("annotations") or {}).items()
        if name.startswith(PREFIX)
    }
    manager = (metadata.get("labels") or {}).get(LABEL)
    return {**found, MANAGED_BY: manager} if manager else found


def labels(marks: Mapping[str, str]) -> dict[str, str]:
    """The labels that say what these marks do."""
    return {LABEL: marks[MANAGED_BY]}


def annotations(marks: Mapping[str, str]) -> dict[str, str]:
    """The annotations that say what these marks do."""
    return {
        PREFIX + name.removeprefix(_MARK): text
        for name, text in marks.items()
        if name.startswith(_MARK)
    }

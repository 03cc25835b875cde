"""What a comparison of two compiles gives: groups of changes by cause, and what else there is."""

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Literal, NamedTuple, TypeAlias

from voxmint.origin import Origin
from voxmint.problems import Body, Problem
from voxmint.profiles.values import Plain


class Absence(Enum):
    """The state of a value that is neither null nor set: nothing is sent."""

    ABSENT = "absent"


ABSENT: Literal[Absence.ABSENT] = Absence.ABSENT

State: TypeAlias = "Plain | Literal[Absence.ABSENT]"
"""A value in one of its three states: set, null (`None`) or absent."""


class CauseKind(StrEnum):
    """What part of the files was edited."""

    VALUE = "value"
    VARIABLE = "variable"
    OVERLAY = "overlay item"
    BLOCK = "block"
    SELECTOR = "selector"
    LABEL = "label"
    EXTENDS = "extends"
    ORDER = "order"
    FILE = "file"
    ABSTRACT = "abstract"
    PROFILES = "profiles"
    DESCRIPTION = "description"
    SETTING = "setting"
    FOLDER = "folder"
    POLICY = "policy"


class Side(StrEnum):
    """The one or the other of two states of a project."""

    BASE = "base"
    HEAD = "head"


@dataclass(frozen=True, slots=True, eq=False)
class Cause:
    """One edit of the files, told from every other by its identity.

    `before` and `after` are as they are written, templates unrendered. `at` is a place of the
    head, or of the base where the head has nothing there any more: `side` says which; `was` is
    the place in the base, where there is one. `layer` names the part of the files.
    """

    kind: CauseKind
    path: str
    before: State
    after: State
    at: Origin
    side: Side = Side.HEAD
    was: Origin | None = None
    layer: str = ""

    @property
    def order(self) -> tuple[object, ...]:
        """By place, the head's before the base's."""
        return (self.at.file, self.at.line, self.at.column, self.side is Side.BASE, self.path)


class Change(NamedTuple):
    """A value of a body that is not what it was. The path is dotted, without `session.`."""

    path: str
    before: State
    after: State


@dataclass(frozen=True, slots=True)
class Group:
    """One cause and one change, and all the bodies in which the one made the other.

    `others` are further causes without which the values would not be what they are.
    """

    cause: Cause
    change: Change
    bodies: tuple[Body, ...]
    others: tuple[Cause, ...] = ()


@dataclass(frozen=True, slots=True)
class Shadow:
    """Bodies that a cause could reach, and in which it changes nothing.

    Where a stronger line holds instead, `by` is its place in the state `side`, `value` what it
    sets and `layer` the part of the files that it stands in; otherwise `why` says in words what is
    the case.
    """

    cause: Cause
    bodies: tuple[Body, ...]
    why: str = ""
    by: Origin | None = None
    value: State = ABSENT
    layer: str = ""
    side: Side = Side.HEAD


@dataclass(frozen=True, slots=True)
class Moved:
    """A value that is what it was, and comes from another place."""

    path: str
    value: Plain
    before: Origin
    after: Origin
    bodies: tuple[Body, ...]


@dataclass(frozen=True, slots=True)
class Arrival:
    """Bodies that are in the one state and not in the other, and the edit that made it so."""

    bodies: tuple[Body, ...]
    cause: Cause


class Renaming(NamedTuple):
    """A profile or an environment whose file bears another name than before.

    `bodies` is how many of the head's bear the new one: none of what is abstract.
    """

    kind: str
    before: str
    after: str
    bodies: int


@dataclass(frozen=True, slots=True)
class Difference:
    """All that a comparison gives.

    `bodies` is how many the head has. `shadowed` is of causes that change other bodies, or none.
    `idle` are edits that reach no body at all, `untold` those of which nothing can be said, or of
    which `shadowed` does not say all, since bodies are invalid that they could change; `layout` are
    files whose text differs and whose meaning does not, `following` those of them that name what
    was renamed by its new name. `unread` are files that differ, of which nothing can be said, since
    what they inherit cannot be read. A body is in `invalid` where it is wrong now and was not, in
    `valid` the other way round, and in `broken` where it is and was. Problems are `new`, `old`
    (they were there before) and `gone`.
    """

    bodies: int
    groups: tuple[Group, ...] = ()
    shadowed: tuple[Shadow, ...] = ()
    idle: tuple[Cause, ...] = ()
    untold: tuple[Cause, ...] = ()
    layout: tuple[str, ...] = ()
    following: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    added: tuple[Arrival, ...] = ()
    removed: tuple[Arrival, ...] = ()
    renamed: tuple[Renaming, ...] = ()
    invalid: tuple[Body, ...] = ()
    valid: tuple[Body, ...] = ()
    broken: tuple[Body, ...] = ()
    new: tuple[Problem, ...] = ()
    old: tuple[Problem, ...] = ()
    gone: tuple[Problem, ...] = ()
    moved: tuple[Moved, ...] = ()

    @property
    def changed(self) -> frozenset[Body]:
        """The bodies that are in both states, sound in both, and not what they were."""
        return frozenset(body for group in self.groups for body in group.bodies)

    @property
    def has_changes(self) -> bool:
        """Whether any body is not what it was, is new, is gone, or changed between right and wrong.

        A renamed profile is a change, too: its tokens get other names. A renamed base is none.
        """
        renamed = any(one.bodies for one in self.renamed)
        parts = (self.groups, self.added, self.removed, self.invalid, self.valid)
        return renamed or any(parts)

    @property
    def has_new_errors(self) -> bool:
        return any(problem.is_error for problem in self.new)

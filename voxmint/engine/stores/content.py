"""What is put into an object of a store: made each time it is needed, so that it is nowhere to see.

One secret for a profile holds the values of its session, as a JSON object or as the plain token.
One for an environment is a JSON object with a member for each profile; members of others stay.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from voxmint.engine.failures import failure
from voxmint.engine.sinks.contract import Delivery
from voxmint.engine.sinks.values import written_values
from voxmint.engine.wording import SINK_VALUE_UNFIT
from voxmint.secret import Secret

Members = dict[str, Any]


class Content(ABC):
    """The value of one object."""

    @abstractmethod
    def values(self) -> Mapping[str, Any]:
        """The value by its names, for stores that keep maps."""

    def text(self) -> str:
        """The value as one text, for stores that keep texts."""
        return json.dumps(self.values(), ensure_ascii=False)

    def is_in(self, found: Secret) -> bool:
        """Whether a value that was read is this one."""
        return _members(found) == self.values()

    @abstractmethod
    def tokens(self) -> Iterable[Secret]:
        """The tokens that it newly holds: no text with one of them may be shown."""


@dataclass(frozen=True, slots=True)
class OneSession(Content):
    """A session of one profile; `is_bare`: its token alone, as plain text."""

    delivery: Delivery
    names: Mapping[str, str]
    is_bare: bool = False

    def values(self) -> Mapping[str, Any]:
        return written_values(self.delivery, self.names)

    def text(self) -> str:
        return self.delivery.token.reveal() if self.is_bare else json.dumps(self.values())

    def is_in(self, found: Secret) -> bool:
        if self.is_bare:
            return found == self.delivery.token
        return _members(found) == self.values()

    def tokens(self) -> Iterable[Secret]:
        return (self.delivery.token,)


@dataclass(frozen=True, slots=True)
class Document(Content):
    """The sessions of an environment in one value.

    `before` is what stands there; `gone` are members to be taken out, and `deliveries` are set,
    each with the name of its member.
    """

    before: Secret | None = field(repr=False)
    deliveries: Mapping[str, Delivery]
    gone: frozenset[str]
    names: Mapping[str, str]

    def values(self) -> Mapping[str, Any]:
        members = _members(self.before) or {}
        kept = {name: value for name, value in members.items() if name not in self.gone}
        new = {name: written_values(one, self.names) for name, one in self.deliveries.items()}
        return {**kept, **new}

    def tokens(self) -> Iterable[Secret]:
        return [one.token for one in self.deliveries.values()]


def is_document(value: Secret) -> bool:
    """Whether a value is a JSON object, so that members can be set in it."""
    return _members(value) is not None


def _members(value: Secret | None) -> Members | None:
    if value is None:
        return None
    try:
        found = json.loads(value.reveal())
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def check_fit(delivery: Delivery, names: Mapping[str, str]) -> None:
    """`ProblemsError` where a value of a session holds what no token has, as line breaks."""
    for name, value in written_values(delivery, names).items():
        if not str(value).isprintable():
            raise failure(SINK_VALUE_UNFIT, name=name)

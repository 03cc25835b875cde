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
from voxmint.engine.sinks.contract import Delivery, Session
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


@dataclass(frozen=True, slots=True)
class Stored(Content):
    """What an earlier run staged, as it was read back."""

    value: Secret = field(repr=False)

    def values(self) -> Mapping[str, Any]:
        return _members(self.value) or {}

    def text(self) -> str:
        return self.value.reveal()

    def is_in(self, found: Secret) -> bool:
        members = _members(self.value)
        return found == self.value or (members is not None and _members(found) == members)

    def tokens(self) -> Iterable[Secret]:
        return [self.value, *map(Secret, _texts_in(self.values()))]

    def tells_of(self, session: Session, names: Mapping[str, str], member: str | None) -> bool:
        """Whether it holds a session, as far as that can be told without its token.

        `member` is where, of a value for an environment. `names` are those of the values that are
        written; of a plain token nothing can be told but that it is there.
        """
        members = _members(self.value)
        if members is None:
            return member is None and bool(self.value.reveal())
        held = members if member is None else members.get(member)
        told = {"expires_at": session.expires_at, "session_id": session.session_id}
        facts = {name: told[which] for which, name in names.items() if which in told}
        if not isinstance(held, dict) or (member is not None and not facts):
            return False
        token = names.get("client_secret")
        return (token is None or bool(held.get(token))) and all(
            str(held.get(name)) == str(fact) for name, fact in facts.items()
        )


def _texts_in(value: object) -> Iterable[str]:
    """All texts in a value but the empty ones, however deep."""
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts_in(one)]
    return [value] if isinstance(value, str) and value else []


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

"""What happens in a run, as it happens: for display, which the engine leaves to others.

A listener is called in the run's own thread, between requests: it should be quick and must not
raise.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from voxmint.engine.plan import Plan
from voxmint.problems import Problem
from voxmint.secret import Secret


@dataclass(frozen=True, slots=True)
class LockAwaited:
    """Another run holds what this one needs."""

    what: str
    holder: str


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that does not stop the run, and that a person should know."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class Started:
    """The plan is made, and is carried out now."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class TokenCame:
    """A token came, and nobody has it yet: the moment to have a log hide it."""

    token: Secret


@dataclass(frozen=True, slots=True)
class SessionMinted:
    """A profile's token is in every sink."""

    profile: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class SessionFailed:
    """A profile gets no token in this run."""

    profile: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing more is sent for so many seconds, or a profile's request is repeated after them."""

    reason: str
    seconds: float
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A group of tokens is in a sink."""

    target: str
    count: int


@dataclass(frozen=True, slots=True)
class Halted:
    """Nothing more is sent, because of this."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class Interrupting:
    """The run was asked to stop, and waits for what is under way."""

    in_flight: int


Event: TypeAlias = (
    LockAwaited
    | Noted
    | Started
    | TokenCame
    | SessionMinted
    | SessionFailed
    | Waiting
    | Written
    | Halted
    | Interrupting
)
Listener: TypeAlias = Callable[[Event], None]


def ignore(_: Event) -> None:
    """A listener that does nothing."""

"""What a form of the request body is."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from voxmint.origin import Path
from voxmint.profiles.fields import EXPIRES_AFTER, SESSION


class Request(NamedTuple):
    """What a body says, in the names of the flat endpoint, and what has no place there.

    A part that the body leaves out is absent from `session`, or `None` for `expires_after`;
    `unplaced` are the body's own paths that a profile has no field for.
    """

    session: Mapping[str, Any]
    expires_after: Mapping[str, Any] | None
    unplaced: tuple[Path, ...] = ()


class Form(NamedTuple):
    """One form of the request body, both ways.

    `build` makes the body from a session and a lifetime; `read` is its inverse; `place` says
    where in the body a path of the profile stands, or `None` where it has no place. `around` are
    the keys of the maps that the body puts around the fields, by the path of each map.
    """

    name: str
    build: Callable[[Mapping[str, Any], Mapping[str, Any] | None], dict[str, Any]]
    read: Callable[[Mapping[str, Any]], Request]
    place: Callable[[Path], Path | None]
    around: Mapping[Path, tuple[str, ...]]

    @property
    def parts(self) -> tuple[str, ...]:
        """What a profile can give the body, in its order: the session's fields and the lifetime."""
        fields = tuple(field.name for field in SESSION.fields if self.name in field.forms)
        lifetime = EXPIRES_AFTER.name
        body = self.build({fields[-1]: None}, {})
        is_first = (self.place((lifetime,)) or ())[:1] == tuple(body)[:1]
        return (lifetime, *fields) if is_first else (*fields, lifetime)

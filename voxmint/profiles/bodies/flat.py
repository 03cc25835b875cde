"""The body of `POST /realtime/transcription_sessions`: the session at the root.

The lifetime is asked for in `client_secret.expires_at`, which the published schema lacks and the
OpenAI Python SDK's types have.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from voxmint.origin import Path
from voxmint.profiles.bodies.form import Form, Request
from voxmint.profiles.fields import FLAT, SESSION

_PLACED = tuple(field.name for field in SESSION.fields if FLAT in field.forms)
_UNPLACED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        field.name: unplaced
        for field in SESSION.fields
        if (unplaced := frozenset(one.name for one in field.fields if FLAT not in one.forms))
    }
)
"""What has no place here below a field of the session, such as `turn_detection`."""


def build(session: Mapping[str, Any], expires_after: Mapping[str, Any] | None) -> dict[str, Any]:
    body = {name: session[name] for name in _PLACED if name in session}
    for name, unplaced in _UNPLACED.items():
        given = body.get(name)
        if given and not unplaced.isdisjoint(given):
            body[name] = {key: value for key, value in given.items() if key not in unplaced}
    if expires_after is not None:
        body["client_secret"] = {"expires_at": {"anchor": "created_at", **expires_after}}
    return body


def read(body: Mapping[str, Any]) -> Request:
    session = {name: value for name, value in body.items() if name != "client_secret"}
    unplaced: list[Path] = [(name,) for name in session if name not in SESSION.by_name]
    for path in unplaced:
        del session[str(path[0])]
    expires_after = None
    if "client_secret" in body:
        secret = body["client_secret"]
        if isinstance(secret, Mapping) and isinstance(secret.get("expires_at"), Mapping):
            expires_after = secret["expires_at"]
            unplaced += [("client_secret", name) for name in secret if name != "expires_at"]
        elif secret != {}:  # which the types of the SDK allow, and which says nothing
            unplaced.append(("client_secret",))
    return Request(session, expires_after, tuple(unplaced))


def place(path: Path) -> Path | None:
    match path:
        case ("expires_after", *rest):
            return ("client_secret", "expires_at", *rest)
        case ("session", str(name), str(inner), *_) if inner in _UNPLACED.get(name, ()):
            return None
        case ("session", str(name), *rest) if name in _PLACED:
            return (name, *rest)
        case _:
            return None


_AROUND: Mapping[Path, tuple[str, ...]] = MappingProxyType(
    {(): (*_PLACED, "client_secret"), ("client_secret",): ("expires_at",)}
)

FORM = Form(FLAT, build, read, place, _AROUND)

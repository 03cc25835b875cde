"""The request that is sent for a profile, and the digest that says when two are the same."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from voxmint.engine.upstream.target import Target
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.compiled import CompiledBody
from voxmint.profiles.deployments import MODEL
from voxmint.profiles.settings import Provider

DEFAULT_LIFETIME = 600
"""Seconds that a token lives where a profile asks for nothing else. Source: published schema."""


def lifetime_of(compiled: CompiledBody) -> int:
    """The seconds that a body asks its token to live."""
    seconds: int = (compiled.expires_after or {}).get("seconds", DEFAULT_LIFETIME)
    return seconds


class Sent(NamedTuple):
    """A body as it is sent, and the deployment that took its model's place, where one did."""

    body: Mapping[str, Any]
    deployment: str | None


def sent_body(compiled: CompiledBody, provider: Provider) -> Sent:
    """The body that a provider is sent: the profile's, with the model's deployment in its place.

    A model that `deployments` does not map is sent by its own name.
    """
    path = FORMS[compiled.api].place(MODEL)
    if not provider.deployments or path is None:
        return Sent(compiled.body, None)
    deployment = provider.deployments.get(_at(compiled.body, path))
    if deployment is None:
        return Sent(compiled.body, None)
    return Sent(_replaced(compiled.body, path, deployment), deployment)


def _at(body: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        body = body.get(part) if isinstance(body, Mapping) else None
    return body if isinstance(body, str) else None


def _replaced(body: Mapping[str, Any], path: tuple[str | int, ...], value: str) -> dict[str, Any]:
    first, *rest = path
    inner = _replaced(body[str(first)], tuple(rest), value) if rest else value
    return {**body, str(first): inner}


def content_of(body: Mapping[str, Any]) -> bytes:
    """The body in the bytes that are sent: JSON, in ASCII, nothing between its tokens."""
    return _compact(body).encode("ascii")


def label_of(run: str, target: Target, profile: str) -> str:
    """The id of one request for the server's own records; `run` is made up anew each time.

    An emulator may be told to let a profile's requests go wrong; no other server needs its name.
    """
    return f"{run}/{quote(profile)}" if target.kind == "emulator" else run


def digest_of(sent: Sent, target: Target) -> str:
    """What tells whether a token is one of this request: where it was minted, then the body.

    Two SHA-256 of canonical JSON with a `:` between, so that a change of the one is told from a
    change of the other.
    """
    return f"{_hashed([*where_of(sent, target).values()])}:{_hashed(sent.body)}"


def where_of(sent: Sent, target: Target) -> Mapping[str, str | None]:
    """What makes a token one of this place and no other, by the settings that decide on it."""
    return {
        "provider.kind": target.kind,
        "provider.api": target.api,
        "provider.url": target.host,
        "provider.deployments": sent.deployment,
        "provider.organization": target.organization,
        "provider.project": target.project,
    }


def is_elsewhere(digest: str, other: str) -> bool:
    """Whether two digests are of requests to different places."""
    return digest.partition(":")[0] != other.partition(":")[0]


def _hashed(value: object) -> str:
    return hashlib.sha256(canonical(value).encode("ascii")).hexdigest()


# Made once: `json.dumps` makes another for each value.
canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
"""A value as JSON in ASCII, equal for equal values."""
_compact = json.JSONEncoder(separators=(",", ":")).encode

"""Where an environment's sessions are minted, and whether its key may be sent there.

Both are worked out from the files and the operator's word alone: no key is read and nothing is
looked up, so that a change of a URL that would lead a key astray fails offline.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from voxmint.engine.apis import APIS
from voxmint.engine.failures import failure
from voxmint.engine.providers import PROVIDERS
from voxmint.engine.upstream.hosts import ALLOW_HOSTS, Allowed, Host, Url, is_allowed, url_of
from voxmint.engine.wording import (
    HEADER_REFUSED,
    HOST_NEEDS_TLS,
    HOST_NOT_ALLOWED,
    HOST_NOT_LOOPBACK,
    URL_MALFORMED,
)
from voxmint.origin import Origin, Path
from voxmint.problems import Problem, ProblemsError
from voxmint.profiles.cells import find_nearest, key_origin, origin
from voxmint.profiles.compiled import CompiledEnvironment
from voxmint.profiles.settings import Provider

IN_PROCESS = "emulator"
"""The host of an emulator that is started for a run: every one takes the tokens of every other."""

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_OWN_HEADERS = {
    "openai-organization": "`organization`",
    "openai-project": "`project`",
    "openai-safety-identifier": "`safety_identifier`",
}
_REFUSED_HEADERS = frozenset(
    """
    accept accept-encoding connection expect forwarded keep-alive te trailer upgrade user-agent
    x-client-request-id x-http-method-override x-method-override
    """.split()
)
_REFUSED_BEGINNINGS = ("content-", "proxy-", "transfer-", "x-forwarded-")
_OF_KEYS = frozenset(
    """
    apikey auth authorization cookie credential credentials jwt key password secret token
    """.split()
)
_OF_PLACES = frozenset(
    """
    base destination endpoint forward host proxy redirect rewrite target upstream uri url
    """.split()
)
"""Words in a header's name by which gateways are told to send a request, and its key, elsewhere."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where sessions are minted.

    `url` is what is posted to, in full; `None` where an emulator is started for the run. What
    makes a token one of this place and no other: `kind`, `api`, `host`, `organization`, `project`.
    """

    kind: str
    api: str
    url: str | None
    host: str
    organization: str | None = None
    project: str | None = None

    def at(self, base: str) -> "Target":
        """The same place, found at this base URL for as long as the run lasts."""
        return replace(self, url=base + APIS[self.api].path)


def target_of(environment: CompiledEnvironment, api: str | None = None) -> Target:
    """Where this environment's sessions are minted; `api` replaces the endpoint that it chooses.

    `ProblemsError` where its URL says nothing that can be reached. Whether a key may go there is
    another question: `check_target`.
    """
    provider = provider_of(environment)
    url = _url(environment, provider)
    endpoint = api or provider.asks
    return Target(
        provider.kind,
        endpoint,
        None if url is None else str(url) + APIS[endpoint].path,
        IN_PROCESS if url is None else str(url.host),
        provider.organization,
        provider.project,
    )


def check_target(environment: CompiledEnvironment, allowed: Allowed) -> None:
    """That this environment's key may be sent where its provider is.

    `allowed` are the hosts that the operator names. `ProblemsError` with all that is wrong.
    """
    provider = provider_of(environment)
    url = _url(environment, provider)
    problems = [*_header_problems(environment, provider)]
    if url is not None:
        problems += _host_problems(environment, provider, url.host, allowed)
    if problems:
        raise ProblemsError(problems)


def provider_of(environment: CompiledEnvironment) -> Provider:
    """The provider of an environment that was compiled without an error."""
    if environment.provider is None:
        raise ValueError(f"the environment {environment.name} has no sound provider")
    return environment.provider


def place_of(environment: CompiledEnvironment, *path: str, key: bool = False) -> Origin | None:
    """Where in the files a setting of the provider stands, or what is nearest to it."""
    cell = environment.provider_cell
    if cell is None:
        return None
    found = find_nearest(cell, path)
    return key_origin(found) if key or found is cell else origin(found)


def _url(environment: CompiledEnvironment, provider: Provider) -> Url | None:
    kind = PROVIDERS[provider.kind]
    text = provider.url or kind.base
    if text is None:
        return None
    url = url_of(text)
    if url is None:
        raise failure(URL_MALFORMED, at=place_of(environment, "url"), url=text)
    return url if url.path else url._replace(path=kind.root)


def _host_problems(
    environment: CompiledEnvironment, provider: Provider, host: Host, allowed: Allowed
) -> Iterator[Problem]:
    kind = PROVIDERS[provider.kind]
    at, facts = place_of(environment, "url"), {"host": host, "variable": ALLOW_HOSTS}
    if kind.placeholder is not None:
        if not host.is_loopback:
            yield Problem(HOST_NOT_LOOPBACK, at, facts)
        return
    if host.scheme != "https" and not host.is_loopback:
        yield Problem(HOST_NEEDS_TLS, at, facts)
    if not (kind.trusts(host) or is_allowed(host, allowed)):
        yield Problem(HOST_NOT_ALLOWED, at, facts)


def _header_problems(environment: CompiledEnvironment, provider: Provider) -> Iterator[Problem]:
    others: dict[str, str] = {}
    for name, value in provider.headers.items():
        path: Path = ("headers", name)
        first = others.setdefault(_folded(name), name)
        reason = _name_refused(name) or _value_refused(value)
        if reason is None and first != name:
            reason = f"it is the same header as `{first}`, and only one of them counts"
        if reason:
            at = place_of(environment, *map(str, path), key=True)
            yield Problem(HEADER_REFUSED, at, {"name": name, "reason": reason})
    for name in ("organization", "project", "safety_identifier"):
        value = getattr(provider, name)
        if value is not None and (reason := _value_refused(value)):
            at = place_of(environment, name, key=True)
            yield Problem(HEADER_REFUSED, at, {"name": name, "reason": reason})


def _name_refused(name: str) -> str | None:
    if not _HEADER_NAME.fullmatch(name):
        return "this is not the name of a header"
    folded = _folded(name)
    words = set(folded.split("-"))
    if folded in _OWN_HEADERS:
        return f"it has a setting of its own, {_OWN_HEADERS[folded]}"
    if folded in _REFUSED_HEADERS or folded.startswith(_REFUSED_BEGINNINGS):
        return "voxmint itself decides what stands there"
    if words & _OF_KEYS:
        return "by its name it holds a key, and files hold none"
    if words & _OF_PLACES:
        return "by its name it can lead the request elsewhere"
    return None


def _folded(name: str) -> str:
    """The name as servers compare it; to some an underscore is a dash."""
    return name.lower().replace("_", "-")


def _value_refused(value: str) -> str | None:
    if _HEADER_VALUE.fullmatch(value):
        return None
    return "its value must be printable ASCII in one line, without spaces round it"

"""Where a store is asked: an address in the project's files counts only if the operator allows."""

from collections.abc import Iterator

from voxmint.engine.sinks.contract import Sink
from voxmint.engine.stores.wording import (
    STORE_HOST_NEEDS_TLS,
    STORE_HOST_REFUSED,
    STORE_URL_MALFORMED,
)
from voxmint.engine.upstream.hosts import ALLOW_HOSTS, Host, allowed_hosts, is_allowed, url_of
from voxmint.problems import Problem


class UnallowedError(Exception):
    """A place in the project's files that the operator did not allow, and the variable for it."""

    def __init__(self, place: str, variable: str) -> None:
        super().__init__(place)
        self.place = place
        self.variable = variable


def url_flaws(sink: Sink, url: str | None) -> Iterator[Problem]:
    """What is wrong with an address in the project's files, whoever runs voxmint."""
    parts = url_of(url) if url is not None else None
    if url is not None and parts is None:
        yield Problem(STORE_URL_MALFORMED, sink.around.at, {"url": url})
    elif parts and parts.host.scheme == "http" and not parts.host.is_loopback:
        yield Problem(STORE_HOST_NEEDS_TLS, sink.around.at, {"host": parts.host})


def unallowed(sink: Sink, url: str | None) -> Iterator[Problem]:
    """That tokens would go to a host which the operator did not name; loopback is no exception."""
    parts = url_of(url) if url is not None else None
    if parts is not None:
        yield from unallowed_host(sink, parts.host)


def unallowed_host(sink: Sink, host: Host) -> Iterator[Problem]:
    """As `unallowed`, of a host that a store's settings amount to."""
    around = sink.around
    if not is_allowed(host, allowed_hosts(around.environ, around.allow_hosts)):
        facts = {"host": host, "variable": ALLOW_HOSTS, "target": sink.target}
        yield Problem(STORE_HOST_REFUSED, around.at, facts)

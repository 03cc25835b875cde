"""Which host a URL leads to, and which hosts the operator allows.

Hosts are compared whole. A URL is taken apart here once and put together again from its parts, so
that the host that was checked is the host that is asked: nothing else reads the text of it.
"""

import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import unquote

from voxmint.problems import UsageError
from voxmint.shown import shown

ALLOW_HOSTS = "VOXMINT_ALLOW_HOSTS"
"""The operator's variable: hosts that a key may be sent to besides the provider's own."""

# The patterns of hosts and URLs are compiled when they are first used: that takes as long as twenty
# bodies, and a check of a project whose settings are right at a glance needs none.
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = rf"(?P<host>{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])(?P<port>:[0-9]{{1,5}})?"
_PATH = r"(?P<path>/[A-Za-z0-9._~/%:@!$&'()*+,;=-]*)?"
_URL = f"(?i:(?P<scheme>https?)://{_HOST}{_PATH})"
_SEGMENT = r"(?:[^%]|%[0-9A-Fa-f]{2})+"
_HIDDEN = r"[\x00-\x20\x7f/\\%?#]"
"""What an escape in a path must not stand for: it ends a part of a URL, or is another escape."""
_DEFAULT_PORTS = {"https": 443, "http": 80}
_LARGEST_PORT = 65535


class Host(NamedTuple):
    """A host in lower case, an IPv6 address in brackets, and the port that is asked there."""

    scheme: str
    name: str
    port: int

    def __str__(self) -> str:
        """As a URL has it: without the port that its scheme implies."""
        is_usual = self.port == _DEFAULT_PORTS[self.scheme]
        return self.name if is_usual else f"{self.name}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine itself: `localhost`, or a loopback address written out."""
        return _is_loopback(self.name)


class Url(NamedTuple):
    """A base URL in parts; `path` has no slash at its end."""

    host: Host
    path: str

    def __str__(self) -> str:
        return f"{self.host.scheme}://{self.host}{self.path}"


def url_of(text: str) -> Url | None:
    """The parts of a URL; `None` where it is not just scheme, host, port and path.

    A host that ends in a dot or holds anything but ASCII letters, digits, `-`, `_` and dots is
    none: it could be one host to whom checks it and another to whom connects. Nor is there one in
    a path that leads upwards or is written in two ways: it is sent as it is shown.
    """
    found = re.fullmatch(_URL, text)
    if found is None or not _is_plain_path(found["path"] or ""):
        return None
    scheme = found["scheme"].lower()
    name, port = _name_and_port(found)
    if name is None or port == 0:
        return None
    host = Host(scheme, name, _DEFAULT_PORTS[scheme] if port is None else port)
    return Url(host, (found["path"] or "").rstrip("/"))


def _name_and_port(found: re.Match[str]) -> tuple[str | None, int | None]:
    name = found["host"].lower()
    if name.startswith("["):
        try:
            name = f"[{ip_address(name[1:-1])}]"
        except ValueError:
            return None, None
    port = int(found["port"][1:]) if found["port"] else None
    return (None, None) if port is not None and port > _LARGEST_PORT else (name, port)


def _is_plain_path(path: str) -> bool:
    """Whether every server reads the path alike: none that goes up, is empty or is hidden."""
    segments = path.strip("/").split("/") if path.strip("/") else []
    return not path.startswith("//") and all(map(_is_plain_segment, segments))


def _is_plain_segment(segment: str) -> bool:
    if not re.fullmatch(_SEGMENT, segment):
        return False
    # What comes after a `;` is a parameter to some servers, which then go up all the same.
    text = unquote(segment, "latin-1").partition(";")[0]
    return text.strip(".") != "" and not re.search(_HIDDEN, text)


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        address = ip_address(name.strip("[]"))
    except ValueError:
        return False
    # Of IPv4 written as IPv6, from Python 3.13 on some count and before that none.
    return address.is_loopback and getattr(address, "ipv4_mapped", None) is None


Allowed = frozenset[tuple[str, int | None]]
"""Hosts, each with its port, or `None` for every port."""


def allowed_hosts(environ: Mapping[str, str], more: Iterable[str] = ()) -> Allowed:
    """The hosts that the operator names, in `VOXMINT_ALLOW_HOSTS` (separated by commas) and `more`.

    `UsageError` for an entry that is not `HOST` or `HOST:PORT`: one that names nothing would look
    as if it did.
    """
    named = [entry.strip() for entry in environ.get(ALLOW_HOSTS, "").split(",")]
    return frozenset(_entry(text) for text in (*named, *more) if text)


def _entry(text: str) -> tuple[str, int | None]:
    found = re.fullmatch(_HOST, text)
    name, port = _name_and_port(found) if found else (None, None)
    if name is None or port == 0:
        raise UsageError(
            f"`{shown(text)}` is not a host to allow",
            f"{ALLOW_HOSTS} and --allow-host take HOST or HOST:PORT, whole and without wildcards",
        )
    return name, port


def is_allowed(host: Host, allowed: Allowed) -> bool:
    """Whether the operator named this host, with this port or for every port."""
    return (host.name, None) in allowed or (host.name, host.port) in allowed

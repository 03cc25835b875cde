"""Which proxy a host is reached through, by the usual variables of the operator.

`https_proxy` and `all_proxy`, in small letters or capitals, name it; `no_proxy` lists the hosts
that are reached directly: `*`, or names with all that ends in them. A proxy's URL may hold a
password, so nothing here is shown.
"""

from collections.abc import Mapping

from voxmint.engine.failures import failure
from voxmint.engine.upstream.hosts import Host
from voxmint.engine.wording import PROXY_UNUSABLE
from voxmint.secret import Secret

_NAMES = ("https_proxy", "all_proxy")
_SCHEMES = ("http", "https")


def proxy_for(host: Host, environ: Mapping[str, str]) -> Secret | None:
    """The URL of the proxy for a host; `None` where it is reached directly, as loopback always is.

    `ProblemsError` for a proxy of a kind that is not spoken here.
    """
    if host.is_loopback or _is_excepted(host, _value("no_proxy", environ)):
        return None
    for name in _NAMES:
        url = _value(name, environ)
        if url:
            return _checked(name, url)
    return None


def _value(name: str, environ: Mapping[str, str]) -> str:
    return (environ.get(name) or environ.get(name.upper()) or "").strip()


def _checked(name: str, url: str) -> Secret:
    scheme, separator, _ = url.partition("://")
    if not separator:
        return Secret(f"http://{url}")
    if scheme.lower() not in _SCHEMES:
        raise failure(PROXY_UNUSABLE, variable=name.upper(), reason=f"it is of the kind {scheme}")
    return Secret(url)


def _is_excepted(host: Host, no_proxy: str) -> bool:
    entries = [entry.strip().lower() for entry in no_proxy.split(",")]
    return any(_covers(entry, host) for entry in entries if entry)


def _covers(entry: str, host: Host) -> bool:
    if entry == "*":
        return True
    name = entry.removeprefix("*").removeprefix(".")
    return any(
        known == name or known.endswith("." + name)
        for known in (host.name, f"{host.name}:{host.port}")
    )

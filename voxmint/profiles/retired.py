"""Endpoints that a provider does not serve (any more), where a file asks for one."""

from collections.abc import Iterable, Iterator, Mapping

from voxmint.problems import Kind, Problem
from voxmint.profiles import wording
from voxmint.profiles.cells import Cell, Leaf, find, origin
from voxmint.profiles.compiled import CompiledBody, CompiledEnvironment

_FLAT = "transcription_sessions"
_OPENAI = "api.openai.com"


def unserved(
    bodies: Iterable[CompiledBody], environments: Mapping[str, CompiledEnvironment]
) -> Iterator[Problem]:
    """A warning for each `api` in a file that its provider answers with 404."""
    refused = {name: one for name, one in environments.items() if _is_refused(one.provider_cell)}
    asking: dict[str, list[tuple[str, str]]] = {}
    for body in bodies if refused else ():
        if body.environment in refused and body.api == _FLAT:
            asking.setdefault(body.environment, []).append((body.profile, body.environment))
    for name, affected in asking.items():
        provider = refused[name].provider_cell
        api, kind = find(provider, ("api",)), _unserved(provider)
        if api is not None and kind is not None:
            yield Problem(kind, origin(api), affects=tuple(affected))


def _is_refused(provider: Cell | None) -> bool:
    """Whether a file asks for what its provider does not serve.

    Without `api` in a file it was asked for on the command line, by somebody who is there.
    """
    return _text(provider, "api") == _FLAT and _unserved(provider) is not None


def _unserved(provider: Cell | None) -> Kind | None:
    """What is known of the provider and the flat endpoint; `None` where it may be served."""
    match _text(provider, "kind"):
        case "azure":
            return wording.ENDPOINT_NOT_ON_AZURE
        case "openai" if _is_at_openai(_text(provider, "url")):
            return wording.ENDPOINT_RETIRED
    return None


def _is_at_openai(url: str | None) -> bool:
    """Whether OpenAI itself is asked, and not what the operator put before it."""
    if url is None:
        return True
    from urllib.parse import urlsplit  # few write a `url` for OpenAI

    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return f".{host}".endswith(f".{_OPENAI}")


def _text(provider: Cell | None, name: str) -> str | None:
    found = find(provider, (name,))
    return found.value if isinstance(found, Leaf) and isinstance(found.value, str) else None

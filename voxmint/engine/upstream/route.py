"""The way to where sessions are minted: its URL, its headers with the key, whom it trusts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from voxmint.engine.edge import Edge
from voxmint.engine.providers import PROVIDERS, Header
from voxmint.engine.upstream.hosts import url_of
from voxmint.engine.upstream.http import Upstream, authority_in, upstream_to
from voxmint.engine.upstream.target import Target, place_of, provider_of
from voxmint.engine.worktree import WorkTree
from voxmint.profiles.compiled import CompiledEnvironment
from voxmint.profiles.settings import Provider
from voxmint.secret import Secret

_NAMED_HEADERS = {
    "organization": b"OpenAI-Organization",
    "project": b"OpenAI-Project",
    # Binds an end user to the sessions that are minted.
    "safety_identifier": b"OpenAI-Safety-Identifier",
}


@contextmanager
def reachable(target: Target, now: Callable[[], float]) -> Iterator[Target]:
    """The target with its URL: where it has none, an emulator is started for as long as needed.

    `now` gives Unix seconds, for its clock.
    """
    if target.url is not None:
        yield target
        return
    from voxmint.engine.emulator import Emulator, Options

    with Emulator(Options(clock=now)) as emulator:
        yield target.at(emulator.url)


def upstream_of(
    environment: CompiledEnvironment, target: Target, key: Secret | None, root: Path, edge: Edge
) -> Upstream:
    """What every request to a target has in common; `root` is the project's folder.

    `ProblemsError` where certificates or a proxy cannot be used.
    """
    provider = provider_of(environment)
    url = url_of(target.url or "")
    if url is None:
        raise ValueError("the target has no URL")
    authority = None
    if provider.ca_file is not None:
        authority = authority_in(WorkTree(root), provider.ca_file, place_of(environment, "ca_file"))
    headers = _headers(provider, key)
    connect = edge.patience.connect
    return upstream_to(str(url), url.host, headers, edge.environ, authority, connect)


def _headers(provider: Provider, key: Secret | None) -> tuple[Header, ...]:
    kind = PROVIDERS[provider.kind]
    named = {text: getattr(provider, name) for name, text in _NAMED_HEADERS.items()}
    return (
        *([kind.header(key)] if key is not None else []),
        *((name, value.encode("ascii")) for name, value in named.items() if value is not None),
        *(
            (name.encode("ascii"), value.encode("ascii"))
            for name, value in provider.headers.items()
        ),
    )

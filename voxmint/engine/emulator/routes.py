"""What the emulator serves: each route with what it asks for and how it answers.

The pipeline of one request is route → authorise → answer, in `reply`. A route is one function and
one line in `ROUTES`.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from voxmint.engine.emulator.answers import Answer, RefusedError
from voxmint.engine.emulator.minting import mint
from voxmint.engine.emulator.options import Options
from voxmint.engine.emulator.tokens import claimed
from voxmint.engine.emulator.wire import Request
from voxmint.secret import Secret

BASE_PATH = "/v1"
_LONGEST_PATH_SHOWN = 200


@dataclass(slots=True)
class Tally:
    """How many requests were answered, by route and status. It knows few routes, so it is small."""

    requests: dict[str, Counter[int]] = field(default_factory=dict)
    connections: int = 0

    def count(self, route: str, status: int) -> None:
        self.requests.setdefault(route, Counter())[status] += 1


class World(NamedTuple):
    """What answering needs besides the request."""

    options: Options
    tally: Tally


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path. `minting` routes ask for a key and wait for the latency."""

    method: str
    path: str
    answer: Callable[[Request, World], Answer]
    minting: bool = False


class Reply(NamedTuple):
    """An answer, with the route that gave it: `None` where there was none to be found."""

    answer: Answer
    route: Route | None


def reply(request: Request, world: World) -> Reply:
    """The answer to a request, whatever it is."""
    route = None
    try:
        route = _route(request, world.options.retired)
        if route.minting:
            _authorise(request, world.options.key)
        return Reply(route.answer(request, world), route)
    except RefusedError as refused:
        return Reply(refused.answer(), route)
    except Exception as error:  # noqa: BLE001  # a mistake here costs one answer, not the emulator
        broken = RefusedError(500, f"The emulator has a bug: {type(error).__name__}.")
        return Reply(broken.answer(), route)


# ── route ────────────────────────────────────────────────────────────────────────────────────────


def _route(request: Request, retired: Set[str]) -> Route:
    methods = _METHODS.get(request.path)
    if methods is None or request.path in {_MINTING_PATHS[api] for api in retired}:
        path = request.path[:_LONGEST_PATH_SHOWN]
        raise RefusedError(404, f"Invalid URL ({request.method} {path})")
    if request.method not in methods:
        raise RefusedError(
            405,
            f"Not allowed to {request.method} on {request.path}.",
            code="method_not_supported",
            headers=(("Allow", ", ".join(methods)),),
        )
    return methods[request.method]


# ── authorise ────────────────────────────────────────────────────────────────────────────────────


def bearer_of(request: Request) -> Secret | None:
    """The key or token of a request: a bearer's, or the `api-key` that Azure's clients send."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and given.strip():
        return Secret(given.strip())
    key = request.headers.get("api-key", "")
    return Secret(key) if key else None


def _authorise(request: Request, key: Secret | None) -> None:
    given = bearer_of(request)
    if given is None:
        raise _unauthorised(
            "You didn't provide an API key. Send it as 'Authorization: Bearer KEY'.",
            "invalid_api_key",
        )
    if key is not None and given != key:
        raise _unauthorised("Incorrect API key provided.", "invalid_api_key")


def _unauthorised(message: str, code: str) -> RefusedError:
    return RefusedError(401, message, code=code, headers=(("WWW-Authenticate", "Bearer"),))


# ── answer ───────────────────────────────────────────────────────────────────────────────────────


def _mint(request: Request, world: World, api: str) -> Answer:
    return mint(request, world.options, api)


def _open_session(request: Request, world: World) -> Answer:
    token = bearer_of(request)
    if token is None:
        raise _unauthorised(
            "You didn't provide a token. Send it as 'Authorization: Bearer ek_…'.", "invalid_token"
        )
    claim = claimed(token)
    if claim is None:
        raise _unauthorised("This token was not minted by an emulator.", "invalid_token")
    if world.options.clock() >= claim.expires_at:
        raise _unauthorised(f"This token expired at {claim.expires_at}.", "token_expired")
    content = {
        "object": "emulator.session",
        "id": claim.session.get("id"),
        "api": claim.api,
        "session": claim.session,
        "token_expires_at": claim.expires_at,
    }
    return Answer(200, content, (("Cache-Control", "no-store"),))


def _describe(_: Request, world: World) -> Answer:
    requests = {
        route: {str(status): count for status, count in sorted(counts.items())}
        for route, counts in sorted(world.tally.requests.items())
    }
    content = {
        "object": "emulator",
        "about": "An emulator of OpenAI's endpoints that mint realtime transcription sessions. "
        "Its tokens are worth nothing elsewhere.",
        "routes": [f"{route.method} {route.path}" for route in ROUTES],
        "connections": world.tally.connections,
        "requests": requests,
    }
    return Answer(200, content)


_MINTING_PATHS = {
    "transcription_sessions": f"{BASE_PATH}/realtime/transcription_sessions",
    "client_secrets": f"{BASE_PATH}/realtime/client_secrets",
}

ROUTES: tuple[Route, ...] = (
    *(
        Route("POST", path, partial(_mint, api=api), minting=True)
        for api, path in _MINTING_PATHS.items()
    ),
    Route("POST", f"{BASE_PATH}/emulator/sessions", _open_session),
    Route("GET", f"{BASE_PATH}/emulator", _describe),
)


def _by_path() -> Mapping[str, Mapping[str, Route]]:
    paths: dict[str, dict[str, Route]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method] = route
    return paths


_METHODS = _by_path()

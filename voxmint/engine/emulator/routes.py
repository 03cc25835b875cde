"""What the emulator serves: each route with what it asks for and how it answers.

The pipeline of one request is route → fault → authorise → pace → mint, in `reply`; routes that mint
nothing are only routed. A route is one function and one line in `_routes_of`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from voxmint.engine.emulator.answers import Answer, Headers, RefusedError
from voxmint.engine.emulator.control import CONTROLS, Control, Controls
from voxmint.engine.emulator.effects import NO_EFFECT, Effect
from voxmint.engine.emulator.faults import Faults
from voxmint.engine.emulator.minting import mint
from voxmint.engine.emulator.options import Options
from voxmint.engine.emulator.pacing import Bucket
from voxmint.engine.emulator.services import BAD_KEY, PLAIN, SERVICES, Service
from voxmint.engine.emulator.tally import RATE_LIMIT, Tally
from voxmint.engine.emulator.tokens import claimed
from voxmint.engine.emulator.wire import Request
from voxmint.secret import Secret

_LONGEST_PATH_SHOWN = 200


class Route(NamedTuple):
    """One method on one path. `answer` is what it gives, or `api` the endpoint that it mints at."""

    method: str
    path: str
    answer: "Callable[[Request, World], Answer] | None" = None
    api: str = ""


class Reply(NamedTuple):
    """An answer, with the route that gave it: `None` where there was none to be found.

    `fault` is the kind of the fault that struck the request, or empty; `effect` is what it does.
    """

    answer: Answer
    route: Route | None
    fault: str = ""
    effect: Effect = NO_EFFECT


@dataclass(frozen=True, slots=True)
class World:
    """What answering needs besides the request."""

    options: Options
    service: Service
    tally: Tally
    faults: Faults
    bucket: Bucket | None
    methods: Mapping[str, Mapping[str, Route]]

    def refuse(self, refused: RefusedError, reason: str = "") -> Answer:
        """The answer to a request that is refused; it is counted, by its reason or code."""
        self.count(refused, reason)
        return self.service.refusal(refused)

    def count(self, refused: RefusedError, reason: str = "") -> None:
        """Counts a refusal; reasons and codes come from tables, so there are few."""
        self.tally.refused[reason or refused.code or str(refused.status)] += 1


def world_of(options: Options) -> World:
    """The world of an emulator that begins."""
    service = SERVICES[options.service]
    methods: dict[str, dict[str, Route]] = {}
    for route in _routes_of(options, service):
        methods.setdefault(route.path, {})[route.method] = route
    bucket = None if options.pace is None else Bucket(options.pace, options.ticks)
    return World(options, service, Tally(options.ticks), Faults(options.faults), bucket, methods)


def reply(request: Request, world: World) -> Reply:
    """The answer to a request, whatever it is."""
    route = None
    try:
        route = _route(request, world)
        if route.answer is None:
            return _reply_to_mint(request, world, route)
        return Reply(route.answer(request, world), route)
    except RefusedError as refused:
        # The emulator's own routes say the same whatever it stands for.
        world.count(refused)
        service = SERVICES[PLAIN] if route and route.answer else world.service
        return Reply(service.refusal(refused), route)
    except Exception as error:  # noqa: BLE001  # a mistake here costs one answer, not the emulator
        broken = RefusedError(500, f"The emulator has a bug: {type(error).__name__}.")
        return Reply(world.refuse(broken, "bug"), route)


# ── route ────────────────────────────────────────────────────────────────────────────────────────


def _route(request: Request, world: World) -> Route:
    methods = world.methods.get(request.path)
    if methods is None:
        path = request.path[:_LONGEST_PATH_SHOWN]
        message = world.service.not_found.format(method=request.method, path=path)
        raise RefusedError(404, message)
    if request.method not in methods:
        raise RefusedError(
            405,
            f"Not allowed to {request.method} on {request.path}.",
            code="method_not_supported",
            headers=(("Allow", ", ".join(methods)),),
        )
    return methods[request.method]


# ── mint ─────────────────────────────────────────────────────────────────────────────────────────


def _reply_to_mint(request: Request, world: World, route: Route) -> Reply:
    kind, effect = world.faults.strike(request, route.api) or ("", NO_EFFECT)
    if kind:
        world.tally.faults[kind] += 1
    if effect.refusal is not None:
        refused = effect.refusal(world.options.clock() + effect.shift)
        if isinstance(refused, RefusedError) and refused.code == BAD_KEY:
            refused.message = world.service.bad_key
        answer = refused if isinstance(refused, Answer) else world.service.refusal(refused)
        return Reply(answer, route, kind, effect)
    if effect.is_cut:
        return Reply(Answer(503, {}), route, kind, effect)
    try:
        answer = _minted(request, world, route.api, effect)
    except RefusedError as refused:
        answer = world.refuse(refused)
    return Reply(answer, route, kind, effect)


def _minted(request: Request, world: World, api: str, effect: Effect) -> Answer:
    _authorise(request, world)
    told: Headers = ()
    if world.bucket is not None:
        level = world.bucket.take()
        if not level.passes:
            return world.refuse(world.bucket.refusal(level), RATE_LIMIT)
        told = world.bucket.headers(level)
    try:
        answer = mint(request, world.options, api, effect.shift)
    except RefusedError as refused:
        refused.headers += told
        raise
    world.tally.minted += 1
    if effect.alter is not None:
        answer = effect.alter(answer, world.options.clock() + effect.shift)
    return answer.beside(told)


def _given(request: Request, names: tuple[str, ...]) -> Secret | None:
    """The key or token of a request, in the first of these headers that has one."""
    for name in names:
        text = request.headers.get(name, "")
        if name == "authorization":
            scheme, _, text = text.partition(" ")
            text = text if scheme.lower() == "bearer" else ""
        if text.strip():
            return Secret(text.strip())
    return None


def _authorise(request: Request, world: World) -> None:
    names = world.service.key_headers
    given, key = _given(request, names), world.options.key
    if given is None:
        ways = {"authorization": "'Authorization: Bearer KEY'", "api-key": "'api-key: KEY'"}
        how = " or ".join(ways[name] for name in names)
        message = f"You didn't provide an API key. Send it as {how}."
        raise _unauthorised(message, BAD_KEY)
    if key is not None and given != key:
        raise _unauthorised(world.service.bad_key, BAD_KEY)


def _unauthorised(message: str, code: str) -> RefusedError:
    return RefusedError(401, message, code=code, headers=(("WWW-Authenticate", "Bearer"),))


# ── the emulator's own routes ────────────────────────────────────────────────────────────────────


def _open_session(request: Request, world: World) -> Answer:
    token = _given(request, ("authorization", "api-key"))
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
        for route, counts in sorted(world.tally.routes.items())
    }
    routes = [route for methods in world.methods.values() for route in methods.values()]
    content = {
        "object": "emulator",
        "about": "An emulator of OpenAI's endpoints that mint realtime transcription sessions. "
        "Its tokens are worth nothing elsewhere.",
        "service": world.service.name,
        "routes": [f"{route.method} {route.path}" for route in routes],
        "connections": world.tally.connections,
        "requests": requests,
    }
    return Answer(200, content)


def _controlled(request: Request, world: World, control: Control) -> Answer:
    if not request.is_local:
        raise RefusedError(
            403, "Control requests come from the machine that the emulator runs on, only."
        )
    if "origin" in request.headers:
        raise RefusedError(403, "Control requests come from no web page.")
    return control(request, Controls(world.faults, world.tally))


def _routes_of(options: Options, service: Service) -> tuple[Route, ...]:
    served = [api for api in service.apis if api not in options.retired]
    controls = CONTROLS if options.control else ()
    return (
        *(Route("POST", service.path(api), api=api) for api in served),
        Route("POST", f"{service.base_path}/emulator/sessions", _open_session),
        Route("GET", f"{service.base_path}/emulator", _describe),
        *(
            Route(method, path, partial(_controlled, control=control))
            for method, path, control in controls
        ),
    )

"""What can go wrong on demand: each kind of fault, what its argument means, and what it does.

A kind is a function from its argument to an `Effect`, and a line in `KINDS`. Kinds that refuse, and
`reset:before-mint`, mint nothing; every other one leaves a token behind as a real fault would.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import formatdate
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

from voxmint.engine.emulator import delivery
from voxmint.engine.emulator.answers import Answer, Headers, RefusedError
from voxmint.engine.emulator.arguments import (
    FARTHEST,
    LARGEST,
    number,
    printable,
    quoted,
    seconds,
)
from voxmint.engine.emulator.services import BAD_KEY
from voxmint.problems import UsageError

Refusal = Callable[[float], "RefusedError | Answer"]
"""What is answered instead of a token; it is given the time in Unix seconds."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a fault does to one request.

    `refusal` answers in a mint's place. `is_cut` keeps from minting without any answer. `shift` is
    by how many seconds the service's clock is off. `alter` changes the answer of a mint that
    succeeded, given the time, and `deliver` is how whatever is answered goes out.
    """

    refusal: Refusal | None = None
    is_cut: bool = False
    shift: float = 0.0
    alter: Callable[[Answer, float], Answer] | None = None
    deliver: delivery.Delivery = delivery.whole


NO_EFFECT = Effect()


class Kind(NamedTuple):
    """A kind of fault: what makes its effect, what its argument is, what it does.

    `make` is given the argument, empty where none is given; see `effect_of`.
    """

    make: Callable[[str], Effect]
    argument: str
    about: str
    needs_argument: bool = False

    def called(self, name: str) -> str:
        """The kind as it is written, by its name: `429[:WAIT]`."""
        if self.needs_argument:
            return f"{name}:{self.argument}"
        return f"{name}[:{self.argument}]" if self.argument else name


def effect_of(name: str, argument: str) -> Effect:
    """What a known kind does with this argument; `UsageError` for one that it does not take."""
    kind = KINDS[name]
    if argument and not kind.argument:
        raise UsageError(f"`{name}` takes no argument, such as {quoted(argument)}")
    if kind.needs_argument and not argument:
        raise UsageError(f"`{name}` needs an argument", f"write {kind.called(name)}")
    return kind.make(argument)


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────


class _Said(NamedTuple):
    message: str
    code: str | None = None
    kind: str | None = None


_REFUSALS: Mapping[int, _Said] = {
    400: _Said("The request was refused on demand.", "invalid_request"),
    401: _Said("Incorrect API key provided.", BAD_KEY),
    403: _Said("Project does not have access to this model.", "model_not_found"),
    408: _Said("The request timed out."),
    409: _Said("The request conflicts with another one. Please try again."),
    429: _Said(
        "Rate limit reached for requests. Please try again later.",
        "rate_limit_exceeded",
        "requests",
    ),
    500: _Said("The server had an error while processing your request."),
    502: _Said("Bad gateway."),
    503: _Said("The engine is currently overloaded. Please try again later."),
    504: _Said("Gateway timeout."),
}


def _status(status: int, argument: str) -> Effect:
    said, headers = _REFUSALS[status], _asking(argument)

    def refusal(now: float) -> RefusedError:
        return RefusedError(
            status, said.message, code=said.code, kind=said.kind, headers=headers(now)
        )

    return Effect(refusal)


def _asking(argument: str) -> Callable[[float], Headers]:
    """The headers that ask to wait, or to try again or not, for `NAME=VALUE` joined by `+`."""
    wishes = [_wish(part) for part in argument.split("+")] if argument else []
    return lambda now: tuple(wish(now) for wish in wishes)


def _wish(text: str) -> Callable[[float], tuple[str, str]]:
    name, _, value = text.partition("=")
    if name == "retry-after-date":
        ahead = number(value, -FARTHEST, FARTHEST, "date, in seconds from now,")
        return lambda now: ("Retry-After", formatdate(now + ahead, usegmt=True))
    headers = {
        "retry-after": "Retry-After",
        "retry-after-ms": "retry-after-ms",
        "should-retry": "x-should-retry",
    }
    if name not in headers or not value:
        known = ", ".join(f"`{known}=…`" for known in (*headers, "retry-after-date"))
        raise UsageError(f"a refusal takes {known}, not {quoted(text)}")
    header = headers[name], printable(value)
    return lambda _: header


def _quota(argument: str) -> Effect:
    code = printable(argument) or "insufficient_quota"
    message = "You exceeded your current quota, please check your plan and billing details."
    return Effect(lambda _: RefusedError(429, message, code=code, kind=code))


def _wrong_project(_: str) -> Effect:
    message = "OpenAI-Project header should match project for API key."
    return Effect(lambda _: RefusedError(401, message, code="mismatched_project"))


def _redirect(argument: str) -> Effect:
    location = printable(argument) or "http://127.0.0.1:9/elsewhere"
    return Effect(lambda _: Answer(307, {}, (("Location", location),)))


_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head>"
    b"<body><h1>Sign in to this network</h1></body></html>\n"
)


def _html(argument: str) -> Effect:
    status = int(number(argument or "200", 200, 599, "status"))
    if status != 200:
        page = Answer(status, {}, content_type="text/html; charset=utf-8", raw=_PAGE)
        return Effect(lambda _: page)
    return _altering(
        lambda answer: replace(answer, content_type="text/html; charset=utf-8", raw=_PAGE)
    )


# ── what is wrong with an answer ─────────────────────────────────────────────────────────────────


def _altering(alter: Callable[[Answer], Answer]) -> Effect:
    return Effect(alter=lambda answer, _: alter(answer))


def _truncated(argument: str) -> Effect:
    length = int(number(argument, 0, LARGEST, "length, in bytes,")) if argument else None

    def alter(answer: Answer) -> Answer:
        body = answer.body
        return replace(answer, raw=body[: len(body) // 2 if length is None else length])

    return _altering(alter)


def _content_type(argument: str) -> Effect:
    kind = printable(argument) or "text/plain; charset=utf-8"
    return _altering(lambda answer: replace(answer, content_type=kind))


def _null_secret(_: str) -> Effect:
    def alter(answer: Answer) -> Answer:
        name = "client_secret" if "client_secret" in answer.content else "value"
        return replace(answer, content={**answer.content, name: None})

    return _altering(alter)


def _missing(argument: str) -> Effect:
    path = tuple((printable(argument) or "value").split("."))

    def alter(answer: Answer) -> Answer:
        return replace(answer, content=_without(answer.content, _in_secret(answer.content, path)))

    return _altering(alter)


def _in_secret(content: Mapping[str, Any], path: tuple[str, ...]) -> tuple[str, ...]:
    """The path, below `client_secret` where the token's `value` and `expires_at` are there.

    The session of the flat answer has an `expires_at` of its own, which is not the token's.
    """
    is_secret = path[0] in ("value", "expires_at") and "client_secret" in content
    return ("client_secret", *path) if is_secret else path


def _without(content: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    first, *rest = path
    if not rest:
        return {name: value for name, value in content.items() if name != first}
    inner = content.get(first)
    if not isinstance(inner, Mapping):
        return dict(content)
    return {**content, first: _without(inner, tuple(rest))}


def _expired(argument: str) -> Effect:
    age = number(argument or "60", 0, FARTHEST, "age, in seconds,")

    def alter(answer: Answer, now: float) -> Answer:
        past = {"expires_at": int(now - age)}
        content = answer.content
        if "client_secret" in content:
            changed = {**content, "client_secret": {**content["client_secret"], **past}}
        else:
            changed = {**content, **past}
        return replace(answer, content=changed)

    return Effect(alter=alter)


def _clock(argument: str) -> Effect:
    return Effect(shift=number(argument, -FARTHEST, FARTHEST, "offset, in seconds,"))


def _huge(argument: str) -> Effect:
    size = int(number(argument or str(16 * 1024 * 1024), 0, LARGEST, "size, in bytes,"))
    return _altering(lambda answer: replace(answer, padding=size))


# ── what is wrong with the connection ────────────────────────────────────────────────────────────

_RESETS: Mapping[str, Effect] = {
    "before-mint": Effect(is_cut=True, deliver=delivery.unanswered),
    "before-answer": Effect(deliver=delivery.unanswered),
    "in-answer": Effect(deliver=delivery.halved(delivery.End.ARRIVED_RESET)),
    "after-answer": Effect(deliver=delivery.then_reset),
}


def _reset(argument: str) -> Effect:
    effect = _RESETS.get(argument or "before-answer")
    if effect is None:
        known = ", ".join(f"`{known}`" for known in _RESETS)
        raise UsageError(f"a reset comes {known}, not {quoted(argument)}")
    return effect


def _late(argument: str) -> Effect:
    return Effect(deliver=delivery.late(seconds(argument)))


def _slow_head(argument: str) -> Effect:
    return Effect(deliver=delivery.slow_head(seconds(argument)))


def _slow_body(argument: str) -> Effect:
    return Effect(deliver=delivery.slow_body(seconds(argument)))


def _closed(_: str) -> Effect:
    return Effect(deliver=delivery.halved(delivery.End.CLOSE))


def _garbage(_: str) -> Effect:
    return Effect(deliver=delivery.garbage)


# ── the kinds ────────────────────────────────────────────────────────────────────────────────────

ARGUMENTS = """\
WAIT is retry-after=VALUE, retry-after-ms=VALUE, retry-after-date=SECONDS (a date so far ahead)
or should-retry=true|false; several are joined by +.
WHEN is before-mint, before-answer (the default), in-answer or after-answer.
PATTERN has * for any text and ? for a character. No selector: every request to mint is struck."""
"""What the arguments stand for that do not say it themselves."""

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        **{
            str(status): Kind(partial(_status, status), "WAIT", said.message)
            for status, said in _REFUSALS.items()
        },
        "quota": Kind(_quota, "CODE", "429: the quota is spent, `insufficient_quota`"),
        "wrong-project": Kind(_wrong_project, "", "401: `mismatched_project`"),
        "redirect": Kind(_redirect, "URL", "307 to another place"),
        "html": Kind(_html, "STATUS", "a web page, by default with status 200"),
        "late": Kind(_late, "SECONDS", "nothing comes for a time, and then the answer", True),
        "slow-headers": Kind(
            _slow_head, "SECONDS", "the headers come bit by bit, for a time", True
        ),
        "slow-body": Kind(_slow_body, "SECONDS", "the body comes bit by bit, for a time", True),
        "reset": Kind(
            _reset,
            "WHEN",
            "the connection is reset, by default when the token is minted, not sent",
        ),
        "closed-early": Kind(_closed, "", "the connection ends in the middle of the body"),
        "garbage": Kind(_garbage, "", "what comes is no HTTP"),
        "truncated-json": Kind(_truncated, "BYTES", "the JSON is cut, by default in half"),
        "content-type": Kind(_content_type, "TYPE", "another content type, by default text/plain"),
        "null-secret": Kind(_null_secret, "", "`client_secret` is null, or `value` in its place"),
        "missing": Kind(
            _missing,
            "PATH",
            "a field is left out, by default `value`, which is the token's",
        ),
        "expired": Kind(_expired, "SECONDS", "the expiry is past, by default by 60 s"),
        "clock": Kind(
            _clock, "SECONDS", "the service's clock is off: `Date` and all expiries", True
        ),
        "huge": Kind(_huge, "BYTES", "an enormous body, by default 16 MiB longer"),
    }
)
"""The kinds of faults by their names."""

"""Tries one profile: sends the one request, and tells what came of it. Nothing is written.

    compile → check the host → read the key → send → compare what was asked with what is answered

A token that comes of it is shown to nobody and kept nowhere; it lives until it expires. So there is
no ledger entry either: the ledger is about what sinks hold.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from voxmint.engine.apis import BrokenAnswerError
from voxmint.engine.durations import spoken
from voxmint.engine.echoing import (
    echoes_of,
    guarded,
    is_of_session,
    problems_of,
    without_secrets,
)
from voxmint.engine.edge import Edge, Operator
from voxmint.engine.events import Noted
from voxmint.engine.minting.clocks import skew_of
from voxmint.engine.minting.outcomes import Teller, answer_in, field_at
from voxmint.engine.minting.retry import asked_pause, refusal_of
from voxmint.engine.project import Project
from voxmint.engine.providers import PROVIDERS
from voxmint.engine.selection import Selection, select
from voxmint.engine.upstream.hosts import allowed_hosts
from voxmint.engine.upstream.http import NoAnswer, Outcome, Reply, Unsent, Upstream
from voxmint.engine.upstream.keys import concealer, key_ring, read_key
from voxmint.engine.upstream.request import DEFAULT_LIFETIME, content_of, label_of, sent_body
from voxmint.engine.upstream.route import reachable, upstream_of
from voxmint.engine.upstream.target import Target, place_of, provider_of
from voxmint.engine.wording import ECHO_ABSENT
from voxmint.problems import InterruptedRunError, Problem, UsageError
from voxmint.profiles.compiled import CompiledBody
from voxmint.profiles.echo import Echo, Fate
from voxmint.profiles.order import Order
from voxmint.shown import masked


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one request; lengths of time are in seconds, moments in Unix seconds.

    `status` and `answer` are `None` where none came; in the answer, which is as JSON gives it, the
    token is hidden. `expires_at` is the token's own, by the service's clock, which is `skew`
    seconds ahead. `problem` is why there is no token that can be used, and `may_live_until` then
    the last moment at which one may live all the same. `warnings` are of what the service changed
    or left out.
    """

    body: CompiledBody
    target: Target
    seconds: float
    status: int | None = None
    request_id: str | None = None
    answer: Any = field(default=None, repr=False)
    expires_at: int | None = None
    skew: float = 0.0
    echoes: tuple[Echo, ...] = ()
    warnings: tuple[Problem, ...] = ()
    problem: Problem | None = None
    may_live_until: int | None = None

    @property
    def deviates(self) -> bool:
        """Whether the session that came of it is known not to be the one that was asked for."""
        return bool(self.warnings) or any(echo.fate is Fate.LEFT_OUT for echo in self.echoes)


def try_profile(project: Project, order: Order, operator: Operator, edge: Edge) -> Trial:
    """Send the request of one profile in one environment, once.

    `operator.timeout` is how long the answer may take. Raises `ProblemsError` for what is wrong
    before the request leaves, `UsageError` where the order is not for one body, and
    `InterruptedRunError` where the run is stopped before the answer came.
    """
    selection = select(project, order, allowed_hosts(edge.environ, operator.allow_hosts))
    for problem in selection.notes:
        edge.on_event(Noted(problem))
    compiled = _one(selection)
    ring = key_ring(
        project.root,
        edge.environ,
        may_run=operator.allow_key_command,
        allow_hosts=operator.allow_hosts,
    )
    key = read_key(selection.environment, ring)
    with reachable(selection.target, edge.now) as target:
        upstream = upstream_of(selection.environment, target, key, project.root, edge)
        sent = sent_body(compiled, provider_of(selection.environment))
        request = _Request(
            content_of(sent.body),
            label_of(f"voxmint-{secrets.token_hex(8)}", target, compiled.profile),
            operator.timeout or _usual_timeout(selection) or edge.patience.request,
        )
        begun, left_at = time.monotonic(), edge.now()
        try:
            outcome = asyncio.run(_sent(upstream, request))
        except KeyboardInterrupt:
            until = spoken(_lifetime(compiled))
            raise InterruptedRunError(
                f"interrupted before the answer came: a token may live all the same, for {until}"
            ) from None
        seconds = time.monotonic() - begun
    conceal = concealer(None if PROVIDERS[target.kind].placeholder else key)
    told = Teller(target, conceal, place_of(selection.environment, "api"))
    latest = ceil(left_at + seconds + _lifetime(compiled))
    return _Told(selection, compiled, told, seconds, latest).of(outcome, edge.now())


def _one(selection: Selection) -> CompiledBody:
    if len(selection.bodies) != 1:
        count = len(selection.bodies)
        raise UsageError(f"try takes one profile, and this names {count:,}", "name one of them")
    return selection.bodies[0]


def _usual_timeout(selection: Selection) -> float | None:
    settings = selection.environment.mint
    return settings.request_timeout if settings else None


def _lifetime(compiled: CompiledBody) -> int:
    found: int = (compiled.expires_after or {}).get("seconds", DEFAULT_LIFETIME)
    return found


@dataclass(frozen=True, slots=True)
class _Request:
    content: bytes = field(repr=False)
    label: str
    timeout: float


async def _sent(upstream: Upstream, request: _Request) -> Outcome:
    channel = upstream.channel()
    try:
        return await channel.post(request.content, request.label, asyncio.timeout(request.timeout))
    finally:
        await channel.close()


@dataclass(frozen=True, slots=True)
class _Told:
    """Tells what came of the request; `latest` is when a token of it would have expired."""

    selection: Selection
    compiled: CompiledBody
    teller: Teller
    seconds: float
    latest: int

    def of(self, outcome: Outcome, now: float) -> Trial:
        """The trial; `now` is in Unix seconds."""
        match outcome:
            case Reply() if 200 <= outcome.status < 300:
                return self._answered(outcome, now)
            case Reply():
                return self._refused(outcome, now)
            case Unsent():
                return self._trial(problem=self.teller.unreachable(outcome))
            case NoAnswer():
                problem = self.teller.unanswered(outcome, 1)
                return self._trial(problem=problem, may_live_until=self.latest)

    def _answered(self, reply: Reply, now: float) -> Trial:
        conceal = self.teller.conceal
        try:
            answer = answer_in(reply, self.teller.target, now)
        except BrokenAnswerError as error:
            shown = _replied(reply, conceal, guarded(conceal))
            problem = self.teller.broken(reply, error)
            return self._trial(**shown, problem=problem, may_live_until=self.latest)
        of_token = concealer(answer.token)

        def hide(text: str) -> str:
            return of_token(conceal(text))

        shown = _replied(reply, hide, hide)
        provider = provider_of(self.selection.environment)
        found = echoes_of(self.compiled, provider, answer, conceal)
        return self._trial(
            **shown,
            expires_at=answer.expires_at,
            skew=skew_of(now - self.seconds, now, answer.answered_at) or 0.0,
            echoes=found,
            warnings=(*self._unknown(found), *problems_of(self.compiled, found)),
        )

    def _unknown(self, found: Sequence[Echo]) -> Iterator[Problem]:
        """A warning where the answer tells nothing of the session that was asked for."""
        if not is_of_session(found):
            affected = (self.compiled.profile, self.compiled.environment)
            yield Problem(ECHO_ABSENT, affects=(affected,))

    def _refused(self, reply: Reply, now: float) -> Trial:
        refusal = refusal_of(reply.status, reply.headers, reply.content)
        at = field_at(self.compiled, refusal.param)
        problem = self.teller.refused(refusal, reply, at, asked_pause(reply.headers, lambda: now))
        until = self.latest if refusal.is_doubtful else None
        shown = _replied(reply, self.teller.conceal, self.teller.conceal)
        return self._trial(**shown, problem=problem, may_live_until=until)

    def _trial(self, **known: Any) -> Trial:
        return Trial(self.compiled, self.teller.target, self.seconds, **known)


def _replied(
    reply: Reply, conceal: Callable[[str], str], in_content: Callable[[str], str]
) -> dict[str, Any]:
    """What is told of an answer, with nothing secret in it; `in_content` is for its JSON."""
    request_id = reply.request_id
    return {
        "status": reply.status,
        "request_id": None if request_id is None else masked(conceal(request_id)),
        "answer": _shown(reply.content, in_content),
    }


def _shown(content: bytes, conceal: Callable[[str], str]) -> Any:
    """An answer's JSON with nothing secret in it; `None` where it is no JSON."""
    try:
        return without_secrets(json.loads(content), conceal)
    except (ValueError, RecursionError):
        return None

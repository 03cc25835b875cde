"""What a request came to: the session in its answer, or what went wrong, as a problem."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from voxmint.engine.apis import APIS, Answer, BrokenAnswerError, read_answer
from voxmint.engine.durations import spoken
from voxmint.engine.minting.retry import Refusal, Remedy, moment_in
from voxmint.engine.upstream.http import NoAnswer, Reply, Unsent
from voxmint.engine.upstream.keys import concealer
from voxmint.engine.upstream.target import Target
from voxmint.engine.wording import (
    ANSWER_BROKEN,
    MINT_ENDPOINT_MISSING,
    MINT_ENDPOINT_RETIRED,
    MINT_KEY_REFUSED,
    MINT_QUOTA,
    MINT_REDIRECTED,
    MINT_REFUSED,
    MINT_UNANSWERED,
    MINT_UNREACHABLE,
)
from voxmint.origin import Origin, dotted
from voxmint.problems import Kind, Problem
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.bodies.params import path_of
from voxmint.profiles.compiled import CompiledBody
from voxmint.shown import masked

_WORTH_SAYING = 10.0
"""Seconds of a wait that a service asks for, and that are told of."""


def answer_in(reply: Reply, target: Target, now: float) -> Answer:
    """The session that a 200 tells of; `now` is in Unix seconds, for an answer without a date.

    `BrokenAnswerError` where it tells of none that can be used.
    """
    if reply.flaw:
        raise BrokenAnswerError(reply.flaw)
    answer = read_answer(APIS[target.api], reply.content, reply.request_id)
    answered_at = moment_in(reply.headers.get("date", ""))
    if answer.expires_at <= (now if answered_at is None else answered_at):
        raise BrokenAnswerError(
            f"by its expires_at, {answer.expires_at}, the token expired before it came: the "
            "service's clock or this machine's is wrong"
        )
    conceal = concealer(answer.token)
    return replace(
        answer,
        session_id=without(conceal, answer.session_id),
        request_id=without(conceal, answer.request_id),
        answered_at=answered_at,
    )


def without(conceal: Callable[[str], str], text: str | None) -> str | None:
    """An id, which is shown and kept; none where it holds a secret, in whatever form."""
    return None if text is None or conceal(text) != text else text


def field_at(compiled: CompiledBody, param: str | None) -> Origin | None:
    """Where the files set the field that a refusal names by `param`; `None` where none does."""
    path = path_of(param, FORMS[compiled.api]) if param else None
    return None if path is None else compiled.origin(dotted(path))


@dataclass(frozen=True, slots=True)
class Teller:
    """Says what went wrong with a request to a target.

    `conceal` takes the key out of a text. `api_at` is where the environment's file says which
    endpoint is asked.
    """

    target: Target
    conceal: Callable[[str], str]
    api_at: Origin | None = None

    def broken(self, reply: Reply, error: BrokenAnswerError) -> Problem:
        """An answer without a session that can be used."""
        return Problem(ANSWER_BROKEN, facts={"status": reply.status, "found": str(error)})

    def unreachable(self, outcome: Unsent) -> Problem:
        """A request that did not arrive."""
        return self._problem(MINT_UNREACHABLE, host=self.target.host, said=outcome.reason)

    def unanswered(self, outcome: NoAnswer, count: int) -> Problem:
        """A request that may have arrived, the `count`th of its profile that nobody answered."""
        tokens = "an unseen token" if count == 1 else f"up to {count:,} unseen tokens"
        return self._problem(MINT_UNANSWERED, said=outcome.reason, tokens=tokens)

    def refused(
        self,
        refusal: Refusal,
        reply: Reply,
        at: Origin | None = None,
        asked: float | None = None,
    ) -> Problem:
        """An answer that is no session.

        `at` is where in the files what it refuses is set, and `asked` how many seconds it asks to
        wait.
        """
        facts: dict[str, Any] = {"status": refusal.status, "said": _said(refusal)}
        match refusal.status:
            case status if 300 <= status < 400:
                where = reply.headers.get("location") or "nowhere"
                return self._problem(MINT_REDIRECTED, status=status, where=where)
            case 401:
                return self._problem(MINT_KEY_REFUSED, **facts)
            case _ if refusal.is_quota:
                return self._problem(MINT_QUOTA, **facts)
            case 404 if refusal.remedy is Remedy.NOBODY:
                is_retired = self.target.api == "transcription_sessions"
                kind = MINT_ENDPOINT_RETIRED if is_retired else MINT_ENDPOINT_MISSING
                facts |= {"url": self.target.url, "api": self.target.api, **_place(self.api_at)}
                return self._problem(kind, self.api_at, **facts)
            case _:
                facts |= {**_setting(refusal), **_wait(asked)}
                return self._problem(MINT_REFUSED, at, **facts)

    def _problem(self, kind: Kind, /, at: Origin | None = None, **facts: Any) -> Problem:
        return Problem(kind, at, {name: self._concealed(fact) for name, fact in facts.items()})

    def _concealed(self, fact: Any) -> Any:
        # Masked here already: facts are kept, and a server may repeat what it was sent or gave.
        return masked(self.conceal(fact)) if isinstance(fact, str) else fact


def _said(refusal: Refusal) -> str:
    """The server's own word: its code, where that is more than the status, and its message."""
    # Azure gives the status as the code of some errors, too.
    code = None if refusal.code == str(refusal.status) else refusal.code
    return ": ".join(part for part in (code, refusal.message) if part) or "no reason was given"


def _setting(refusal: Refusal) -> dict[str, Any]:
    """The setting that would heal a refusal, where one is known."""
    is_of_model = (refusal.code or "").lower() == "deploymentnotfound"
    return {"setting": "provider.deployments"} if is_of_model else {}


def _wait(asked: float | None) -> dict[str, Any]:
    """A wait that is worth telling of after the run: one of a few seconds is over by then."""
    return {} if asked is None or asked < _WORTH_SAYING else {"wait": spoken(asked)}


def _place(at: Origin | None) -> dict[str, Any]:
    return {} if at is None else {"place": f"{at.file}:{at.line}"}

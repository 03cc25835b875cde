"""GitHub's REST API, as far as secrets and variables need it, over httpx.

GitHub has no client of its own for Python. So what one would do is done here, by GitHub's own
rules: writes go one at a time and many of them a second apart; where GitHub asks to be left alone,
that is waited for, within bounds; an answer that did not come is asked for again. Every request may
be sent twice. No redirect is followed, and no answer is read without end.
"""

import json
import ssl
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any, Final, NamedTuple

import httpx

from voxmint.engine.durations import spoken
from voxmint.engine.stores.contract import StoreError, Trouble, What, cut_short
from voxmint.engine.upstream.http import Upstream

CONNECT: Final = 10.0
"""Seconds for a connection to come about."""
_READ: Final = 30.0
_WHOLE: Final = 60.0
"""Seconds for an answer to come to its end."""
_LONGEST_ANSWER: Final = 1024 * 1024
_ATTEMPTS: Final = 4
_FIRST_WAIT: Final = 1.0
_PATIENCE: Final = 90.0
"""Seconds that one request waits in all, which is more than the minute that GitHub may mean."""
_UNTOLD_WAIT: Final = 60.0
_WRITES_AT_ONCE: Final = 20
"""Writes that go without a pause between them; after these GitHub wants one of a second."""


class Answer(NamedTuple):
    """What GitHub answered: `fields` is its JSON object, or nothing."""

    status: int
    headers: Mapping[str, str]
    fields: Mapping[str, Any]

    def text(self, name: str) -> str:
        """A field that every whole answer of its kind has; `StoreError` where it is missing."""
        found = self.fields.get(name)
        if not isinstance(found, str) or not found:
            raise cut_short()
        return found


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    `right` is the permission that a token needs for it. `takes` are the statuses that are no
    failure; of these, the ones below 300 come with what was asked for.
    """

    method: str
    path: str
    right: str
    takes: tuple[int, ...] = (200,)
    body: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def is_write(self) -> bool:
        return self.method != "GET"

    @property
    def level(self) -> str:
        """What GitHub calls this much of the right."""
        return f"{self.right}: {'write' if self.is_write else 'read'}"


class _AgainError(Exception):
    """A failure that may pass; `wait` is for how many seconds GitHub asks, if it does."""

    def __init__(self, trouble: Trouble, wait: float | None = None) -> None:
        super().__init__(trouble.what.value)
        self.trouble = trouble
        self.wait = wait


class Api:
    """GitHub at one address, by one token; used by several threads at once.

    `source` is the variable that the token is from. `pause` waits for so many seconds. An answer's
    next bytes may take `read` seconds, and all of it `whole`.
    """

    def __init__(
        self,
        upstream: Upstream,
        source: str,
        connections: int,
        pause: Callable[[float], None] = time.sleep,
        *,
        read: float = _READ,
        whole: float = _WHOLE,
    ) -> None:
        self._url = upstream.url
        self._source = source
        self._pause = pause
        self._headers = upstream.headers
        self._whole = whole
        self._timeouts = {
            "connect": upstream.connect,
            "read": read,
            "write": read,
            "pool": _PATIENCE,
        }
        self._transport = httpx.HTTPTransport(
            verify=upstream.trust,
            trust_env=False,
            limits=httpx.Limits(max_connections=connections),
            proxy=upstream.proxy,
        )
        self._writing = Lock()
        self._writes = 0
        weakref.finalize(self, self._transport.close)

    def ask(self, call: Call) -> Answer:
        """The answer to a request, with one of the statuses it takes; `StoreError` for others."""
        with self._writing if call.is_write else nullcontext():
            if call.is_write:
                self._writes += 1
                if self._writes > _WRITES_AT_ONCE:
                    self._pause(1.0)
            return self._asked(call)

    def _asked(self, call: Call) -> Answer:
        waited, attempts = 0.0, 1
        while True:
            try:
                return self._once(call)
            except _AgainError as again:
                wait = _FIRST_WAIT * 2 ** (attempts - 1) if again.wait is None else again.wait
                if attempts == _ATTEMPTS or waited + wait > _PATIENCE:
                    raise StoreError(again.trouble) from None
            self._pause(wait)
            waited, attempts = waited + wait, attempts + 1

    def _once(self, call: Call) -> Answer:
        status, headers, content = self._exchanged(call)
        fields = _fields(content)
        if status in call.takes:
            if fields is None:
                raise StoreError(Trouble(What.UNREACHABLE, said="its answer cannot be read"))
            return Answer(status, headers, fields)
        raise self._failed(call, Answer(status, headers, fields or {}))

    def _exchanged(self, call: Call) -> tuple[int, Mapping[str, str], bytes]:
        content = b"" if call.body is None else json.dumps(call.body).encode()
        request = httpx.Request(
            call.method,
            f"{self._url}{call.path}",
            headers=list(self._headers),
            content=content,
            extensions={"timeout": self._timeouts},
        )
        try:
            response = self._transport.handle_request(request)
            try:
                return response.status_code, response.headers, _content(response, self._whole)
            finally:
                response.close()
        except httpx.TransportError as error:
            raise _unanswered(error) from None

    # ── what a refusal means ─────────────────────────────────────────────────────────────────────

    def _failed(self, call: Call, answer: Answer) -> Exception:
        """The error for an answer that the call does not take; nothing of its text is in it."""
        status, wait = answer.status, _asked_wait(answer)
        if wait is not None:
            said = f"it asks to wait for {spoken(wait)}"
            return _AgainError(self._trouble(What.BUSY, answer, said), wait)
        if status >= 500:
            return _AgainError(self._trouble(What.UNREACHABLE, answer, None))
        return StoreError(self._trouble(_what(status), answer, self._said(call, answer)))

    def _said(self, call: Call, answer: Answer) -> str:
        match answer.status:
            case 401:
                return f"the token in {self._source} is wrong or has ended"
            case 403 if "x-github-sso" in answer.headers:
                return f"the token in {self._source} is not authorized for the organization's SSO"
            case 403:
                return f"it needs the permission `{call.level}`"
            case 404:
                # GitHub answers both alike, so that nobody learns what there is.
                return f"it needs the permission `{call.level}`, or its name is wrong"
            case 301 | 302 | 307 | 308:
                return "the repository was renamed or moved; write its new name"
            case _:
                return f"{call.method} by the permission `{call.level}`"

    def _trouble(self, what: What, answer: Answer, said: str | None) -> Trouble:
        return Trouble(what, str(answer.status), answer.headers.get("x-github-request-id"), said)


_WHAT: Final = {
    401: What.LOGIN,
    403: What.DENIED,
    404: What.DENIED,
    409: What.CHANGED,
    413: What.TOO_LARGE,
}


def _what(status: int) -> What:
    return _WHAT.get(status, What.REFUSED)


def _asked_wait(answer: Answer) -> float | None:
    """For how many seconds GitHub asks to be left alone; `None` where it does not."""
    if answer.status not in (403, 429):
        return None
    headers = answer.headers
    after = headers.get("retry-after", "")
    if after.isdecimal():
        return float(after)
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(0.0, float(reset) - _now_there(headers))
    is_limit = answer.status == 429 or "rate limit" in str(answer.fields.get("message")).lower()
    return _UNTOLD_WAIT if is_limit else None


def _now_there(headers: Mapping[str, str]) -> float:
    """What time it is by GitHub's clock, in Unix seconds; by this machine's if it does not say."""
    try:
        return parsedate_to_datetime(headers.get("date", "")).timestamp()
    except ValueError:
        return time.time()


# ── what came over the wire ──────────────────────────────────────────────────────────────────────


def _content(response: httpx.Response, whole: float) -> bytes:
    chunks: list[bytes] = []
    size, end = 0, time.monotonic() + whole
    for chunk in response.iter_raw():
        size += len(chunk)
        if size > _LONGEST_ANSWER:
            raise StoreError(Trouble(What.UNREACHABLE, said="its answer has no end"))
        if time.monotonic() > end:
            raise _AgainError(Trouble(What.UNREACHABLE, said="its answer took too long"))
        chunks.append(chunk)
    return b"".join(chunks)


def _fields(content: bytes) -> Mapping[str, Any] | None:
    """The JSON object of an answer; none in an empty one, and `None` for what is no object."""
    if not content:
        return {}
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _unanswered(error: httpx.TransportError) -> Exception:
    """The error for a request without a whole answer."""
    for one in _chain(error):
        if isinstance(one, ssl.SSLCertVerificationError):
            said = "its certificate cannot be trusted"
            return StoreError(Trouble(What.UNREACHABLE, said=said))
    return _AgainError(Trouble(What.UNREACHABLE, said=_why(error)))


def _why(error: httpx.TransportError) -> str:
    match error:
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return "no connection came about in time"
        case httpx.TimeoutException():
            return "no answer came in time"
        case httpx.ProxyError():
            return "the proxy does not lead to it"
        case _:
            return "the connection failed or broke off"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it was raised from."""
    one: BaseException | None = error
    while one is not None:
        yield one
        one = one.__cause__ or one.__context__

"""What an answer that is no token means: whether the request is sent again, when, or never.

| answer | what is done |
|---|---|
| 200, whatever is in it | never again: a token may have been minted |
| 400, 401, 403, 404 | never: waiting does not heal it; 401 and a missing endpoint end the run |
| a quota code, whatever its status | never, and it ends the run |
| `x-should-retry: false` | not again |
| 408, 409, 429, 5xx, `x-should-retry: true` | again, up to the attempts there are |
| 502, 504, and no answer at all | again, as often as unseen tokens are put up with |
| 3xx | never: no redirect is followed |

How long to wait: `retry-after-ms`, then `Retry-After` (seconds or a date), as far as that is sane;
else twice as long each time, less up to a quarter by chance. Source: the OpenAI Python SDK. Of a
429 or 503 the wait holds for the whole run, which ends where its time is up before that.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum
from functools import lru_cache
from typing import Any

FINAL_STATUSES = frozenset({400, 401, 403, 404})
RETRIED_STATUSES = frozenset({408, 409, 429})
QUOTA_CODES = frozenset({"insufficient_quota", "credit_balance_exhausted"})
"""Codes of a limit that waiting does not lift."""
DOUBTFUL_STATUSES = frozenset({502, 504})
"""A gateway's word that its upstream gave no answer: a token may have been minted all the same."""

_LOCAL_404_CODES = frozenset({"model_not_found", "deploymentnotfound"})
_FOLDED = re.compile(rf"""(?i)["']({"|".join(sorted(QUOTA_CODES | _LOCAL_404_CODES))})["']""")
"""A code in a message, into which a gateway folds the whole error of its upstream."""
_LONGEST_MESSAGE = 400


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long a run tries; lengths of time are in seconds.

    `attempts` are those of one profile; `unanswered` is how many of its requests may go without an
    answer and be repeated, each of which may leave another live token. A run waits `first_pause`
    before a second attempt, twice as long before each next one, at most `longest_pause`; what a
    server asks for counts up to `longest_asked`. `grace` is what requests under way are given when
    the run is asked to stop.
    """

    attempts: int = 5
    unanswered: int = 1
    connect: float = 10.0
    request: float = 30.0
    first_pause: float = 0.5
    longest_pause: float = 8.0
    longest_asked: float = 60.0
    grace: float = 5.0

    def pause(self, attempts: int, chance: float) -> float:
        """How long to wait after so many attempts; `chance` is from 0 to 1."""
        # The exponent is bounded, since a float is.
        pause = self.first_pause * 2.0 ** min(attempts - 1, 30)
        return min(pause, self.longest_pause) * (1 - 0.25 * chance)


class Remedy(Enum):
    """What helps: the same request again, nothing for this profile, or nothing for any."""

    AGAIN = "again"
    NEVER = "never"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is no token; `message` is the server's own word, unmasked.

    `param` is the dotted path of what it refuses in the body, where it names one.
    """

    status: int
    code: str | None
    message: str
    remedy: Remedy
    param: str | None = None

    @property
    def is_quota(self) -> bool:
        return self.code in QUOTA_CODES

    @property
    def is_doubtful(self) -> bool:
        """Whether a token may have been minted all the same."""
        return self.status in DOUBTFUL_STATUSES


def refusal_of(status: int, headers: Mapping[str, str], content: bytes) -> Refusal:
    """What an answer says that is not a 200; the names of `headers` are in lower case."""
    code, message, param = _said(content)
    return Refusal(status, code, message, _remedy(status, code, headers), param)


def _remedy(status: int, code: str | None, headers: Mapping[str, str]) -> Remedy:
    if code in QUOTA_CODES or status == 401:
        return Remedy.NOBODY
    if status == 404 and (code or "").lower() not in _LOCAL_404_CODES:
        return Remedy.NOBODY
    if status < 400 or status in FINAL_STATUSES:
        return Remedy.NEVER
    should = headers.get("x-should-retry", "").strip().lower()
    if should in {"true", "false"}:
        return Remedy.AGAIN if should == "true" else Remedy.NEVER
    return Remedy.AGAIN if status in RETRIED_STATUSES or status >= 500 else Remedy.NEVER


def _said(content: bytes) -> tuple[str | None, str, str | None]:
    """The code, message and param in `{"error": …}`, or whatever short text there is."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None, _plain(content), None
    error = found.get("error", found) if isinstance(found, dict) else found
    if not isinstance(error, dict):
        return None, _short(error), None
    message = error.get("message") or error.get("detail") or ""
    folded = _FOLDED.search(message) if isinstance(message, str) else None
    code = folded[1].lower() if folded else error.get("code") or error.get("type")
    param = error.get("param")
    return (_short(code) or None), _short(message), param if isinstance(param, str) else None


def _plain(content: bytes) -> str:
    text = content.decode("utf-8", "replace").strip()
    return "" if text.startswith("<") else _short(text)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value) if value else ""
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + "…"


def asked_pause(headers: Mapping[str, str], now: Callable[[], float]) -> float | None:
    """How many seconds the server asks to wait; `None` where it does not, or asks for nonsense.

    `now` gives Unix seconds, for an answer that names a moment and no `Date`.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    given = headers.get("retry-after")
    seconds = _number(given)
    if seconds is not None or given is None:
        return seconds
    until = moment_in(given)
    if until is None:
        return None
    # By the server's own clock where it tells the time: ours may be off.
    return max(0.0, until - (moment_in(headers.get("date", "")) or now()))


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else -1.0
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None


@lru_cache(maxsize=4)  # the answers of a second have the same date
def moment_in(text: str) -> float | None:
    """The moment that a date of HTTP names, in Unix seconds; `None` where it is none."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None

"""Faults on demand: which kind strikes which requests, as an option or a control request has it.

A text is `KIND[:ARGUMENT][@SELECTOR=VALUE[,SELECTOR=VALUE…]]`. Of all faults the first that strikes
a request is the only one that does, and those after it do not count that request.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from voxmint.engine.emulator.effects import KINDS, Effect, effect_of
from voxmint.engine.emulator.services import FLAT_API, NESTED_API
from voxmint.engine.emulator.wire import Request
from voxmint.problems import UsageError, nearest
from voxmint.profiles.bodies import FORMS
from voxmint.shown import shown

MOST = 100
"""Faults that an emulator keeps at a time."""
MOST_LETTERS = 5000
"""Characters that their patterns have together: each is held against each request's body."""

_MANY = 1_000_000_000
_LONGEST_PATTERN = 500
_MOST_PATTERNS = 20
_BODY = "body."
_APIS = (FLAT_API, NESTED_API)
_INDEX = re.compile("0|[1-9][0-9]{0,5}")
_WHERE_KINDS_ARE = "`voxmint emulator --list-faults` shows them"

SELECTORS: Mapping[str, str] = MappingProxyType(
    {
        "every=N": "the first of each N requests",
        "after=N": "none of the first N",
        "times=N": "N requests, and then no more",
        "profile=PATTERN": "a profile, behind the first / of X-Client-Request-Id; voxmint sends it",
        "api=ENDPOINT": "one endpoint: transcription_sessions or client_secrets",
        "body.PATH=PATTERN": "a value of the body, as it comes or in a profile's names",
    }
)
"""How requests are selected, each with what is struck. In a pattern * and ? stand for others."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, and which of the requests to mint it strikes: the first of each `every`.

    It passes over the first `after` of them and strikes at most `times`. `profile` is a pattern for
    what follows the first `/` in `X-Client-Request-Id`; `api` an endpoint; `body` are patterns for
    values of the body, by dotted path, as the body has it or as a profile does.
    """

    kind: str
    argument: str = ""
    every: int = 1
    times: int | None = None
    after: int = 0
    profile: str | None = None
    api: str | None = None
    body: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise _unknown("kind of fault", self.kind, tuple(KINDS), _WHERE_KINDS_ARE)
        _ = self.effect
        if not (
            1 <= self.every <= _MANY
            and 0 <= self.after <= _MANY
            and (self.times is None or 1 <= self.times <= _MANY)
        ):
            raise UsageError(f"`every` and `times` are 1 or more, `after` 0 or more, up to {_MANY}")
        if self.api is not None and self.api not in _APIS:
            raise _unknown("endpoint", self.api, _APIS)
        texts = (self.profile or "", *self.body, *self.body.values())
        if len(self.body) > _MOST_PATTERNS or any(len(text) > _LONGEST_PATTERN for text in texts):
            raise UsageError(
                f"a fault has {_MOST_PATTERNS} patterns for the body at most, each of "
                f"{_LONGEST_PATTERN} characters at most"
            )

    @property
    def effect(self) -> Effect:
        """What it does; `UsageError` for an argument that its kind does not take."""
        return effect_of(self.kind, self.argument)

    @property
    def letters(self) -> int:
        """How many characters its patterns have."""
        return sum(map(len, (self.profile or "", *self.body, *self.body.values())))

    def content(self) -> dict[str, Any]:
        """What a control request would say to ask for it."""
        return {
            "kind": self.kind,
            "argument": self.argument,
            "every": self.every,
            "times": self.times,
            "after": self.after,
            "profile": self.profile,
            "api": self.api,
            "body": dict(self.body),
        }


def _unknown(what: str, name: str, known: tuple[str, ...], hint: str = "") -> UsageError:
    near = nearest(name, known).get("nearest")
    if near:
        hint = f"did you mean `{near}`?"
    listed = ", ".join(f"`{one}`" for one in known)
    return UsageError(f"there is no {what} `{shown(name[:80])}`", hint or f"there are {listed}")


# ── as it is written ─────────────────────────────────────────────────────────────────────────────


def faults_of(texts: tuple[str, ...]) -> tuple[Fault, ...]:
    """The faults that texts ask for; one `UsageError` for all that ask for none."""
    found: list[Fault] = []
    wrong: list[UsageError] = []
    for text in texts:
        try:
            found.append(fault_of(text))
        except UsageError as error:
            wrong.append(UsageError(f"fault `{shown(text[:80])}`: {error}", error.hint))
    if wrong:
        first, *also = wrong
        raise UsageError(str(first), first.hint, tuple(also))
    _check_room(found)
    return tuple(found)


def _check_room(faults: Iterable[Fault]) -> None:
    """That an emulator keeps so many; `UsageError` where it does not."""
    kept = tuple(faults)
    if len(kept) > MOST:
        raise UsageError(f"an emulator keeps {MOST} faults at most")
    if sum(fault.letters for fault in kept) > MOST_LETTERS:
        raise UsageError(
            f"the patterns of an emulator's faults have {MOST_LETTERS} characters at most, together"
        )


def fault_of(text: str) -> Fault:
    """The fault that a text asks for; `UsageError` where it asks for none."""
    what, _, selectors = text.partition("@")
    kind, _, argument = what.partition(":")
    settings: dict[str, Any] = {"body": {}}
    for part in selectors.split(",") if selectors else ():
        name, sign, value = part.partition("=")
        if not (sign and value):
            raise UsageError(f"a selector of a fault is NAME=VALUE, not `{shown(part[:80])}`")
        _select(settings, name, value)
    return Fault(kind, argument, **settings)


def _select(settings: dict[str, Any], name: str, value: str) -> None:
    if name in ("every", "times", "after"):
        if not (value.isascii() and value.isdigit() and len(value) <= 12):
            raise UsageError(f"a fault's `{name}` is a whole number, not `{shown(value[:80])}`")
        settings[name] = int(value)
    elif name in ("profile", "api"):
        settings[name] = value
    elif name.startswith(_BODY) and name != _BODY:
        settings["body"][name.removeprefix(_BODY)] = value
    else:
        known = tuple(selector.partition("=")[0] for selector in SELECTORS)
        raise _unknown("selector", name, known)


_TYPES: Mapping[str, tuple[type, ...]] = {
    "kind": (str,),
    "argument": (str,),
    "every": (int,),
    "times": (int, type(None)),
    "after": (int,),
    "profile": (str, type(None)),
    "api": (str, type(None)),
    "body": (dict,),
}


def fault_in(content: object) -> Fault:
    """The fault that a control request asks for: `{"fault": TEXT}`, or field by field."""
    if not isinstance(content, dict) or not {"fault", "kind"} & content.keys():
        raise UsageError("a fault is an object with `fault`, a text, or with `kind`")
    if isinstance(content.get("fault"), str) and len(content) == 1:
        return fault_of(content["fault"])
    if "kind" not in content:
        raise UsageError("`fault` is a text, and stands alone")
    for name, value in content.items():
        if name not in _TYPES:
            raise _unknown("field of a fault", name, tuple(_TYPES))
        if type(value) not in _TYPES[name]:
            raise UsageError(f"a fault's `{name}` has the wrong type")
    if not all(isinstance(value, str) for value in content.get("body", {}).values()):
        raise UsageError("the patterns in a fault's `body` are texts")
    return Fault(**content)


# ── which request is struck ──────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Kept:
    fault: Fault
    effect: Effect
    seen: int = 0
    struck: int = 0

    def strikes(self) -> bool:
        """Whether the next of its requests is struck; it is counted."""
        turn = self.seen - self.fault.after
        self.seen += 1
        if turn < 0 or turn % self.fault.every:
            return False
        if self.fault.times is not None and self.struck >= self.fault.times:
            return False
        self.struck += 1
        return True


class Faults:
    """The faults of an emulator, with their counts. Only its own thread touches it."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._kept: list[_Kept] = []
        self.add(faults)

    def add(self, faults: tuple[Fault, ...]) -> None:
        """Puts faults behind those that there are; all of them, or none."""
        _check_room((*(kept.fault for kept in self._kept), *faults))
        self._kept += [_Kept(fault, fault.effect) for fault in faults]

    def clear(self) -> None:
        """Forgets all faults and their counts."""
        self._kept.clear()

    def content(self) -> list[dict[str, Any]]:
        """All of them, each with how many requests it has seen and struck."""
        return [
            {**kept.fault.content(), "seen": kept.seen, "struck": kept.struck}
            for kept in self._kept
        ]

    def strike(self, request: Request, api: str) -> tuple[str, Effect] | None:
        """The kind and effect of the fault that strikes a request to mint, if one does."""
        if not self._kept:
            return None
        asked = _Asked(request, api)
        for kept in self._kept:
            if asked.matches(kept.fault) and kept.strikes():
                return kept.fault.kind, kept.effect
        return None


class _Asked:
    """A request, as far as faults select by it; its body is read only if one asks for it."""

    def __init__(self, request: Request, api: str) -> None:
        self._request = request
        self._api = api
        self._bodies: tuple[Any, ...] | None = None

    def matches(self, fault: Fault) -> bool:
        if fault.api not in (None, self._api):
            return False
        if fault.profile is not None and not fnmatchcase(self._profile(), fault.profile):
            return False
        return all(self._holds(path, pattern) for path, pattern in fault.body.items())

    def _profile(self) -> str:
        label = self._request.headers.get("x-client-request-id", "")
        return unquote(label.partition("/")[2])

    def _holds(self, path: str, pattern: str) -> bool:
        if self._bodies is None:
            self._bodies = self._read()
        found = (_text_at(body, path) for body in self._bodies)
        return any(text is not None and fnmatchcase(text, pattern) for text in found)

    def _read(self) -> tuple[Any, ...]:
        """The body as it came, and in the names that a profile has."""
        try:
            body = json.loads(self._request.body or b"")
        except (ValueError, RecursionError):
            return ()
        if not isinstance(body, dict):
            return ()
        asked = FORMS[self._api].read(body)
        return body, {"session": asked.session, "expires_after": asked.expires_after}


def _text_at(value: Any, path: str) -> str | None:
    """The value at a dotted path, as text: a text as it is, another one as JSON."""
    for part in path.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and _INDEX.fullmatch(part) and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value if isinstance(value, str) else json.dumps(value)

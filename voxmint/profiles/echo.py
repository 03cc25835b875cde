"""The echo check: what was asked for, and what the server says that it does, field by field.

A server answers with the effective session. What it filled in is no news; what it changed, or left
out, is a microphone setting that somebody believes to be on. Both sides are read into the names of
the flat endpoint, so that a gateway may answer in either form.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isclose
from types import MappingProxyType
from typing import Any

from voxmint.origin import Path
from voxmint.profiles.bodies import Form
from voxmint.profiles.bodies.flat import FORM as FLAT_FORM
from voxmint.profiles.bodies.nested import FORM as NESTED_FORM
from voxmint.profiles.deployments import MODEL
from voxmint.profiles.fields import SESSION, Field
from voxmint.profiles.values import Plain

_SILENT: frozenset[Path] = frozenset(
    ("session", "input_audio_transcription", name) for name in ("keywords", "delay")
)
"""What servers never repeat. Source: several captures of real traffic."""

_LIFETIME: Path = ("expires_after", "seconds")
_OFF = 60
"""By how many seconds a token may live longer or shorter: clocks are read early or late."""

_FORMAT = "input_audio_format"
_SNAPSHOT = re.compile(r"-\d{4}-?\d{2}-?\d{2}")
"""How a dated version of a model is named after it."""


class Fate(StrEnum):
    """What became of a value.

    `kept`: the server does what was asked. `filled`: nothing was asked, and it takes its default.
    `changed`: it does something else. `ignored`: it says nothing of what was asked. `left-out`: it
    was not asked, since the body has no place for it. `silent`: as `ignored`, of what servers never
    repeat.
    """

    CHANGED = "changed"
    IGNORED = "ignored"
    LEFT_OUT = "left-out"
    SILENT = "silent"
    KEPT = "kept"
    FILLED = "filled"


class Nothing:
    """Stands where nothing was asked, or answered: `null` is a value of its own."""

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING = Nothing()


@dataclass(frozen=True, slots=True)
class Echo:
    """One field, by the profile's path; `asked` or `answered` is `NOTHING` where there is none."""

    path: Path
    fate: Fate
    asked: "Plain | Nothing"
    answered: "Plain | Nothing"


def echoes(
    body: Mapping[str, Any], form: Form, answered: Mapping[str, Any], model: str | None = None
) -> tuple[Echo, ...]:
    """What became of each value of a body that was sent, in the order of the field table.

    `answered` is the effective session, in either form. `model` is the name that the body's model
    has in the profile, where a deployment took its place: a server may answer with either.
    """
    asked = form.read(body).session
    given = _session_in(answered)
    return tuple(_compared(asked, given, SESSION, ("session",), model))


def with_left_out(
    found: Iterable[Echo], session: Mapping[str, Any], form: Form
) -> tuple[Echo, ...]:
    """The echoes, and with them what of a session the form of the body has no place for.

    A server may well answer with a value all the same: then that is not told as its default, too.
    """
    echoed = {echo.path: echo for echo in found}
    for path, asked in _placeless(session, SESSION, ("session",), form):
        answered = echoed[path].answered if path in echoed else NOTHING
        echoed[path] = Echo(path, Fate.LEFT_OUT, asked, answered)
    return tuple(echoed.values())


def _placeless(
    values: Mapping[str, Any], above: Field, path: Path, form: Form
) -> Iterator[tuple[Path, Any]]:
    for field in above.fields:
        at, value = (*path, field.name), values.get(field.name, NOTHING)
        if value is NOTHING:
            continue
        if form.place(at) is None:
            yield at, value
        elif isinstance(value, Mapping):
            yield from _placeless(value, field, at, form)


def lifetime_echo(asked: Mapping[str, Any] | None, lives: float) -> Echo:
    """What became of the lifetime asked for; `lives` is how long the token will, in seconds.

    Both by the clock of whoever answered, which may be read up to a minute before or after.
    """
    seconds = (asked or {}).get("seconds")
    answered = round(lives)
    if seconds is None:
        return Echo(_LIFETIME, Fate.FILLED, NOTHING, answered)
    is_kept = abs(lives - seconds) <= _OFF
    return Echo(_LIFETIME, Fate.KEPT if is_kept else Fate.CHANGED, seconds, answered)


def _session_in(answered: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer in the names of the flat endpoint."""
    if "audio" not in answered:
        return FLAT_FORM.read(answered).session
    session = dict(NESTED_FORM.read({"session": answered}).session)
    audio = answered["audio"]
    given = audio.get("input") if isinstance(audio, Mapping) else None
    if isinstance(given, Mapping) and "format" in given:
        # One that the profile has no word for is shown as it came.
        session.setdefault(_FORMAT, given["format"])
    return session


def _compared(
    asked: Mapping[str, Any],
    answered: Mapping[str, Any],
    above: Field,
    path: Path,
    model: str | None,
) -> Iterator[Echo]:
    for field in above.fields:
        at = (*path, field.name)
        one = asked.get(field.name, NOTHING)
        other = answered.get(field.name, NOTHING)
        if field.fields and isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from _compared(one, other, field, at, model)
        elif one is NOTHING:
            yield from _filled(other, field, at)
        elif field.fields and isinstance(one, Mapping) and other is NOTHING:
            yield from _compared(one, MappingProxyType({}), field, at, model)
        else:
            yield Echo(at, _fate(at, one, other, model), one, other)


def _filled(answered: Any, field: Field, path: Path) -> Iterator[Echo]:
    """What the server filled in where nothing was asked for, value by value."""
    if answered is NOTHING:
        return
    if not (field.fields and isinstance(answered, Mapping)):
        yield Echo(path, Fate.FILLED, NOTHING, answered)
        return
    for inner in field.fields:
        yield from _filled(answered.get(inner.name, NOTHING), inner, (*path, inner.name))


def _fate(path: Path, asked: Any, answered: Any, model: str | None) -> Fate:
    if answered is NOTHING:
        # A server that leaves out what is off says the same as one that answers null.
        absent = Fate.SILENT if path in _SILENT else Fate.IGNORED
        return Fate.KEPT if asked is None else absent
    if path == MODEL and _is_same_model(asked, answered, model):
        return Fate.KEPT
    return Fate.KEPT if _is_same(asked, answered) else Fate.CHANGED


def _is_same_model(asked: Any, answered: Any, model: str | None) -> bool:
    """Whether it is the model, its deployment, or the dated version that it stands for."""
    if not isinstance(answered, str):
        return False
    names = [name for name in (asked, model) if isinstance(name, str)]
    return any(
        answered == name
        or (answered.startswith(name) and _SNAPSHOT.fullmatch(answered[len(name) :]))
        for name in names
    )


def _is_same(one: Any, other: Any) -> bool:
    """Whether two values mean the same: numbers by value, lists whatever their order."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return _is_close(one, other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(item in other for item in one)
    return bool(one == other)


def _is_close(one: float, other: float) -> bool:
    try:
        # Some servers keep numbers in 32 bits: 0.6 comes back as 0.6000000238418579.
        return isclose(one, other, rel_tol=1e-6)
    except OverflowError:
        return one == other  # an integer beyond all floats

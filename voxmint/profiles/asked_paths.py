"""A path that somebody asks about, as that of a profile: it may be the body's own.

`session.audio.input.turn_detection` is what `render` shows; the profile calls it `turn_detection`.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from voxmint.origin import dotted
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.compiled import CompiledBody
from voxmint.profiles.fields import EXPIRES_AFTER, SESSION

_SESSION = f"{SESSION.name}."


def chosen(body: CompiledBody, asked: str, paths: Sequence[str]) -> Set[str]:
    """Those of a body's `paths` that are at or below what is `asked` for.

    `paths` are the profile's, without the leading `session.`; `asked` is one such, with it or
    without, or where the body has it.
    """
    if asked == SESSION.name:
        return {path for path in paths if path.partition(".")[0] != EXPIRES_AFTER.name}
    own = {path for path in paths if _is_below(path, asked.removeprefix(_SESSION))}
    if own:
        return own
    meant = as_profiles(body, asked)
    found = {path for path in paths if any(_is_below(path, one) for one in meant)}
    if not found and is_sent(body, asked):
        # A part of what one value is sent as: a format's rate.
        found = {path for path in paths if any(_is_below(one, path) for one in meant)}
    return found


def as_profiles(body: CompiledBody, asked: str) -> tuple[str, ...]:
    """The profile's paths for what the body has at a path; none where it has no such place."""
    places = list(_places(body))
    for way in _ways(asked):
        for name, place in places:
            if _is_below(way, place):
                return (name + way.removeprefix(place),)
        below = tuple(name for name, place in places if _is_below(place, way))
        if below:
            return below
    return ()


def is_sent(body: CompiledBody, asked: str) -> bool:
    """Whether the body has something at a path of its own."""
    return any(_is_there(body.body, way.split(".")) for way in _ways(asked))


def place_of(body: CompiledBody, path: str) -> str | None:
    """Where the body has a profile's path; `None` where it has no place for it."""
    parts = tuple(path.split("."))
    at = FORMS[body.api].place(parts if parts[0] == EXPIRES_AFTER.name else (SESSION.name, *parts))
    return None if at is None else dotted(at)


def _places(body: CompiledBody) -> Iterator[tuple[str, str]]:
    """Each part of the request, and where the body has it."""
    for name in FORMS[body.api].parts:
        place = place_of(body, name)
        if place is not None:
            yield name, place


def _ways(asked: str) -> tuple[str, str]:
    return asked, _SESSION + asked


def _is_below(path: str, above: str) -> bool:
    return path == above or path.startswith(f"{above}.")


def _is_there(value: Any, path: Sequence[str]) -> bool:
    for name in path:
        if isinstance(value, Mapping) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return False
    return True

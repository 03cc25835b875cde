"""What a server's `param` points at: the part of a body that it refuses, by the profile's name."""

import re
from collections.abc import Iterator

from voxmint.origin import Path
from voxmint.profiles.bodies.form import Form
from voxmint.profiles.fields import EXPIRES_AFTER, REQUEST, SESSION, Field

_INDEX = re.compile(r"\[(\d+)\]")


def path_of(param: str, form: Form) -> Path | None:
    """The profile's path of a dotted path of the body, such as `session.audio.input.format`.

    What is below a field is taken for the field; `None` where no field of a profile is meant.
    """
    wanted = tuple(_INDEX.sub(r".\1", param).split("."))
    best: tuple[int, Path] | None = None
    for path in _paths(REQUEST, ()):
        place = form.place(path)
        if place is None:
            continue
        length = len(place)
        if tuple(map(str, place)) == wanted[:length] and (best is None or length > best[0]):
            best = (length, path)
    return best[1] if best is not None else None


def _paths(above: Field, path: Path) -> Iterator[Path]:
    for field in above.fields:
        at = (*path, field.name)
        if field not in (SESSION, EXPIRES_AFTER):
            yield at
        yield from _paths(field, at)

"""A body of one form as that of another, and what is lost on the way.

From flat to nested nothing is lost that the published schema knows; `modalities`, which it does
not, has no place there. From nested to flat `turn_detection.idle_timeout_ms` has none, nor has
`noise_reduction.strength`, which the SDK's types alone know.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from voxmint.origin import Path
from voxmint.profiles.bodies.form import Form


class Translated(NamedTuple):
    """The body in the other form, and the paths of the given one that have no place in it."""

    body: dict[str, Any]
    lost: tuple[Path, ...]


def translated(body: Mapping[str, Any], source: Form, target: Form) -> Translated:
    """The body of the form `source` as one of the form `target`.

    What says nothing, such as the nested form's `session.type`, is not lost: it is always written.
    """
    request = source.read(body)
    lost = [
        at
        for path in _paths(request.session, ("session",))
        if target.place(path) is None and (at := source.place(path)) is not None
    ]
    built = target.build(request.session, request.expires_after)
    return Translated(built, (*request.unplaced, *lost))


def _paths(value: Mapping[str, Any], at: Path) -> Iterator[Path]:
    """The path of each field below a map of fields."""
    for name, inner in value.items():
        yield (*at, name)
        if isinstance(inner, Mapping):
            yield from _paths(inner, (*at, name))

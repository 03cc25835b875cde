"""What an edit does not reach: the bodies it is laid on and changes nothing in, and why."""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from voxmint.origin import Path
from voxmint.problems import Body
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.cells import Gone, find
from voxmint.profiles.diff.causes import FELL_AWAY
from voxmint.profiles.diff.edits import Edit, Edits
from voxmint.profiles.diff.matching import Matching
from voxmint.profiles.diff.pairs import Pair
from voxmint.profiles.diff.result import ABSENT, Cause, Shadow, Side, State
from voxmint.profiles.diff.touches import Touch, covering
from voxmint.profiles.documents import Layer
from voxmint.profiles.nodes import plain


class Reason(NamedTuple):
    """Why an edit changes nothing in a body: a stronger touch, of `side`, or what `why` says."""

    by: Touch | None
    why: str
    side: Side = Side.HEAD


def find_shadows(
    pairs: Mapping[Body, Pair], edits: Edits, matching: Matching, reached: Mapping[Cause, Set[Body]]
) -> tuple[Shadow, ...]:
    """The edits that are laid on bodies in which they change nothing; `reached` has the others."""
    waiting = _reaching_some(edits, reached, len(pairs))
    if not waiting:
        return ()
    shadows = _Shadows()
    for body, pair in pairs.items():
        for layer, edit in _laid_on(pair, waiting):
            if body not in reached.get(edit.cause, ()):
                shadows.add(edit.cause, reason(pair, edit, layer, matching), body)
    return shadows.all()


def _reaching_some(
    edits: Edits, reached: Mapping[Cause, Set[Body]], bodies: int
) -> Mapping[Layer, Sequence[Edit]]:
    """The edits that do not change all of the bodies, by their layers."""
    found: dict[Layer, Sequence[Edit]] = {}
    for layer, listed in edits.statements.items():
        some = [edit for edit in listed if len(reached.get(edit.cause, ())) < bodies]
        if some:
            found[layer] = some
    return found


def _laid_on(pair: Pair, edits: Mapping[Layer, Sequence[Edit]]) -> Iterator[tuple[Layer, Edit]]:
    """The edits of all layers of a body, each once."""
    seen: set[Cause] = set()
    layers = [one for one in (*pair.after.layers, *pair.before.layers) if one in edits]
    for layer in layers:
        for edit in edits[layer]:
            if edit.cause not in seen:
                seen.add(edit.cause)
                yield layer, edit


def reason(pair: Pair, edit: Edit, layer: Layer, matching: Matching) -> Reason:
    """Why an edit of a layer, of either state, has no effect on a body that it is laid on."""
    state = pair.head
    other = matching.to_head.get(layer, layer)
    if other not in state.body.layers:
        state, other = pair.base, matching.to_base.get(layer, layer)
    layers = state.body.layers
    index = layers.index(other)
    covers = [covering(layers, path, index) for path in _ends(edit)]
    if covers and covers[0] is not None and all(covers):
        return Reason(covers[0], "", state.side)
    return Reason(None, _why(pair, edit))


def _ends(edit: Edit) -> Iterator[Path]:
    """The paths of the values that were edited."""
    for value in (edit.cause.before, edit.cause.after):
        if value is not ABSENT:
            yield from _leaf_paths(value, edit.path)


def _leaf_paths(value: State, path: Path) -> Iterator[Path]:
    if isinstance(value, Mapping) and value and not any(key.startswith("$") for key in value):
        for name, inner in value.items():
            yield from _leaf_paths(inner, (*path, name))
    else:
        yield path


def _why(pair: Pair, edit: Edit) -> str:
    path = edit.path
    if path[:1] == ("vars",):
        return "no value there depends on it"
    body = pair.after
    cell = find(body.root, path)
    if isinstance(cell, Gone) and cell.why.startswith(FELL_AWAY):
        return cell.why
    if path and FORMS[body.api].place(path) is None:
        return f"{body.api} has no place for it"
    return "what is sent is the same"


class _Shadows:
    """Collects shadows, and puts together those of one cause and one reason."""

    def __init__(self) -> None:
        self._found: dict[tuple[object, ...], tuple[Cause, Reason, list[Body]]] = {}

    def add(self, cause: Cause, reason: Reason, body: Body) -> None:
        """Notes that a cause does nothing in a body."""
        by = reason.by
        key = (cause, by and (by.layer, by.path), reason.why)
        self._found.setdefault(key, (cause, reason, []))[2].append(body)

    def all(self) -> tuple[Shadow, ...]:
        """All of them, by place of their cause; those of most bodies first."""
        shadows = [_shadow(cause, reason, bodies) for cause, reason, bodies in self._found.values()]
        return tuple(sorted(shadows, key=lambda one: (one.cause.order, -len(one.bodies))))


def _shadow(cause: Cause, reason: Reason, bodies: list[Body]) -> Shadow:
    listed = tuple(sorted(set(bodies)))
    by = reason.by
    if by is None:
        return Shadow(cause, listed, reason.why)
    value = plain(by.node)
    return Shadow(cause, listed, "", by.at, value, str(by.layer), reason.side)

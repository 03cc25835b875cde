"""The merge law over plain values: maps merge deeply, scalars and lists replace, directives."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from voxmint.profiles.directives import APPEND, PREPEND, REMOVE, REPLACE, UNSET
from voxmint.profiles.fields import TURN_DETECTION
from voxmint.profiles.templates.template import is_template

ABSENT: Any = object()
_VARIANTS = TURN_DETECTION.variants_of_type


class Over(NamedTuple):
    """A template that asks for what it overrode."""

    text: str
    weaker: Any


class Merger:
    """Folds layers, sharing what it has folded before, as the compiler's does."""

    def __init__(self) -> None:
        self._folded: dict[tuple[int, int], tuple[Any, Any, Any]] = {}

    def fold(self, layers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The layers merged, the weakest first."""
        merged: Any = ABSENT
        for layer in layers:
            if not layer:
                continue
            key = (id(merged), id(layer))
            step = self._folded.get(key)
            if step is None:
                # Kept beside the result, both keep their identity their own.
                step = self._folded[key] = (lay(merged, layer), merged, layer)
            merged = step[0]
        return {} if merged is ABSENT else merged


def lay(under: Any, value: Any) -> Any:
    """A layer's value, laid over what the weaker ones gave."""
    kind = type(value)
    if kind is str:
        return Over(value, under) if "super" in value and is_template(value) else value
    if kind is dict:
        if value and next(iter(value)).startswith("$"):
            return _directives(under, value)
        return _map(under, value)
    if kind is list:
        return [lay(ABSENT, item) for item in value]
    return value


def _map(under: Any, value: Mapping[str, Any]) -> dict[str, Any]:
    entries = dict(under) if type(under) is dict else {}
    for name, inner in value.items():
        weaker = entries.get(name, ABSENT)
        if name == TURN_DETECTION.name and type(weaker) is dict:
            weaker = _fitting(weaker, inner)
        merged = lay(weaker, inner)
        if merged is ABSENT:
            entries.pop(name, None)
        else:
            entries[name] = merged
    return entries


def _fitting(weaker: dict[str, Any], value: Any) -> dict[str, Any]:
    """The inherited map without what a new type does not have."""
    kind = value.get("type") if type(value) is dict else None
    if not isinstance(kind, str) or kind not in _VARIANTS or kind == weaker.get("type"):
        return weaker
    return {name: inner for name, inner in weaker.items() if name in _VARIANTS[kind]}


def _directives(under: Any, value: Mapping[str, Any]) -> Any:
    if REPLACE in value:
        return lay(ABSENT, value[REPLACE])
    if UNSET in value:
        return ABSENT
    if type(under) is not list and under is not ABSENT:
        raise ValueError(f"{next(iter(value))} over something else than a list")
    items = [] if under is ABSENT else under
    if REMOVE in value:
        unwanted = [_exact(item) for item in value[REMOVE]]
        items = [item for item in items if _exact(item) not in unwanted]
    given = {name: lay(ABSENT, value[name]) for name in (PREPEND, APPEND) if name in value}
    return [*given.get(PREPEND, ()), *items, *given.get(APPEND, ())]


def _exact(value: Any) -> Any:
    """The value in a form in which `1`, `1.0` and `true` differ."""
    if type(value) is dict:
        return {key: _exact(inner) for key, inner in value.items()}
    if type(value) is list:
        return [_exact(item) for item in value]
    return (type(value), value)

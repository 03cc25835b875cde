"""Plain values → what the files say, with the keys checked that the compiler checks."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from voxmint.profiles.directives import DIRECTIVES
from voxmint.profiles.documents import Reference
from voxmint.profiles.fields import REQUEST, Field, Type
from voxmint.profiles.selectors import Where

_LAYER_KEYS = ("session", "vars", "expires_after")
_PROFILE_KEYS = frozenset(
    ("extends", "abstract", "description", "labels", "environments", *_LAYER_KEYS)
)
_ENVIRONMENT_KEYS = frozenset(
    ("extends", "abstract", "description", "provider", "mint", "profiles", "overlay", "sinks",
     *_LAYER_KEYS)
)  # fmt: skip
_OVERLAY_KEYS = frozenset(("where", *_LAYER_KEYS))
_NOWHERE = (1, 1, 0)

Layer = Mapping[str, Any]


class Profile(NamedTuple):
    """What a profile's file says."""

    name: str
    file: str
    extends: tuple[Reference, ...]
    layer: Layer
    abstract: bool
    description: str | None
    labels: Mapping[str, Any]
    blocks: Mapping[str, Layer]


class Environment(NamedTuple):
    """What an environment's file says."""

    name: str
    file: str
    extends: tuple[Reference, ...]
    layer: Layer
    abstract: bool
    provider: Mapping[str, Any]
    mint: Mapping[str, Any]
    profiles: tuple[str, ...]
    overlay: tuple[tuple[Where, Layer], ...]


def profile_of(name: str, file: str, root: Any) -> Profile:
    """A profile's file; `ValueError` for a key that nobody knows."""
    _check_keys(root, _PROFILE_KEYS)
    blocks = root.get("environments", {})
    return Profile(
        name,
        file,
        _references(root),
        _layer(root),
        bool(root.get("abstract", False)),
        root.get("description"),
        root.get("labels", {}),
        {environment: _layer(block) for environment, block in blocks.items()},
    )


def environment_of(name: str, file: str, root: Any) -> Environment:
    """An environment's file; `ValueError` for a key that nobody knows."""
    _check_keys(root, _ENVIRONMENT_KEYS)
    return Environment(
        name,
        file,
        _references(root),
        _layer(root),
        bool(root.get("abstract", False)),
        root.get("provider", {}),
        root.get("mint", {}),
        tuple(root.get("profiles", ("*",))),
        tuple(_overlay_item(item) for item in root.get("overlay", ())),
    )


def _overlay_item(item: Any) -> tuple[Where, Layer]:
    _check_keys(item, _OVERLAY_KEYS)
    where = item.get("where", {})
    labels = {key: tuple(_listed(value)) for key, value in where.get("labels", {}).items()}
    names = tuple(_listed(where["names"])) if "names" in where else None
    return Where(labels, names), _layer(item)


def _references(root: Any) -> tuple[Reference, ...]:
    return tuple(Reference(name, _NOWHERE) for name in _listed(root.get("extends", [])))


def _listed(value: Any) -> list[Any]:
    return value if type(value) is list else [value]


def _layer(root: Any) -> Layer:
    layer = {key: root[key] for key in _LAYER_KEYS if key in root}
    for key, value in layer.items():
        _check(value, REQUEST.by_name.get(key))
    return layer


def _check(value: Any, field: Field | None) -> None:
    """Checks the keys of all maps in a value by the field table, and its directives."""
    if type(value) is list:
        for item in value:
            _check(item, None)
    elif type(value) is dict:
        if any(key.startswith("$") for key in value):
            _check_keys(value, DIRECTIVES)
            for inner in value.values():
                _check(inner, field)
        elif field is None or field.type is Type.OBJECT:
            _check_map(value, field)


def _check_map(value: Mapping[str, Any], field: Field | None) -> None:
    for key, inner in value.items():
        known = None if field is None else field.by_name.get(key)
        if field is not None and known is None:
            raise ValueError(f"the key {key}")
        _check(inner, known)


def _check_keys(value: Any, keys: Iterable[str]) -> None:
    for key in value:
        if key not in keys:
            raise ValueError(f"the key {key}")

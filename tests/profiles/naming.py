"""The names that tests of templates give them."""

from collections.abc import Mapping
from typing import Any

from voxmint.profiles.templates.template import Budget, Names, View

ABSENT: Any = object()

VARS: Mapping[str, Any] = {
    "x": "cardio",
    "n": 3,
    "half": 0.5,
    "yes": True,
    "nothing": None,
    "empty": "",
    "words": ["b", "a"],
    "map": {"one": 1, "items": "I", "inner": {"deep": "d"}},
    "upper": "U",
    "keys": {"k": 1},
}


def view(path: str, values: Mapping[str, Any]) -> View:
    """A map as templates see it; maps in it are seen in the same way."""

    def get(name: str) -> Any:
        value = values[name]
        return view(f"{path}.{name}", value) if isinstance(value, Mapping) else value

    return View(path, values.keys, get)


def names(values: Mapping[str, Any] = VARS, weaker: Any = "weaker") -> Names:
    """All that a template can use; without `weaker`, `super()` has no value."""

    def super_() -> Any:
        if weaker is ABSENT:
            raise KeyError("super")
        return weaker

    profile = {"name": "clinic", "description": None, "labels": {"tier": "gold"}}
    roots = {
        "vars": view("vars", values),
        "env": view("env", {"name": "production"}),
        "profile": view("profile", profile),
    }
    return Names(roots, super_, Budget())

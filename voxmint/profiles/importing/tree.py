"""A request as what a profile says of it: plain maps and lists, in the order of the field table."""

import re
from collections.abc import Mapping
from typing import Any

from voxmint.profiles.bodies.form import Request
from voxmint.profiles.fields import EXPIRES_AFTER, REQUEST, SESSION, Field

_OPENING = re.compile(r"\{\{|\{%|\{#")
_ALWAYS_WRITTEN = ("anchor", "created_at")


def tree_of(request: Request) -> dict[str, Any]:
    """The whole request, for a profile that extends nothing."""
    tree: dict[str, Any] = {}
    if request.session:
        tree[SESSION.name] = request.session
    lifetime = lifetime_of(request.expires_after)
    if lifetime is not None:
        tree[EXPIRES_AFTER.name] = lifetime
    return tree


def lifetime_of(expires_after: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The lifetime without its anchor, which has one value and is always written."""
    if expires_after is None:
        return None
    return {name: one for name, one in expires_after.items() if (name, one) != _ALWAYS_WRITTEN}


def written(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The tree as it stands in a file: in order, and its texts as templates that give them."""
    ordered = in_order(tree, REQUEST)
    return {name: _escaped(value) for name, value in ordered.items()}


def in_order(value: Any, field: Field | None) -> Any:
    """A map in the order of the field table; what the table lacks comes after it."""
    if not isinstance(value, Mapping):
        return value
    known = field.by_name if field is not None else {}
    names = [
        *(name for name in known if name in value),
        *(name for name in value if name not in known),
    ]
    return {name: in_order(value[name], known.get(name)) for name in names}


def _escaped(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _escaped(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    return literal(value) if isinstance(value, str) else value


def literal(text: str) -> str:
    """The text as one that renders to it: what would begin a template is given by a template."""
    if _OPENING.search(text) is None:
        return text
    # Jinja takes every line break of a template for its own; only an expression gives this one.
    escaped = _OPENING.sub(lambda found: "{{ '" + found[0] + "' }}", text)
    return escaped.replace("\r", "{{ '\\r' }}")

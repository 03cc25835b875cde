# ruff: noqa: ARG001  # every check is called with the same
"""As much of JSON Schema as our schemas use; an unknown keyword is an error."""

import re
from collections.abc import Callable
from typing import Any

Schema = dict[str, Any]

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_SAY_NOTHING = {"$schema", "$defs", "title", "description", "default"}


def fits(value: Any, schema: Schema, root: Schema | None = None) -> bool:
    """Whether the value is as the schema says."""
    root = root or schema
    return all(
        _CHECKS[keyword](value, told, schema, root)
        for keyword, told in schema.items()
        if keyword not in _SAY_NOTHING
    )


def _is_of(value: Any, name: str) -> bool:
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def _type(value: Any, told: Any, schema: Schema, root: Schema) -> bool:
    return any(_is_of(value, name) for name in ([told] if isinstance(told, str) else told))


def _ref(value: Any, told: Any, schema: Schema, root: Schema) -> bool:
    return fits(value, root["$defs"][told.removeprefix("#/$defs/")], root)


def _properties(value: Any, told: Any, schema: Schema, root: Schema) -> bool:
    if not isinstance(value, dict):
        return True
    return all(fits(value[name], inner, root) for name, inner in told.items() if name in value)


def _additional(value: Any, told: Any, schema: Schema, root: Schema) -> bool:
    if not isinstance(value, dict):
        return True
    others = [value[name] for name in value if name not in schema.get("properties", {})]
    return not others if told is False else told is True or all(fits(o, told, root) for o in others)


def _items(value: Any, told: Any, schema: Schema, root: Schema) -> bool:
    return not isinstance(value, list) or all(fits(item, told, root) for item in value)


def _names(value: Any, told: Any, schema: Schema, root: Schema) -> bool:
    return not isinstance(value, dict) or all(fits(name, told, root) for name in value)


def _number(compare: Callable[[float, float], bool]) -> Callable[..., bool]:
    return lambda value, told, *_: not _is_of(value, "number") or compare(value, told)


_CHECKS: dict[str, Callable[..., bool]] = {
    "type": _type,
    "$ref": _ref,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "propertyNames": _names,
    "anyOf": lambda value, told, _, root: any(fits(value, one, root) for one in told),
    "enum": lambda value, told, *_: value in told,
    "const": lambda value, told, *_: value == told and type(value) is type(told),
    "required": lambda value, told, *_: not isinstance(value, dict) or set(told) <= set(value),
    "pattern": lambda value, told, *_: not isinstance(value, str) or bool(re.search(told, value)),
    "minProperties": lambda value, told, *_: not isinstance(value, dict) or len(value) >= told,
    "minItems": lambda value, told, *_: not isinstance(value, list) or len(value) >= told,
    "minLength": lambda value, told, *_: not isinstance(value, str) or len(value) >= told,
    "minimum": _number(lambda value, told: value >= told),
    "maximum": _number(lambda value, told: value <= told),
    "exclusiveMinimum": _number(lambda value, told: value > told),
}

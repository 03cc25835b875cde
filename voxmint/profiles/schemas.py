"""JSON Schema for the files of a project, made from the tables that compiling goes by.

An editor that knows YAML completes and checks with it while a file is written. It allows all that
compiling allows, since a file that is right must never look wrong: a template wherever there is a
value, and the merge's directives. What only the whole can tell, such as what a model takes, it
leaves to `validate`.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from voxmint.profiles.directives import APPEND, PREPEND, REMOVE, REPLACE, UNSET
from voxmint.profiles.fields import REQUEST, Field, Type
from voxmint.profiles.parse import VERSION
from voxmint.profiles.settings import Mint, Provider

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_SCALAR: Schema = {"type": ["string", "number", "boolean"]}
_TEMPLATE: Schema = {
    "type": "string",
    "pattern": r"\{[{%#]",
    "description": "A template, which is rendered: {{ vars.name }}.",
}
_ANY_DIRECTIVE: Schema = {
    "type": "object",
    "minProperties": 1,
    "propertyNames": {"enum": [APPEND, PREPEND, REMOVE, REPLACE, UNSET]},
    "description": "A directive of the merge.",
}


def profile_schema() -> Schema:
    """The schema of a profile's file."""
    block = _map(_layer(), "Laid on the profile in this environment, and those that extend it.")
    own: Schema = {
        "extends": _one_or_more("The profiles that this one inherits from, the weaker first."),
        "abstract": {
            "type": "boolean",
            "description": "Only there to be extended: it has no request of its own.",
        },
        "description": _about(_TEXT, "What the profile is for."),
        "labels": {
            "type": "object",
            "additionalProperties": _with_directives(_SCALAR),
            "description": "By which overlays and commands select the profile.",
        },
        "environments": {
            "type": "object",
            "additionalProperties": block,
            "description": "The profile's own word on single environments.",
        },
    }
    return _document("A profile of voxmint", {**own, **_layer()}, _request_definitions())


def environment_schema(sinks: Mapping[str, type[BaseModel]]) -> Schema:
    """The schema of an environment's file; `sinks` are the settings of each kind of sink."""
    definitions = {**_request_definitions(), "directive": _ANY_DIRECTIVE}
    item = _map({"where": _where(), **_layer()}, "Laid on every profile that `where` selects.")
    own: Schema = {
        "extends": _one_or_more("The environments that this one inherits from, the weaker first."),
        "abstract": {
            "type": "boolean",
            "description": "Only there to be extended: it has no profiles.",
        },
        "description": _about(_TEXT, "What the environment is for."),
        "provider": _merged(Provider, definitions),
        "mint": _merged(Mint, definitions),
        "profiles": _one_or_more(
            "Names and patterns of the profiles that it has, `!` takes out; all by default."
        ),
        "overlay": {"type": "array", "items": item, "description": "Laid on profiles, in order."},
        "sinks": {
            "type": "array",
            "items": {"anyOf": [_sink(kind, sinks[kind], definitions) for kind in sorted(sinks)]},
            "description": "Where tokens are written.",
        },
    }
    return _document("An environment of voxmint", {**own, **_layer()}, definitions)


def project_schema() -> Schema:
    """The schema of `voxmint.yaml`."""
    own: Schema = {
        "version": {"const": VERSION, "description": "The version of the project's files."},
        "profiles": _about(_TEXT, "The folder of the profiles; `profiles` by default."),
        "environments": _about(_TEXT, "The folder of the environments; `environments` by default."),
    }
    return {**_document("A project of voxmint", own, {}), "required": ["version"]}


def _document(title: str, properties: Schema, definitions: Schema) -> Schema:
    inner = {"$defs": definitions} if definitions else {}
    return {"$schema": DIALECT, "title": title, **_map(properties), **inner}


def _map(properties: Schema, about: str = "") -> Schema:
    closed = {"type": "object", "properties": properties, "additionalProperties": False}
    return _about(closed, about) if about else closed


def _about(schema: Schema, about: str) -> Schema:
    return {**schema, "description": about}


def _one_or_more(about: str) -> Schema:
    return {"anyOf": [_TEXT, _TEXTS], "description": about}


def _where() -> Schema:
    values = {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR}]}
    labels = {"type": "object", "additionalProperties": values}
    return _map(
        {
            "labels": _about(
                labels, "Labels that a profile must have, each with one value or several."
            ),
            "names": _one_or_more("Names and patterns, `!` takes out."),
        },
        "Which profiles are meant: all that fit both; without it, every profile.",
    )


# ── the request ──────────────────────────────────────────────────────────────────────────────────


def _layer() -> Schema:
    """What each layer may hold."""
    variables = {"type": "object", "description": "Values for templates: {{ vars.name }}."}
    return {"vars": variables, **{field.name: _field(field, ()) for field in REQUEST.fields}}


def _request_definitions() -> Schema:
    """What each field takes, by its path: it stands in a file plainly, and below `$replace`."""
    definitions = {"template": _TEMPLATE}
    _define(REQUEST, (), definitions)
    return definitions


def _define(owner: Field, path: tuple[str, ...], definitions: Schema) -> None:
    for field in owner.fields:
        inner = (*path, field.name)
        definitions[".".join(inner)] = _value(field, inner)
        _define(field, inner, definitions)


def _field(field: Field, path: tuple[str, ...]) -> Schema:
    value = {"$ref": f"#/$defs/{'.'.join((*path, field.name))}"}
    schema = _with_directives(value, is_list=field.type is Type.ARRAY)
    return _about(schema, _described(field))


def _value(field: Field, path: tuple[str, ...]) -> Schema:
    """What a field takes, templates included."""
    template = {"$ref": "#/$defs/template"}
    forms: list[Schema] = [{"enum": list(field.known)}] if field.known else []
    forms.append(_plain(field, path))
    if field.type is not Type.STRING or field.values:
        forms.append(template)
    if field.nullable:
        forms.append({"type": "null", "description": field.null})
    return forms[0] if len(forms) == 1 else {"anyOf": forms}


def _plain(field: Field, path: tuple[str, ...]) -> Schema:
    match field.type:
        case Type.OBJECT:
            return _map({inner.name: _field(inner, path) for inner in field.fields})
        case Type.ARRAY:
            items = {"anyOf": [{"enum": list(field.values)}, _TEMPLATE]} if field.values else _TEXT
            least = {"minItems": field.min_items} if field.min_items else {}
            return {"type": "array", "items": items, **least}
        case Type.STRING if field.values:
            return {"enum": list(field.values)}
        case _:
            bounds = {"minimum": field.minimum, "maximum": field.maximum}
            known = {name: bound for name, bound in bounds.items() if bound is not None}
            return {"type": field.type.value, **known}


def _with_directives(value: Schema, *, is_list: bool = False) -> Schema:
    """What takes a value takes it as a directive of the merge, too."""
    alone = [
        _directive(REPLACE, value, "This value, not merged with what is inherited."),
        _directive(UNSET, {"const": True}, "Back to absent, so that the server's default holds."),
    ]
    if is_list:
        lists = {name: {"type": "array"} for name in (REMOVE, PREPEND, APPEND)}
        about = "What is inherited, without some items and with others before and after it."
        alone.append({**_map(lists, about), "minProperties": 1})
    return {"anyOf": [value, *alone]}


def _directive(name: str, value: Schema, about: str) -> Schema:
    return {**_map({name: value}, about), "required": [name]}


def _described(field: Field) -> str:
    parts = [field.about]
    parts += [f"In {field.unit}."] if field.unit else []
    parts += [f"Default: {field.default}."] if field.default else []
    parts += [f"null: {field.null}."] if field.null else []
    return " ".join(parts)


# ── voxmint's own settings ───────────────────────────────────────────────────────────────────────


def _merged(model: type[BaseModel], definitions: Schema) -> Schema:
    """Settings that are merged over a lineage: nothing is required of a single file."""
    schema = _settings(model, definitions)
    schema.pop("required", None)
    schema["properties"] = {name: _setting(one) for name, one in schema["properties"].items()}
    definitions[model.__name__] = schema
    return _with_directives({"$ref": f"#/$defs/{model.__name__}"})


def _setting(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"$ref": "#/$defs/directive"}]}


def _sink(kind: str, options: type[BaseModel], definitions: Schema) -> Schema:
    schema = _settings(options, definitions)
    schema["properties"] = {"kind": {"const": kind}, **schema["properties"]}
    schema["required"] = ["kind", *schema.get("required", ())]
    return schema


def _settings(model: type[BaseModel], definitions: Schema) -> Schema:
    schema = _untitled(model.model_json_schema())
    definitions |= schema.pop("$defs", {})
    found: Schema = schema
    return found


def _untitled(schema: Any) -> Any:
    """Without the titles that pydantic makes of names."""
    if isinstance(schema, dict):
        return {
            key: _untitled(value)
            for key, value in schema.items()
            if not (key == "title" and isinstance(value, str))
        }
    return [_untitled(item) for item in schema] if isinstance(schema, list) else schema

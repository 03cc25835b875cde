"""JSON Schema for the files of a project, made from the tables that compiling goes by.

An editor that knows YAML completes and checks with it while a file is written. It allows all that
compiling allows, since a file that is right must never look wrong: a template wherever there is a
value, and the merge's directives. What only the whole can tell, such as what a model takes, it
leaves to `validate`.

Whatever is merged has a definition of its own, named by its path, since `$replace` takes the same
again.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from voxmint.profiles.directives import ABOUT, APPEND, PREPEND, REMOVE, REPLACE, UNSET
from voxmint.profiles.explained import FieldEntry, field_entries
from voxmint.profiles.fields import REQUEST, Field, Type
from voxmint.profiles.parse import VERSION
from voxmint.profiles.policies.reading import MAX_POLICIES, NEEDED, SEVERITIES
from voxmint.profiles.rules import BAD_LANGUAGE
from voxmint.profiles.scalars import resolve
from voxmint.profiles.settings import Mint, Provider

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TEXT: Schema = {"type": "string"}
_FULL: Schema = {"type": "string", "pattern": r"\S"}
_NAME: Schema = {"type": "string", "minLength": 1}
_LABEL: Schema = {
    "type": ["string", "number", "boolean"],
    "not": {"type": "string", "pattern": r"\{[{%#]"},
}
"""What a label can be; in it, templates are not rendered."""
_NULL: Schema = {"type": "null"}
_TRUE: Schema = {"const": True}
_NO_DIRECTIVE: Schema = {"not": {"pattern": r"^\$"}}
_TEMPLATE: Schema = {
    "type": "string",
    "pattern": r"\{[{%#]",
    "description": "A template, which is rendered: {{ vars.name }}.",
}
_FOLDER: Schema = {
    "type": "string",
    # Written with `/`, not absolute, never upwards, and naming something.
    "pattern": r"^(?!/)(?!(.*/)?\.\.(/|$))(?!(\.?/)*\.?$)[^\\]*$",
}


def profile_schema() -> Schema:
    """The schema of a profile's file."""
    block = _map(_layer(), "Laid on the profile in this environment, and those that extend it.")
    own: Schema = {
        "extends": _bases("The profiles that this one inherits from, the weaker first."),
        "abstract": {
            "type": "boolean",
            "description": "Only there to be extended: it has no request of its own.",
            "default": False,
        },
        "description": _about(_TEXT, "What the profile is for."),
        "labels": {
            "$ref": "#/$defs/labels",
            "description": "By which overlays and commands select the profile.",
        },
        "environments": {
            "type": "object",
            "additionalProperties": block,
            "description": "The profile's own word on single environments.",
        },
    }
    return _document(
        "A profile of voxmint", {**own, **_layer()}, {"labels": _labels(), **_layer_definitions()}
    )


def environment_schema(
    sinks: Mapping[str, type[BaseModel]], others: Collection[str] = ()
) -> Schema:
    """The schema of an environment's file.

    `sinks` are the settings of each kind of voxmint's own sinks; `others` are the kinds of other
    packages' sinks, whose settings are not known here.
    """
    definitions = _layer_definitions()
    item = _map({"where": _where(), **_layer()}, "Laid on every profile that `where` selects.")
    own: Schema = {
        "extends": _bases("The environments that this one inherits from, the weaker first."),
        "abstract": {
            "type": "boolean",
            "description": "Only there to be extended: it has no profiles.",
            "default": False,
        },
        "description": _about(_TEXT, "What the environment is for."),
        "provider": _merged(Provider, "provider", definitions),
        "mint": _merged(Mint, "mint", definitions),
        "profiles": _one_or_more(
            "Names and patterns of the profiles that it has, `!` takes out; all by default."
        ),
        "overlay": {"type": "array", "items": item, "description": "Laid on profiles, in order."},
        "sinks": {
            "type": "array",
            "items": {"anyOf": _sinks(sinks, others, definitions)},
            "description": "Where tokens are written.",
        },
    }
    return _document("An environment of voxmint", {**own, **_layer()}, definitions)


def project_schema() -> Schema:
    """The schema of `voxmint.yaml`."""
    own: Schema = {
        "version": {"const": VERSION, "description": "The version of the project's files."},
        "profiles": {
            **_about(_FOLDER, "The folder of the profiles."),
            "default": "profiles",
        },
        "environments": {
            **_about(_FOLDER, "The folder of the environments."),
            "default": "environments",
        },
        "policies": {
            "type": "array",
            "items": _policy(),
            "maxItems": MAX_POLICIES,
            "description": "The fleet's own rules, held against every body.",
        },
    }
    return {**_document("A project of voxmint", own, {}), "required": ["version"]}


def _policy() -> Schema:
    """One of the fleet's own rules."""
    paths = [form for entry in field_entries() for form in _written(entry)]
    own: Schema = {
        "name": _about(_FULL, "What the policy is called when something goes against it."),
        "where": _where(),
        "environments": _one_or_more(
            "The environments that it holds in, with those that extend them, by names and "
            "patterns, `!` takes out; all by default.",
            _NAME,
        ),
        "path": {
            "type": "string",
            "enum": paths,
            "description": "The field that it is about; `.*` after a list is each of its items.",
        },
        "rule": {
            "type": "string",
            "pattern": r"^\s*\{\{[\s\S]*\}\}\s*$",
            "description": "True where it is kept: {{ value <= 120 }}.",
        },
        "message": _about(_FULL, "Why there is the policy, or what to do instead."),
        "severity": {
            "type": "string",
            "enum": list(SEVERITIES),
            "description": "Whether what goes against it fails the run.",
            "default": SEVERITIES[0],
        },
    }
    return {**_map(own), "required": list(NEEDED)}


def _written(entry: FieldEntry) -> Iterator[str]:
    """The ways to write a field's path; for a list also that of its items."""
    for path in dict.fromkeys((entry.path, ".".join(map(str, entry.at)))):
        yield path
        if entry.field.type is Type.ARRAY:
            yield f"{path}.*"


def _document(title: str, properties: Schema, definitions: Schema) -> Schema:
    inner = {"$defs": definitions} if definitions else {}
    return {"$schema": DIALECT, "title": title, **_map(properties), **inner}


def _map(properties: Schema, about: str = "") -> Schema:
    closed = {"type": "object", "properties": properties, "additionalProperties": False}
    return _about(closed, about) if about else closed


def _open_map(values: Schema) -> Schema:
    """A map of any keys but directives."""
    return {"type": "object", "propertyNames": _NO_DIRECTIVE, "additionalProperties": values}


def _about(schema: Schema, about: str) -> Schema:
    return {**schema, "description": about}


def _one_or_more(about: str, text: Schema = _TEXT) -> Schema:
    return {"anyOf": [text, {"type": "array", "items": text}], "description": about}


def _bases(about: str) -> Schema:
    names = {"type": "array", "items": _NAME, "uniqueItems": True}
    return {"anyOf": [_NAME, names], "description": about}


def _labels() -> Schema:
    """All labels of a profile; what `$replace` gives may be a directive again."""
    return {"anyOf": [_open_map(_label()), *_alone({"$ref": "#/$defs/labels"})]}


def _label() -> Schema:
    return {"anyOf": [_LABEL, *_alone(_LABEL)]}


def _where() -> Schema:
    values = {"anyOf": [_LABEL, {"type": "array", "items": _LABEL}]}
    return _map(
        {
            "labels": _about(
                _open_map(values),
                "Labels that a profile must have, each with one value or several.",
            ),
            "names": _one_or_more("Names and patterns, `!` takes out."),
        },
        "Which profiles are meant: all that fit both; without it, every profile.",
    )


# ── what is merged, and the directives of the merge ──────────────────────────────────────────────


def _define(
    name: str, forms: Sequence[Schema], definitions: Schema, items: Schema | None = None
) -> Schema:
    """Defines what is merged, by its plain forms; `items` are those of a list. The reference."""
    reference = {"$ref": f"#/$defs/{name}"}
    lists = [] if items is None else [_list_directives(items)]
    definitions[name] = {"anyOf": [*forms, *_alone(reference), *lists]}
    return reference


def _alone(value: Schema) -> list[Schema]:
    """The directives that stand alone."""
    return [
        _titled(REPLACE, {**_map({REPLACE: _about(value, ABOUT[REPLACE])}), "required": [REPLACE]}),
        _titled(UNSET, {**_map({UNSET: _about(_TRUE, ABOUT[UNSET])}), "required": [UNSET]}),
    ]


def _titled(title: str, schema: Schema) -> Schema:
    """A form with the name by which an editor offers it; without one it says `object`."""
    return {"title": title, **schema}


def _list_directives(items: Schema) -> Schema:
    """The directives of lists, which may stand together."""
    taken = {REMOVE: {"$ref": "#/$defs/item"}, PREPEND: items, APPEND: items}
    lists = {
        name: {"type": "array", "items": each, "description": ABOUT[name]}
        for name, each in taken.items()
    }
    return _titled(", ".join(taken), {**_map(lists), "minProperties": 1})


def _layer() -> Schema:
    """What each layer may hold."""
    variables = {"$ref": "#/$defs/vars", "description": "Values for templates: {{ vars.name }}."}
    fields = {field.name: _reference(field, field.name) for field in REQUEST.fields}
    return {"vars": variables, **fields}


def _layer_definitions() -> Schema:
    """What a layer may hold, all the way down."""
    definitions: Schema = {"template": _TEMPLATE}
    anything = {"$ref": "#/$defs/anything"}
    item = {"$ref": "#/$defs/item"}
    plain: list[Schema] = [{"type": ["string", "number", "boolean", "null"]}]
    plain += [{"type": "array", "items": item}, _open_map(anything)]
    definitions["item"] = {"anyOf": plain, "description": "Any value; no directive."}
    _define("anything", plain, definitions, item)
    _define("vars", [_open_map(anything)], definitions)
    for field in REQUEST.fields:
        _define_field(field, field.name, definitions)
    return definitions


# ── the request ──────────────────────────────────────────────────────────────────────────────────


def _reference(field: Field, name: str) -> Schema:
    """A field where it stands: what it takes, what it means, and its default."""
    schema = {"$ref": f"#/$defs/{name}", "description": _described(field)}
    default = _default(field)
    return schema if default is None else {**schema, "default": default}


def _define_field(field: Field, name: str, definitions: Schema) -> None:
    items = _items(field) if field.type is Type.ARRAY else None
    _define(name, _forms(field, name), definitions, items)
    for inner in field.fields:
        _define_field(inner, f"{name}.{inner.name}", definitions)


def _forms(field: Field, name: str) -> list[Schema]:
    """What a field takes, templates included."""
    forms: list[Schema] = [{"enum": list(field.known)}] if field.known else []
    forms.append(_plain(field, name))
    is_text = field.type is Type.STRING and not field.values
    if not is_text and field not in REQUEST.fields:
        forms.append({"$ref": "#/$defs/template"})
    if field.nullable:
        forms.append(_about(_NULL, field.null))
    return forms


def _plain(field: Field, name: str) -> Schema:
    match field.type:
        case Type.OBJECT:
            return _map(
                {inner.name: _reference(inner, f"{name}.{inner.name}") for inner in field.fields}
            )
        case Type.ARRAY:
            least = {"minItems": field.min_items} if field.min_items else {}
            return {"type": "array", "items": _items(field), **least}
        case Type.STRING:
            return {"enum": list(field.values)} if field.values else _text(field)
        case _:
            bounds = {"minimum": field.minimum, "maximum": field.maximum}
            known = {name: bound for name, bound in bounds.items() if bound is not None}
            return {"type": field.type.value, **known}


def _items(field: Field) -> Schema:
    closed = {"enum": list(field.values)}
    return {"anyOf": [closed, {"$ref": "#/$defs/template"}]} if field.values else _text(field)


def _text(field: Field) -> Schema:
    """A text of a field, or of its list, that may be any; a code is not empty."""
    return _NAME if BAD_LANGUAGE.code in field.rules else _TEXT


def _described(field: Field) -> str:
    parts = [field.about]
    parts += [f"In {field.unit}."] if field.unit else []
    parts += [f"Default: {field.default}."] if field.default else []
    parts += [f"null: {field.null}."] if field.null else []
    return " ".join(parts)


def _default(field: Field) -> Any:
    """The default as a value, where it is one rather than a sentence about it."""
    if field.type is Type.STRING:
        return field.default if field.default in field.values else None
    value = resolve(field.default) if field.default else None
    return value if type(value) in field.accepts else None


# ── voxmint's own settings ───────────────────────────────────────────────────────────────────────


_ABOUT = ("description", "default")
"""What is said of a setting, beside what it takes."""
_BESIDE = (*_ABOUT, "required")
"""What is not of a setting's form: of several files one may have what is required of them all."""


def _merged(model: type[BaseModel], name: str, definitions: Schema) -> Schema:
    """Settings that are merged over a lineage: nothing is required of a single file."""
    schema = _untitled(model.model_json_schema())
    inner = schema.pop("$defs", {})
    return _define_setting(schema, name, definitions, inner)


def _define_setting(schema: Schema, name: str, definitions: Schema, models: Schema) -> Schema:
    """Defines a setting, as pydantic describes it, and all below it, as what is merged."""
    beside = {key: schema[key] for key in _ABOUT if schema.get(key) is not None}
    forms = [
        _setting_form(form, name, definitions, models) for form in schema.get("anyOf", [schema])
    ]
    items = next((form["items"] for form in forms if form.get("type") == "array"), None)
    return {**_define(name, forms, definitions, items), **beside}


def _setting_form(form: Schema, name: str, definitions: Schema, models: Schema) -> Schema:
    if "$ref" in form:
        form = models[form["$ref"].removeprefix("#/$defs/")]
    form = {key: told for key, told in form.items() if key not in _BESIDE}
    if "properties" in form:
        properties = {
            key: _define_setting(inner, f"{name}.{key}", definitions, models)
            for key, inner in form["properties"].items()
        }
        form = {**form, "properties": properties}
        return _exactly_one(form) if name == "provider.key" else form
    if isinstance(form.get("additionalProperties"), dict):
        values = form["additionalProperties"]
        value = _define_setting(values, f"{name}.*", definitions, models)
        return _open_map(value)
    return form


def _exactly_one(form: Schema) -> Schema:
    """The form of a key, which is merged as a whole: one of its properties, and not null."""
    names = list(form["properties"])
    unset = _alone(_TEXT)[1]
    ways = [
        {"required": [name], "properties": {other: unset for other in names if other != name}}
        for name in names
    ]
    set_to = {name: {"not": _NULL} for name in names}
    return {**form, "oneOf": ways, "allOf": [{"properties": set_to}]}


def _sinks(
    sinks: Mapping[str, type[BaseModel]], others: Collection[str], definitions: Schema
) -> list[Schema]:
    forms = [_sink(kind, sinks[kind], definitions) for kind in sorted(sinks)]
    if others:
        kinds = {"kind": {"enum": sorted(others), "description": "A sink of another package."}}
        forms.append({"type": "object", "properties": kinds, "required": ["kind"]})
    return forms


def _sink(kind: str, options: type[BaseModel], definitions: Schema) -> Schema:
    """One kind of sink. Sinks are not merged: what they take stands there as it is."""
    schema: Schema = _untitled(options.model_json_schema())
    definitions |= {name: _closed(one) for name, one in schema.pop("$defs", {}).items()}
    about = _about({"const": kind}, "What kind of destination it is.")
    schema["properties"] = {"kind": about, "where": _closed(_where()), **schema["properties"]}
    schema["required"] = ["kind", *schema.get("required", ())]
    return _closed(schema)


def _closed(schema: Schema) -> Schema:
    """A model whose open maps take no directive either."""
    properties = {
        name: {**one, "propertyNames": _NO_DIRECTIVE} if "additionalProperties" in one else one
        for name, one in schema["properties"].items()
    }
    return {**schema, "properties": properties}


def _untitled(schema: Any) -> Any:
    """Without the titles that pydantic makes of names."""
    if isinstance(schema, dict):
        return {
            key: _untitled(value)
            for key, value in schema.items()
            if not (key == "title" and isinstance(value, str))
        }
    return [_untitled(item) for item in schema] if isinstance(schema, list) else schema

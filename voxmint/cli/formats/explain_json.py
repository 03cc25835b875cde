"""Explanations as one JSON object, of version 1: a list of each kind of topic, empty for none."""

from typing import TYPE_CHECKING

from voxmint.cli.display.screen import Screen
from voxmint.cli.display.wording import pattern
from voxmint.cli.formats.json_text import write_json
from voxmint.cli.topics import Topics, fields_of, merged
from voxmint.problems import Kind, Sureness
from voxmint.profiles.directives import ABOUT, EXAMPLES
from voxmint.profiles.explained import FieldEntry
from voxmint.profiles.kinds import Group
from voxmint.profiles.models import Answer, Model
from voxmint.profiles.rule_table import RuleRow, rows_of

if TYPE_CHECKING:
    from voxmint.profiles.keys import Key

VERSION = 1


def write(screen: Screen, topics: Topics) -> None:
    """Writes the object."""
    content = {
        "version": VERSION,
        "fields": [_field(entry) for entry in topics.fields],
        "keys": [_key(key, files) for key, files in merged(topics.keys)],
        "directives": [
            {"name": name, "about": ABOUT[name], "example": EXAMPLES[name]}
            for name in topics.directives
        ],
        "models": [_model(model) for model in topics.models],
        "problems": [_kind(kind, group) for group in topics.groups for kind in group.kinds],
    }
    write_json(screen, content)


def _field(entry: FieldEntry) -> dict[str, object]:
    """`null` is what null means, or null where it is not taken."""
    field = entry.field
    return {
        "path": entry.path,
        "about": field.about,
        "type": field.type.value,
        "values": list(field.values),
        "known": list(field.known),
        "minimum": field.minimum,
        "maximum": field.maximum,
        "min_items": field.min_items,
        "unit": field.unit or None,
        "default": field.default or None,
        "null": field.null or None,
        "types": list(field.variants),
        "models": {name: answer.value for name, answer in entry.answers.items()},
        "endpoints": dict(sorted(entry.places.items())),
        "source": field.source,
        "sure": _sure(field.sure),
        "rules": list(field.rules),
        "fields": [inner.name for inner in field.fields],
        "example": entry.example or None,
    }


def _key(key: "Key", files: tuple[str, ...]) -> dict[str, object]:
    return {
        "path": key.path,
        "files": list(files),
        "about": key.about,
        "type": key.type,
        "values": list(key.values),
        "default": key.default or None,
        "required": key.required,
        "keys": list(key.within),
        "kinds": list(key.kinds),
        "example": key.example or None,
    }


def _model(model: Model) -> dict[str, object]:
    return {
        "name": model.name,
        "about": model.about or None,
        "ends": model.ends,
        "takes": {name: _answer(model, name, answer) for name, answer in model.takes.items()},
    }


def _answer(model: Model, name: str, answer: Answer) -> dict[str, object]:
    note = model.notes.get(name)
    return {"answer": answer.value, "note": note, "sure": _sure(model.sureness(name))}


def _kind(kind: Kind, group: Group) -> dict[str, object]:
    return {
        "code": kind.code,
        "severity": kind.severity.value,
        "group": group.title,
        "message": pattern(kind.message),
        "about": kind.about,
        "hints": [pattern(hint) for hint in kind.hints],
        "source": kind.source or None,
        "sure": None if kind.sure is None else _sure(kind.sure),
        "fields": list(fields_of(kind.code)),
        "holds": [_row(row) for row in rows_of(kind)],
    }


def _row(row: RuleRow) -> dict[str, object]:
    """Where a rule of the API holds; no models are all of them."""
    return {
        "field": row.field or None,
        "models": list(row.models),
        "endpoints": list(row.apis),
        "source": row.source,
        "sure": _sure(row.sure),
    }


def _sure(sure: Sureness) -> dict[str, str]:
    return {"word": sure.value, "meaning": sure.meaning}

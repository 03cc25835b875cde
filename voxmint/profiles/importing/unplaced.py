"""What of a body has no place in a profile: why, where, and what was likely meant."""

from collections.abc import Iterable

from voxmint.origin import Path, dotted
from voxmint.problems import nearest
from voxmint.profiles import wording as of_files
from voxmint.profiles.bodies import Form
from voxmint.profiles.bodies.nested import FORMATS
from voxmint.profiles.fields import EXPIRES_AFTER, NESTED, SESSION
from voxmint.profiles.importing import wording
from voxmint.profiles.importing.notes import Notes
from voxmint.profiles.importing.shapes import (
    FLAT_FORM,
    NESTED_FORM,
    is_session_alone,
    node_at,
    other,
    place_of_key,
)
from voxmint.profiles.nodes import MapNode, Node, ScalarNode, kind_of
from voxmint.profiles.values import briefly, described

_FORMAT: Path = ("session", "audio", "input", "format")
_BY_FLAT_NAME = {name: str(one["type"]) for name, one in FORMATS.items()}
_FORMATS = tuple(_BY_FLAT_NAME.values())


def note_other_thing(root: Node, notes: Notes) -> None:
    """Notes that it is no body: an event of a socket, or no map at all."""
    if isinstance(root, MapNode):
        facts = {"below": "session"} if "session" in root.entries else {}
        notes.add(wording.NOT_A_BODY, root.mark, found="an event of a socket", **facts)
    else:
        notes.add(wording.NOT_A_BODY, root.mark, found=kind_of(root))


def note_unknown(root: MapNode, notes: Notes) -> None:
    """Notes that no key of the map is one of either form."""
    forms = {form.name: form.around[()] for form in (FLAT_FORM, NESTED_FORM)}
    key = next(iter(root.entries))
    facts: dict[str, object] = {name: _listed(names) for name, names in forms.items()}
    if is_session_alone(root.entries):
        facts["below"] = "session"
    facts |= nearest(key, [name for names in forms.values() for name in names])
    notes.add(wording.UNKNOWN_BODY, root.keys[key], **facts)


def note_unplaced(root: MapNode, path: Path, form: Form, notes: Notes) -> None:
    """Notes what stands at a path of the body that a profile has no field for."""
    node = node_at(root, path)
    if path in form.around or path == form.place((EXPIRES_AFTER.name,)):
        _note_no_map(node, path, notes)
    elif path == _FORMAT and form.name == NESTED:
        _note_format(node, path, notes)
    elif path == ("session", "type"):
        _note_value(node, path, ("transcription",), notes)
    else:
        _note_key(root, path, form, notes)


def _note_no_map(node: Node, path: Path, notes: Notes) -> None:
    name = str(path[-1])
    if isinstance(node, MapNode):
        # Only `client_secret`, without an `expires_at` that could be read.
        for key, inner in node.entries.items():
            if key == "expires_at":
                _note_no_map(inner, (*path, key), notes)
            else:
                unknown = _unknown(key, f"`{name}`", ("expires_at",))
                notes.add(of_files.UNKNOWN_KEY, node.keys[key], (*path, key), **unknown)
        return
    if _is_null(node):
        notes.add(of_files.NULL_NOT_TAKEN, node.mark, path, field=name)
        return
    facts: dict[str, object] = {"field": name, "expected": "a map", "found": _described(node)}
    value = node.value if isinstance(node, ScalarNode) else None
    if name in {"expires_after", "expires_at"} and type(value) is int:
        facts["map"] = f"{{seconds: {value}}}"
    notes.add(of_files.WRONG_TYPE, node.mark, path, **facts)


# ── the format ───────────────────────────────────────────────────────────────────────────────────


def _note_format(node: Node, path: Path, notes: Notes) -> None:
    if not isinstance(node, MapNode):
        _note_bare_format(node, path, notes)
        return
    kind, rate = node.entries.get("type"), node.entries.get("rate")
    for key in node.entries:
        if key not in {"type", "rate"}:
            facts = _unknown(key, "`format`", ("type", "rate"))
            notes.add(of_files.UNKNOWN_KEY, node.keys[key], (*path, key), **facts)
    if kind is None:
        example = f"one of {_listed(_FORMATS)}"
        facts = {"owner": "`format`", "key": "type", "example": example}
        notes.add(of_files.MISSING_KEY, node.mark, path, **facts)
    elif not isinstance(kind, ScalarNode) or kind.value not in _FORMATS:
        _note_value(kind, (*path, "type"), _FORMATS, notes)
    elif rate is not None and kind.value != "audio/pcm":
        facts = _unknown("rate", f"`format` of the type {kind.value}", ("type",))
        notes.add(of_files.UNKNOWN_KEY, node.keys["rate"], (*path, "rate"), **facts)
    elif rate is not None:
        _note_value(rate, (*path, "rate"), ("24000",), notes)


def _note_bare_format(node: Node, path: Path, notes: Notes) -> None:
    if _is_null(node):
        notes.add(of_files.NULL_NOT_TAKEN, node.mark, path, field="format")
        return
    facts: dict[str, object] = {"field": "format", "expected": "a map"}
    named = node.value if isinstance(node, ScalarNode) else None
    meant = named if named in _FORMATS else _BY_FLAT_NAME.get(str(named))
    facts |= {"map": f"{{type: {meant}}}"} if meant else {}
    notes.add(of_files.WRONG_TYPE, node.mark, path, found=_described(node), **facts)


def _note_value(node: Node, path: Path, values: tuple[str, ...], notes: Notes) -> None:
    """A value that is none of the few that may stand there."""
    if not isinstance(node, ScalarNode):
        facts = {"field": str(path[-1]), "expected": _one_of(values), "found": _described(node)}
        notes.add(of_files.WRONG_TYPE, node.mark, path, **facts)
        return
    facts = {"field": str(path[-1]), "value": briefly(node.value), "values": _listed(values)}
    near = nearest(str(node.value), values) if isinstance(node.value, str) else {}
    notes.add(of_files.BAD_VALUE, node.mark, path, **facts, **near)


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────


def _note_key(root: MapNode, path: Path, form: Form, notes: Notes) -> None:
    outer = node_at(root, path[:-1])
    key = str(path[-1])
    mark = outer.keys[key] if isinstance(outer, MapNode) else outer.mark
    place = place_of_key(key, form)
    is_others = key in other(form).around[()] or (key in SESSION.by_name and place != path)
    if is_others:
        mixed = {"key": key, "form": form.name, "other": other(form).name}
        at = {"place": dotted(place)} if place else {}
        notes.add(wording.MIXED_BODY, mark, path, **mixed, **at)
        return
    owner = f"`{dotted(path[:-1])}`" if len(path) > 1 else f"a {form.name} body"
    facts = _unknown(key, owner, form.around.get(path[:-1], ()))
    if key in form.around[()]:
        facts["beside"] = str(path[0])
    elif (below := _below(key, form, path[:-1])) is not None:
        facts["below"] = below
    notes.add(of_files.UNKNOWN_KEY, mark, path, **facts)


def _below(key: str, form: Form, at: Path) -> str | None:
    """Where a key belongs that stands at the wrong level of its body."""
    for path, names in form.around.items():
        if key in names and path and path != at:
            return dotted(path)
    for field in SESSION.fields:
        place = form.place(("session", field.name))
        if place is not None and key in field.by_name and key != "type":
            return dotted(place)
    return None


def _unknown(key: str, owner: str, known: tuple[str, ...]) -> dict[str, object]:
    return {"key": key, "owner": owner, **nearest(key, known), "known": _listed(known)}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _one_of(values: tuple[str, ...]) -> str:
    return values[0] if len(values) == 1 else f"one of {_listed(values)}"


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.value is None


def _described(node: Node) -> str:
    return described(node.value) if isinstance(node, ScalarNode) else kind_of(node)

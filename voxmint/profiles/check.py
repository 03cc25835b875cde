"""Checks plain values against the field table, then against the rules.

Used for what a profile compiles to and, by the emulator, for what arrives; so it knows values and
paths, not places. Only values of the right type reach the rules.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from voxmint.origin import Path
from voxmint.problems import nearest
from voxmint.profiles import wording
from voxmint.profiles.fields import EXPIRES_AFTER, SESSION, Field, Type
from voxmint.profiles.findings import Finding
from voxmint.profiles.meant import dashed, meant_scalar, spaced
from voxmint.profiles.rules import (
    MISSING_MODEL,
    NO_TRANSCRIPTION,
    RULES,
    TURN_DETECTION_LEFT_OUT,
    TURN_DETECTION_NEEDS_TYPE,
    Rule,
)
from voxmint.profiles.values import briefly, described

OF_ABSENCE = frozenset(
    kind.code
    for kind in (
        MISSING_MODEL,
        NO_TRANSCRIPTION,
        TURN_DETECTION_LEFT_OUT,
        TURN_DETECTION_NEEDS_TYPE,
    )
)
"""What is found because something is not there: not said of a session from which something wrong
was left out, since that may be just what is missing."""


def check_request(
    session: Mapping[str, Any], expires_after: Mapping[str, Any] | None, form: str
) -> list[Finding]:
    """All that is wrong with a request for one form of the body."""
    found = check_session(session, form)
    if expires_after is not None:
        found += check_field(expires_after, EXPIRES_AFTER, ("expires_after",))
    return found


def check_session(session: Mapping[str, Any], form: str) -> list[Finding]:
    """What the field table finds, and what the rules find in all that is right by it."""
    found: list[Finding] = []
    for name, value in session.items():
        found += check_part(name, value)
    return found + check_beside(found, session, form) if found else check_rules(session, form)


def check_part(name: str, value: object) -> list[Finding]:
    """What the field table finds in one part of a session, such as `turn_detection`."""
    field = _PARTS.get(name)
    if field is None:
        return [_unknown(name, SESSION, ("session",))]
    if _is_right(value, field):
        return []
    return list(check_field(value, field, ("session", name)))


_PARTS = dict(SESSION.by_name)
"""The parts of a session: a plain dict is looked into for less than a read-only view of one."""


def _is_right(value: object, field: Field) -> bool:
    """Whether a glance says that nothing is wrong, as it does of nearly all parts of sessions.

    Walking through a part for what is wrong with it, and where, takes several times as long.
    """
    if type(value) is not dict:
        return _is_right_scalar(value, field)
    if dict not in field.accepts:
        return False
    by_name = field.by_name
    for name, inner in value.items():
        known = by_name.get(name)
        if known is None or not _is_right_scalar(inner, known):
            return False
    return True


def check_rules(
    session: Mapping[str, Any], form: str, rules: Iterable[Rule] = RULES
) -> list[Finding]:
    """What the rules find in a session whose values are all of the right type."""
    return [finding for rule in rules for finding in rule(session, form)]


def check_beside(
    findings: Iterable[Finding], session: Mapping[str, Any], form: str
) -> list[Finding]:
    """What the rules find in the rest of a session in which the field table found something.

    What is wrong is left out; then nothing is said of what is missing.
    """
    rest = _without(session, {finding.path[1:] for finding in findings})
    found = check_rules(rest, form)
    return [finding for finding in found if finding.kind.code not in OF_ABSENCE]


def _without(value: Mapping[str, Any], wrong: Set[Path]) -> dict[str, Any]:
    """A map without what is wrong: what has a wrong `type` goes as a whole."""
    kept: dict[str, Any] = {}
    for name, inner in value.items():
        below = {path[1:] for path in wrong if path[:1] == (name,)}
        if not below:
            kept[name] = inner
        elif isinstance(inner, Mapping) and below.isdisjoint({(), ("type",)}):
            kept[name] = _without(inner, below)
        elif isinstance(inner, list) and () not in below:
            kept[name] = _without_items(inner, below)
    return kept


def _without_items(value: Sequence[Any], wrong: Set[Path]) -> list[Any]:
    """A list with `None` for each wrong item: the others stay where they are."""
    return [None if (index,) in wrong else item for index, item in enumerate(value)]


def check_field(value: object, field: Field, path: Path) -> Iterator[Finding]:
    """What is wrong with a value, and all below it, by the field table.

    A value is made of exactly the types that reading YAML or JSON gives: dict, list, str, int,
    float, bool and None.
    """
    if value is None:
        if not field.nullable:
            yield _null(field, path)
    elif type(value) not in field.accepts:
        yield _wrong_type(value, field, path)
    elif isinstance(value, Mapping):
        yield from _check_map(value, field, path)
    elif isinstance(value, list):
        yield from _check_list(value, field, path)
    else:
        yield from _check_scalar(value, field, path)


def _check_map(value: Mapping[str, Any], field: Field, path: Path) -> Iterator[Finding]:
    for name, inner in value.items():
        known = field.by_name.get(name)
        if known is None:
            yield _unknown(name, field, path)
        elif not _is_right_scalar(inner, known):
            yield from check_field(inner, known, (*path, name))


def _is_right_scalar(value: object, field: Field) -> bool:
    """Whether a glance says that the value is right, as it is of nearly all scalars."""
    if type(value) not in field.accepts:
        return False
    if field.is_open:
        return True
    if field.minimum is None or field.maximum is None:
        return type(value) is str and value in field.values
    return field.minimum <= value <= field.maximum  # type: ignore[operator]  # a number: it has a range


def _check_list(value: list[object], field: Field, path: Path) -> Iterator[Finding]:
    if len(value) < field.min_items:
        yield Finding(wording.EMPTY_LIST, path, {"field": field.name})
    for index, item in enumerate(value):
        at = (*path, index)
        if not isinstance(item, str):
            facts: dict[str, object] = {"field": field.name, "found": described(item)}
            yield Finding(wording.WRONG_ITEM, at, facts | _meant_text(item, field))
        elif field.values and item not in field.values:
            yield _bad_value(item, field, at)


def _check_scalar(value: object, field: Field, path: Path) -> Iterator[Finding]:
    if field.values and value not in field.values:
        yield _bad_value(str(value), field, path)
    if field.minimum is None or field.maximum is None or not isinstance(value, int | float):
        return
    if not field.minimum <= value <= field.maximum:
        facts = {"field": field.name, "value": briefly(value), "range": _range(field)}
        yield Finding(wording.OUT_OF_RANGE, path, facts)


def _range(field: Field) -> str:
    unit = f" {field.unit}" if field.unit else ""
    return f"{field.minimum} to {field.maximum}{unit}"


def expected(field: Field) -> str:
    """What a field takes, for a person: `a number, 0 to 1`."""
    if field.values and field.type is not Type.ARRAY:
        return "one of " + ", ".join(f"`{value}`" for value in field.values)
    text = field.type.words
    return text if field.minimum is None else f"{text}, {_range(field)}"


def _unknown(name: str, field: Field, path: Path) -> Finding:
    facts = {"key": name, "owner": field.name, **nearest(name, field.by_name), **spaced(name)}
    facts["known"] = ", ".join(f"`{known}`" for known in field.by_name)
    return Finding(wording.UNKNOWN_KEY, (*path, name), facts, at_key=True)


def _null(field: Field, path: Path) -> Finding:
    return Finding(wording.NULL_NOT_TAKEN, path, {"field": field.name})


_SCALARS = (Type.INTEGER, Type.NUMBER, Type.BOOLEAN, Type.STRING)


def _wrong_type(value: object, field: Field, path: Path) -> Finding:
    facts: dict[str, object] = {
        "field": field.name,
        "expected": expected(field),
        "found": described(value),
    }
    if field.type is Type.STRING and not field.values:
        facts |= _meant_text(value, field)
    elif field.type in _SCALARS and not field.values:
        facts |= meant_scalar(value, field.accepts, field.unit)
    if isinstance(value, str) and field.type is Type.ARRAY and value not in ("[]", "{}"):
        facts |= {"item": briefly(value), **dashed(value)}
    if field.type is Type.OBJECT:
        facts |= _meant_map(value, field)
    return Finding(wording.WRONG_TYPE, path, facts)


def _meant_text(value: object, field: Field) -> dict[str, object]:
    """What to write where a text belongs: for a language, false is what YAML 1.1 makes of `no`."""
    if value is False and field.name in ("language", "languages"):
        return {"code": "no"}
    return meant_scalar(value, {str})


_OFF = ("off", "none", "no", "false", "disabled")
"""What people write for null, in small letters."""


def _meant_map(value: object, field: Field) -> dict[str, object]:
    """What to write where a map belongs and something shorter stands: null, or a map of one key."""
    if field.nullable and (value is False or str(value).casefold() in _OFF):
        return {"null": "null"}
    if isinstance(value, str) and field.fields:
        if pair := spaced(value):
            return pair
        first = field.fields[0]
        meant = nearest(value, first.values).get("nearest") if first.values else value
        return {"map": f"{{{first.name}: {meant}}}"} if meant else {}
    if field is EXPIRES_AFTER and type(value) is int:
        return {"map": f"{{seconds: {value}}}"}
    return {}


def _bad_value(value: str, field: Field, path: Path) -> Finding:
    facts = {
        "field": field.name,
        "value": briefly(value),
        "values": ", ".join(f"`{known}`" for known in field.values),
        **nearest(value, field.values),
    }
    return Finding(wording.BAD_VALUE, path, facts)

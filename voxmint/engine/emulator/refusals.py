"""What is wrong with a body, in the words and codes in which the service refuses it.

The findings are those of the project's own validation: every error is refused, and with them what
the service was seen to refuse though the published schema allows it. One error is answered, the
first. A kind of finding without words of its own here is refused in its own.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from voxmint.engine.emulator.answers import RefusedError
from voxmint.engine.emulator.phrases import missing, not_one_of, quoted, unknown, wrong_type
from voxmint.origin import Path, dotted
from voxmint.problems import Severity
from voxmint.profiles import rules, wording
from voxmint.profiles.bodies.form import Form, Request
from voxmint.profiles.bodies.nested import FORMATS
from voxmint.profiles.check import check_request
from voxmint.profiles.fields import FLAT, NESTED, REQUEST, Field, Type
from voxmint.profiles.findings import Finding
from voxmint.profiles.values import briefly

_REFUSED_WARNINGS = frozenset({rules.MISSING_MODEL, rules.NO_PLACE})
_NAMES = {
    Type.STRING: "a string",
    Type.INTEGER: "an integer",
    Type.NUMBER: "a decimal",
    Type.BOOLEAN: "a boolean",
    Type.ARRAY: "an array",
    Type.OBJECT: "an object",
}


class _Case(NamedTuple):
    """A finding at its place in the body, with its value and the field that it is about."""

    finding: Finding
    path: Path
    value: object
    field: Field

    @property
    def param(self) -> str:
        return dotted(self.path)


def check(body: Mapping[str, Any], form: Form) -> Request:
    """What a body asks for, in the names of the flat endpoint; `RefusedError` if it is refused."""
    request = form.read(body)
    for path in request.unplaced:
        _refuse_unplaced(body, path, form)
    if form.name == NESTED:
        _require_session(body)
    for finding in check_request(request.session, request.expires_after, form.name):
        if finding.kind.severity is Severity.ERROR or finding.kind in _REFUSED_WARNINGS:
            raise _refused(finding, request, form)
    return request


def _require_session(body: Mapping[str, Any]) -> None:
    if "session" not in body:
        raise missing(("session",))
    if "type" not in body["session"]:
        raise missing(("session", "type"))


# ── around the fields ────────────────────────────────────────────────────────────────────────────

_OBJECTS: Mapping[str, frozenset[Path]] = {
    FLAT: frozenset({("client_secret",), ("client_secret", "expires_at")}),
    NESTED: frozenset(
        {("session",), ("session", "audio"), ("session", "audio", "input"), ("expires_after",)}
    ),
}
"""What each form of the body puts around the fields."""


def _refuse_unplaced(body: Mapping[str, Any], path: Path, form: Form) -> None:
    value = _value_at(body, path)
    if path in _OBJECTS[form.name]:
        _refuse_object(value, path)
    elif form.name == NESTED and path == ("session", "type"):
        raise not_one_of(value, path, ("transcription",))
    elif form.name == NESTED and path == ("session", "audio", "input", "format"):
        raise _bad_format(value, path)
    else:
        raise unknown(path)


def _refuse_object(value: object, path: Path) -> None:
    """An object that cannot be read: it is none, or one of its keys is to blame; or it is empty."""
    if not isinstance(value, Mapping):
        raise wrong_type(value, path, "an object")
    for name, inner in value.items():
        _refuse_unplaced_key((*path, name), inner)


def _refuse_unplaced_key(path: Path, value: object) -> None:
    if path not in _OBJECTS[FLAT]:
        raise unknown(path)
    _refuse_object(value, path)


_FORMATS = {str(one["type"]): one for one in FORMATS.values()}
"""The audio formats, each by its type."""


def _bad_format(value: object, path: Path) -> RefusedError:
    if not isinstance(value, Mapping):
        return wrong_type(value, path, "an object")
    if "type" not in value:
        return missing((*path, "type"))
    kind = value["type"]
    if not isinstance(kind, str) or kind not in _FORMATS:
        return not_one_of(kind, (*path, "type"), tuple(_FORMATS))
    for name in value:
        if name not in _FORMATS[kind]:
            return unknown((*path, name))
    return _bad_rate(value["rate"], (*path, "rate"))


def _bad_rate(rate: object, path: Path) -> RefusedError:
    if not isinstance(rate, int) or isinstance(rate, bool):
        return wrong_type(rate, path, "an integer")
    message = f"Invalid value: {briefly(rate)}. Supported values are: 24000."
    return RefusedError(400, message, code="invalid_value", param=dotted(path))


# ── the fields and the rules ─────────────────────────────────────────────────────────────────────


def _refused(finding: Finding, request: Request, form: Form) -> RefusedError:
    values = {"session": request.session, "expires_after": request.expires_after}
    path = _placed(finding.path, form)
    case = _Case(finding, path, _value_at(values, finding.path), _field_at(finding.path))
    words = _WORDS.get(finding.kind, _in_own_words)
    return words(case)


def _placed(path: Path, form: Form) -> Path:
    """Where a path of the profile stands in the body; a field without a place, in its parent."""
    return form.place(path) or (*(form.place(path[:-1]) or ()), path[-1])


def _value_at(value: Any, path: Path) -> object:
    for part in path:
        if isinstance(value, Mapping):
            value = value.get(part)
        else:
            value = value[part] if isinstance(value, list) and isinstance(part, int) else None
    return value


def _field_at(path: Path) -> Field:
    field = REQUEST
    for part in path:
        field = field.by_name.get(str(part), field)
    return field


def _bad_type(case: _Case) -> RefusedError:
    in_list = isinstance(case.path[-1], int)
    expected = "a string" if in_list else _NAMES[case.field.type]
    return wrong_type(case.value, case.path, expected)


def _bad_value(case: _Case) -> RefusedError:
    return not_one_of(case.value, case.path, case.field.values)


def _out_of_range(case: _Case) -> RefusedError:
    kind = "integer" if case.field.type is Type.INTEGER else "decimal"
    low, high, value = case.field.minimum, case.field.maximum, case.value
    below = isinstance(value, int | float) and low is not None and value < low
    side, bound = ("below minimum", f">= {low}") if below else ("above maximum", f"<= {high}")
    message = (
        f"Invalid '{case.param}': {kind} {side} value. "
        f"Expected a value {bound}, but got {briefly(value)} instead."
    )
    code = f"{kind}_{'below_min' if below else 'above_max'}_value"
    return RefusedError(400, message, code=code, param=case.param)


def _empty_list(case: _Case) -> RefusedError:
    message = (
        f"Invalid '{case.param}': empty array. Expected an array with minimum length "
        f"{case.field.min_items}, but got an empty array instead."
    )
    return RefusedError(400, message, code="empty_array", param=case.param)


def _unsupported(case: _Case) -> RefusedError:
    message = f"Unsupported parameter: '{case.param}' is not supported with this model."
    return RefusedError(400, message, code="unsupported_parameter", param=case.param)


def _must_be_null(case: _Case) -> RefusedError:
    depth = 1 if case.path[-1] == "type" else 0
    param = dotted(case.path[: len(case.path) - depth])
    message = f"Turn detection is not supported with this model: '{param}' must be null."
    return RefusedError(400, message, code="invalid_value", param=param)


def _bad_language(case: _Case) -> RefusedError:
    message = (
        f"Invalid language {quoted(case.value)}. "
        "Language parameter must be specified in ISO-639-1 format."
    )
    return RefusedError(400, message, code="invalid_language_format", param=case.param)


def _in_own_words(case: _Case) -> RefusedError:
    message = case.finding.kind.message.format_map(case.finding.facts)
    return RefusedError(400, message, code="invalid_value", param=case.param)


_WORDS: Mapping[object, Callable[[_Case], RefusedError]] = {
    wording.UNKNOWN_KEY: lambda case: unknown(case.path),
    wording.WRONG_TYPE: _bad_type,
    wording.WRONG_ITEM: _bad_type,
    wording.NULL_NOT_TAKEN: _bad_type,
    wording.BAD_VALUE: _bad_value,
    wording.OUT_OF_RANGE: _out_of_range,
    wording.EMPTY_LIST: _empty_list,
    rules.MISSING_MODEL: lambda case: missing((*case.path, "model")),
    rules.TURN_DETECTION_NEEDS_TYPE: lambda case: missing((*case.path, "type")),
    rules.FIELD_NOT_OF_TYPE: lambda case: unknown(case.path),
    rules.NO_PLACE: lambda case: unknown(case.path),
    rules.FIELD_NOT_OF_MODEL: _unsupported,
    rules.MODEL_NEEDS_NO_TURN_DETECTION: _must_be_null,
    rules.BAD_LANGUAGE: _bad_language,
}

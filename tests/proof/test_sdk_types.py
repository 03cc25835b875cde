"""The field table beside the OpenAI Python SDK's types, and bodies that those types produce."""

import inspect
import json
import re
from collections.abc import Callable
from functools import cache
from types import NoneType
from typing import Any, Literal, NamedTuple, get_args, get_origin

import pytest
from hypothesis import given, strategies as st
from openai.types.realtime import audio_transcription_param

from tests.profiles.importing.pasting import exactly, profile_of, read
from tests.profiles.importing.test_laws import normal
from tests.profiles.laws import law
from tests.proof.sdk_types import LISTS, ROOTS, drawn, leaves
from tests.sources import project
from voxmint.problems import Problem
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.explained import field_entries
from voxmint.profiles.fields import Field, Type
from voxmint.profiles.models import TABLE
from voxmint.profiles.order import Order
from voxmint.profiles.pipeline import compile_project

# ── the field table ──────────────────────────────────────────────────────────────────────────────

ONLY_OURS: dict[str, dict[str, str]] = {
    "client_secrets": {},
    "transcription_sessions": {
        f"input_audio_transcription.{name}": "the published schema of the flat body has it"
        for name in ("languages", "keywords", "delay")
    },
}
"""Fields that a body has a place for, and that the SDK's types lack, with why they are there."""

_TYPES: dict[Type, Any] = {
    Type.STRING: str,
    Type.INTEGER: int,
    Type.NUMBER: float,
    Type.BOOLEAN: bool,
}


@cache
def typed(api: str) -> dict[str, set[Any]]:
    """What the SDK's types say may stand at each path of a body."""
    found: dict[str, set[Any]] = {}
    for path, kind in leaves(ROOTS[api]):
        found.setdefault(".".join(map(str, path)), set()).add(kind)
    return found


def tabled(api: str) -> dict[str, Field]:
    """The fields of the table by their path in the body, maps aside."""
    return {
        place: entry.field
        for entry in field_entries()
        if entry.field.type is not Type.OBJECT and (place := entry.places[api])
    }


_AROUND = {"session.type", "session.audio.input.format.type", "session.audio.input.format.rate"}
"""What a body has beside the fields: `input_audio_format` is written as a map there."""


@pytest.mark.parametrize("api", ROOTS)
def test_the_fields_are_those_of_the_types(api: str) -> None:
    ours = {place for place in tabled(api) if not place.endswith("input.format")}
    theirs = {path for path in typed(api) if tabled(api).get(path) or path not in _AROUND}
    # What may be null as a whole is a path of its own.
    theirs -= {path for path in theirs if any(one.startswith(f"{path}.") for one in ours)}
    assert theirs - ours == set()
    assert ours - theirs == set(ONLY_OURS[api])


@pytest.mark.parametrize("api", ROOTS)
def test_a_field_takes_what_its_type_does(api: str) -> None:
    for place, field in tabled(api).items():
        kinds = typed(api).get(place, set())
        if kinds and not place.endswith("input.format"):
            assert values(kinds) in (set(), set(field.values), set(field.known)), place
            assert NoneType not in kinds or field.nullable, place
            assert bases(kinds) == {_TYPES.get(field.type, list)}, place


MODELS_SINCE = {"gpt-4o-transcribe", "gpt-4o-mini-transcribe", "whisper-1"}


def values(kinds: set[Any]) -> set[Any]:
    """The values that a closed type names, or the items of its list; the models of the beta, which
    are as old as it, aside."""
    inner = {get_args(kind)[0] if get_origin(kind) is list else kind for kind in kinds}
    named = {value for kind in inner if get_origin(kind) is Literal for value in get_args(kind)}
    return set() if named == MODELS_SINCE else named


def bases(kinds: set[Any]) -> set[Any]:
    """The types behind closed ones and lists, null aside."""
    found = {
        type(get_args(kind)[0]) if get_origin(kind) is Literal else get_origin(kind) or kind
        for kind in kinds - {NoneType}
    }
    return {list if kind in LISTS else kind for kind in found}


def test_the_models_that_end_are_those_that_the_types_say_end() -> None:
    told = inspect.getsource(audio_transcription_param).partition("Deprecated values:")[2]
    said, day = told.split("Announced shutdown date:")
    assert day.split()[0] == "2027-02-26."
    ending = set(re.findall(r'"([^"]+)"', said))
    assert ending == {model.name for model in TABLE.values() if model.ends}


# ── bodies that the types produce ────────────────────────────────────────────────────────────────


class Known(NamedTuple):
    """Why voxmint refuses a body that the SDK's types allow, and one that goes against it."""

    why: str
    fits: Callable[[Problem], bool]
    example: dict[str, Any]


def at(code: str, *names: str) -> Callable[[Problem], bool]:
    return lambda one: one.code == code and (one.path or "").rpartition(".")[2] in names


def heard(**fields: Any) -> dict[str, Any]:
    return {"input_audio_transcription": {"model": "gpt-transcribe", **fields}}


def detects(**fields: Any) -> dict[str, Any]:
    return {**heard(), "turn_detection": fields}


KNOWN = (
    Known(
        "The docstrings say ISO-639-1, and the type any text.",
        lambda one: one.code == "bad-language",
        heard(language="english"),
    ),
    Known(
        "The published schema wants an item, which a type cannot say.",
        at("empty-list", "languages"),
        heard(languages=[]),
    ),
    Known(
        "The docstrings say 0.0 to 1.0.",
        at("out-of-range", "threshold"),
        detects(type="server_vad", threshold=1.5),
    ),
    Known(
        "The published schema says 5000 to 30000.",
        at("out-of-range", "idle_timeout_ms"),
        detects(type="server_vad", idle_timeout_ms=1),
    ),
    Known(
        "The docstrings say 10 to 7200.",
        at("out-of-range", "seconds"),
        {**heard(), "expires_after": {"seconds": 5}},
    ),
    Known(
        "The docstrings say which models take what.",
        lambda one: one.code == "field-not-of-model",
        heard(delay="low"),
    ),
    Known(
        "The docstrings say that gpt-realtime-whisper needs turn detection to be null.",
        lambda one: one.code == "model-needs-no-turn-detection",
        {
            "input_audio_transcription": {"model": "gpt-realtime-whisper"},
            "turn_detection": {"type": "server_vad"},
        },
    ),
    Known(
        "The flat type has the fields of both types of turn detection in one; the docstrings say "
        "`used only for` of each.",
        lambda one: one.code == "field-not-of-type",
        detects(type="semantic_vad", threshold=0.5),
    ),
    Known(
        "The flat type takes any text; its docstring and the published schema name one.",
        at("bad-value", "0", "1", "2"),
        {**heard(), "include": ["zzz"]},
    ),
)
NOT_READ = {
    "unknown-body": "A body that says nothing, or nothing of its own, is of neither form.",
    "key-in-body": "A text in it looks like a key.",
    "missing-key": "A format without its `type` is none of the three formats.",
}
"""Why `import` makes no profile of a body, besides what is wrong with it."""


class Checked(NamedTuple):
    """What `import` and then `validate` say of a body: errors, and what it renders to."""

    errors: list[Problem]
    rendered: Any = None


def checked(body: dict[str, Any], api: str) -> Checked:
    """What is wrong is said by `import` already, and then no profile is written."""
    imported = read(json.dumps(body))
    if imported.request is None:
        return Checked([one for one in imported.problems if one.is_error])
    files = project(
        {"p": profile_of(imported.request)}, {"e": f"provider: {{kind: emulator, api: {api}}}"}
    )
    compilation = compile_project(files, Order())
    [compiled] = compilation.bodies.values()
    return Checked([one for one in compilation.problems if one.is_error], compiled.body)


@pytest.mark.parametrize("api", ROOTS)
@law(150)
@given(st.data())
def test_a_body_of_the_types_is_right_but_for_what_is_listed(api: str, data: st.DataObject) -> None:
    body = data.draw(drawn(ROOTS[api]))
    for one in checked(body, api).errors:
        is_known = one.code in NOT_READ or any(known.fits(one) for known in KNOWN)
        assert is_known, f"{one.code} at {one.path}: {body}"


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.why)
def test_each_listed_reason_is_one(known: Known) -> None:
    lifetime = known.example.get("expires_after")
    session = {name: one for name, one in known.example.items() if name != "expires_after"}
    for api, form in FORMS.items():
        found = checked(form.build(session, lifetime), api).errors
        assert found or "idle_timeout_ms" in str(session)
        assert all(known.fits(one) for one in found)


PLAUSIBLE: dict[str, Callable[[Any], Any]] = {
    "model": lambda _: "our-deployment",
    "language": lambda _: "no",
    "languages": lambda given: ["no", "de"][: len(given)] or ["no"],
    "include": lambda given: ["item.input_audio_transcription.logprobs"] * bool(given),
    "threshold": lambda given: abs(given) % 1,
    "seconds": lambda given: 10 + abs(given) % 7000,
    "idle_timeout_ms": lambda given: given if given is None else 5000 + abs(given) % 20_000,
}
"""What takes a listed reason out of a body, by the field."""
_OF_SERVER_VAD = ("threshold", "prefix_padding_ms", "silence_duration_ms", "idle_timeout_ms")


def plausible(value: Any, name: str = "") -> Any:
    if name in PLAUSIBLE:
        return PLAUSIBLE[name](value)
    if not isinstance(value, dict):
        return value
    rest = {key: plausible(inner, key) for key, inner in value.items()}
    if name == "format" and "type" not in rest:
        return {"type": "audio/pcm"}
    if rest.get("client_secret") == {}:
        del rest["client_secret"]  # it says nothing, and is not written again
    if name == "turn_detection":
        wrong = _OF_SERVER_VAD if rest.get("type") == "semantic_vad" else ("eagerness",)
        return {key: inner for key, inner in rest.items() if key not in wrong}
    return rest


@pytest.mark.parametrize("api", ROOTS)
@law(150)
@given(st.data())
def test_without_those_reasons_it_is_right_and_renders_to_itself(
    api: str, data: st.DataObject
) -> None:
    body = plausible(data.draw(drawn(ROOTS[api])))
    found = checked(body, api)
    assert {one.code for one in found.errors} <= {"unknown-body", "key-in-body"}
    if not found.errors:
        assert exactly(found.rendered) == exactly(normal(api, body))

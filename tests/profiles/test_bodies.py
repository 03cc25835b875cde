"""The two bodies: from a session and back, each state of a value kept."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.profiles.laws import law
from tests.profiles.published import FLAT_BODIES, NESTED_BODIES
from tests.profiles.sessions import LIFETIMES, SERVER_VAD, SESSIONS
from voxmint.origin import dotted
from voxmint.profiles.bodies import FORMS, Form
from voxmint.profiles.bodies.translate import translated
from voxmint.profiles.fields import REQUEST, Field

FLAT, NESTED = FORMS["transcription_sessions"], FORMS["client_secrets"]
FORM_NAMES = sorted(FORMS)

LOGPROBS = "item.input_audio_transcription.logprobs"
ALL: dict[str, Any] = {
    "modalities": ["text"],
    "input_audio_format": "g711_ulaw",
    "input_audio_transcription": {"model": "m", "language": "no", "prompt": "", "keywords": []},
    "input_audio_noise_reduction": {"type": "far_field"},
    "turn_detection": {"type": "server_vad", "threshold": 0.5, "idle_timeout_ms": 5000},
    "include": [LOGPROBS],
}


def test_the_flat_body() -> None:
    assert FLAT.build(ALL, {"seconds": 60}) == {
        "modalities": ["text"],
        "input_audio_format": "g711_ulaw",
        "input_audio_transcription": {
            "model": "m",
            "language": "no",
            "prompt": "",
            "keywords": [],
        },
        "input_audio_noise_reduction": {"type": "far_field"},
        "turn_detection": {"type": "server_vad", "threshold": 0.5},
        "include": [LOGPROBS],
        "client_secret": {"expires_at": {"anchor": "created_at", "seconds": 60}},
    }


def test_the_nested_body() -> None:
    assert NESTED.build(ALL, {"seconds": 60}) == {
        "expires_after": {"anchor": "created_at", "seconds": 60},
        "session": {
            "type": "transcription",
            "audio": {
                "input": {
                    "format": {"type": "audio/pcmu"},
                    "transcription": {
                        "model": "m",
                        "language": "no",
                        "prompt": "",
                        "keywords": [],
                    },
                    "noise_reduction": {"type": "far_field"},
                    "turn_detection": {
                        "type": "server_vad",
                        "threshold": 0.5,
                        "idle_timeout_ms": 5000,
                    },
                }
            },
            "include": [LOGPROBS],
        },
    }


@pytest.mark.parametrize(
    ("name", "nested"),
    [
        ("pcm16", {"type": "audio/pcm", "rate": 24000}),
        ("g711_ulaw", {"type": "audio/pcmu"}),
        ("g711_alaw", {"type": "audio/pcma"}),
    ],
)
def test_each_format_of_audio(name: str, nested: object) -> None:
    body = NESTED.build({"input_audio_format": name}, None)
    assert body["session"]["audio"]["input"] == {"format": nested}
    assert NESTED.read(body).session == {"input_audio_format": name}


def test_a_body_that_says_nothing() -> None:
    assert FLAT.build({}, None) == {}
    assert NESTED.build({}, None) == {"session": {"type": "transcription"}}
    assert NESTED.build({}, {}) == {
        "expires_after": {"anchor": "created_at"},
        "session": {"type": "transcription"},
    }


@pytest.mark.parametrize("name", ["input_audio_noise_reduction", "turn_detection"])
def test_null_stays_null_and_absent_stays_absent(name: str) -> None:
    inner = {"input_audio_noise_reduction": "noise_reduction"}.get(name, name)
    assert FLAT.build({name: None}, None) == {name: None}
    assert NESTED.build({name: None}, None)["session"]["audio"] == {"input": {inner: None}}
    for form in FORMS.values():
        assert form.read(form.build({name: None}, None)).session == {name: None}
        assert form.read(form.build({}, None)).session == {}
        assert form.read(form.build({name: {}}, None)).session == {name: {}}


def test_building_changes_nothing_that_it_is_given() -> None:
    before = repr(ALL)
    lifetime = {"seconds": 60}
    for form in FORMS.values():
        form.build(ALL, lifetime)
    assert (repr(ALL), lifetime) == (before, {"seconds": 60})


# ── there and back ───────────────────────────────────────────────────────────────────────────────

EXTRA: dict[str, st.SearchStrategy[Any]] = {
    "transcription_sessions": st.fixed_dictionaries(
        {}, optional={"modalities": st.sampled_from([["text"], ["audio", "text"], []])}
    ),
    "client_secrets": st.fixed_dictionaries(
        {},
        optional={
            "turn_detection": SERVER_VAD.map(lambda one: {**one, "idle_timeout_ms": 5000}),
            "input_audio_noise_reduction": st.fixed_dictionaries({"strength": st.floats(0, 2)}),
        },
    ),
}


def anchored(lifetime: Any) -> Any:
    return None if lifetime is None else {"anchor": "created_at", **lifetime}


@pytest.mark.parametrize("name", FORM_NAMES)
@law(100)
@given(st.data())
def test_reading_a_body_gives_what_it_was_built_from(name: str, data: st.DataObject) -> None:
    form = FORMS[name]
    session = {**data.draw(SESSIONS), **data.draw(EXTRA[name])}
    lifetime = data.draw(LIFETIMES)
    request = form.read(form.build(session, lifetime))
    assert (request.session, request.expires_after) == (session, anchored(lifetime))
    assert request.unplaced == ()
    body = form.build(session, lifetime)
    assert form.build(request.session, request.expires_after) == body


@law(100)
@given(SESSIONS, LIFETIMES)
def test_each_body_can_be_made_of_the_other(session: Any, lifetime: Any) -> None:
    flat, nested = FLAT.build(session, lifetime), NESTED.build(session, lifetime)
    from_flat, from_nested = FLAT.read(flat), NESTED.read(nested)
    assert NESTED.build(from_flat.session, from_flat.expires_after) == nested
    assert FLAT.build(from_nested.session, from_nested.expires_after) == flat


# ── from one form to the other ───────────────────────────────────────────────────────────────────


@law(300)
@given(FLAT_BODIES)
def test_flat_to_nested_to_flat_is_the_identity(body: Any) -> None:
    nested = translated(body, FLAT, NESTED)
    assert nested.lost == ()
    back = translated(nested.body, NESTED, FLAT)
    assert (back.body, back.lost) == (body, ())
    assert exactly(back.body) == exactly(body)


@law(300)
@given(NESTED_BODIES)
def test_nested_to_flat_keeps_all_but_what_it_names(body: Any) -> None:
    flat = translated(body, NESTED, FLAT)
    back = NESTED.build(*translated_session(flat.body))
    assert exactly(back) == exactly(normal(body, flat.lost))


def translated_session(flat: Any) -> tuple[Any, Any]:
    request = FLAT.read(flat)
    assert request.unplaced == ()
    return request.session, request.expires_after


def normal(body: Any, lost: Any) -> Any:
    """The body without what was lost, and with what the nested form always writes."""
    inner = {**body.get("session", {})}
    audio = {**inner.pop("audio", {}).get("input", {})}
    if audio.get("format") == {"type": "audio/pcm"}:
        audio["format"] = {"type": "audio/pcm", "rate": 24000}
    for path in lost:
        if path == ("session", "audio", "input", "format"):
            # No type, so no format: the schema does not require one.
            assert "type" not in audio.pop("format")
            continue
        assert path == ("session", "audio", "input", "turn_detection", "idle_timeout_ms")
        detection = audio["turn_detection"]
        audio["turn_detection"] = {key: detection[key] for key in detection if key != path[-1]}
    result: dict[str, Any] = {}
    if "expires_after" in body:
        result["expires_after"] = {"anchor": "created_at", **body["expires_after"]}
    session = {**({"audio": {"input": audio}} if audio else {}), **inner}
    return {**result, "session": {"type": "transcription", **session}}


def exactly(value: Any) -> Any:
    """The value in a form in which `1`, `1.0` and `true` differ."""
    if isinstance(value, dict):
        return {key: exactly(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [exactly(item) for item in value]
    return type(value), value


def test_what_is_lost_is_named_by_its_path() -> None:
    body = NESTED.build({"turn_detection": {"type": "server_vad", "idle_timeout_ms": 5000}}, None)
    body["session"]["tracing"] = "auto"
    found = translated(body, NESTED, FLAT)
    assert found.body == {"turn_detection": {"type": "server_vad"}}
    assert [dotted(path) for path in found.lost] == [
        "session.tracing",
        "session.audio.input.turn_detection.idle_timeout_ms",
    ]
    assert translated({"modalities": ["text"]}, FLAT, NESTED).lost == (("modalities",),)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_lifetime_that_says_nothing_is_one(form: Form) -> None:
    body = form.build({}, {})
    assert form.read(body).expires_after == {"anchor": "created_at"}
    assert form.read(form.build({}, None)).expires_after is None


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_the_keys_around_the_fields_are_those_of_every_body(form: Form) -> None:
    body = form.build(ALL, {"seconds": 60})
    for path, names in form.around.items():
        assert set(reached(body, path)) <= set(names)
        assert form.read({**body, "x": 1}).unplaced == (("x",),)


def test_a_format_is_read_without_its_rate_too() -> None:
    body = {"session": {"audio": {"input": {"format": {"type": "audio/pcm"}}}}}
    assert NESTED.read(body).session == {"input_audio_format": "pcm16"}


@pytest.mark.parametrize(
    ("name", "body", "unplaced"),
    [
        ("transcription_sessions", {"model": "x"}, ["model"]),
        ("transcription_sessions", {"client_secret": None}, ["client_secret"]),
        ("transcription_sessions", {"client_secret": {"expires_at": 3}}, ["client_secret"]),
        ("transcription_sessions", {"client_secret": {}}, []),
        (
            "transcription_sessions",
            {"client_secret": {"expires_at": {"seconds": 60}, "value": "x"}},
            ["client_secret.value"],
        ),
        ("client_secrets", {"model": "x", "session": {}}, ["model"]),
        ("client_secrets", {"session": []}, ["session"]),
        ("client_secrets", {"session": {"type": "realtime"}}, ["session.type"]),
        ("client_secrets", {"session": {"turn_detection": None}}, ["session.turn_detection"]),
        ("client_secrets", {"session": {"audio": {"output": {}}}}, ["session.audio.output"]),
        ("client_secrets", {"session": {"audio": {"input": 3}}}, ["session.audio.input"]),
        (
            "client_secrets",
            {"session": {"audio": {"input": {"format": "pcm16", "x": 1}}}},
            ["session.audio.input.x", "session.audio.input.format"],
        ),
        ("client_secrets", {"expires_after": 600}, ["expires_after"]),
    ],
)
def test_what_a_profile_has_no_field_for_is_named(
    name: str, body: Any, unplaced: list[str]
) -> None:
    found = FORMS[name].read(body).unplaced
    assert sorted(".".join(map(str, path)) for path in found) == sorted(unplaced)


KEYS = st.sampled_from(
    [
        *("session", "audio", "input", "type", "format", "include", "expires_after", "seconds"),
        *("client_secret", "expires_at", "turn_detection", "transcription", "noise_reduction", "x"),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("name", FORM_NAMES)
@law(100)
@given(st.dictionaries(KEYS, JSON, max_size=4))
def test_any_body_can_be_read(name: str, body: Any) -> None:
    request = FORMS[name].read(body)
    assert set(request.session) <= set(ALL)


# ── places ───────────────────────────────────────────────────────────────────────────────────────


def paths(field: Field, at: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    below = [path for inner in field.fields for path in paths(inner, (*at, inner.name))]
    return [at, *below] if at else below


def reached(body: Any, path: Any) -> Any:
    for part in path:
        body = body[part]
    return body


@pytest.mark.parametrize("name", FORM_NAMES)
@law(60)
@given(st.data())
def test_each_path_of_a_profile_has_the_place_where_the_body_has_its_value(
    name: str, data: st.DataObject
) -> None:
    form = FORMS[name]
    session = {**data.draw(SESSIONS), **data.draw(EXTRA[name])}
    request = {"session": session, "expires_after": {"seconds": 60}}
    body = form.build(session, request["expires_after"])
    for path in paths(REQUEST):
        try:
            value = reached(request, path)
        except (KeyError, TypeError):
            continue
        place = form.place(path)
        if place is None:
            assert path in (("session",), ("session", "modalities"))
        elif path != ("expires_after",) and path[1:] != ("input_audio_format",):
            assert reached(body, place) == value


def test_what_has_no_place_is_known() -> None:
    unplaced = {
        name: {".".join(path[1:]) for path in paths(REQUEST) if form.place(path) is None}
        for name, form in FORMS.items()
    }
    assert unplaced == {
        "transcription_sessions": {
            "",
            "input_audio_noise_reduction.strength",
            "turn_detection.idle_timeout_ms",
        },
        "client_secrets": {"", "modalities"},
    }


def test_a_detection_of_either_type_is_placed_whole() -> None:
    assert FLAT.place(("session", "turn_detection", "threshold")) == ("turn_detection", "threshold")
    assert NESTED.place(("session", "turn_detection", "threshold")) == (
        *("session", "audio", "input"),
        *("turn_detection", "threshold"),
    )


def test_what_has_no_place_below_a_field_is_left_out_and_the_rest_stays() -> None:
    session = {
        "input_audio_noise_reduction": {"type": "far_field", "strength": 0.8},
        "turn_detection": {"type": "server_vad", "idle_timeout_ms": 6000},
    }
    assert FLAT.build(session, None) == {
        "input_audio_noise_reduction": {"type": "far_field"},
        "turn_detection": {"type": "server_vad"},
    }
    nested = NESTED.build(session, None)
    lost = translated(nested, NESTED, FLAT).lost
    assert lost == (
        ("session", "audio", "input", "noise_reduction", "strength"),
        ("session", "audio", "input", "turn_detection", "idle_timeout_ms"),
    )

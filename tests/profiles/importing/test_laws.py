"""Import, then render, is the identity: on every body, in every form and way of pasting it."""

import json
from typing import Any

import pytest
from hypothesis import assume, given, settings, strategies as st

from tests.profiles.importing.pasting import (
    against,
    curl,
    exactly,
    given_by,
    profile_of,
    project_with,
    read,
    request_of,
)
from tests.profiles.laws import law
from tests.profiles.published import FLAT_BODIES, NESTED_BODIES, TEXTS
from tests.profiles.sessions import LIFETIMES, SESSIONS
from tests.profiles.writing import as_yaml as styled
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.bodies.form import Request
from voxmint.profiles.importing.rendering import ALONE, rendered
from voxmint.profiles.importing.tree import tree_of, written

PUBLISHED = {"transcription_sessions": FLAT_BODIES, "client_secrets": NESTED_BODIES}
APIS = sorted(FORMS)
PROMPTS = st.fixed_dictionaries(
    {"input_audio_transcription": st.fixed_dictionaries({"model": TEXTS, "prompt": TEXTS})}
)
"""Texts that YAML, templates or both would take for something else."""


def normal(api: str, body: Any) -> Any:
    """The body with what is always written, though it says nothing new."""
    for lifetime in (body.get("expires_after"), body.get("client_secret", {}).get("expires_at")):
        if lifetime is not None:
            lifetime.setdefault("anchor", "created_at")
    if api == "client_secrets":
        session = body.setdefault("session", {})
        session.setdefault("type", "transcription")
        audio = session.get("audio", {}).get("input", {})
        if audio.get("format") == {"type": "audio/pcm"}:
            audio["format"]["rate"] = 24000
        if not audio:
            session.pop("audio", None)
    return body


@st.composite
def bodies(draw: st.DrawFn, api: str) -> Any:
    """A body of the endpoint that import may take, with texts of every kind."""
    if draw(st.booleans()):
        return draw(PUBLISHED[api])
    session = {**draw(SESSIONS), **(draw(PROMPTS) if draw(st.booleans()) else {})}
    return FORMS[api].build(session, draw(LIFETIMES))


@st.composite
def pasted(draw: st.DrawFn, body: Any) -> str:
    """The body as it may be pasted: JSON in several layouts, YAML, or a command."""
    way = draw(st.sampled_from(["json", "yaml", "curl"]))
    if way == "yaml":
        return draw(styled(body))
    text = json.dumps(
        body,
        indent=draw(st.sampled_from([None, 2, "\t"])),
        ensure_ascii=draw(st.booleans()),
        sort_keys=draw(st.booleans()),
    )
    return text if way == "json" else curl(text)


@pytest.mark.parametrize("api", APIS)
@law(60)
@given(st.data())
def test_import_then_render_is_the_identity(api: str, data: st.DataObject) -> None:
    is_identity(api, data)


@pytest.mark.slow
@pytest.mark.parametrize("api", APIS)
@settings(max_examples=2000, deadline=None)
@given(st.data())
def test_import_then_render_is_the_identity_on_many(api: str, data: st.DataObject) -> None:
    is_identity(api, data)


def is_identity(api: str, data: st.DataObject) -> None:
    body = data.draw(bodies(api))
    imported = read(data.draw(pasted(body)))
    assume(imported.request is not None)
    assert imported.request is not None
    again = rendered(profile_of(imported.request)).body(api)
    assert exactly(again) == exactly(normal(api, body))


@law(100)
@given(SESSIONS, LIFETIMES)
def test_what_is_right_is_never_refused(session: Any, lifetime: Any) -> None:
    for form in FORMS.values():
        imported = read(json.dumps(form.build(session, lifetime)))
        assert imported.request is not None
        assert imported.form is form


# ── against a base ───────────────────────────────────────────────────────────────────────────────

CHANGES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "input_audio_noise_reduction": st.none(),
        "input_audio_format": st.just("g711_ulaw"),
        "turn_detection": st.none(),
        "include": st.just([]),
    },
)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    return Request(draw(SESSIONS), draw(LIFETIMES))


@st.composite
def near(draw: st.DrawFn, request: Request) -> Request:
    """A request like the given one, but for a few fields: that is what people import."""
    session = dict(request.session)
    for name in draw(st.sets(st.sampled_from(sorted(session)), max_size=2)):
        del session[name]
    return Request(session | draw(CHANGES), draw(LIFETIMES))


TEMPLATED = """
abstract: true
vars: {who: A clinician}
session:
  input_audio_transcription: {prompt: "{{ vars.who }} speaks.", language: "{{ env.language }}"}
  turn_detection: {type: "{{ 'server_vad' }}", threshold: "{{ 0.5 }}", silence_duration_ms: 300}
  include: ["{{ env.zzz }}"]
expires_after: {seconds: "{{ vars.lifetime }}"}
"""
"""A base of which some templates need what only an environment has."""


ONE_SIDED = """
abstract: true
session:
  modalities: [text]
  input_audio_noise_reduction: {strength: 0.8}
  turn_detection: {type: server_vad, idle_timeout_ms: 6000}
"""
"""A base of which each body has no place for something."""


VAD = {"type": "server_vad"}
STRONG = {"input_audio_noise_reduction": {"strength": 0.8}}
WEAK: dict[str, Any] = {"input_audio_noise_reduction": {}, "modalities": ["text"]}


@pytest.mark.parametrize(
    ("api", "session", "said"),
    [
        ("client_secrets", {**STRONG, "turn_detection": {**VAD, "idle_timeout_ms": 6000}}, {}),
        ("transcription_sessions", {**WEAK, "turn_detection": VAD}, {}),
        # What it can say and does not, goes; and so does what the other type does not have.
        (
            "client_secrets",
            {**STRONG, "turn_detection": VAD},
            {"turn_detection": {"idle_timeout_ms": {"$unset": True}}},
        ),
        (
            "transcription_sessions",
            {**WEAK, "turn_detection": {"type": "semantic_vad"}},
            {"turn_detection": {"type": "semantic_vad"}},
        ),
    ],
)
def test_what_a_body_cannot_say_stays_as_the_base_has_it(
    api: str, session: dict[str, Any], said: dict[str, Any]
) -> None:
    setting = project_with(base=ONE_SIDED.replace("abstract: true", ""))
    request = request_of(json.dumps(FORMS[api].build(session, None)))
    tree = against("base", request, setting, FORMS[api])
    assert tree == {"extends": "base", **({"session": said} if said else {})}


@law(80)
@given(st.data())
def test_against_a_base_it_is_the_identity_too(data: st.DataObject) -> None:
    is_identity_against(data)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None)
@given(st.data())
def test_against_a_base_it_is_the_identity_too_on_many(data: st.DataObject) -> None:
    is_identity_against(data)


def is_identity_against(data: st.DataObject) -> None:
    base = data.draw(requests())
    wanted = data.draw(near(base) | requests())
    far = data.draw(st.sampled_from(["abstract: true\n", TEMPLATED, ONE_SIDED]))
    setting = project_with(far=far, base="extends: far\n" + profile_of(base).replace("{}\n", ""))
    api = data.draw(st.sampled_from(APIS))
    request = request_of(json.dumps(FORMS[api].build(wanted.session, wanted.expires_after)))
    tree = against("base", request, setting, FORMS[api])
    given = given_by(tree, setting)
    assert given.problems == ()
    expected = FORMS[api].build(wanted.session, wanted.expires_after)
    assert exactly(given.body(api)) == exactly(expected)


@law(40)
@given(requests())
def test_what_the_base_gives_is_not_said_again(request: Request) -> None:
    setting = project_with(base=profile_of(request))
    assert against("base", request, setting) == {"extends": "base"}


@law(40)
@given(st.data())
def test_nothing_is_said_that_could_be_left_out(data: st.DataObject) -> None:
    base = data.draw(requests())
    wanted = data.draw(near(base))
    setting = project_with(base=profile_of(base))
    tree = against("base", wanted, setting)
    whole = given_by(tree, setting)
    for name in tree.get("session", {}):
        rest = {key: value for key, value in tree["session"].items() if key != name}
        without = given_by({**tree, "session": rest}, setting)
        assert exactly(without.session) != exactly(whole.session)


# ── texts ────────────────────────────────────────────────────────────────────────────────────────


@law(200)
@given(TEXTS | st.text("{}%#' \n\rx-", max_size=12))
def test_any_text_stays_what_it_is(text: str) -> None:
    session = {"input_audio_transcription": {"model": "m", "prompt": text}}
    tree = written(tree_of(Request(session, None)))
    again = given_by(tree, ALONE)
    assert exactly(again.session) == exactly(session)

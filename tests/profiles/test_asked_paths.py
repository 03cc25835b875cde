"""A value is found by the profile's path and by that of the body."""

import pytest

from tests.sources import project
from voxmint.profiles.asked_paths import as_profiles, chosen, is_sent, place_of
from voxmint.profiles.blame import absent, blame
from voxmint.profiles.compiled import CompiledBody
from voxmint.profiles.pipeline import compile_project

PROFILE = """\
session:
  input_audio_format: pcm16
  input_audio_transcription: {model: gpt-transcribe, keywords: [a, b]}
  turn_detection: {type: server_vad, threshold: 0.5}
  include: [item.input_audio_transcription.logprobs]
expires_after: {seconds: 60}
"""
APIS = ("client_secrets", "transcription_sessions")


def compiled(api: str) -> tuple[CompiledBody, list[str]]:
    """A body for an endpoint, and all the paths that can be told of it."""
    provider = f"provider: {{kind: emulator, api: {api}}}"
    compilation = compile_project(project({"p": PROFILE}, {"local": provider}))
    [body] = compilation.bodies.values()
    told = blame(body, compilation.profiles["p"], compilation.texts)
    return body, [*(one.path for one in told), *(one.path for one in absent(body))]


@pytest.mark.parametrize("api", APIS)
def test_both_ways_choose_the_same(api: str) -> None:
    body, paths = compiled(api)
    for path in paths:
        place = place_of(body, path)
        assert place is not None
        assert path in chosen(body, place, paths)
        for asked in (place, place.removeprefix("session."), f"session.{path}"):
            assert chosen(body, asked, paths) == chosen(body, path, paths)


@pytest.mark.parametrize(
    ("api", "asked", "expected"),
    [
        ("client_secrets", "session.audio.input.format.rate", {"input_audio_format"}),
        ("client_secrets", "session.audio.input.format.zzz", set()),
        (
            "client_secrets",
            "session.audio.input.transcription.keywords.1",
            {"input_audio_transcription.keywords.1"},
        ),
        ("client_secrets", "session.audio.inp", set()),
        ("client_secrets", "session.type", set()),
        ("transcription_sessions", "client_secret.expires_at.seconds", {"expires_after.seconds"}),
        ("transcription_sessions", "client_secret.expires_at.anchor", set()),
        ("transcription_sessions", "audio.input.format", set()),
    ],
)
def test_what_a_path_of_the_body_stands_for(api: str, asked: str, expected: set[str]) -> None:
    body, paths = compiled(api)
    assert chosen(body, asked, paths) == expected


@pytest.mark.parametrize("api", APIS)
def test_what_is_above_the_fields_stands_for_all_of_them(api: str) -> None:
    body, paths = compiled(api)
    fields = {path for path in paths if not path.startswith("expires_after")}
    assert chosen(body, "session", paths) == fields
    nested = {path for path in fields if not path.startswith("include")}
    assert chosen(body, "audio", paths) == (nested if api == "client_secrets" else set())


def test_what_is_sent_and_set_by_no_file() -> None:
    body, _ = compiled("client_secrets")
    assert is_sent(body, "session.type")
    assert is_sent(body, "session.include.0")
    assert not is_sent(body, "session.include.1")
    assert not is_sent(body, "session.include.zzz")
    assert as_profiles(body, "session.type") == ()

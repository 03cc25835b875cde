"""What a server's `param` points at."""

import pytest

from voxmint.origin import dotted
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.bodies.params import path_of


def found(api: str, param: str) -> str | None:
    path = path_of(param, FORMS[api])
    return None if path is None else dotted(path)


@pytest.mark.parametrize(
    ("param", "path"),
    [
        ("turn_detection.threshold", "session.turn_detection.threshold"),
        ("transcription", "session.input_audio_transcription"),
        ("transcription.languages[0]", "session.input_audio_transcription.languages"),
        ("format.type", "session.input_audio_format"),
        ("speed", None),
    ],
)
def test_a_param_of_the_nested_body_is_a_field(param: str, path: str | None) -> None:
    assert found("client_secrets", f"session.audio.input.{param}") == path


@pytest.mark.parametrize(
    ("param", "path"),
    [
        ("turn_detection.type", "session.turn_detection.type"),
        ("input_audio_transcription.model", "session.input_audio_transcription.model"),
        ("client_secret.expires_at.seconds", "expires_after.seconds"),
        ("turn_detection.idle_timeout_ms", "session.turn_detection"),
        ("..", None),
        ("", None),
    ],
)
def test_a_param_of_the_flat_body_is_a_field(param: str, path: str | None) -> None:
    assert found("transcription_sessions", param) == path


def test_what_is_round_the_fields_is_none() -> None:
    assert found("client_secrets", "session.type") is None
    assert found("client_secrets", "session") is None
    assert found("client_secrets", "expires_after.seconds") == "expires_after.seconds"

"""The body of `POST /realtime/client_secrets`: the session below `session.audio.input`.

The field `type: transcription` and the lifetime's anchor are always written. A session's
`modalities` have no place: a transcription session of this form has none.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from voxmint.origin import Path
from voxmint.profiles.bodies.form import Form, Request
from voxmint.profiles.fields import NESTED

FORMATS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "pcm16": {"type": "audio/pcm", "rate": 24000},
        "g711_ulaw": {"type": "audio/pcmu"},
        "g711_alaw": {"type": "audio/pcma"},
    }
)
"""What this form has for each audio format, by the format's flat name."""
_INPUT = MappingProxyType(
    {
        "input_audio_format": "format",
        "input_audio_transcription": "transcription",
        "input_audio_noise_reduction": "noise_reduction",
        "turn_detection": "turn_detection",
    }
)
_FLAT_NAMES = MappingProxyType({nested: flat for flat, nested in _INPUT.items()})


def build(session: Mapping[str, Any], expires_after: Mapping[str, Any] | None) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if expires_after is not None:
        body["expires_after"] = {"anchor": "created_at", **expires_after}
    inner: dict[str, Any] = {"type": "transcription"}
    body["session"] = inner
    audio = {nested: session[flat] for flat, nested in _INPUT.items() if flat in session}
    if "format" in audio:
        audio["format"] = FORMATS[audio["format"]]
    if audio:
        inner["audio"] = {"input": audio}
    if "include" in session:
        inner["include"] = session["include"]
    return body


def read(body: Mapping[str, Any]) -> Request:
    unplaced: list[Path] = []
    inner = _map(body, "session", (), unplaced, known=("session", "expires_after"))
    audio = _map(inner, "audio", ("session",), unplaced, known=("type", "audio", "include"))
    given = _map(audio, "input", ("session", "audio"), unplaced, known=("input",))
    if inner.get("type", "transcription") != "transcription":
        unplaced.append(("session", "type"))
    session: dict[str, Any] = {}
    for name, value in given.items():
        if name in _FLAT_NAMES:
            session[_FLAT_NAMES[name]] = value
        else:
            unplaced.append(("session", "audio", "input", name))
    _read_format(session, unplaced)
    if "include" in inner:
        session["include"] = inner["include"]
    return Request(session, _lifetime(body, unplaced), tuple(unplaced))


def _map(
    outer: Mapping[str, Any],
    name: str,
    at: Path,
    unplaced: list[Path],
    known: tuple[str, ...],
) -> Mapping[str, Any]:
    """The map below `name`; what else stands beside it, or instead of it, is unplaced."""
    unplaced += [(*at, other) for other in outer if other not in known]
    value = outer.get(name, {})
    if isinstance(value, Mapping):
        return value
    unplaced.append((*at, name))
    return {}


def _read_format(session: dict[str, Any], unplaced: list[Path]) -> None:
    if "input_audio_format" not in session:
        return
    given = session["input_audio_format"]
    for flat, nested in FORMATS.items():
        if given == nested or (flat == "pcm16" and given == {"type": "audio/pcm"}):
            session["input_audio_format"] = flat
            return
    del session["input_audio_format"]
    unplaced.append(("session", "audio", "input", "format"))


def _lifetime(body: Mapping[str, Any], unplaced: list[Path]) -> Mapping[str, Any] | None:
    if "expires_after" not in body:
        return None
    value = body["expires_after"]
    if isinstance(value, Mapping):
        return value
    unplaced.append(("expires_after",))
    return None


def place(path: Path) -> Path | None:
    match path:
        case ("expires_after", *rest):
            return ("expires_after", *rest)
        case ("session", "include", *rest):
            return ("session", "include", *rest)
        case ("session", str(name), *rest) if name in _INPUT:
            return ("session", "audio", "input", _INPUT[name], *rest)
        case _:
            return None


_AROUND: Mapping[Path, tuple[str, ...]] = MappingProxyType(
    {
        (): ("session", "expires_after"),
        ("session",): ("type", "audio", "include"),
        ("session", "audio"): ("input",),
        ("session", "audio", "input"): tuple(_FLAT_NAMES),
    }
)

FORM = Form(NESTED, build, read, place, _AROUND)

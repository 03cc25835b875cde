"""Minting: a body becomes the session that the server would make of it, and a token for it.

Defaults are those of the published examples. `null` stays null. What the service does not answer,
`keywords` and `delay`, or what has no effect in a transcription session, is not answered.
"""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from voxmint.engine.emulator.answers import Answer, RefusedError
from voxmint.engine.emulator.options import Options
from voxmint.engine.emulator.refusals import check
from voxmint.engine.emulator.tokens import Claim, issued
from voxmint.engine.emulator.wire import Request
from voxmint.profiles.bodies import FORMS, Form
from voxmint.profiles.fields import NESTED, SEMANTIC_VAD, SERVER_VAD
from voxmint.profiles.models import Answer as Takes, model_of

DEFAULT_LIFETIME = 600
"""Seconds that a token lives where the body asks for nothing else."""

SESSION_LIFETIME = 3600
"""Seconds after which a session ends, as long as the service lets one last."""


def mint(request: Request, options: Options, api: str) -> Answer:
    """The answer to a request to mint at this endpoint; `RefusedError` if it is refused."""
    form = FORMS[api]
    asked = check(_content_of(request), form)
    now = int(options.clock())
    lifetime = (asked.expires_after or {}).get("seconds", DEFAULT_LIFETIME)
    session = {
        "object": "realtime.transcription_session",
        "id": f"sess_{options.ids()}",
        "expires_at": now + SESSION_LIFETIME,
        **_answered(effective(asked.session, form), form),
    }
    claim = Claim(api, now + lifetime, session)
    return Answer(200, _with_token(claim, form), (("Cache-Control", "no-store"),))


def _with_token(claim: Claim, form: Form) -> Mapping[str, Any]:
    secret = {"value": issued(claim).reveal(), "expires_at": claim.expires_at}
    if form.name == NESTED:
        return {**secret, "session": claim.session}
    return {**claim.session, "client_secret": secret}


# ── the body ─────────────────────────────────────────────────────────────────────────────────────


def _content_of(request: Request) -> Mapping[str, Any]:
    if request.body is None:
        raise RefusedError(411, "The request has no body, and does not announce one.")
    _require_json(request.headers.get("content-type", ""))
    try:
        content = json.loads(request.body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        message = "We could not parse the JSON body of your request: it is not valid JSON."
        raise RefusedError(400, message) from None
    if not isinstance(content, Mapping):
        raise RefusedError(400, "The body must be a JSON object.", code="invalid_type")
    return content


def _require_json(content_type: str) -> None:
    if content_type.split(";", 1)[0].strip().lower() != "application/json":
        message = (
            f"Unsupported content type: '{content_type[:100]}'. "
            "This API method only accepts 'application/json' requests."
        )
        raise RefusedError(400, message, code="unsupported_content_type")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# ── the session ──────────────────────────────────────────────────────────────────────────────────

_SERVER_VAD = {
    "type": SERVER_VAD,
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 200,
}
_SEMANTIC_VAD = {"type": SEMANTIC_VAD, "eagerness": "auto"}
_UNUSED = frozenset({"create_response", "interrupt_response"})


def effective(session: Mapping[str, Any], form: Form) -> Mapping[str, Any]:
    """The session as the server runs it, in the names of the flat endpoint.

    The nested answer always has noise reduction and `include`; the published flat one has neither,
    so there they are answered only where they were asked for.
    """
    filled: dict[str, Any] = {"modalities": ["audio", "text"], "input_audio_format": "pcm16"}
    if form.name == NESTED:
        filled |= {"input_audio_noise_reduction": None, "include": None}
    filled |= session
    filled["input_audio_transcription"] = _transcription(session)
    filled["turn_detection"] = _turn_detection(session)
    return filled


def _transcription(session: Mapping[str, Any]) -> Mapping[str, Any] | None:
    asked = session.get("input_audio_transcription")
    if asked is None:
        return None
    answered = {"model": asked["model"], "language": asked.get("language")}
    answered["prompt"] = asked.get("prompt", "")
    return answered | ({"languages": asked["languages"]} if "languages" in asked else {})


def _turn_detection(session: Mapping[str, Any]) -> Mapping[str, Any] | None:
    asked = session.get("turn_detection", {} if _may_detect(session) else None)
    if asked is None:
        return None
    defaults = _SEMANTIC_VAD if asked.get("type") == SEMANTIC_VAD else _SERVER_VAD
    return defaults | {name: value for name, value in asked.items() if name not in _UNUSED}


def _may_detect(session: Mapping[str, Any]) -> bool:
    """Whether leaving turn detection out can mean the default: a few models cannot have it."""
    model = model_of((session.get("input_audio_transcription") or {}).get("model"))
    return model is None or model.takes["turn_detection"] is not Takes.NO


def _answered(session: Mapping[str, Any], form: Form) -> Mapping[str, Any]:
    body = form.build(session, None)
    return body["session"] if form.name == NESTED else body

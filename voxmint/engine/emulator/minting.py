"""Minting: a body becomes the session that the server would make of it, and a token for it.

Defaults are those of the published examples. `null` stays null. What the service does not answer,
`keywords` and `delay`, or what has no effect in a transcription session, is not answered.
"""

from collections.abc import Mapping
from typing import Any

from voxmint.engine.emulator.answers import Answer, RefusedError
from voxmint.engine.emulator.content import json_in
from voxmint.engine.emulator.options import Options
from voxmint.engine.emulator.refusals import check
from voxmint.engine.emulator.services import SERVICES, Service
from voxmint.engine.emulator.tokens import Claim, issued
from voxmint.engine.emulator.wire import Request
from voxmint.profiles.bodies import FORMS, Form
from voxmint.profiles.fields import FLAT, NESTED, SEMANTIC_VAD, SERVER_VAD
from voxmint.profiles.models import Answer as Takes, model_of

DEFAULT_LIFETIME = 600
"""Seconds that a token lives where the body asks for nothing else."""

SESSION_LIFETIME = 3600
"""Seconds after which a session ends, as long as the service lets one last."""


def mint(request: Request, options: Options, api: str, shift: float = 0) -> Answer:
    """The answer to a request to mint at this endpoint; `RefusedError` if it is refused.

    `shift` is by how many seconds the service's clock is off.
    """
    form, service = FORMS[api], SERVICES[options.service]
    body = _content_of(request, form, service)
    deployed = _deployed(body, form, options.deployments)
    asked = check(deployed or body, form)
    now = int(options.clock() + shift)
    lifetime = (asked.expires_after or {}).get("seconds", DEFAULT_LIFETIME)
    answered = form.build(effective(asked.session, form), None)
    if deployed is not None:
        # What is answered is what was asked for: the deployment, not the model behind it.
        answered = _with_model(answered, form, _at(body, _model_path(form)))
    session = {
        "object": "realtime.transcription_session",
        "id": f"sess_{options.ids()}",
        "expires_at": now + SESSION_LIFETIME,
        **(answered["session"] if form.name == NESTED else answered),
    }
    claim = Claim(api, now + lifetime, session)
    content = _with_token(claim, form, service)
    return Answer(200, content, (("Cache-Control", "no-store"),))


def _with_token(claim: Claim, form: Form, service: Service) -> Mapping[str, Any]:
    token = issued(claim, service.token_prefix)
    secret = {"value": token.reveal(), "expires_at": claim.expires_at}
    if form.name == NESTED:
        return {**secret, "session": claim.session}
    return {**claim.session, "client_secret": secret}


# ── the body ─────────────────────────────────────────────────────────────────────────────────────


def _content_of(request: Request, form: Form, service: Service) -> Mapping[str, Any]:
    content = json_in(request)
    if not isinstance(content, Mapping):
        raise RefusedError(400, "The body must be a JSON object.", code="invalid_type")
    if service.drops_nulls and form.name == FLAT:
        return {name: value for name, value in content.items() if value is not None}
    return content


def _deployed(
    body: Mapping[str, Any], form: Form, deployments: Mapping[str, str | None]
) -> Mapping[str, Any] | None:
    """The body with the model behind its deployment, so that the model's rules hold.

    `None` where it stays as it is; `RefusedError` where the deployment is not among those named.
    """
    name = _at(body, _model_path(form))
    if not deployments or not isinstance(name, str):
        return None
    if name not in deployments:
        raise RefusedError(
            404,
            "The API deployment for this resource does not exist. If you created the deployment "
            "within the last 5 minutes, please wait a moment and try again.",
            code="DeploymentNotFound",
        )
    model = deployments[name]
    return None if model is None else _with_model(body, form, model)


def _model_path(form: Form) -> tuple[str, ...]:
    path = form.place(("session", "input_audio_transcription", "model")) or ()
    return tuple(map(str, path))


def _at(body: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        body = body.get(part) if isinstance(body, Mapping) else None
    return body


def _with_model(body: Mapping[str, Any], form: Form, model: Any) -> dict[str, Any]:
    return _replaced(body, _model_path(form), model)


def _replaced(body: Mapping[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    first, *rest = path
    inner = _replaced(body[first], tuple(rest), value) if rest else value
    return {**body, first: inner}


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

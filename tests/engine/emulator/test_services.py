"""Azure and a gateway: other paths, keys, errors and tokens than OpenAI's."""

import json
from typing import Any

import pytest

from tests.engine.emulator.talking import FLAT, KEY, NESTED, Reply, ask, fixed, post, spend
from voxmint.engine.emulator import Emulator, faults_of
from voxmint.engine.emulator.services import SERVICES
from voxmint.problems import UsageError
from voxmint.secret import Secret
from voxmint.shown import looks_like_key


def nested(model: str = "whisper-1", **others: Any) -> dict[str, Any]:
    transcription = {"model": model}
    audio = {"input": {"transcription": transcription, **others}}
    return {"session": {"type": "transcription", "audio": audio}}


def azure(**others: Any) -> Emulator:
    return Emulator(fixed(service="azure", **others))


def gateway(**others: Any) -> Emulator:
    return Emulator(fixed(service="gateway", **others))


# ── Azure ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "headers", [{"api_key": KEY}, {"Authorization": f"Bearer {KEY}"}, {"Api-Key": KEY}]
)
def test_azure_mints_below_its_own_path_for_either_kind_of_key(headers: dict[str, str]) -> None:
    with azure(key=Secret(KEY)) as emulator:
        assert emulator.url.endswith("/openai/v1")
        reply = post(emulator, NESTED, nested("clinic"), key=None, **headers)
        spent = spend(emulator, reply.content["value"])

    assert reply.status == 200
    assert reply.content["session"]["audio"]["input"]["transcription"]["model"] == "clinic"
    assert spent.content["session"] == reply.content["session"]
    assert reply.headers["apim-request-id"] == reply.headers["x-request-id"]


def test_azure_says_code_and_message_and_no_more() -> None:
    with azure(key=Secret(KEY)) as emulator:
        wrong_key = post(emulator, NESTED, nested(), key=None, api_key="another")
        no_key = post(emulator, NESTED, nested(), key=None)
        wrong_body = post(emulator, NESTED, {"session": {"type": "transcription", "model": "x"}})
        no_flat = post(emulator, FLAT, {})
        method = ask(emulator, "GET", NESTED)

    assert wrong_key.status == no_key.status == 401
    assert wrong_key.content == {
        "error": {
            "code": "401",
            "message": "Access denied due to invalid subscription key or wrong API endpoint. Make "
            "sure to provide a valid key for an active subscription and use a correct regional "
            "API endpoint for your resource.",
        }
    }
    assert wrong_body.content == {
        "error": {
            "code": "unknown_parameter",
            "message": "Unknown parameter: 'session.model'.",
        }
    }
    assert (no_flat.status, no_flat.content) == (
        404,
        {"error": {"code": "404", "message": "Resource not found"}},
    )
    assert method.content["error"].keys() == {"code", "message"}


def test_azure_has_nothing_at_openais_path() -> None:
    with azure() as emulator, Emulator(fixed()) as openai:
        object.__setattr__(emulator, "_url", emulator.url.replace("/openai/v1", "/v1"))
        assert post(emulator, NESTED, nested()).status == 404
        object.__setattr__(openai, "_url", openai.url.replace("/v1", "/openai/v1"))
        assert post(openai, NESTED, nested()).status == 404


def test_a_model_on_azure_is_a_deployment() -> None:
    deployments = {"clinic": "gpt-4o-transcribe", "realtime": "gpt-realtime-whisper", "own": None}
    with azure(deployments=deployments) as emulator:
        known = post(emulator, NESTED, nested("clinic"))
        unknown = post(emulator, NESTED, nested("gpt-4o-transcribe"))
        ruled = post(emulator, NESTED, nested("realtime", turn_detection={"type": "server_vad"}))
        off = post(emulator, NESTED, nested("realtime"))
        free = post(emulator, NESTED, nested("own", turn_detection={"type": "server_vad"}))
        wrong = post(emulator, NESTED, nested(model=7))  # type: ignore[arg-type]  # as a client may
        none = post(emulator, NESTED, {"session": {"type": "transcription"}})

    assert known.content["session"]["audio"]["input"]["transcription"]["model"] == "clinic"
    assert unknown.status == 404
    assert unknown.content["error"]["code"] == "DeploymentNotFound"
    assert ruled.status == 400
    assert "must be null" in ruled.content["error"]["message"]
    assert off.content["session"]["audio"]["input"]["turn_detection"] is None
    assert [free.status, wrong.status, none.status] == [200, 400, 200]


# ── a gateway ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", [FLAT, NESTED])
def test_a_gateways_token_has_another_form(path: str) -> None:
    with gateway() as emulator, Emulator(fixed()) as another:
        reply = post(emulator, path, {} if path == FLAT else nested())
        token = reply.content.get("client_secret", reply.content)["value"]
        spent = spend(another, token)

    assert not token.startswith("ek_")
    assert not looks_like_key(token)
    assert spent.status == 200


def test_a_gateway_takes_both_kinds_of_key() -> None:
    with gateway(key=Secret(KEY)) as emulator:
        assert post(emulator, FLAT, {}, key=None, api_key=KEY).status == 200
        assert post(emulator, FLAT, {}).status == 200
        assert post(emulator, FLAT, {}, key="another").status == 401


def folded(reply: Reply) -> Any:
    """The error of a gateway's upstream, out of the message that it is folded into."""
    error = reply.content["error"]
    assert (error["type"], error["param"]) == ("None", "None")
    assert error["code"] == str(reply.status)
    return json.loads(error["message"].partition(": ")[2])["error"]


def test_a_gateway_folds_what_its_upstream_says_into_a_message() -> None:
    with gateway() as emulator:
        reply = post(emulator, FLAT, {"input_audio_format": "mp3"})

    assert reply.status == 400
    assert folded(reply)["param"] == "input_audio_format"
    assert folded(reply)["code"] == "invalid_value"


def test_a_gateways_typed_flat_route_loses_nulls_at_the_root() -> None:
    body = {"input_audio_transcription": {"model": "whisper-1"}, "turn_detection": None}
    with gateway() as emulator, Emulator(fixed()) as openai:
        lost, kept = post(emulator, FLAT, body), post(openai, FLAT, body)
        nested_null = post(emulator, NESTED, nested(turn_detection=None))

    assert lost.content["turn_detection"]["type"] == "server_vad"
    assert kept.content["turn_detection"] is None
    assert nested_null.content["session"]["audio"]["input"]["turn_detection"] is None


def test_a_service_that_there_is_not() -> None:
    with pytest.raises(UsageError, match="there is no service `aws`"):
        Emulator(fixed(service="aws"))


@pytest.mark.parametrize("service", SERVICES)
def test_a_key_that_is_refused_on_demand_is_refused_in_the_services_words(service: str) -> None:
    """As one that it does not know is."""
    faults = faults_of(("401@times=1",))
    with Emulator(fixed(service=service, key=Secret(KEY), faults=faults)) as emulator:
        on_demand, unknown = (post(emulator, NESTED, nested(), key="another") for _ in range(2))
    assert (on_demand.status, unknown.status) == (401, 401)
    assert on_demand.content == unknown.content

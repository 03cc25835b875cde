import json
from datetime import UTC, datetime
from typing import Any

import pytest

from voxmint.engine.apis import APIS, Answer, BrokenAnswerError, read_answer
from voxmint.secret import Secret

TOKEN = "ek_canary0123456789"
FLAT: dict[str, Any] = {
    "id": "sess_1",
    "object": "realtime.transcription_session",
    "turn_detection": None,
    "client_secret": {"value": TOKEN, "expires_at": 1_800_000_600},
}
NESTED: dict[str, Any] = {
    "value": TOKEN,
    "expires_at": 1_800_000_600,
    "session": {"id": "sess_1", "type": "transcription", "audio": {"input": {}}},
}


def read(api: str, content: object) -> Answer:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return read_answer(APIS[api], data, "req_1")


def broken(api: str, content: object) -> str:
    with pytest.raises(BrokenAnswerError) as error:
        read(api, content)
    assert TOKEN not in str(error.value)
    return str(error.value)


def test_the_flat_answer_is_the_session_with_the_token_inside() -> None:
    answer = read("transcription_sessions", FLAT)
    assert answer.token.reveal() == TOKEN
    assert (answer.expires_at, answer.session_id, answer.request_id) == (
        1_800_000_600,
        "sess_1",
        "req_1",
    )
    assert answer.session == {
        "id": "sess_1",
        "object": "realtime.transcription_session",
        "turn_detection": None,
    }


def test_the_nested_answer_is_the_token_with_the_session_inside() -> None:
    answer = read("client_secrets", NESTED)
    assert answer.token.reveal() == TOKEN
    assert (answer.expires_at, answer.session_id) == (1_800_000_600, "sess_1")
    assert answer.session == NESTED["session"]


@pytest.mark.parametrize("session", [None, "text", {}, {"id": None}, {"id": 7}, {"id": "\ud800"}])
def test_a_gateway_need_not_answer_a_session(session: Any) -> None:
    answer = read("client_secrets", {**NESTED, "session": session})
    assert answer.session_id is None


def test_an_answer_does_not_show_its_token() -> None:
    assert TOKEN not in repr(read("client_secrets", NESTED))


def flat(**secret: Any) -> dict[str, Any]:
    return {**FLAT, "client_secret": {**FLAT["client_secret"], **secret}}


IN_MILLISECONDS = 1_800_000_600_000
NO_MOMENTS: list[Any] = [
    *("soon", "1800000600", True, 0, -1, 1e300, [], float("nan")),
    *(IN_MILLISECONDS, 2**37),
]


@pytest.mark.parametrize(
    ("api", "content", "found"),
    [
        ("transcription_sessions", {"id": "sess_1"}, "it has no `client_secret`"),
        ("transcription_sessions", {"client_secret": None}, "its `client_secret` is null"),
        ("transcription_sessions", {"client_secret": []}, "its `client_secret` is not an object"),
        ("transcription_sessions", {"client_secret": {}}, "it has no `client_secret.value`"),
        ("transcription_sessions", flat(value=None), "its `client_secret.value` is null"),
        ("transcription_sessions", flat(value=""), "its `client_secret.value` is empty"),
        ("transcription_sessions", flat(value=7), "its `client_secret.value` is no text"),
        ("transcription_sessions", NESTED, "it has no `client_secret`"),
        ("client_secrets", FLAT, "it has no `value`"),
        ("client_secrets", {"value": None}, "its `value` is null"),
        ("client_secrets", {"value": TOKEN}, "it has no `expires_at`"),
        ("client_secrets", {**NESTED, "expires_at": None}, "its `expires_at` is null"),
        *(
            (
                "client_secrets",
                {**NESTED, "expires_at": moment},
                "its `expires_at` is not a moment in Unix seconds",
            )
            for moment in NO_MOMENTS
        ),
        ("client_secrets", [NESTED], "what came is JSON, but not an object"),
        ("client_secrets", b"", "what came is empty, not JSON"),
        ("client_secrets", b"<html>no</html>", "what came is a web page, not JSON"),
        (
            "client_secrets",
            json.dumps(NESTED).encode()[:40],
            "what came is cut short or damaged, not JSON",
        ),
        ("client_secrets", b"OK", "what came is something else, not JSON"),
        ("client_secrets", b"[" * 100_000, "what came is something else, not JSON"),
        ("client_secrets", b'{"value": "\xff"}', "what came is cut short or damaged, not JSON"),
    ],
)
def test_an_answer_without_a_token_says_what_is_there_instead(
    api: str, content: object, found: str
) -> None:
    assert broken(api, content) == found


def test_the_latest_expiry_is_a_moment_that_can_be_shown() -> None:
    latest = read("client_secrets", {**NESTED, "expires_at": 2**37 - 1}).expires_at
    assert datetime.fromtimestamp(latest, UTC).year == 6325


def test_an_expiry_may_be_written_as_a_fraction() -> None:
    assert read("client_secrets", {**NESTED, "expires_at": 1_800_000_600.5}).expires_at == (
        1_800_000_600
    )


@pytest.mark.parametrize("api", APIS)
def test_an_id_that_holds_the_token_is_none(api: str) -> None:
    """Ids are shown, and the ledger keeps them."""
    content = json.loads(
        json.dumps({"client_secrets": NESTED, "transcription_sessions": FLAT}[api])
    )
    content.get("session", content)["id"] = f"sess_{TOKEN}"
    answer = read_answer(APIS[api], json.dumps(content).encode(), f"req_{TOKEN}")
    assert (answer.session_id, answer.request_id) == (None, None)
    assert answer.token == Secret(TOKEN)

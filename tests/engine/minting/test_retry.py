import json

import pytest

from voxmint.engine.minting.retry import Patience, Remedy, asked_pause, refusal_of

NOW = 1_800_000_000.0


def body(code: str | None = None, message: str = "no") -> bytes:
    return json.dumps({"error": {"message": message, "type": "t", "code": code}}).encode()


@pytest.mark.parametrize(
    ("status", "code", "remedy"),
    [
        *((status, None, Remedy.AGAIN) for status in (408, 409, 429, 500, 502, 503, 504, 529)),
        *((status, None, Remedy.NEVER) for status in (301, 302, 307, 308, 400, 403, 405, 413)),
        (401, "invalid_api_key", Remedy.NOBODY),
        (401, "mismatched_project", Remedy.NOBODY),
        (403, "model_not_found", Remedy.NEVER),
        (404, None, Remedy.NOBODY),
        (404, "DeploymentNotFound", Remedy.NEVER),
        (429, "rate_limit_exceeded", Remedy.AGAIN),
        (429, "insufficient_quota", Remedy.NOBODY),
        (402, "credit_balance_exhausted", Remedy.NOBODY),
    ],
)
def test_what_helps_against_a_refusal(status: int, code: str | None, remedy: Remedy) -> None:
    assert refusal_of(status, {}, body(code)).remedy is remedy


@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize(
    ("status", "inner", "remedy"),
    [
        (429, "insufficient_quota", Remedy.NOBODY),
        (429, "rate_limit_exceeded", Remedy.AGAIN),
        (404, "model_not_found", Remedy.NEVER),
        (404, "DeploymentNotFound", Remedy.NEVER),
    ],
)
def test_a_code_is_known_also_in_what_a_gateway_repeats_of_its_upstream(
    status: int, inner: str, remedy: Remedy, quote: str
) -> None:
    said = f"Error code: {status} - {{'error': {{'message': '{'x' * 400}', 'code': '{inner}'}}}}"
    content = body(str(status), said.replace("'", quote))
    assert refusal_of(status, {}, content).remedy is remedy


def test_a_message_that_only_speaks_of_a_code_is_not_one() -> None:
    assert refusal_of(429, {}, body("429", "not for insufficient_quota")).remedy is Remedy.AGAIN


@pytest.mark.parametrize(
    ("status", "code", "should", "remedy"),
    [
        (500, None, "false", Remedy.NEVER),
        (429, None, "False", Remedy.NEVER),
        (418, None, "true", Remedy.AGAIN),
        (429, "insufficient_quota", "true", Remedy.NOBODY),
        (400, None, "true", Remedy.NEVER),
        (401, None, "true", Remedy.NOBODY),
        (307, None, "true", Remedy.NEVER),
        (503, None, "perhaps", Remedy.AGAIN),
    ],
)
def test_the_server_may_say_whether_to_repeat_but_not_what_never_heals(
    status: int, code: str | None, should: str, remedy: Remedy
) -> None:
    assert refusal_of(status, {"x-should-retry": should}, body(code)).remedy is remedy


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (body("model_not_found", "no\nsuch  model"), "model_not_found", "no such model"),
        (b'{"error": {"message": "no", "type": "server_error"}}', "server_error", "no"),
        (b'{"error": {"code": 401, "message": "no"}}', "401", "no"),
        (b'{"error": "down"}', None, "down"),
        (b'{"detail": "Not Found"}', None, "Not Found"),
        (b'{"error": {"message": {"a": 1}}}', None, '{"a": 1}'),
        (b'["a"]', None, '["a"]'),
        (b"upstream connect error", None, "upstream connect error"),
        (b"<html><title>502</title></html>", None, ""),
        (b"\xff\xfe", None, "\ufffd\ufffd"),
        (b"", None, ""),
        (b"x" * 1000, None, "x" * 400 + "…"),
    ],
)
def test_what_a_refusal_says(content: bytes, code: str | None, message: str) -> None:
    refusal = refusal_of(500, {}, content)
    assert (refusal.code, refusal.message) == (code, message)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "3"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "3"}, 3.0),
        ({"retry-after": "Fri, 15 Jan 2027 08:00:07 GMT"}, 7.0),
        (
            {
                "retry-after": "Fri, 15 Jan 2027 09:00:07 GMT",
                "date": "Fri, 15 Jan 2027 09:00:00 GMT",
            },
            7.0,
        ),
        ({"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0.0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "later"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_how_long_the_server_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_pause(headers, lambda: NOW) == seconds


def test_each_pause_is_twice_the_last_up_to_a_limit_less_what_chance_takes() -> None:
    patience = Patience(first_pause=0.5, longest_pause=8)
    assert [patience.pause(attempt, 0) for attempt in range(1, 8)] == [0.5, 1, 2, 4, 8, 8, 8]
    assert patience.pause(3, 1) == 1.5
    assert patience.pause(100_000, 0) == 8

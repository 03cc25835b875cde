"""Each kind of fault, as a client meets it on the wire."""

import json
import resource
import sys
from email.utils import formatdate
from typing import Any, NamedTuple

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.engine.emulator.talking import (
    FLAT,
    NESTED,
    NOW,
    bare,
    counts,
    fixed,
    post,
    raw,
    spend,
)
from voxmint.engine.emulator import Emulator, fault_of
from voxmint.engine.emulator.effects import KINDS
from voxmint.shown import shown_lines

BODIES = {FLAT: b"{}", NESTED: b'{"session": {"type": "transcription"}}'}
LIFETIME = 600
SESSION = 3600


def struck(*faults: str, **others: Any) -> Emulator:
    """An emulator with these faults."""
    return Emulator(fixed(faults=tuple(map(fault_of, faults)), **others))


class Seen(NamedTuple):
    """What came until the connection ended, and whether that was by a reset."""

    data: bytes
    is_reset: bool

    @property
    def head(self) -> dict[str, str]:
        lines = self.data.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return dict(line.lower().split(": ", 1) for line in lines)

    @property
    def body(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[2]


def seen(emulator: Emulator, path: str = FLAT) -> Seen:
    """What comes for one request on a connection of its own."""
    with bare(emulator) as connection:
        connection.sendall(closing(path))
        parts = []
        try:
            while part := connection.recv(65536):
                parts.append(part)
        except ConnectionResetError:
            return Seen(b"".join(parts), is_reset=True)
        return Seen(b"".join(parts), is_reset=False)


def closing(path: str) -> bytes:
    body = BODIES[path]
    return raw(path, body, f"Content-Length: {len(body)}", "Connection: close")


def secret_of(content: Any) -> Any:
    """The token and its expiry, wherever they are."""
    return content.get("client_secret", content)


# ── all of them ──────────────────────────────────────────────────────────────────────────────────

EVERY_KIND = {
    **dict.fromkeys(("400", "401", "403", "408", "409", "429", "500", "502", "503", "504"), 0),
    **dict.fromkeys(("quota", "wrong-project", "redirect", "html:403", "reset:before-mint"), 0),
    **dict.fromkeys(
        ("html", "late:0", "slow-headers:0", "slow-body:0", "closed-early", "garbage"), 1
    ),
    **dict.fromkeys(("reset", "reset:before-answer", "reset:in-answer", "reset:after-answer"), 1),
    **dict.fromkeys(("truncated-json", "content-type", "null-secret", "missing", "expired"), 1),
    **dict.fromkeys(("clock:60", "huge:10"), 1),
}
"""Faults of every kind, and how many tokens each leaves behind."""


def test_every_kind_is_tried() -> None:
    assert {text.partition(":")[0] for text in EVERY_KIND} == set(KINDS)


@pytest.mark.parametrize("path", [FLAT, NESTED])
@pytest.mark.parametrize("fault", EVERY_KIND)
def test_a_fault_strikes_once_and_tokens_are_counted(fault: str, path: str) -> None:
    minted = EVERY_KIND[fault]
    with struck(f"{fault}@times=1") as emulator:
        first = seen(emulator, path)
        counted = counts(emulator)
        second = seen(emulator, path)
        later = counts(emulator)

    assert (counted["minted"], later["minted"]) == (minted, minted + 1)
    assert counted["faults"] == later["faults"] == {fault.partition(":")[0]: 1}
    assert counted["refused"] == {}
    assert first != second
    assert second.data.startswith(b"HTTP/1.1 200 OK\r\n")
    assert secret_of(json.loads(second.body))["expires_at"] == NOW + LIFETIME


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("service", ["openai", "azure", "gateway"])
def test_refusals_have_the_shape_of_the_service(service: str, snapshot: SnapshotAssertion) -> None:
    kinds = [kind for kind, minted in EVERY_KIND.items() if not minted and ":" not in kind]
    found = {}
    for kind in kinds:
        with struck(kind, service=service) as emulator:
            reply = post(emulator, NESTED, {"session": {"type": "transcription"}})
        found[kind] = (reply.status, reply.content)

    assert found == snapshot


@pytest.mark.parametrize(
    ("wait", "headers"),
    [
        ("", {}),
        ("retry-after=2", {"retry-after": "2"}),
        ("retry-after=0", {"retry-after": "0"}),
        ("retry-after=soon", {"retry-after": "soon"}),
        ("retry-after-ms=250", {"retry-after-ms": "250"}),
        ("retry-after-date=30", {"retry-after": formatdate(NOW + 30, usegmt=True)}),
        ("retry-after-date=-30", {"retry-after": formatdate(NOW - 30, usegmt=True)}),
        ("should-retry=false", {"x-should-retry": "false"}),
        (
            "retry-after=2+retry-after-ms=100+should-retry=true",
            {"retry-after": "2", "retry-after-ms": "100", "x-should-retry": "true"},
        ),
    ],
)
@pytest.mark.parametrize("status", [429, 503, 400])
def test_a_refusal_says_how_long_to_wait(status: int, wait: str, headers: dict[str, str]) -> None:
    with struck(f"{status}:{wait}") as emulator:
        reply = post(emulator, FLAT, {})

    told = {"retry-after", "retry-after-ms", "x-should-retry"}
    assert reply.status == status
    assert {name: value for name, value in reply.headers.items() if name in told} == headers


def test_a_quota_may_have_another_code() -> None:
    with struck("quota:credit_balance_exhausted") as emulator:
        reply = post(emulator, FLAT, {})

    assert reply.status == 429
    assert reply.content["error"]["code"] == "credit_balance_exhausted"


@pytest.mark.parametrize("url", ["", "https://elsewhere.example/v1"])
def test_a_redirect_leads_elsewhere(url: str) -> None:
    with struck(f"redirect:{url}") as emulator:
        reply = post(emulator, FLAT, {})

    assert reply.status == 307
    assert reply.headers["location"] == (url or "http://127.0.0.1:9/elsewhere")


@pytest.mark.parametrize(("argument", "status"), [("", b"200"), (":200", b"200"), (":403", b"403")])
def test_a_page_comes_instead_of_json(argument: str, status: bytes) -> None:
    with struck(f"html{argument}") as emulator:
        found = seen(emulator)

    assert found.data.split()[1] == status
    assert found.head["content-type"] == "text/html; charset=utf-8"
    assert found.body.startswith(b"<!DOCTYPE html>")
    assert len(found.body) == int(found.head["content-length"])


# ── time ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_late_answer_comes_whole() -> None:
    with struck("late:3600@times=1", "late:0.05") as emulator:
        with bare(emulator) as waiting:
            waiting.settimeout(0.2)
            waiting.sendall(closing(FLAT))
            with pytest.raises(TimeoutError):
                waiting.recv(1)
            assert counts(emulator)["minted"] == counts(emulator)["under_way"] == 1
        reply = post(emulator, FLAT, {})

    assert reply.status == 200


@pytest.mark.parametrize("path", [FLAT, NESTED])
def test_slow_headers_begin_at_once_and_come_in_pieces(path: str) -> None:
    with struck("slow-headers:3600@times=1", "slow-headers:0.05") as emulator:
        begun = beginning(emulator, path, b"HTTP")
        found = seen(emulator, path)

    assert b"HTTP/1.1 200 OK\r\nDate: ".startswith(begun[:20])
    assert len(begun) < 60
    assert secret_of(json.loads(found.body))["expires_at"] == NOW + LIFETIME


@pytest.mark.parametrize("path", [FLAT, NESTED])
def test_a_slow_body_begins_at_once_and_comes_in_pieces(path: str) -> None:
    with struck("slow-body:3600@times=1", "slow-body:0.05") as emulator:
        begun = beginning(emulator, path, b"\r\n\r\n{")
        found = seen(emulator, path)

    head, _, body = begun.partition(b"\r\n\r\n")
    length = int(dict(line.split(b": ") for line in head.split(b"\r\n")[1:])[b"Content-Length"])
    assert begun.startswith(b"HTTP/1.1 200 OK\r\n")
    assert 0 < len(body) <= length / 19
    assert secret_of(json.loads(found.body))["expires_at"] == NOW + LIFETIME


def beginning(emulator: Emulator, path: str, whole: bytes) -> bytes:
    """What comes at once, and has this in it, of an answer that takes far longer."""
    with bare(emulator) as connection:
        connection.sendall(closing(path))
        found = b""
        while whole not in found:
            found += connection.recv(65536)
        connection.settimeout(0.3)
        try:
            while part := connection.recv(65536):
                found += part
        except TimeoutError:
            return found
    raise AssertionError("the answer came to its end")


@pytest.mark.parametrize("path", [FLAT, NESTED])
@pytest.mark.parametrize(("argument", "age"), [("", 60), (":0", 0), (":86400", 86400)])
def test_an_expiry_may_be_past(path: str, argument: str, age: int) -> None:
    with struck(f"expired{argument}") as emulator:
        found = seen(emulator, path)

    content = json.loads(found.body)
    assert secret_of(content)["expires_at"] == NOW - age
    assert content.get("session", content)["expires_at"] == NOW + SESSION
    assert found.head["date"] == formatdate(NOW, usegmt=True).lower()


@pytest.mark.parametrize("path", [FLAT, NESTED])
@pytest.mark.parametrize("off", [-90_000, -1, 0.5, 3600])
def test_a_clock_may_be_off(path: str, off: float) -> None:
    with struck(f"clock:{off}") as emulator:
        found = seen(emulator, path)

    now = int(NOW + 0.75 + off)
    content = json.loads(found.body)
    assert found.head["date"] == formatdate(now, usegmt=True).lower()
    assert secret_of(content)["expires_at"] == now + LIFETIME
    assert content.get("session", content)["expires_at"] == now + SESSION


# ── the connection ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("when", ["before-mint", "before-answer"])
def test_a_reset_before_the_answer_leaves_nothing(when: str) -> None:
    with struck(f"reset:{when}") as emulator:
        assert seen(emulator) == Seen(b"", is_reset=True)


@pytest.mark.parametrize("path", [FLAT, NESTED])
def test_a_reset_in_the_answer_leaves_half_of_it(path: str) -> None:
    with struck("reset:in-answer") as emulator:
        found = seen(emulator, path)

    assert found.is_reset
    assert found.data.startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(found.body) == int(found.head["content-length"]) // 2


@pytest.mark.parametrize("path", [FLAT, NESTED])
def test_a_reset_after_the_answer_leaves_all_of_it(path: str) -> None:
    with struck("reset:after-answer") as emulator:
        for _ in range(20):
            found = seen(emulator, path)
            assert found.is_reset
            assert len(found.body) == int(found.head["content-length"])
        spent = spend(emulator, secret_of(json.loads(found.body))["value"])

    assert spent.status == 200


@pytest.mark.parametrize("path", [FLAT, NESTED])
def test_a_connection_that_ends_early_promised_more(path: str) -> None:
    with struck("closed-early") as emulator:
        found = seen(emulator, path)

    assert not found.is_reset
    assert len(found.body) == int(found.head["content-length"]) // 2


def test_garbage_is_no_http() -> None:
    with struck("garbage") as emulator:
        found = seen(emulator)

    assert not found.is_reset
    assert found.data
    assert not found.data.startswith(b"HTTP/")


# ── the content ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", [FLAT, NESTED])
def test_truncated_json_is_a_whole_answer_for_http(path: str) -> None:
    with struck("truncated-json") as emulator:
        found = seen(emulator, path)

    assert len(found.body) == int(found.head["content-length"]) > 100
    assert found.head["content-type"] == "application/json"
    with pytest.raises(json.JSONDecodeError):
        json.loads(found.body)


@pytest.mark.parametrize("length", [0, 1, 50])
def test_json_is_truncated_to_a_length(length: int) -> None:
    with struck(f"truncated-json:{length}") as emulator:
        found = seen(emulator)

    assert (len(found.body), found.head["content-length"]) == (length, str(length))


@pytest.mark.parametrize(
    ("argument", "kind"), [("", "text/plain; charset=utf-8"), (":application/xml", None)]
)
def test_another_content_type_says_the_same(argument: str, kind: str | None) -> None:
    with struck(f"content-type{argument}") as emulator:
        reply = post(emulator, FLAT, {})

    assert reply.headers["content-type"] == (kind or "application/xml")
    assert reply.content["client_secret"]["expires_at"] == NOW + LIFETIME


def test_a_secret_may_be_null() -> None:
    with struck("null-secret") as emulator:
        flat = post(emulator, FLAT, {}).content
        nested = post(emulator, NESTED, {"session": {"type": "transcription"}}).content

    assert flat["client_secret"] is None
    assert flat["object"] == "realtime.transcription_session"
    assert nested["value"] is None
    assert nested["expires_at"] == NOW + LIFETIME


@pytest.mark.parametrize(
    ("path", "field", "gone"),
    [
        (FLAT, "", "client_secret.value"),
        (FLAT, "value", "client_secret.value"),
        (FLAT, "expires_at", "client_secret.expires_at"),
        (FLAT, "client_secret", "client_secret"),
        (FLAT, "client_secret.expires_at", "client_secret.expires_at"),
        (FLAT, "id", "id"),
        (FLAT, "input_audio_transcription", "input_audio_transcription"),
        (NESTED, "", "value"),
        (NESTED, "expires_at", "expires_at"),
        (NESTED, "session", "session"),
        (NESTED, "session.expires_at", "session.expires_at"),
        (NESTED, "session.audio.input.turn_detection", "session.audio.input.turn_detection"),
        (NESTED, "client_secret", None),
        (NESTED, "session.type.deeper", None),
        (NESTED, "nowhere.at.all", None),
    ],
)
def test_a_field_may_be_missing(path: str, field: str, gone: str | None) -> None:
    body = json.loads(BODIES[path])
    with struck(f"missing:{field}") as emulator, Emulator(fixed()) as sound:
        found = paths_of(post(emulator, path, body).content)
        whole = paths_of(post(sound, path, body).content)

    assert found == {one for one in whole if gone is None or not f"{one}.".startswith(f"{gone}.")}
    assert (found == whole) is (gone is None)


def paths_of(content: Any, prefix: str = "") -> set[str]:
    """The dotted path of each field in an answer."""
    if not isinstance(content, dict):
        return set()
    found = set()
    for name, value in content.items():
        found |= {prefix + name, *paths_of(value, f"{prefix}{name}.")}
    return found


@pytest.mark.parametrize("path", [FLAT, NESTED])
@pytest.mark.parametrize(
    ("argument", "size"), [("", 16 * 1024 * 1024), (":0", 0), (":65537", 65537)]
)
def test_an_enormous_body_is_still_json(path: str, argument: str, size: int) -> None:
    with struck(f"huge{argument}") as emulator:
        found = seen(emulator, path)

    assert len(found.body) == int(found.head["content-length"])
    assert len(found.body) - len(found.body.rstrip()) == size
    assert secret_of(json.loads(found.body))["expires_at"] == NOW + LIFETIME


def test_an_enormous_body_is_never_held_whole() -> None:
    size = 1024 * 1024 * 1024
    with struck(f"huge:{size}") as emulator:
        before = peak_memory()
        with bare(emulator) as connection:
            connection.sendall(closing(FLAT))
            got = sum(len(connection.recv(65536)) for _ in range(200))
        seen_by_others = counts(emulator)

    assert got > 65536
    assert seen_by_others["bytes"]["sent"] < size / 4
    assert peak_memory() - before < size / 4


def peak_memory() -> int:
    """The most memory that this process has had, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


# ── beside other refusals ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "fault", ["truncated-json", "null-secret", "missing", "expired", "huge", "html", "content-type"]
)
def test_what_spoils_an_answer_leaves_a_refusal_as_it_is(fault: str) -> None:
    with struck(fault) as emulator, Emulator(fixed()) as sound:
        found = post(emulator, FLAT, {"voice": "alloy"})
        assert found.content == post(sound, FLAT, {"voice": "alloy"}).content

    assert found.status == 400
    assert found.headers["content-type"] == "application/json"


def test_a_connection_is_reset_also_for_a_refusal() -> None:
    with struck("reset:after-answer@times=1", "reset") as emulator, bare(emulator) as connection:
        connection.sendall(raw(FLAT, b"[]"))
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
        assert seen(emulator) == Seen(b"", is_reset=True)


def test_whatever_goes_wrong_no_secret_is_logged() -> None:
    lines: list[Any] = []
    with struck(*(f"{fault}@times=1" for fault in EVERY_KIND), on_request=lines.append) as emulator:
        tokens = [seen(emulator).data for _ in EVERY_KIND]

    assert [line.fault for line in lines] == [fault.partition(":")[0] for fault in EVERY_KIND]
    assert any(b'"ek_' in data for data in tokens)
    assert shown_lines(repr(lines)) == repr(lines)

"""The control routes: faults and counts, while the emulator runs."""

from contextlib import ExitStack
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.engine.emulator.talking import (
    COUNTS,
    FAULTS,
    FLAT,
    NESTED,
    Reply,
    ask,
    bare,
    counts,
    eventually,
    fixed,
    post,
    raw,
    received,
)
from voxmint.engine.emulator import Emulator, Pace, fault_of
from voxmint.engine.emulator.routes import reply, world_of
from voxmint.engine.emulator.wire import Request


def add(emulator: Emulator, content: object, **headers: str) -> Reply:
    return post(emulator, FAULTS, content, key=None, **headers)


def listed(emulator: Emulator) -> list[Any]:
    faults = ask(emulator, "GET", FAULTS, key=None).content["faults"]
    assert isinstance(faults, list)
    return faults


def test_faults_are_added_shown_and_cleared(snapshot: SnapshotAssertion) -> None:
    with Emulator(fixed(faults=(fault_of("503@after=3"),))) as emulator:
        added = add(emulator, {"fault": "429:retry-after=1@every=2,profile=ward-*"})
        more = add(
            emulator,
            [
                {"kind": "reset", "argument": "in-answer", "times": 1},
                {"kind": "html", "body": {"session.include.0": "a, b"}, "api": "client_secrets"},
            ],
        )
        struck = post(emulator, FLAT, {}, X_Client_Request_Id="run/ward-1")
        shown = ask(emulator, "GET", FAULTS, key=None)
        cleared = ask(emulator, "DELETE", FAULTS, key=None)
        after = [post(emulator, FLAT, {}).status for _ in range(5)]
        left = listed(emulator)

    assert len(added.content["faults"]) == 2
    assert len(more.content["faults"]) == 4
    assert struck.status == 429
    assert cleared.content == shown.content == snapshot
    assert after == [200] * 5
    assert left == []


def test_a_fault_begins_to_count_when_it_is_added(emulator: Emulator) -> None:
    post(emulator, FLAT, {})
    add(emulator, {"fault": "500@every=2"})

    assert [post(emulator, FLAT, {}).status for _ in range(3)] == [500, 200, 500]
    assert [(one["seen"], one["struck"]) for one in listed(emulator)] == [(3, 2)]


@pytest.mark.parametrize(
    "content",
    [
        {"fault": "nope"},
        {"fault": "slow-body"},
        [{"fault": "500"}, {"fault": "500@every=0"}],
        [{"fault": "500"}] * 101,
        {"kind": "500", "often": True},
        [[]],
        7,
        None,
    ],
)
def test_all_of_them_are_added_or_none(
    emulator: Emulator, content: object, snapshot: SnapshotAssertion
) -> None:
    refused = add(emulator, content)

    assert refused.status == 400
    assert refused.content == snapshot
    assert listed(emulator) == []
    assert post(emulator, FLAT, {}).status == 200


def test_no_more_than_a_hundred_are_kept(emulator: Emulator) -> None:
    assert add(emulator, [{"fault": "500@after=9"}] * 100).status == 200
    refused = add(emulator, {"fault": "500"})

    assert refused.status == 400
    assert refused.content["error"]["code"] == "invalid_fault"
    assert len(listed(emulator)) == 100


def test_what_is_no_json_changes_nothing(emulator: Emulator) -> None:
    assert add(emulator, b'{"fault": "500"').status == 400
    assert add(emulator, b'{"fault": "500"}', Content_Type="text/plain").status == 400
    assert listed(emulator) == []


@pytest.mark.parametrize("path", [FAULTS, COUNTS])
def test_a_web_page_is_refused(emulator: Emulator, path: str) -> None:
    for method in ("GET", "POST", "DELETE", "OPTIONS"):
        asked = ask(
            emulator, method, path, {"fault": "500"}, key=None, Origin="https://evil.example"
        )
        assert asked.status in (403, 405)
    assert listed(emulator) == []


@pytest.mark.parametrize("path", [FAULTS, COUNTS])
def test_another_machine_is_refused(path: str) -> None:
    asked = Request("GET", path, {}, keep_alive=True, is_local=False)

    refused = reply(asked, world_of(fixed())).answer

    assert refused.status == 403
    assert "machine that the emulator runs on" in refused.content["error"]["message"]


def test_without_control_there_are_no_such_routes() -> None:
    with Emulator(fixed(control=False, faults=(fault_of("500@times=1"),))) as emulator:
        found = [ask(emulator, "GET", path, key=None).status for path in (FAULTS, COUNTS)]
        described = ask(emulator, "GET", "/emulator").content
        minted = [post(emulator, FLAT, {}).status for _ in range(2)]

    assert found == [404, 404]
    assert not [route for route in described["routes"] if "_emulator" in route]
    assert minted == [500, 200]


@pytest.mark.parametrize("service", ["openai", "azure", "gateway"])
def test_they_are_at_the_same_place_whatever_is_emulated(service: str) -> None:
    with Emulator(fixed(service=service)) as emulator:
        assert add(emulator, {"fault": "500"}).status == 200
        assert post(emulator, NESTED, {}).status == 500
        assert counts(emulator)["faults"] == {"500": 1}
        refused = add(emulator, {"fault": "quote"}).content["error"]

    assert refused["message"] == "there is no kind of fault `quote` (did you mean `quota`?)"
    assert refused["code"] == "invalid_fault"


# ── counts ───────────────────────────────────────────────────────────────────────────────────────


def test_everything_is_counted(snapshot: SnapshotAssertion) -> None:
    limit = Pace(requests_per_minute=0.001, burst=4)
    with Emulator(fixed(pace=limit, faults=(fault_of("500@times=2"),))) as emulator:
        for _ in range(4):
            post(emulator, FLAT, {})
        post(emulator, FLAT, {}, key=None)
        post(emulator, FLAT, {"input_audio_format": "mp3"})
        post(emulator, NESTED, {"session": {"type": "transcription"}})
        for _ in range(3):
            post(emulator, NESTED, {"session": {"type": "transcription"}})
        post(emulator, "/nowhere", {})
        ask(emulator, "GET", FLAT)
        with bare(emulator) as connection:
            connection.sendall(b"\x16\x03\x01")
            received(connection)
        found = counts(emulator)

    volatile = {name: found.pop(name) for name in ("under_way", "connections", "seconds", "bytes")}
    assert found == snapshot
    assert volatile["connections"]["accepted"] == 14
    assert volatile["connections"]["turned_away"] == 0
    assert volatile["under_way"] in (0, 1)


def test_bytes_are_counted_both_ways(emulator: Emulator) -> None:
    sent = raw(FLAT, b"{}", "Content-Length: 2", "Connection: close")
    with bare(emulator) as connection:
        connection.sendall(sent)
        answered = received(connection)
    found = counts(emulator)["bytes"]

    # The request that reads the counts is among them.
    assert len(sent) < found["received"] < len(sent) + 300
    assert found["sent"] == len(answered)


def test_those_who_wait_at_the_same_time_are_counted() -> None:
    with Emulator(fixed(latency_ms=3_600_000)) as emulator, ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(bare(emulator)).sendall(raw(FLAT))
        eventually(lambda: counts(emulator)["under_way"] == 5)
        found = counts(emulator)

    assert found["peak_under_way"] == 5
    assert found["connections"]["peak"] >= found["connections"]["open"] >= 6


def test_clearing_gives_the_counts_and_begins_anew(emulator: Emulator) -> None:
    post(emulator, FLAT, {})
    post(emulator, FLAT, {}, key=None)
    last = ask(emulator, "DELETE", COUNTS, key=None).content
    post(emulator, FLAT, {})
    found = counts(emulator)
    described = ask(emulator, "GET", "/emulator").content

    assert (last["requests"], last["minted"]) == (2, 1)
    assert last["refused"] == {"invalid_api_key": 1}
    assert (found["requests"], found["minted"], found["refused"]) == (1, 1, {})
    assert described["requests"][f"POST /v1{FLAT}"] == {"200": 1}

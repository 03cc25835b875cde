"""One request, and what is told of it, at a server that answers as it is told."""

import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.engine.mints import KEY, Desk, against, desk, with_time
from tests.engine.scripted import (
    EXPIRES_AT,
    RESET,
    Answered,
    Asked,
    Scripted,
    each,
    nobody,
    refused,
    said,
)
from voxmint.engine.edge import Operator
from voxmint.engine.trying import Trial, try_profile
from voxmint.problems import InterruptedRunError, ProblemsError, UsageError

DATE = "Fri, 15 Jan 2027 08:00:00 GMT"
"""The moment at which the tests' clock stands."""


def tried(desk: Desk, *profiles: str, **operator: Any) -> Trial:
    order = desk.project.order(profiles or ("clinic",), ["live"], api="client_secrets")
    return try_profile(desk.project, order, Operator(**operator), desk.edge())


def answered(session: dict[str, Any], **headers: str) -> Answered:
    """An answer of the nested endpoint."""
    content = {"value": "gw-canary-0000000000", "expires_at": EXPIRES_AT, "session": session}
    return said(content, headers={"x-request-id": "req_7", **headers})


ASKED = {
    "type": "transcription",
    "id": "sess_1",
    "audio": {
        "input": {
            "transcription": {"model": "gpt-live-transcribe", "language": "en"},
            "turn_detection": None,
        }
    },
}


def test_what_was_asked_is_kept(tmp_path: Path) -> None:
    with Scripted(each(answered(ASKED, Date=DATE))) as server:
        trial = tried(against(server, desk(tmp_path)))
    assert (trial.status, trial.request_id, trial.expires_at) == (200, "req_7", EXPIRES_AT)
    assert {one.fate for one in trial.echoes} == {"kept", "filled"}
    assert [(one.path, one.answered) for one in trial.echoes if one.fate == "filled"] == [
        (("expires_after", "seconds"), 600)
    ]
    assert (trial.warnings, trial.problem, trial.may_live_until) == ((), None, None)
    assert len(server.asked) == 1


def test_what_is_changed_or_ignored_is_told_at_its_line(tmp_path: Path) -> None:
    session = {
        "audio": {
            "input": {
                "transcription": {"model": "whisper-1"},
                "turn_detection": {"type": "server_vad"},
            }
        }
    }
    with Scripted(each(answered(session))) as server:
        trial = tried(against(server, desk(tmp_path)))
    told = [(one.code, one.path, str(one.at)) for one in trial.warnings]
    assert told == [
        ("echo-changed", "input_audio_transcription.model", "profiles/base.yaml:3:38"),
        ("echo-ignored", "input_audio_transcription.language", "profiles/base.yaml:3:69"),
        ("echo-changed", "turn_detection", "profiles/base.yaml:4:19"),
    ]
    assert {one.affects for one in trial.warnings} == {(("clinic", "live"),)}


def test_an_answer_without_a_session_says_nothing_and_that_is_said(tmp_path: Path) -> None:
    with Scripted(each(answered({}))) as server:
        trial = tried(against(server, desk(tmp_path)))
    assert (trial.echoes, trial.problem) == ((), None)
    assert [(one.code, one.severity) for one in trial.warnings] == [("echo-absent", "warning")]


def test_nothing_is_written(tmp_path: Path) -> None:
    with Scripted(each(answered(ASKED))) as server:
        made = against(server, desk(tmp_path))
        before = sorted(path for path in made.root.rglob("*"))
        tried(made)
    assert sorted(path for path in made.root.rglob("*")) == before


def test_no_token_and_no_key_is_in_what_is_told(tmp_path: Path) -> None:
    """Neither where an answer has them, nor where a server repeats what it was sent."""
    session = {
        **ASKED,
        "client_secret": "hidden-canary",
        "note": [f"you sent {KEY}", "ek_canary_123456789"],
        KEY: "a name",
        "audio": {"input": {"transcription": {"model": f"model {KEY}", "language": "en"}}},
    }
    with Scripted(each(answered(session))) as server:
        trial = tried(against(server, desk(tmp_path)))
    problems = [(one.message, one.facts) for one in trial.warnings]
    text = json.dumps(trial.answer) + repr((trial, trial.echoes, problems))
    for secret in ("gw-canary", "hidden-canary", "ek_canary", KEY, KEY[:12]):
        assert secret not in text
    assert trial.answer["value"] == trial.answer["session"]["client_secret"] == "…"


def test_a_refusal_is_told_where_it_is_set(tmp_path: Path) -> None:
    content = {
        "error": {
            "message": "no such language",
            "code": "invalid_value",
            "param": "session.audio.input.transcription.language",
        }
    }
    with Scripted(each(said(content, 400))) as server:
        trial = tried(against(server, desk(tmp_path)))
    assert trial.problem is not None
    assert (trial.status, trial.problem.code) == (400, "mint-refused")
    assert str(trial.problem.at) == "profiles/base.yaml:3:69"
    assert (trial.expires_at, trial.may_live_until) == (None, None)
    assert len(server.asked) == 1


def test_it_is_sent_once_whatever_comes(tmp_path: Path) -> None:
    busy = refused(503, None, "later")
    gone = Answered(502, b"<html>")
    cut = said({"value": "ek_cut"})
    for answer, code, lives in (
        (busy, "mint-refused", False),
        (gone, "mint-refused", True),
        (RESET, "mint-unanswered", True),
        (cut, "answer-broken", True),
        (Answered(200, b"{"), "answer-broken", True),
    ):
        with Scripted(each(answer)) as server:
            trial = tried(against(server, desk(tmp_path / code / str(id(answer)))))
        assert trial.problem is not None
        assert trial.problem.code == code
        assert (trial.may_live_until is not None) is lives
        assert len(server.asked) == 1


def test_it_waits_no_longer_than_it_may(tmp_path: Path) -> None:
    def run(seconds: float) -> Trial:
        with Scripted(each(Answered(200, b"{}", pause=60))) as server:
            return tried(against(server, desk(tmp_path / str(seconds))), timeout=seconds)

    trial = with_time(run, lambda found: found.may_live_until is not None)
    assert trial.problem is not None
    assert trial.problem.code == "mint-unanswered"
    assert trial.may_live_until is not None


def test_what_cannot_be_reached_leaves_no_token(tmp_path: Path) -> None:
    with nobody() as port:
        provider = f"{{kind: emulator, url: 'http://127.0.0.1:{port}/v1'}}"
        trial = tried(desk(tmp_path, provider=provider))
    assert trial.problem is not None
    assert (trial.problem.code, trial.may_live_until) == ("mint-unreachable", None)


def test_the_host_is_checked_before_the_key_is_read(tmp_path: Path) -> None:
    with Scripted(each(answered(ASKED))) as server:
        made = against(server, desk(tmp_path))
        made.environ.clear()
        with pytest.raises(ProblemsError) as error:
            tried(made)
    assert [one.code for one in error.value.problems] == ["host-not-allowed"]
    assert server.asked == []


def test_it_takes_one_profile(tmp_path: Path) -> None:
    made = desk(tmp_path, profiles=("clinic", "ward"))
    with pytest.raises(UsageError, match="this names 2"):
        tried(made, "*")


def test_the_emulator_that_is_started_for_it_keeps_everything(tmp_path: Path) -> None:
    trial = tried(desk(tmp_path))
    assert trial.problem is None
    assert {one.fate for one in trial.echoes} <= {"kept", "filled"}


def test_who_interrupts_is_told_how_long_a_token_may_live(tmp_path: Path) -> None:
    told = threading.Event()

    def interrupting(_: int, __: Asked) -> Answered:
        os.kill(os.getpid(), signal.SIGINT)
        told.wait(60)
        return answered(ASKED)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Scripted(interrupting) as server:
            with pytest.raises(InterruptedRunError) as error:
                tried(against(server, desk(tmp_path)))
            told.set()
    finally:
        signal.signal(signal.SIGINT, before)
    assert str(error.value) == (
        "interrupted before the answer came: a token may live all the same, for 10 min"
    )

"""What a run makes of each answer there can be: told by a scripted server, on real connections."""

import json
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.engine.mints import (
    KEY,
    NOW,
    QUICK,
    Brief,
    Desk,
    against,
    desk,
    only,
    outcomes,
    with_time,
)
from tests.engine.scripted import (
    EXPIRES_AT,
    RESET,
    Answered,
    Asked,
    Scripted,
    each,
    minted,
    nobody,
    refused,
    said,
)
from voxmint.engine import emulator as emulated
from voxmint.engine.events import Halted, SessionFailed, Waiting
from voxmint.engine.report import Report, Result

LATEST = int(NOW) + 120 + 600
"""When a token that nobody has seen has expired for sure: the run's time, and its lifetime."""


def unseen_in(report: Report) -> list[str]:
    """The profiles of unseen tokens, which live no longer than the run that is left and their own.

    What is left of a run when a request leaves is the machine's affair.
    """
    assert all(LATEST - 120 <= one.last_expiry <= LATEST for one in report.unseen)
    return [one.profile for one in report.unseen]


def code(result: Result) -> str | None:
    return result.problem.code if result.problem else None


def message(result: Result) -> str | None:
    return result.problem.message if result.problem else None


# ── the request ──────────────────────────────────────────────────────────────────────────────────


def test_what_is_sent(tmp_path: Path) -> None:
    with Scripted(each(minted())) as server:
        made = against(server, desk(tmp_path))
        text = (made.root / "environments/live.yaml").read_text()
        more = (
            "headers: {X-Cost-Center: '4711'}, organization: org-clinic, project: proj_speech, "
            "safety_identifier: ward-7, key: "
        )
        made.write("environments/live.yaml", text.replace("key: ", more))
        made.mint()
        [asked] = server.asked
    compiled = made.project.compile("clinic", "live")
    assert (asked.method, asked.path) == ("POST", "/v1/realtime/transcription_sessions")
    assert json.loads(asked.body) == compiled.body
    headers = dict(asked.headers)
    assert headers.pop("user-agent").startswith("voxmint/")
    assert headers.pop("x-client-request-id").startswith("voxmint-")
    assert headers == {
        "host": server.host,
        "authorization": f"Bearer {KEY}",
        "accept": "application/json",
        "accept-encoding": "identity",
        "content-type": "application/json",
        "content-length": str(len(asked.body)),
        "openai-organization": "org-clinic",
        "openai-project": "proj_speech",
        "openai-safety-identifier": "ward-7",
        "x-cost-center": "4711",
    }


def test_azure_is_sent_its_own_header_and_its_deployments(tmp_path: Path) -> None:
    answer = {"value": "ek_scripted000001", "expires_at": EXPIRES_AT, "session": {"id": "sess_1"}}
    with Scripted(each(said(answer))) as server:
        made = against(server, desk(tmp_path))
        provider = (
            f"{{kind: azure, url: 'http://{server.host}', key: {{env: THE_KEY}}, "
            "deployments: {gpt-live-transcribe: ward-live}}"
        )
        made.write(
            "environments/live.yaml",
            f"provider: {provider}\nsinks: [{{kind: dotenv, path: .env.live}}]\n",
        )
        made.mint()
        made.environ["THE_KEY"] = token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9."
        made.mint(force=True)
        first, second = server.asked
    assert first.path == "/openai/v1/realtime/client_secrets"
    assert (first.headers["api-key"], "authorization" in first.headers) == (KEY, False)
    assert (second.headers["authorization"], "api-key" in second.headers) == (
        f"Bearer {token}",
        False,
    )
    body = json.loads(first.body)
    assert body["session"]["audio"]["input"]["transcription"]["model"] == "ward-live"


def test_a_gateway_without_a_key_is_sent_none(tmp_path: Path) -> None:
    with Scripted(each(minted())) as server:
        made = against(server, desk(tmp_path))
        text = (made.root / "environments/live.yaml").read_text()
        made.write("environments/live.yaml", text.replace(", key: {env: THE_KEY}", ""))
        assert only(made.mint()).outcome == "minted"
        [asked] = server.asked
    assert "authorization" not in asked.headers


# ── answered with 200: never again ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("answered", "found"),
    [
        (said({"id": "sess_1", "client_secret": None}), "its `client_secret` is null"),
        (said({"id": "sess_1"}), "it has no `client_secret`"),
        (
            said({"client_secret": {"value": "ek_scripted000001", "expires_at": 1}}),
            (
                "by its expires_at, 1, the token expired before it came: the service's clock or "
                "this machine's is wrong"
            ),
        ),
        (
            Answered(200, b"<html>login</html>", {"Content-Type": "text/html"}),
            "what came is a web page, not JSON",
        ),
        (Answered(200), "what came is empty, not JSON"),
        (
            Answered(200, minted().content[:60]),
            "what came is cut short or damaged, not JSON",
        ),
        (minted(cut=90), "it broke off"),
        (minted(length=4000, stall=60), "it did not come to its end in time"),
        (Answered(200, b" " * 1_500_000), "it has more than 1048576 bytes"),
    ],
)
def test_a_200_without_a_token_is_a_failed_mint_and_not_repeated(
    tmp_path: Path, answered: Answered, found: str
) -> None:
    def run(seconds: float) -> tuple[Desk, Report]:
        with Scripted(each(answered, minted())) as server:
            made = against(server, desk(tmp_path / str(seconds)))
            made.patience = replace(QUICK, request=seconds if answered.stall else 60.0)
            report = made.mint()
            assert len(server.asked) <= report.requests
        return made, report

    made, report = with_time(run, lambda found: found[1].requests == 1)
    result = only(report)
    assert (result.outcome, result.attempts, code(result)) == ("failed", 1, "answer-broken")
    assert message(result) == f"the service answered 200, but {found}"
    # It was answered, so a token may have been minted, and live.
    assert unseen_in(report) == ["clinic"]
    assert made.open_intents == ["clinic"]
    assert report.exit_code == 1
    assert not made.env_file.exists()


def test_a_201_is_an_answer_too(tmp_path: Path) -> None:
    with Scripted(each(Answered(201, minted().content))) as server:
        assert only(against(server, desk(tmp_path)).mint()).outcome == "minted"


# ── refused ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("answered", "found", "text"),
    [
        (
            refused(400, "invalid_value", "Invalid value: 'x'."),
            "mint-refused",
            "400 invalid_value: Invalid value: 'x'.",
        ),
        (
            refused(403, "model_not_found", "Project has no access."),
            "mint-refused",
            "403 model_not_found: Project has no access.",
        ),
        (Answered(403, b"<html>"), "mint-refused", "403 no reason was given"),
        (said({"error": {"code": 403}}, 403), "mint-refused", "403 no reason was given"),
        (
            said({"error": {"code": "DeploymentNotFound", "message": "No such."}}, 404),
            "mint-refused",
            "404 DeploymentNotFound: No such.",
        ),
        (
            Answered(307, headers={"Location": "https://evil.example/v1"}),
            "mint-redirected",
            "the service answered 307 and points to https://evil.example/v1, which is not followed",
        ),
    ],
)
def test_what_waiting_does_not_heal_is_tried_once_and_the_others_go_on(
    tmp_path: Path, answered: Answered, found: str, text: str
) -> None:
    with Scripted(each(answered, minted())) as server:
        made = against(server, desk(tmp_path, ["a", "b"]), concurrency=1)
        report = made.mint()
        assert len(server.asked) == 2
    first, second = report.results
    assert (first.outcome, first.attempts, code(first), message(first)) == (
        "failed",
        1,
        found,
        text,
    )
    assert (second.outcome, report.exit_code) == ("minted", 3)
    assert set(made.variables) == {"B_CLIENT_SECRET", "B_EXPIRES_AT", "B_SESSION_ID"}
    assert made.open_intents == []


def test_what_is_quoted_to_support_is_in_the_report(tmp_path: Path) -> None:
    with Scripted(each(refused(403, None, "no"))) as server:
        assert only(against(server, desk(tmp_path)).mint()).request_id == "req_refused"


@pytest.mark.parametrize(
    ("answered", "found"),
    [
        (refused(401, "invalid_api_key", "Incorrect API key provided."), "mint-key-refused"),
        (refused(401, "mismatched_project", "Wrong project."), "mint-key-refused"),
        (refused(429, "insufficient_quota", "You exceeded your quota."), "mint-quota"),
        (refused(404, None, "Invalid URL (POST /v1/…)"), "mint-endpoint-retired"),
    ],
)
def test_what_holds_for_every_profile_ends_the_run_at_the_first(
    tmp_path: Path, answered: Answered, found: str
) -> None:
    names = [f"ward-{number:02}" for number in range(20)]
    with Scripted(each(answered)) as server:
        made = against(server, desk(tmp_path, names), concurrency=1)
        report = made.mint()
        assert len(server.asked) == 1
    first, *rest = report.results
    assert (first.outcome, code(first)) == ("failed", found)
    assert {result.outcome for result in rest} == {"skipped"}
    assert {message(result) for result in rest} == {f"not tried: {message(first)}"}
    assert {result.attempts for result in rest} == {0}
    assert [event.problem.code for event in made.told(Halted)] == [found]
    assert (report.exit_code, made.open_intents) == (1, [])


def test_a_retired_endpoint_names_the_one_line_to_change(tmp_path: Path) -> None:
    answered = refused(404, None, "Invalid URL (POST /v1/realtime/transcription_sessions)")
    with Scripted(each(answered)) as server:
        made = against(server, desk(tmp_path))
        text = (made.root / "environments/live.yaml").read_text()
        made.write(
            "environments/live.yaml",
            "# The clinic's own gateway.\n"
            + text.replace("url:", "api: transcription_sessions, url:"),
        )
        problem = only(made.mint()).problem
    assert problem is not None
    assert problem.message == (
        f"there is no transcription_sessions at {server.url}/realtime/transcription_sessions "
        "(any more): 404 invalid_request_error: Invalid URL (POST "
        "/v1/realtime/transcription_sessions)"
    )
    assert problem.hint == "write `api: client_secrets` at environments/live.yaml:2"
    assert str(problem.at).startswith("environments/live.yaml:2:")


def test_a_code_that_is_the_status_is_said_once(tmp_path: Path) -> None:
    answered = said({"error": {"code": "404", "message": "Resource not found"}}, 404)
    with Scripted(each(answered)) as server:
        text = message(only(against(server, desk(tmp_path)).mint()))
    assert text is not None
    assert text.endswith("(any more): 404 Resource not found")


def test_nothing_at_the_newer_endpoint_points_to_the_url(tmp_path: Path) -> None:
    with Scripted(each(Answered(404, b"<html>"))) as server:
        made = against(server, desk(tmp_path))
        problem = only(made.mint(api="client_secrets")).problem
    assert problem is not None
    assert (problem.code, problem.hint) == (
        "mint-endpoint-missing",
        "look at `provider.url` and `provider.api`",
    )


# ── what waiting heals ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "answered",
    [
        *(refused(status, None, "later") for status in (408, 409, 429, 500, 503)),
        refused(429, "rate_limit_exceeded", "later", retry_after_ms="10"),
        refused(429, "rate_limit_exceeded", "later", Retry_After="0.01"),
        refused(418, None, "later", x_should_retry="true"),
        Answered(500, b"<html>", length=900, cut=120),
    ],
)
def test_what_heals_by_waiting_is_repeated(tmp_path: Path, answered: Answered) -> None:
    with Scripted(each(answered, answered, minted())) as server:
        made = against(server, desk(tmp_path))
        report = made.mint()
        assert len(server.asked) == 3
    result = only(report)
    assert (result.outcome, result.attempts, report.unseen) == ("minted", 3, ())
    assert made.open_intents == []
    assert len(made.told(Waiting)) == 2


def test_every_attempt_has_a_label_of_its_own(tmp_path: Path) -> None:
    with Scripted(each(refused(500, None, "later"), minted())) as server:
        against(server, desk(tmp_path)).mint()
        labels = {asked.headers["x-client-request-id"] for asked in server.asked}
    assert len(labels) == 2


def test_a_profile_is_tried_five_times(tmp_path: Path) -> None:
    with Scripted(each(refused(503, None, "Overloaded."))) as server:
        made = against(server, desk(tmp_path))
        result = only(made.mint())
        assert len(server.asked) == 5
    assert (result.outcome, result.attempts) == ("failed", 5)
    assert message(result) == "503 invalid_request_error: Overloaded."
    [failed] = made.told(SessionFailed)
    assert failed.problem == result.problem


def test_a_server_that_says_not_to_repeat_is_heard(tmp_path: Path) -> None:
    with Scripted(each(refused(500, None, "no", x_should_retry="false"))) as server:
        only(against(server, desk(tmp_path)).mint())
        assert len(server.asked) == 1


def test_a_wish_to_wait_is_capped(tmp_path: Path) -> None:
    with Scripted(each(refused(429, None, "later", Retry_After="86400"), minted())) as server:
        made = against(server, desk(tmp_path))
        made.patience = replace(QUICK, longest_asked=0.02)
        assert only(made.mint()).outcome == "minted"
    assert [event.seconds for event in made.told(Waiting)] == [0.02]


def test_a_wait_beyond_the_runs_time_is_not_begun(tmp_path: Path) -> None:
    with Scripted(each(refused(429, None, "later", Retry_After="30"))) as server:
        made = against(server, desk(tmp_path), timeout=29)
        assert only(made.mint()).outcome == "failed"
        assert len(server.asked) == 1
    assert made.told(Waiting) == []


@pytest.mark.parametrize(
    "refusal",
    [
        refused(429, None, "later", Retry_After="30"),
        refused(503, None, "later", Retry_After="30"),
        refused(429, None, "later", Retry_After="30", x_should_retry="false"),
    ],
)
@pytest.mark.parametrize("attempts", [1, 5])
def test_a_wait_beyond_the_runs_time_ends_the_run_whichever_request_was_told(
    tmp_path: Path, refusal: Answered, attempts: int
) -> None:
    names = [f"ward-{number:02}" for number in range(30)]
    with Scripted(each(refusal)) as server:
        made = against(server, desk(tmp_path, names), concurrency=2, timeout=29, attempts=attempts)
        report = made.mint()
        assert len(server.asked) <= 2
    assert sorted(set(outcomes(report).values())) == ["failed", "skipped"]
    [halted] = made.told(Halted)
    assert "later" in halted.problem.message
    assert halted.problem.hint == "the service asks to wait 30 s: run it again then"


def test_a_limit_slows_the_whole_run_and_not_one_request(tmp_path: Path) -> None:
    def script(number: int, _: Asked) -> Answered:
        if number == 1:
            return refused(429, "rate_limit_exceeded", "later", retry_after_ms="300")
        return minted(number)

    names = [f"ward-{number:02}" for number in range(30)]
    with Scripted(script) as server:
        made = against(server, desk(tmp_path, names), concurrency=1)
        report = made.mint()
    assert set(outcomes(report).values()) == {"minted"}
    kinds = [type(event) for event in made.events]
    # The limited one is the first to be sent again, and nothing was sent before.
    assert kinds.index(Waiting) < min(
        index for index, event in enumerate(made.events) if getattr(event, "expires_at", None)
    )
    assert report.requests == 31


# ── no answer ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("silence", [RESET, minted(pause=60)])
def test_a_request_without_an_answer_is_repeated_once_and_reported(
    tmp_path: Path, silence: Answered
) -> None:
    def script(_: int, asked: Asked) -> Answered:
        # By its label: the second may be read before the first.
        return silence if asked.headers["x-client-request-id"].endswith("-1") else minted()

    def run(seconds: float) -> tuple[Desk, Report]:
        with Scripted(script) as server:
            made = against(server, desk(tmp_path / str(seconds)))
            made.patience = replace(QUICK, request=Brief(seconds) if silence.pause else 60.0)
            return made, made.mint()

    # One that has not left in time leaves no doubt.
    made, report = with_time(run, lambda found: found[1].unseen != ())
    result = only(report)
    assert (result.outcome, result.attempts, report.exit_code) == ("minted", 2, 0)
    assert unseen_in(report) == ["clinic"]
    assert made.open_intents == ["clinic"]
    # The next run keeps the token, and still names the other one until it has expired.
    assert (made.mint().unseen, made.plan().unseen) == (report.unseen, report.unseen)
    made.now = LATEST + 1
    assert made.plan().unseen == ()


@pytest.mark.parametrize(
    ("allowed", "sent", "unseen"),
    [(0, 1, "an unseen token"), (1, 2, "up to 2 unseen tokens"), (2, 3, "up to 3 unseen tokens")],
)
def test_how_often_it_is_repeated_is_limited_on_its_own(
    tmp_path: Path, allowed: int, sent: int, unseen: str
) -> None:
    with Scripted(each(RESET)) as server:
        made = against(server, desk(tmp_path))
        made.patience = replace(QUICK, unanswered=allowed)
        report = made.mint()
        assert len(server.asked) == sent
    result = only(report)
    assert (result.outcome, code(result)) == ("failed", "mint-unanswered")
    assert (message(result) or "").endswith(f"the request may have arrived: {unseen} may live")
    assert unseen_in(report) == ["clinic"] * sent


def test_a_gateways_word_that_nobody_answered_it_leaves_a_doubt(tmp_path: Path) -> None:
    with Scripted(each(refused(504, None, "upstream timed out"), minted())) as server:
        report = against(server, desk(tmp_path)).mint()
    assert (only(report).outcome, unseen_in(report)) == ("minted", ["clinic"])


def test_such_words_are_limited_like_no_answer_at_all(tmp_path: Path) -> None:
    with Scripted(each(refused(502, None, "bad gateway"))) as server:
        report = against(server, desk(tmp_path)).mint()
        assert len(server.asked) == 2
    assert unseen_in(report) == ["clinic"] * 2


def test_a_server_that_is_not_there_leaves_no_doubt_and_ends_the_run(tmp_path: Path) -> None:
    names = [f"ward-{number:02}" for number in range(20)]
    with nobody() as port:
        provider = f"{{kind: emulator, url: 'http://127.0.0.1:{port}/v1'}}"
        made = desk(tmp_path, names, provider, "mint: {concurrency: 2}\n")
        report = made.mint()
    assert (report.unseen, report.exit_code, made.open_intents) == ((), 1, [])
    assert set(outcomes(report).values()) <= {"failed", "skipped"}
    assert report.requests <= 11
    assert {code(result) for result in report.results} == {"mint-unreachable", "mint-not-tried"}
    assert "connection refused" in (message(report.results[0]) or "")


def test_the_time_of_a_run_is_bounded(tmp_path: Path) -> None:
    def run(seconds: float) -> tuple[Desk, Report, float]:
        with Scripted(each(minted(), minted(pause=60))) as server:
            project = desk(tmp_path / str(seconds), ["a", "b", "c"])
            made = against(server, project, concurrency=1, timeout=seconds)
            return made, made.mint(), seconds

    made, report, seconds = with_time(
        run, lambda found: [one.profile for one in found[1].unseen] == ["b"]
    )
    assert outcomes(report) == {"a": "minted", "b": "failed", "c": "skipped"}
    [lives] = report.unseen
    assert lives.profile == "b"
    assert 1 <= lives.last_expiry - int(NOW) - 600 <= seconds
    assert (
        message(report.results[2]) == f"not tried: the {seconds:g} s that a run may take are over"
    )
    assert set(made.variables) == {"A_CLIENT_SECRET", "A_EXPIRES_AT", "A_SESSION_ID"}


# ── how fast ─────────────────────────────────────────────────────────────────────────────────────


def test_no_more_than_so_many_are_under_way(tmp_path: Path) -> None:
    lock, under_way, most = threading.Lock(), [0], [0]
    are_three = threading.Event()

    def script(number: int, _: Asked) -> Answered:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
            if under_way[0] == 3:
                are_three.set()
        # The first ones wait for each other; a fourth would come while they do, or later.
        assert are_three.wait(60)
        threading.Event().wait(0.01)
        with lock:
            under_way[0] -= 1
        return minted(number)

    names = [f"ward-{number:02}" for number in range(20)]
    with Scripted(script) as server:
        made = against(server, desk(tmp_path, names), concurrency=3)
        assert set(outcomes(made.mint()).values()) == {"minted"}
    assert most == [3]


def test_a_rate_is_kept(tmp_path: Path) -> None:
    names = [f"ward-{number:02}" for number in range(10)]

    def run(seconds: float) -> Report:
        with Scripted(each(minted())) as server:
            project = desk(tmp_path / str(seconds), names)
            return against(server, project, requests_per_minute=1, burst=4, timeout=seconds).mint()

    report = with_time(run, lambda found: found.requests == 4 and not found.unseen)
    # Four leave at once; the next one would in a minute, and then the time is over.
    assert report.requests == 4
    assert list(outcomes(report).values()) == ["minted"] * 4 + ["skipped"] * 6


def test_a_service_that_only_refuses_what_is_too_fast_is_asked_slower(tmp_path: Path) -> None:
    lock, seen = threading.Lock(), [0.0, 0.0]

    def script(number: int, _: Asked) -> Answered:
        with lock:
            now = time.monotonic()
            if now - seen[0] > 0.1:
                seen[:] = [now, 0]
            seen[1] += 1
            if seen[1] > 3:
                return refused(429, "rate_limit_exceeded", "later", retry_after_ms="100")
        return minted(number)

    names = [f"ward-{number:02}" for number in range(40)]
    with Scripted(script) as server:
        # Forty at once, of which three pass in each tenth of a second: ten attempts of each would
        # let thirty through.
        report = against(server, desk(tmp_path, names), concurrency=40, attempts=10).mint()
    assert set(outcomes(report).values()) == {"minted"}


def test_what_answers_say_of_the_limit_is_kept_ahead_of(tmp_path: Path) -> None:
    names = [f"ward-{number:02}" for number in range(40)]
    pace = emulated.Pace(1200, 5)
    with emulated.Emulator(emulated.Options(pace=pace)) as emulator:
        provider = f"{{kind: emulator, url: '{emulator.url}'}}"
        made = desk(tmp_path, names, provider, "mint: {concurrency: 4}\n")
        report = made.mint()
    assert set(outcomes(report).values()) == {"minted"}
    # It knows of the limit only what answers say. Without a look at them every second is refused.
    assert report.requests < 1.2 * len(names)


# ── how often and how long, as it is set ─────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("file", "operator", "attempts"),
    [({}, {}, 5), ({"attempts": 2}, {}, 2), ({"attempts": 2}, {"attempts": 1}, 1)],
)
def test_attempts_can_be_set(
    tmp_path: Path, file: dict[str, Any], operator: dict[str, Any], attempts: int
) -> None:
    with Scripted(each(refused(503, None, "later"))) as server:
        against(server, desk(tmp_path), **file).mint(**operator)
        assert len(server.asked) == attempts


@pytest.mark.parametrize(
    ("file", "operator", "requests"),
    [
        ({}, {}, 2),
        ({"retry_unanswered": 0}, {}, 1),
        ({"retry_unanswered": 0}, {"retry_unanswered": 2}, 3),
    ],
)
def test_how_often_what_got_no_answer_is_repeated_can_be_set(
    tmp_path: Path, file: dict[str, Any], operator: dict[str, Any], requests: int
) -> None:
    with Scripted(each(RESET)) as server:
        report = against(server, desk(tmp_path), **file).mint(**operator)
        assert len(server.asked) == requests
    assert [one.profile for one in report.unseen] == ["clinic"] * requests


def test_the_time_of_a_request_can_be_set(tmp_path: Path) -> None:
    def run(seconds: float) -> Report:
        with Scripted(each(minted(pause=60))) as server:
            project = desk(tmp_path / str(seconds))
            return against(server, project, request_timeout=seconds, retry_unanswered=0).mint()

    result = only(with_time(run, lambda found: found.unseen != ()))
    assert (message(result) or "").startswith("no answer came in time")
    with Scripted(each(minted(pause=0.3))) as server:
        made = against(server, desk(tmp_path / "other"), request_timeout=0.1)
        assert only(made.mint(request_timeout=60.0)).outcome == "minted"

"""Neither the key nor a token is anywhere but where it belongs."""

import logging
from base64 import b64encode
from pathlib import Path

import pytest

from tests.engine.mints import Desk, against, desk
from tests.engine.scripted import Answered, Scripted, each, minted, refused, said
from voxmint.problems import ProblemsError

KEYS = ["sk-canary-0123456789abcdefghijklmnop", "c4naryc4naryc4naryc4naryc4naryc4"]
"""A key of OpenAI's form, and one of a form that says nothing: Azure's."""
TOKENS = ["ek_scripted000001", "ek_scripted000002", "canary+token/of=another.form"]


def traces(made: Desk, said: str, secrets: list[str]) -> list[str]:
    """Where something of a secret is that should not be there."""
    found = [f"said: {secret}" for secret in secrets if secret in said]
    for path in made.root.rglob("*"):
        if path.is_file() and path != made.env_file:
            data = path.read_bytes()
            found += [f"{path.name}: {secret}" for secret in secrets if secret.encode() in data]
    return found


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "answered",
    [
        minted(),
        said({"client_secret": {"value": TOKENS[2], "expires_at": 1_800_000_600}}),
        said({"client_secret": {"value": TOKENS[0]}}),
        minted(cut=170),
        said(
            {"client_secret": {"value": TOKENS[0], "expires_at": 1_800_000_600}},
            headers={"x-request-id": "req-KEY"},
        ),
        Answered(403, b"{}", {"x-request-id": "req-KEY"}),
        Answered(200, b"<html>" + TOKENS[0].encode() + b"</html>"),
        refused(401, "invalid_api_key", "Incorrect API key provided: KEY."),
        refused(403, "KEY", "KEY is not allowed."),
        refused(429, "insufficient_quota", "No credit for KEY."),
        refused(500, None, "Crashed on Bearer KEY and ek_scripted000001."),
        refused(404, None, "KEY"),
        Answered(503, b"KEY"),
        Answered(302, headers={"Location": "https://evil.example/?key=KEY"}),
    ],
)
def test_no_key_and_no_token_is_left_anywhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, key: str, answered: Answered
) -> None:
    caplog.set_level(logging.DEBUG)

    def of(text: str) -> str:
        return text.replace("KEY", key)

    told = Answered(
        answered.status,
        answered.content.replace(b"KEY", key.encode()),
        {name: of(value) for name, value in answered.headers.items()},
        cut=answered.cut,
    )
    with Scripted(each(told)) as server:
        made = against(server, desk(tmp_path, ["a", "b"]))
        made.environ["THE_KEY"] = key
        report = made.mint()
        assert {asked.headers["authorization"] for asked in server.asked} == {f"Bearer {key}"}
    shown = f"{report!r}{report.to_json()}{made.events!r}{made.edge()!r}{caplog.text}"
    shown += "".join(
        f"{one.problem.message}{one.problem.hint}" for one in report.bad if one.problem
    )
    assert traces(made, shown, [key, *TOKENS]) == []


@pytest.mark.parametrize(
    "secret",
    [TOKENS[0], f"sess-{TOKENS[0]}", b64encode(TOKENS[0].encode()).decode(), KEYS[0]],
    ids=["token", "holds-token", "token-in-base64", "key"],
)
def test_an_id_that_holds_a_secret_is_neither_kept_nor_written(tmp_path: Path, secret: str) -> None:
    content = {"id": secret, "client_secret": {"value": TOKENS[0], "expires_at": 1_800_000_600}}
    told = said(content, headers={"x-request-id": secret})
    with Scripted(each(told)) as server:
        made = against(server, desk(tmp_path))
        made.environ["THE_KEY"] = KEYS[0]
        report = made.mint()
    assert report.exit_code == 0
    assert report.results[0].session_id is made.sessions["clinic"].session_id is None
    assert list(made.variables) == ["CLINIC_CLIENT_SECRET", "CLINIC_EXPIRES_AT"]
    shown = f"{report!r}{report.to_json()}{made.events!r}{made.plan()!r}{made.sessions!r}"
    assert traces(made, shown, [secret, TOKENS[0], KEYS[0]]) == []


def test_an_error_before_the_first_request_does_not_hold_the_key(tmp_path: Path) -> None:
    made = desk(tmp_path, provider="{kind: openai, url: 'https://evil.example/v1'}")
    made.environ["OPENAI_API_KEY"] = KEYS[0]
    with pytest.raises(ProblemsError) as error:
        made.mint()
    shown = f"{error.getrepr(style='long', showlocals=True)}"
    assert traces(made, shown, KEYS) == []


def test_a_redirect_does_not_take_the_key_along(tmp_path: Path) -> None:
    with Scripted(each(minted())) as elsewhere:
        moved = Answered(307, headers={"Location": f"{elsewhere.url}/realtime/sessions"})
        with Scripted(each(moved)) as server:
            made = against(server, desk(tmp_path))
            made.environ["VOXMINT_ALLOW_HOSTS"] = f"{server.host},{elsewhere.host}"
            made.mint()
        assert elsewhere.asked == []


def test_a_host_that_is_not_allowed_is_not_even_spoken_to(tmp_path: Path) -> None:
    with Scripted(each(minted())) as server:
        made = against(server, desk(tmp_path))
        made.environ["VOXMINT_ALLOW_HOSTS"] = f"127.0.0.1:{server.port + 1}"
        with pytest.raises(ProblemsError):
            made.mint()
        assert server.asked == []


def test_a_proxy_is_not_used_for_this_machine(tmp_path: Path) -> None:
    with Scripted(each(minted())) as proxy, Scripted(each(minted())) as server:
        made = against(server, desk(tmp_path))
        names = ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
        made.environ |= dict.fromkeys(names, f"http://{proxy.host}")
        made.mint()
        assert (len(server.asked), proxy.asked) == (1, [])

"""Endpoints that a provider does not serve, where a file asks for one."""

import pytest

from tests.sources import compiled
from voxmint.problems import Problem
from voxmint.profiles.order import Order

FLAT = "api: transcription_sessions"


def warnings(order: Order | None = None, **environments: str) -> list[Problem]:
    texts = {name: f"provider: {text}\n" for name, text in environments.items()}
    given = () if order is None else (order,)
    found = compiled({"p": "{}", "q": "{}"}, texts, *given).problems
    return [one for one in found if one.code.startswith("endpoint-")]


@pytest.mark.parametrize(
    ("provider", "code"),
    [
        (f"{{kind: openai, {FLAT}}}", "endpoint-retired"),
        (f"{{kind: openai, {FLAT}, url: 'https://EU.api.openai.com/v1'}}", "endpoint-retired"),
        (f"{{kind: azure, {FLAT}, url: 'https://a.example'}}", "endpoint-not-on-azure"),
    ],
)
def test_an_endpoint_that_is_gone_is_warned_of_where_it_is_asked(provider: str, code: str) -> None:
    [found] = warnings(e=provider)
    assert found.code == code
    assert found.affects == (("p", "e"), ("q", "e"))
    assert found.at is not None
    assert (found.at.file, found.at.column) == (
        "environments/e.yaml",
        len("provider: ") + provider.index("transcription_sessions") + 1,
    )


@pytest.mark.parametrize(
    "provider",
    [
        "{kind: openai}",
        "{kind: openai, api: client_secrets}",
        "{kind: openai, api: null}",
        # What the operator put before OpenAI, or claims to be it, may serve it.
        f"{{kind: openai, {FLAT}, url: 'https://proxy.example/v1'}}",
        f"{{kind: openai, {FLAT}, url: 'https://evilapi.openai.com/v1'}}",
        f"{{kind: openai, {FLAT}, url: 'https://[x/v1'}}",
        f"{{kind: compatible, {FLAT}, url: 'https://api.openai.com/v1'}}",
        f"{{kind: emulator, {FLAT}}}",
    ],
)
def test_where_it_may_be_served_nothing_is_said(provider: str) -> None:
    assert warnings(e=provider) == []


def test_on_the_command_line_it_is_asked_for_on_purpose() -> None:
    order = Order(api="transcription_sessions")
    assert warnings(order, e="{kind: openai}") == []


def test_what_the_command_line_replaces_is_not_asked() -> None:
    assert warnings(Order(api="client_secrets"), e=f"{{kind: openai, {FLAT}}}") == []


def test_environments_that_inherit_it_are_told_once() -> None:
    texts = {"base": f"abstract: true\nprovider: {{kind: openai, {FLAT}}}\n"}
    texts |= {"one": "extends: base\n", "other": "extends: base\n"}
    found = compiled({"p": "{}"}, texts).problems
    [warning] = [one for one in found if one.code == "endpoint-retired"]
    assert warning.affects == (("p", "one"), ("p", "other"))

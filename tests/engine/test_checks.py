"""What a check of the files alone says of providers and sinks, as on a stranger's pull request."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from tests.engine.mints import desk
from tests.profiles.laws import law
from voxmint.engine.checks import settings_problems
from voxmint.engine.upstream.target import check_target
from voxmint.problems import UsageError
from voxmint.profiles.compiled import CompiledEnvironment
from voxmint.profiles.documents import Environment, Layer, LayerKind
from voxmint.profiles.nodes import MapNode
from voxmint.profiles.plain_settings import is_plain_provider
from voxmint.profiles.settings import Provider

GATEWAY = "{kind: compatible, url: 'https://gateway.example/v1'}"


def codes(
    root: Path,
    provider: str = "{kind: emulator}",
    sinks: str = "[]",
    profiles: tuple[str, ...] = ("clinic",),
    environ: Mapping[str, str] | None = None,
) -> list[str]:
    made = desk(root, profiles, provider, f"sinks: {sinks}\n")
    environments = made.project.compile_all().environments.values()
    found = settings_problems(made.root, environments, environ or {})
    return sorted({problem.code for problem in found})


@pytest.mark.parametrize(
    ("sinks", "code"),
    [
        ("[{kind: dotnev, path: .env}]", "sink-unknown"),
        ("[{kind: dotenv}]", "missing-key"),
        ("[{kind: dotenv, path: .env, pth: x}]", "unknown-key"),
        ("[{kind: dotenv, path: ../.env}]", "path-outside"),
        ("[{kind: dotenv, path: profiles/base.yaml}]", "path-reserved"),
        ("[{kind: dotenv, path: .env, mode: 0777}]", "bad-setting"),
    ],
)
def test_a_sink_that_cannot_work(tmp_path: Path, sinks: str, code: str) -> None:
    assert codes(tmp_path, sinks=sinks) == [code]


def test_what_is_wrong_with_sinks_is_told_beside_what_is_wrong_with_the_provider(
    tmp_path: Path,
) -> None:
    sinks = "[{kind: dotenv, path: .env, pth: x}]"
    assert codes(tmp_path, "{kind: emulatr}", sinks) == ["unknown-key"]


@pytest.mark.parametrize(
    ("sink", "variable", "code"),
    [
        (
            "{kind: vault, address: 'https://vault.example:8200'}",
            "VOXMINT_ALLOW_HOSTS",
            "store-host-refused",
        ),
        (
            "{kind: github-secrets, organization: clinic}",
            "VOXMINT_ALLOW_REPOSITORIES",
            "store-repository-refused",
        ),
    ],
)
def test_where_a_sink_leads_is_told_where_the_operator_names_what_is_allowed(
    tmp_path: Path, sink: str, variable: str, code: str
) -> None:
    sinks = f"[{sink}]"
    assert codes(tmp_path, sinks=sinks) == []
    assert codes(tmp_path, sinks=sinks, environ={variable: "other"}) == [code]
    named = {variable: "vault.example:8200" if "HOSTS" in variable else "clinic"}
    assert codes(tmp_path, sinks=sinks, environ=named) == []


def test_names_that_clash_or_are_none(tmp_path: Path) -> None:
    sinks = "[{kind: dotenv, path: .env}]"
    found = codes(tmp_path, sinks=sinks, profiles=("a-b", "a_b", "9lives"))
    assert found == ["sink-name-clash", "sink-name-invalid"]


@pytest.mark.parametrize(
    ("provider", "code"),
    [
        ("{kind: emulator, url: 'http://10.0.0.1/v1'}", "host-not-loopback"),
        ("{kind: openai, url: 'https://openai.example/v1'}", "host-not-allowed"),
        ("{kind: compatible, url: 'http://gateway.example/v1'}", "host-needs-tls"),
        (GATEWAY.replace("}", ", headers: {Authorization: x}}"), "header-refused"),
    ],
)
def test_a_provider_that_no_operator_could_allow(tmp_path: Path, provider: str, code: str) -> None:
    assert codes(tmp_path, provider) == [code]


def test_other_hosts_are_held_against_those_that_the_operator_names(tmp_path: Path) -> None:
    named = {"VOXMINT_ALLOW_HOSTS": "gateway.example"}
    other = {"VOXMINT_ALLOW_HOSTS": "elsewhere.example"}
    assert codes(tmp_path, GATEWAY) == []
    assert codes(tmp_path, GATEWAY, environ=named) == []
    assert codes(tmp_path, GATEWAY, environ=other) == ["host-not-allowed"]


@law(200)
@given(
    st.sampled_from(["openai", "emulator"]),
    st.dictionaries(
        st.sampled_from(["organization", "project", "safety_identifier"]),
        st.text(st.characters(max_codepoint=0x180), max_size=3),
    ),
)
def test_a_provider_that_is_right_at_a_glance_may_be_sent_its_key(
    kind: str, texts: Mapping[str, str]
) -> None:
    settings = {"kind": kind, **texts}
    if is_plain_provider(settings):
        file = "environments/local.yaml"
        tree = MapNode({}, {}, (1, 1, 0))
        document = Environment("local", file, Layer(LayerKind.ENVIRONMENT, file, "local", tree))
        provider = Provider.model_validate(settings)
        environment = CompiledEnvironment(
            document, (document,), None, None, (), lambda: (provider, None)
        )
        check_target(environment, frozenset())


def test_a_word_of_the_operator_that_names_no_host_is_refused_whatever_the_provider(
    tmp_path: Path,
) -> None:
    with pytest.raises(UsageError, match="is not a host to allow"):
        codes(tmp_path, environ={"VOXMINT_ALLOW_HOSTS": "*.example"})


def test_nothing_is_made(tmp_path: Path) -> None:
    codes(tmp_path, sinks="[{kind: dotenv, path: .env}]")
    assert not (tmp_path / "project/.voxmint").exists()


def shared(root: Path, live: str, other: str) -> list[str]:
    """What is said of two environments with these sinks, but for anything else."""
    made = desk(root, ("clinic",), more=f"sinks: [{live}]\n")
    made.write("environments/other.yaml", f"provider: {{kind: emulator}}\nsinks: [{other}]\n")
    environments = made.project.compile_all().environments.values()
    return [problem.message for problem in settings_problems(made.root, environments, {})]


@pytest.mark.parametrize(
    ("live", "other", "what"),
    [
        (
            "{kind: dotenv, path: .env.live}",
            "{kind: dotenv, path: ./.env.live}",
            "CLINIC_CLIENT_SECRET and 2 more",
        ),
        (
            "{kind: dotenv, path: '.env.{profile}', prefix: A_}",
            "{kind: dotenv, path: '.env.{profile}', prefix: A_, values: [client_secret]}",
            "A_CLINIC_CLIENT_SECRET",
        ),
        ("{kind: directory, path: out}", "{kind: directory, path: out}", "`clinic`"),
        ("{kind: dotenv, path: .env.live}", "{kind: dotenv, path: .env.other}", None),
        ("{kind: dotenv, path: .env.live}", "{kind: dotenv, path: .env.live, prefix: B_}", None),
        ("{kind: stdout}", "{kind: stdout}", None),
    ],
)
def test_two_environments_that_take_each_others_place(
    tmp_path: Path, live: str, other: str, what: str | None
) -> None:
    found = shared(tmp_path, live, other)
    assert len(found) == (what is not None)
    if what is not None:
        assert found[0].startswith(f"`live` and `other` both write {what} to `")

"""The stores of AWS, Azure, Google and GitHub behind a slow network, or one that breaks below HTTP.

Single requests that fail are in each store's own tests; here it is the connection, by a TCP proxy.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.stores.azure_keyvaults import KeyVault
from tests.stores.destinations import StoreDestination, in_environment
from tests.stores.gcps import SecretManager
from tests.stores.githubs import Github
from tests.stores.servers.aws import Aws
from tests.stores.servers.azure import Azure
from tests.stores.servers.gcp import Gcp
from tests.stores.servers.github import GithubFake
from tests.stores.servers.toxiproxy import Proxy, Toxiproxy
from tests.stores.ssms import ParameterStore
from tests.stores.test_aws_secretsmanager import SecretsManager
from voxmint.problems import ProblemsError
from voxmint.testing.sink_contract import WRITTEN, delivering, errors_of, known

pytestmark = pytest.mark.stores

Behind = tuple[StoreDestination, Proxy]


def _aws(
    kind: type[SecretsManager | ParameterStore],
) -> Callable[[pytest.FixtureRequest, Path, Toxiproxy], Iterator[Behind]]:
    def behind(
        request: pytest.FixtureRequest, folder: Path, toxiproxy: Toxiproxy
    ) -> Iterator[Behind]:
        server: Aws = request.getfixturevalue("led_to_aws")
        with toxiproxy.before(server.address) as proxy:
            variables = {"AWS_ENDPOINT_URL": proxy.address, "AWS_MAX_ATTEMPTS": "1"}
            with in_environment(variables):
                yield kind(server, folder), proxy

    return behind


def _azure(request: pytest.FixtureRequest, folder: Path, toxiproxy: Toxiproxy) -> Iterator[Behind]:
    server: Azure = request.getfixturevalue("azure")
    with (
        toxiproxy.before(server.address) as proxy,
        in_environment({**server.environ, "HTTPS_PROXY": proxy.address}),
    ):
        yield KeyVault(server, folder), proxy


def _github(request: pytest.FixtureRequest, folder: Path, toxiproxy: Toxiproxy) -> Iterator[Behind]:
    server: GithubFake = request.getfixturevalue("github_fake")
    with toxiproxy.before(server.address) as proxy:
        github = Github(server, folder, payload="json")
        github.environ["GITHUB_API_URL"] = proxy.address
        yield github, proxy


def _gcp(request: pytest.FixtureRequest, folder: Path, toxiproxy: Toxiproxy) -> Iterator[Behind]:
    server: Gcp = request.getfixturevalue("gcp")
    with (
        toxiproxy.before(server.proxy.address) as proxy,
        in_environment({"https_proxy": proxy.address}),
    ):
        yield SecretManager(server, folder), proxy


BEHIND = {
    "aws-secretsmanager": _aws(SecretsManager),
    "aws-ssm": _aws(ParameterStore),
    "azure-keyvault": _azure,
    "gcp-secretmanager": _gcp,
    "github-secrets": _github,
}


@pytest.fixture(params=BEHIND)
def behind(
    request: pytest.FixtureRequest, tmp_path: Path, toxiproxy: Toxiproxy
) -> Iterator[Behind]:
    """A store as one sink writes to it, and the proxy that it is asked through."""
    yield from BEHIND[request.param](request, tmp_path, toxiproxy)


def written(store: StoreDestination, number: int = 1) -> None:
    assert store.sink("clinic").write(delivering("clinic", number=number)) == {"clinic": WRITTEN}
    assert store.read() == {"clinic": known("clinic", number)}


def test_a_network_that_is_slow_is_waited_for(behind: Behind) -> None:
    store, proxy = behind
    with proxy.slow(60):
        written(store)
        assert store.sink("clinic").holds() == {"clinic"}
        written(store, 2)


BROKEN: dict[str, Callable[[Proxy], AbstractContextManager[None]]] = {
    "requests reset": Proxy.requests_reset,
    "answers reset": Proxy.answers_reset,
    "answers lost": Proxy.answers_lost,
    "answers cut": lambda proxy: proxy.answers_cut(60),
    "down": Proxy.down,
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_network_that_is_broken_is_told_and_leaves_the_old_value(
    behind: Behind, how: str
) -> None:
    store, proxy = behind
    written(store)
    state = store.state()
    with BROKEN[how](proxy):
        [before] = errors_of(store.sink("clinic"))
        with pytest.raises(ProblemsError) as raised:
            store.sink("clinic").write(delivering("clinic", number=2))
    assert [one.code for one in (before, *raised.value.problems)] == ["store-unreachable"] * 2
    assert store.state() == state
    written(store, 3)

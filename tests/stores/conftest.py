"""The servers that the stores are tested against: each is started once, when a test first needs it.

Tests marked `stores` need a server that pip does not bring. They run where they are asked for, by
`-m stores`, and then fail if it is missing; elsewhere they are skipped.
"""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.stores.destinations import in_environment
from tests.stores.githubs import Github
from tests.stores.keyrings import InMemory, used
from tests.stores.servers.aws import Aws, running_aws
from tests.stores.servers.azure import Azure, running_azure
from tests.stores.servers.faulty import Faulty, running_faulty
from tests.stores.servers.gcp import Gcp, running_gcp
from tests.stores.servers.github import GithubFake, running_github
from tests.stores.servers.keyring import Keyring, Keyrings
from tests.stores.servers.kubernetes import Kubernetes, running_kubernetes
from tests.stores.servers.processes import RUNNING
from tests.stores.servers.toxiproxy import Toxiproxy, running_toxiproxy
from tests.stores.servers.vault import Vault, running_vault
from tests.stores.vaults import QUOTA


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("stores") and "stores" not in item.config.option.markexpr:
        pytest.skip("needs real servers: run `make stores test-stores`")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Has a test that fails show the last words of the servers that run, or did until then."""
    del item  # pytest demands both of whoever names one, and whichever test it is, servers run
    report = yield
    if call.excinfo is not None and report.failed:
        report.sections += [("the server " + one.name, one.state()) for one in RUNNING]
    return report


@pytest.fixture(scope="session")
def vault() -> Iterator[Vault]:
    """What a test writes there stays for the next one: each mounts an engine of its own."""
    with running_vault() as server:
        yield server


@pytest.fixture
def limited(vault: Vault) -> Iterator[Vault]:
    """A server that says how long to wait where a quota is used up; it has none afterwards."""
    vault.arrange("sys/quotas/config", {"enable_rate_limit_response_headers": True})
    yield vault
    vault.ask("DELETE", QUOTA)


@pytest.fixture(scope="session")
def kubernetes() -> Iterator[Kubernetes]:
    """What a test writes there stays for the next one: each makes a namespace of its own."""
    with running_kubernetes() as server:
        yield server


@pytest.fixture(scope="session")
def toxiproxy() -> Iterator[Toxiproxy]:
    with running_toxiproxy() as server:
        yield server


@pytest.fixture(scope="session")
def keyrings() -> Iterator[Keyrings]:
    with Keyrings() as sessions:
        yield sessions


@pytest.fixture
def keyring(keyrings: Keyrings) -> Keyring:
    """What a test writes there stays for the next one; one that locks it runs its own.

    If it died since, this is another one: no test fails for what happened before it.
    """
    return keyrings.alive()


@pytest.fixture
def keyring_in_memory() -> Iterator[InMemory]:
    """It is empty, and is what the package `keyring` uses."""
    backend = InMemory()
    with used(backend):
        yield backend


@pytest.fixture(scope="session")
def aws_server() -> Iterator[Aws]:
    with running_aws() as server:
        yield server


@pytest.fixture
def aws(aws_server: Aws) -> Aws:
    """It is empty and lets everybody do everything."""
    aws_server.reset()
    return aws_server


@pytest.fixture
def led_to_aws(aws: Aws) -> Iterator[Aws]:
    """It is what this process is led to."""
    with in_environment(aws.environ):
        yield aws


@pytest.fixture
def before_aws(led_to_aws: Aws) -> Iterator[Faulty]:
    """What stands before it, and is what this process is led to."""
    with (
        running_faulty(led_to_aws.address) as faulty,
        in_environment({"AWS_ENDPOINT_URL": faulty.address}),
    ):
        yield faulty


@pytest.fixture(scope="session")
def azure_server() -> Iterator[Azure]:
    with running_azure() as server:
        yield server


@pytest.fixture
def azure(azure_server: Azure) -> Azure:
    """It has one vault, which is empty and lets its user do everything."""
    azure_server.reset()
    return azure_server


@pytest.fixture(scope="session")
def gcp_server() -> Iterator[Gcp]:
    with running_gcp() as server:
        yield server


@pytest.fixture
def gcp(gcp_server: Gcp) -> Iterator[Gcp]:
    """It is empty, lets its account do everything, and is what this process is led to."""
    gcp_server.reset()
    with in_environment(gcp_server.environ):
        yield gcp_server


@pytest.fixture(scope="session")
def github_server() -> Iterator[GithubFake]:
    with running_github() as server:
        yield server


@pytest.fixture
def github_fake(github_server: GithubFake) -> GithubFake:
    """It holds nothing and knows one token, which may do everything."""
    github_server.reset()
    return github_server


@pytest.fixture
def github(github_fake: GithubFake, tmp_path: Path) -> Github:
    """A repository's secrets, as one sink writes to them."""
    return Github(github_fake, tmp_path, payload="json")

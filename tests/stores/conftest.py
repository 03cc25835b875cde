"""The servers that the stores are tested against: each is started once, when a test first needs it.

Tests marked `stores` need a server that pip does not bring. They run where they are asked for, by
`-m stores`, and then fail if it is missing; elsewhere they are skipped.
"""

from collections.abc import Iterator

import pytest

from tests.stores.servers.aws import Aws, running_aws
from tests.stores.servers.keyring import Keyring, running_keyring
from tests.stores.servers.kubernetes import Kubernetes, running_kubernetes
from tests.stores.servers.toxiproxy import Toxiproxy, running_toxiproxy
from tests.stores.servers.vault import Vault, running_vault


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("stores") and "stores" not in item.config.option.markexpr:
        pytest.skip("needs real servers: run `make stores test-stores`")


@pytest.fixture(scope="session")
def vault() -> Iterator[Vault]:
    """What a test writes there stays for the next one: each mounts an engine of its own."""
    with running_vault() as server:
        yield server


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
def keyring() -> Iterator[Keyring]:
    """What a test writes there stays for the next one; one that locks it runs its own."""
    with running_keyring() as session:
        yield session


@pytest.fixture(scope="session")
def aws_server() -> Iterator[Aws]:
    with running_aws() as server:
        yield server


@pytest.fixture
def aws(aws_server: Aws) -> Aws:
    """It is empty and lets everybody do everything."""
    aws_server.reset()
    return aws_server

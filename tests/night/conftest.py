"""What several of the tests of bad nights start once."""

from collections.abc import Iterator

import pytest

from tests.night.forking import Nursery, a_nursery


@pytest.fixture(scope="package")
def nursery() -> Iterator[Nursery]:
    """Where runs are forked, the same for all tests of a process."""
    with a_nursery() as made:
        yield made

from collections.abc import Iterator

import pytest

from tests.engine.emulator.talking import fixed
from voxmint.engine.emulator import Emulator


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(fixed()) as running:
        yield running

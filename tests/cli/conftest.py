"""Projects for the command line's tests."""

from pathlib import Path

import pytest

from tests.cli.running import BROKEN, SOUND, write


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """A project with nothing wrong."""
    return write(tmp_path / "project", SOUND)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A project with several mistakes."""
    return write(tmp_path / "project", BROKEN)

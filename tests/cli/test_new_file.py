"""A file that is not there yet, whole or not at all."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from voxmint.cli.new_file import write_new


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """A limit that stands for a disk without room."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


def test_its_folders_are_made(tmp_path: Path) -> None:
    write_new(tmp_path / "a/b.yaml", "é\n")
    assert (tmp_path / "a/b.yaml").read_bytes() == "é\n".encode()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "file").touch()
    for name in ("link", "file"):
        with pytest.raises(FileExistsError):
            write_new(tmp_path / name, "text")
    assert (tmp_path / "file").read_bytes() == b""


def test_of_what_cannot_be_written_nothing_is_left_and_the_error_names_it(tmp_path: Path) -> None:
    with largest_file(10), pytest.raises(OSError, match="too large") as error:
        write_new(tmp_path / "file", "longer than that\n")
    assert error.value.filename == str(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []

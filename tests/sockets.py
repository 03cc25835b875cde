"""Sockets in the file system, wherever a test has its folder."""

import socket
import tempfile
from pathlib import Path


def make_socket(path: Path) -> None:
    """Make a socket at `path`, to which nobody listens.

    An address holds about a hundred bytes, and the folder of a test may take more: the socket is
    made in a folder with a short name, and moved.
    """
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{folder}/s")
        Path(f"{folder}/s").rename(path)

"""An HTTP proxy on loopback that leads the hosts of a service to a server of the tests' own.

A client that is told of it by `https_proxy`, and of the authority that vouches for the server, then
runs in its usual settings: it believes that it asks the service itself.
"""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Lock, Thread


@dataclass
class ConnectProxy:
    """Where it listens, the port that each host is led to, and the hosts that were asked for.

    A host without a port is refused; in any case nothing leaves this machine.
    """

    ports: Mapping[str, int]
    address: str = ""
    asked: list[str] = field(default_factory=list)
    _open: list[socket.socket] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def break_connections(self) -> None:
        """Ends every connection that goes through it, as a network that fails does."""
        with self._lock:
            left, self._open = self._open, []
        for one in left:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def keep(self, *ends: socket.socket) -> None:
        """Takes note of the two ends of a connection."""
        with self._lock:
            self._open += ends

    def forget(self, *ends: socket.socket) -> None:
        """They are closed by now."""
        with self._lock:
            self._open = [one for one in self._open if one not in ends]


@contextmanager
def running_connect_proxy(ports: Mapping[str, int]) -> Iterator[ConnectProxy]:
    """Such a proxy, for as long as the block lasts."""
    proxy = ConnectProxy(ports)
    handler = type("OwnHandler", (_Handler,), {"proxy": proxy})
    with _Server(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        proxy.address = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield proxy
        finally:
            server.shutdown()
            proxy.break_connections()
            thread.join()


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _Handler(StreamRequestHandler):
    disable_nagle_algorithm = True
    proxy: ConnectProxy

    def handle(self) -> None:
        words = self.rfile.readline(65537).decode("latin-1").split()
        while self.rfile.readline(65537).strip():
            pass
        if len(words) != 3 or words[0] != "CONNECT":
            self.wfile.write(b"HTTP/1.1 405 Method Not Allowed\r\n\r\n")
            return
        host = words[1].rpartition(":")[0]
        self.proxy.asked.append(host)
        port = self.proxy.ports.get(host)
        if port is None:
            self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", port)) as behind:
            behind.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.proxy.keep(self.connection, behind)
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = Thread(target=_copied, args=(behind, self.connection), daemon=True)
            back.start()
            _copied(self.connection, behind)
            back.join()
            self.proxy.forget(self.connection, behind)


def _copied(one: socket.socket, other: socket.socket) -> None:
    """Hands on what comes from one end to the other, until either is closed."""
    with suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    for end in (one, other):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)

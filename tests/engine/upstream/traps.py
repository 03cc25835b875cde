"""What tells that a key was read, or that a request left: a marker, and a socket that counts."""

import socket
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.cli.running import Ran, ran, write

CANARY = "sk-canary-0123456789abcdefghijklmnop"
_PRINT = f"printf sk-%s {CANARY.removeprefix('sk-')}"
KEY = f"key: {{command: [sh, -c, 'echo read >> was-read; {_PRINT}']}}"
"""A key whose reading leaves a mark in the project's folder; it does not stand there as it is."""

PROFILE = "session: {input_audio_transcription: {model: whisper-1}}\n"
SINK = "sinks: [{kind: dotenv, path: .env.live}]\n"


class Trap:
    """A server that takes every connection, keeps what is said first, and closes it."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection:
                    connection.settimeout(5)
                    self.heard.append(b"")
                    self.heard[-1] = connection.recv(4096)


class Victim:
    """A project whose operator lets commands give the key, behind a proxy that is a trap.

    So every connection is counted, to this machine or to any other. `hosts` are those that the
    operator allows.
    """

    def __init__(self, folder: Path, trap: Trap, hosts: str = "") -> None:
        self.root = folder / "project"
        self.environ = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "VOXMINT_ALLOW_HOSTS": hosts,
            "VOXMINT_ALLOW_KEY_COMMAND": "1",
            "OPENAI_API_KEY": CANARY,
            "HTTPS_PROXY": f"http://127.0.0.1:{trap.port}",
            "OTHER_SECRET": "another-secret-0123456789",
        }
        self._trap = trap
        write(
            self.root,
            {
                "voxmint.yaml": "version: 1\n",
                "profiles/clinic.yaml": PROFILE,
                ".gitignore": ".env.*\n",
                ".git/HEAD": "ref: refs/heads/main\n",
            },
        )
        for name in ("objects", "refs"):
            (self.root / ".git" / name).mkdir()

    def write(self, path: str, text: str) -> None:
        write(self.root, {path: text})

    def provide(self, provider: str, more: str = "") -> None:
        """Gives the environment this provider, and its sink."""
        sinks = "" if "sinks:" in more else SINK
        self.write("environments/live.yaml", f"provider: {provider}\n{sinks}{more}")

    def mint(self, *arguments: str) -> Ran:
        return self.run("mint", *arguments)

    def run(self, *arguments: str) -> Ran:
        return ran(self.root, *arguments, "-e", "live", environ=self.environ)

    @property
    def was_read(self) -> bool:
        """Whether the key was read."""
        return (self.root / "was-read").exists()

    @property
    def heard(self) -> list[bytes]:
        """What was said over each connection that was made."""
        return self._trap.heard

"""A real desktop's keyring without a desktop: gnome-keyring on a D-Bus session of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.stores.servers.processes import (
    PATIENCE,
    NotReadyError,
    Server,
    found,
    listens,
    own_folder,
    running,
)

# Unlike the system's own, it starts no service by itself: nobody would answer its prompts.
_BUS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
# A client gives the bus a second to let it in, which may be too short on a busy machine.
_PATIENT = f"""\
from jeepney.io.blocking import open_dbus_connection as opened
*usual, _ = opened.__defaults__
opened.__defaults__ = (*usual, {PATIENCE})
"""
_SEND = ("dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.secrets")
_COLLECTION = "/org/freedesktop/secrets/collection/login"


@dataclass(frozen=True)
class Keyring:
    """A home of its own, and the address of the session's bus. The keyring is unlocked.

    `servers` are the programs of the session, as far as they are started.
    """

    home: Path
    bus: str
    servers: tuple[Server, ...] = ()

    @property
    def runs(self) -> bool:
        return all(one.runs for one in self.servers)

    @property
    def environ(self) -> dict[str, str]:
        """What its user's shell would hold. It does without DISPLAY: nothing can ask a person."""
        return {
            "HOME": str(self.home),
            "XDG_DATA_HOME": str(self.home / "data"),
            "XDG_RUNTIME_DIR": str(self.home / "run"),
            "DBUS_SESSION_BUS_ADDRESS": self.bus,
        }

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What a program in Python does in the session."""
        return subprocess.run(
            [sys.executable, "-c", _PATIENT + program, *arguments],
            env={"PATH": os.environ["PATH"], **self.environ},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    def is_locked(self) -> bool:
        """Whether what it holds cannot be read. Where there is no keyring yet, it counts as so."""
        answer = self._call(
            _COLLECTION,
            "org.freedesktop.DBus.Properties.Get",
            "string:org.freedesktop.Secret.Collection",
            "string:Locked",
        )
        return answer.returncode != 0 or "boolean false" not in answer.stdout

    def lock(self) -> None:
        """Locks it for good: to unlock it again takes a person."""
        method = "org.freedesktop.Secret.Service.Lock"
        answer = self._call("/org/freedesktop/secrets", method, f"array:objpath:{_COLLECTION}")
        answer.check_returncode()

    def _call(self, path: str, method: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*_SEND, path, method, *arguments],
            env={"PATH": os.environ["PATH"], **self.environ},
            capture_output=True,
            text=True,
            check=False,
        )


class Keyrings:
    """The sessions of one run of tests: one at a time, and another one where that has died."""

    def __init__(self) -> None:
        self._ends = ExitStack()
        self._session: Keyring | None = None
        self._failed: NotReadyError | None = None

    def __enter__(self) -> "Keyrings":
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def alive(self) -> Keyring:
        """The session, which runs. Where none comes about, that is not tried at each test."""
        if self._failed is not None:
            raise self._failed
        if self._session is None or not self._session.runs:
            self._ends.close()
            try:
                self._session = self._ends.enter_context(running_keyring())
            except NotReadyError as error:
                self._failed = error
                raise
        return self._session


@contextmanager
def running_keyring() -> Iterator[Keyring]:
    """A session, begun a second time where it did not come about at first.

    From then on this process, too, waits for as long as it takes until a bus lets it in.
    """
    exec(_PATIENT, {})
    with ExitStack() as ends:
        try:
            session = ends.enter_context(_session())
        except NotReadyError as first:
            try:
                session = ends.enter_context(_session())
            except NotReadyError as second:
                raise NotReadyError(f"{second}\n\nand before that: {first}") from None
        yield session


@contextmanager
def _session() -> Iterator[Keyring]:
    with own_folder() as home:
        socket = home / "run" / "bus"
        socket.parent.mkdir(mode=0o700)
        config, password = home / "bus.conf", home / "password"
        config.write_text(_BUS.format(path=socket))
        password.write_text("made up for tests")
        session = Keyring(home, f"unix:path={socket}")
        bus = [found("dbus-daemon"), f"--config-file={config}", "--nofork", "--nopidfile"]
        daemon = [found("gnome-keyring-daemon"), "--foreground", "--components=secrets", "--unlock"]
        with (
            running(bus, folder=home, ready=lambda: listens(socket)) as first,
            running(
                daemon,
                folder=home,
                # It says what it does, and nothing of what it holds.
                environ={**session.environ, "G_MESSAGES_DEBUG": "all"},
                given=password,
                ready=lambda: not session.is_locked(),
            ) as second,
        ):
            yield replace(session, servers=(first, second))

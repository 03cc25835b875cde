"""Which keyring of a machine is used, and which are none to keep a token in.

The package `keyring` chooses by its own settings, which are those of whoever runs voxmint:
`PYTHON_KEYRING_BACKEND`, its own file of settings, else the best one that it finds.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

Found = TypeVar("Found")

_NOTHING = {
    "keyring.backends.fail": "this machine has none that the package `keyring` knows, or "
    "none that runs",
    "keyring.backends.null": "the package `keyring` is told to keep nothing, with its backend "
    "`null`",
}
_IN_FILES = "keyrings.alt"
_SAID_OF_FILES = (
    f"`{_IN_FILES}` keeps what it is given in files, in plain text or behind a passphrase that it "
    "asks for"
)


_BUSY = (TimeoutError, BlockingIOError)
"""What is raised where nobody answers a connection in time, or too many wait for that already."""
PAUSES = (0.1, 0.5, 2.0)
"""Seconds before each further try to reach a desktop that is too busy to answer."""


def patiently(call: Callable[[], Found], pause: Callable[[float], None] = time.sleep) -> Found:
    """What a call of a keyring gives; tried a few times more where it cannot be reached in time.

    On a Linux desktop each call makes a connection of its own, which has a second to be let in, and
    does nothing before. `pause` waits for so many seconds.
    """
    for seconds in PAUSES:
        try:
            return call()
        except _BUSY:
            pause(seconds)
    return call()


class QuitError(Exception):
    """A backend wanted to end voxmint; what it said is dropped, since it may hold a token."""


class Steady:
    """A keyring of which every failure is an `Exception`, so that each is met where it happens.

    Its backend is anybody's code: some ask a person for a passphrase, and leave by `sys.exit`. One
    that is too busy to be reached is tried again, and `pause` waits for that.
    """

    def __init__(self, backend: Any, pause: Callable[[float], None] = time.sleep) -> None:
        self._backend = backend
        self._pause = pause

    def get_password(self, service: str, name: str) -> str | None:
        """What an entry holds; `None` where there is none."""
        found: str | None = self._done(lambda: self._backend.get_password(service, name))
        return found

    def set_password(self, service: str, name: str, text: str) -> None:
        """Write an entry, whether there is one or not."""
        self._done(lambda: self._backend.set_password(service, name, text))

    def delete_password(self, service: str, name: str) -> None:
        """Delete an entry, which has to be there."""
        self._done(lambda: self._backend.delete_password(service, name))

    def _done(self, call: Callable[[], Any]) -> Any:
        with _staying():
            return patiently(call, self._pause)


@contextmanager
def _staying() -> Iterator[None]:
    try:
        yield
    except SystemExit:
        raise QuitError from None


class UnfitError(Exception):
    """There is no keyring that is fit for a token; `said` tells why."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


def chosen(pause: Callable[[float], None] = time.sleep) -> Steady:
    """The keyring of whoever runs voxmint; `UnfitError` where there is none to keep a token in.

    `pause` is as `Steady` takes it.
    """
    import keyring
    from keyring.backends.chainer import ChainerBackend

    try:
        backend = keyring.get_keyring()
        if isinstance(backend, ChainerBackend) and backend.backends:
            # It writes to the first and looks in all: what is compared has to be in one.
            backend = backend.backends[0]
    except (Exception, SystemExit) as error:  # noqa: BLE001  # it loads whatever class its settings name
        said = f"the one that the package `keyring` is told to use fails with {_name(error)}"
        raise UnfitError(said) from None
    unfit = _unfit(type(backend).__module__)
    if unfit is not None:
        raise UnfitError(unfit)
    return Steady(backend, pause)


def _unfit(module: str) -> str | None:
    """Why a keyring of this module is none to keep a token in."""
    if module == _IN_FILES or module.startswith(f"{_IN_FILES}."):
        return _SAID_OF_FILES
    return _NOTHING.get(module)


def _name(error: BaseException) -> str:
    return type(error).__name__

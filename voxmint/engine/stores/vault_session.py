"""A client that is logged in, once for all sinks that ask the same server as the same user.

A secret id may be good for a single login, so that a second sink could not log in with it again.
"""

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, Protocol
from weakref import WeakSet

from voxmint.engine.stores.contract import StoreError, Trouble, What
from voxmint.engine.stores.vault_client import (
    Answer,
    Connection,
    RefusalError,
    answered,
    client_of,
    connection_of,
)
from voxmint.engine.stores.vault_login import Login, Way, log_in, login_of


class Server(Way, Protocol):
    """What settings say of the server, as `vault_options.VaultOptions` has it."""

    @property
    def address(self) -> str | None: ...
    @property
    def namespace(self) -> str | None: ...


class Session:
    """A client, logged in when it is first used. Its calls come from several threads at once."""

    def __init__(self, connection: Connection, login: Login, workers: int) -> None:
        self.connection = connection
        self.login = login
        self.failed: Trouble | None = None
        self._client = client_of(connection, workers)
        self._lock = Lock()

    def ask(self, call: Callable[[Any], Any], *, absent: bool = False) -> Answer:
        """What a call of the client is answered; raises `RefusalError`.

        Where its token has ended meanwhile, it logs in again. With `absent`, that nothing is there
        is an answer.
        """
        token = self._logged_in()
        try:
            return answered(call(self._client), absent=absent)
        except RefusalError as error:
            if self.login.is_token or not error.is_unknown_token:
                raise
        self._logged_in(ended=token)
        return answered(call(self._client), absent=absent)

    def _logged_in(self, ended: str | None = None) -> str:
        """The token, after a login where there is none yet or only this one, which has ended.

        A login that was refused is not tried again: after a few, the server would lock the user.
        """
        with self._lock:
            if self.failed is not None:
                raise StoreError(self.failed)
            if self._client.token in ("", ended):
                self._log_in()
            token: str = self._client.token
            return token

    def _log_in(self) -> None:
        try:
            log_in(self._client, self.login)
        except StoreError as error:
            if error.trouble.what is What.LOGIN:
                self.failed = error.trouble
            raise


_OPEN: WeakSet[Session] = WeakSet()
_LOCK = Lock()


def session_for(server: Server, environ: Mapping[str, str], workers: int) -> Session:
    """The session for these settings; `StoreError` where they or the variables do not suffice."""
    connection = connection_of(server.address, server.namespace, environ)
    login = login_of(server, environ)
    with _LOCK:
        for one in _OPEN:
            if (one.connection, one.login) == (connection, login) and one.failed is None:
                return one
        made = Session(connection, login, workers)
        _OPEN.add(made)
        return made

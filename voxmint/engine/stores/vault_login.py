"""How voxmint logs in to Vault and OpenBao: the credentials, where they are found, what is sent.

`VAULT_TOKEN` is the operator's own word and comes first, whatever the sink's `login` says. None of
it is in the project's files: they name the way, a role, and where it is mounted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import requests

from voxmint.engine.stores.contract import StoreError, Trouble, What
from voxmint.engine.stores.vault_client import Answer, RefusalError, answered, variable
from voxmint.engine.upstream.hosts import url_of
from voxmint.secret import Secret

Environ = Mapping[str, str]

_POD = "/var/run/secrets/kubernetes.io/serviceaccount/token"
_LONGEST = 65536
_TIMEOUTS = (10, 30)


class Way(Protocol):
    """What settings say of the way to log in, as `vault_options.VaultOptions` has it."""

    @property
    def login(self) -> str | None: ...
    @property
    def login_mount(self) -> str | None: ...
    @property
    def role(self) -> str | None: ...
    @property
    def audience(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class FromGithub:
    """Where a job of GitHub gets a token that says which job it is."""

    url: str
    right: Secret
    audience: str | None


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs in, and how. `proof` is a token, a secret id, or a JWT; some AppRoles need none.

    `role` is the role's id where AppRole is the method.
    """

    method: str
    proof: Secret | FromGithub | None
    mount: str = ""
    role: str = field(default="", repr=False)

    @property
    def is_token(self) -> bool:
        """Whether there is nothing to do to log in, and nothing to do once it has ended."""
        return self.method == "token"


def login_of(way: Way, environ: Environ) -> Login:
    """The login that settings and variables amount to; `StoreError` where something is missing."""
    token = variable(environ, "TOKEN")
    if token is not None:
        return Login("token", _plain(token, "VAULT_TOKEN"))
    method = way.login or ("approle" if variable(environ, "ROLE_ID") else "token")
    if method == "token":
        return Login("token", _token_in_file(environ))
    mount = way.login_mount or method
    if method == "approle":
        return _approle(mount, environ)
    role = way.role or variable(environ, "ROLE") or ""
    proof = _jwt(way, environ) if method == "jwt" else _pod_token(environ)
    return Login(method, proof, mount, role)


def _approle(mount: str, environ: Environ) -> Login:
    role_id, secret_id = variable(environ, "ROLE_ID"), variable(environ, "SECRET_ID")
    if role_id is None:
        raise _missing("VAULT_ROLE_ID is not set, nor is VAULT_TOKEN")
    proof = None if secret_id is None else _plain(secret_id, "VAULT_SECRET_ID")
    return Login("approle", proof, mount, role_id)


def _token_in_file(environ: Environ) -> Secret:
    path = variable(environ, "TOKEN_FILE")
    if path is not None:
        return _in_file(Path(path), "VAULT_TOKEN_FILE")
    home = environ.get("HOME") or environ.get("USERPROFILE")
    file = Path(home) / ".vault-token" if home else None
    if file is None or not file.is_file():
        raise _missing(
            "no token was found: VAULT_TOKEN, VAULT_TOKEN_FILE, ~/.vault-token; "
            "nor VAULT_ROLE_ID, or a `login` in the project's file"
        )
    return _in_file(file, "~/.vault-token")


def _jwt(way: Way, environ: Environ) -> Secret | FromGithub:
    text, path = variable(environ, "ID_TOKEN"), variable(environ, "JWT_FILE")
    if text is not None:
        return _plain(text, "VAULT_ID_TOKEN")
    if path is not None:
        return _in_file(Path(path), "VAULT_JWT_FILE")
    url = environ.get("ACTIONS_ID_TOKEN_REQUEST_URL")
    right = environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    if not url or not right:
        raise _missing(
            "no JWT was found: VAULT_ID_TOKEN, VAULT_JWT_FILE; a job of GitHub needs "
            "`permissions: {id-token: write}`"
        )
    return FromGithub(url, _plain(right, "ACTIONS_ID_TOKEN_REQUEST_TOKEN"), way.audience)


def _pod_token(environ: Environ) -> Secret:
    path = variable(environ, "JWT_FILE")
    if path is not None:
        return _in_file(Path(path), "VAULT_JWT_FILE")
    return _in_file(Path(_POD), "the pod's service account")


def _in_file(path: Path, name: str) -> Secret:
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST).decode("ascii")
    except (OSError, UnicodeDecodeError):
        raise _missing(f"the file of {name} is not there or cannot be read") from None
    return _plain(text, f"the file of {name}")


def _plain(text: str, name: str) -> Secret:
    """A credential without the white space around it; it becomes part of a header."""
    found = text.strip()
    if not found or not found.isascii() or not found.isprintable():
        raise _missing(f"{name} holds nothing that could be one")
    return Secret(found)


def _missing(said: str) -> StoreError:
    return StoreError(Trouble(What.LOGIN, said=said))


# ── logging in ───────────────────────────────────────────────────────────────────────────────────


def log_in(client: Any, login: Login) -> None:
    """Give a client the token that a login brings; `StoreError` where it is refused.

    A request whose answer is lost is not sent again: a secret id may count its uses.
    """
    if isinstance(login.proof, FromGithub):
        proof = _asked_of_github(login.proof)
    else:
        proof = login.proof or Secret("")
    token = proof if login.is_token else _token_for(client, login, proof)
    client.token = token.reveal()


def _token_for(client: Any, login: Login, proof: Secret) -> Secret:
    try:
        return _token_in(answered(_sent(client, login, proof)))
    except RefusalError as error:
        if error.status not in (400, 401, 403, 404):
            raise
        trouble = Trouble(What.LOGIN, str(error.status), said=_why(login))
    raise StoreError(trouble)


def _sent(client: Any, login: Login, proof: Secret) -> Any:
    auth, mount = client.auth, login.mount
    if login.method == "approle":
        secret_id = proof.reveal() or None
        return auth.approle.login(login.role, secret_id, use_token=False, mount_point=mount)
    if login.method == "jwt":
        return auth.jwt.jwt_login(login.role or None, proof.reveal(), use_token=False, path=mount)
    return auth.kubernetes.login(login.role, proof.reveal(), use_token=False, mount_point=mount)


def _token_in(answer: Answer) -> Secret:
    auth = answer.body.get("auth")
    token = auth.get("client_token") if isinstance(auth, dict) else None
    if not isinstance(token, str) or not token:
        said = "its answer to the login holds no token, as where a second factor is asked for"
        raise StoreError(Trouble(What.LOGIN, said=said))
    return Secret(token)


def _why(login: Login) -> str:
    where = f"the login at `auth/{login.mount}` was refused"
    if login.method == "approle":
        return f"{where}: VAULT_ROLE_ID or VAULT_SECRET_ID is wrong, used up or has ended"
    named = f"the role `{login.role}`" if login.role else "its default role"
    return f"{where}: {named} is not there, or not for this {login.method} token"


def _asked_of_github(source: FromGithub) -> Secret:
    url = source.url.partition("?")[0]
    parts = url_of(url)
    if parts is None or (parts.host.scheme == "http" and not parts.host.is_loopback):
        raise _missing("ACTIONS_ID_TOKEN_REQUEST_URL is no address of GitHub's")
    response = requests.get(
        source.url,
        params={"audience": source.audience} if source.audience else {},
        headers={"Authorization": f"Bearer {source.right.reveal()}"},
        timeout=_TIMEOUTS,
        allow_redirects=False,
    )
    try:
        found = response.json()["value"] if response.status_code == 200 else None
    except (ValueError, KeyError, TypeError):
        found = None
    if not isinstance(found, str):
        raise _missing("GitHub gave this job no token")
    return _plain(found, "GitHub's answer")

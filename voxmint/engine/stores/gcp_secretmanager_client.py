"""The client of Google Secret Manager: how it is set up, asked, and understood where it fails.

Credentials and the project come from where every program with Google's libraries finds them
(Application Default Credentials). An address in the project's files has to be allowed.
"""

import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from voxmint import __version__
from voxmint.engine.stores.asking import unexpected
from voxmint.engine.stores.contract import StoreError, Trouble, What
from voxmint.engine.upstream.hosts import url_of

if TYPE_CHECKING:
    from voxmint.engine.stores.gcp_secretmanager_options import SecretManagerOptions

Result = TypeVar("Result")

_SERVICE = "google.cloud.secretmanager_v1.services.secret_manager_service"
LOGGERS = (
    *("google", "google.auth", "google.api_core", "google.cloud.secretmanager_v1", "grpc"),
    # GOOGLE_SDK_PYTHON_LOGGING_SCOPE has these write requests with what they hold.
    *(f"{_SERVICE}.client", f"{_SERVICE}.transports.grpc"),
)
_SILENT = ("google.auth._default", "grpc._plugin_wrapping")
"""Loggers of errors that voxmint tells itself; one of them with a traceback."""

_TIMEOUT = 30.0
_UNIVERSE = "GOOGLE_CLOUD_UNIVERSE_DOMAIN"
_FILE = "GOOGLE_APPLICATION_CREDENTIALS"
_VERBOSITY = "GRPC_VERBOSITY"
ALLOW_PROJECTS = "VOXMINT_ALLOW_PROJECTS"
"""The operator's variable: projects that the project's files may name, with commas between them."""
_OPERATORS = ("GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT")
"""The variables in which Google's own clients look for the project."""

RIGHTS: Mapping[str, str] = MappingProxyType(
    {
        "create_secret": "secretmanager.secrets.create",
        "get_secret": "secretmanager.secrets.get",
        "update_secret": "secretmanager.secrets.update",
        "delete_secret": "secretmanager.secrets.delete",
        "add_secret_version": "secretmanager.versions.add",
        "access_secret_version": "secretmanager.versions.access",
        "list_secret_versions": "secretmanager.versions.list",
        "destroy_secret_version": "secretmanager.versions.destroy",
        "disable_secret_version": "secretmanager.versions.disable",
    }
)
"""The right that each call takes."""
_CONDITIONAL = ("update_secret", "delete_secret")
"""Calls that send an etag: they find that something else has changed."""

_WHAT: Mapping[str, What] = MappingProxyType(
    {
        "UNAUTHENTICATED": What.LOGIN,
        "PERMISSION_DENIED": What.DENIED,
        "RESOURCE_EXHAUSTED": What.BUSY,
        "ABORTED": What.CHANGED,
        "ALREADY_EXISTS": What.CHANGED,
        "NOT_FOUND": What.CHANGED,
        **dict.fromkeys(
            ("CANCELLED", "DATA_LOSS", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE", "UNKNOWN"),
            What.UNREACHABLE,
        ),
    }
)
_REASONS: Mapping[str, tuple[What, str]] = MappingProxyType(
    {
        "SERVICE_DISABLED": (What.REFUSED, "the Secret Manager API is not enabled in the project"),
        "BILLING_DISABLED": (What.REFUSED, "the project has no billing account"),
        "CONSUMER_INVALID": (What.REFUSED, "there is no such project, or it is not to be used"),
        "USER_PROJECT_DENIED": (What.DENIED, "the quota project is not to be used"),
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT": (What.LOGIN, "the credentials lack the scope it takes"),
        "RESOURCE_QUOTA_EXCEEDED": (What.FULL, "a quota of the project is used up"),
    }
)
"""What an answer means that says more than its status."""
_PLUGIN_FAILED = "Getting metadata from plugin failed"
"""What gRPC, on this machine, says of credentials that give no token."""


@dataclass(frozen=True, slots=True)
class Patience:
    """For how many seconds a call is tried again: while nobody answers, and while told to wait.

    Google counts requests by the minute.
    """

    away: float = 20.0
    busy: float = 120.0


class RefusedError(Exception):
    """A call that Google refused or did not answer."""

    def __init__(self, call: str, error: Exception) -> None:
        super().__init__(call)
        self.call = call
        # The last error of those that a retry went on about.
        self.error = getattr(error, "cause", None) or error

    @property
    def status(self) -> str:
        """The name of the status, as `NOT_FOUND`; empty where the error has none."""
        code = getattr(self.error, "grpc_status_code", None)
        return str(getattr(code, "name", ""))

    @property
    def is_missing(self) -> bool:
        """Whether what was asked for is not there."""
        return self.status == "NOT_FOUND"

    @property
    def is_out_of_place(self) -> bool:
        """Whether it was refused for the state that things are in, as for another etag."""
        return self.status == "FAILED_PRECONDITION"


class Calls:
    """Calls of the client, repeated by the rules of the service."""

    def __init__(self, api: Any, patience: Patience) -> None:
        from google.api_core.retry import Retry

        self._api = api
        self._while_away = Retry(
            predicate=_is_away, initial=0.5, maximum=8, multiplier=2, timeout=patience.away
        )
        self._while_busy = Retry(
            predicate=_is_busy,
            initial=2,
            maximum=20,
            multiplier=2,
            timeout=patience.busy,
        )

    def read(self, call: str, **request: Any) -> Any:
        """What a call gives that may be made twice; `RefusedError`."""
        return self._asked(call, self._while_away, request)

    def write(self, call: str, **request: Any) -> Any:
        """What a call gives that is made once; refused for the number of requests, it is not made.

        `RefusedError`.
        """
        return self._asked(call, None, request)

    def _asked(self, call: str, retry: Any, request: Mapping[str, Any]) -> Any:
        from google.api_core.exceptions import GoogleAPIError
        from google.auth.exceptions import GoogleAuthError

        def once() -> Any:
            method = getattr(self._api, call)
            return method(request=dict(request), retry=retry, timeout=_TIMEOUT)

        try:
            return self._while_busy(once)()
        except (GoogleAPIError, GoogleAuthError) as error:
            refused = RefusedError(call, error)
        # Raised out here, it does not hold the client's error, which holds the request.
        raise refused


def _is_away(error: BaseException) -> bool:
    from google.api_core.exceptions import ServiceUnavailable

    return isinstance(error, ServiceUnavailable) and not _lacks_token(error)


def _is_busy(error: BaseException) -> bool:
    """Whether too much is asked at a time; of a quota that is full, waiting frees nothing."""
    from google.api_core.exceptions import ResourceExhausted

    what, _ = _REASONS.get(str(getattr(error, "reason", None) or ""), (What.BUSY, ""))
    return isinstance(error, ResourceExhausted) and what is What.BUSY


def _lacks_token(error: BaseException) -> bool:
    return str(getattr(error, "message", "")).startswith(_PLUGIN_FAILED)


def is_project_allowed(project: str, environ: Mapping[str, str]) -> bool:
    """Whether a project that settings name is the operator's own, or one that they allow."""
    named = [environ.get(name, "") for name in _OPERATORS]
    named += map(str.strip, environ.get(ALLOW_PROJECTS, "").split(","))
    return project in named


# ── setting up ───────────────────────────────────────────────────────────────────────────────────


def client_of(
    options: "SecretManagerOptions", environ: Mapping[str, str], patience: Patience
) -> tuple[Calls, str]:
    """The calls, and what names of secrets begin with; `StoreError` where it cannot be set up."""
    from google.auth.exceptions import GoogleAuthError

    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        with _quiet_core():
            api, project = _made_client(_host_of(options, environ))
    except (GoogleAuthError, ValueError, OSError):
        # What these say can hold what stands in a file.
        said = f"{_FILE} names no file of credentials" if environ.get(_FILE) else _NONE_FOUND
        trouble = Trouble(What.LOGIN, said=said)
    else:
        place = options.project or project
        if place:
            location = f"/locations/{options.location}" if options.location else ""
            return Calls(api, patience), f"projects/{place}{location}"
        trouble = Trouble(What.LOGIN, said=_NO_PROJECT)
    raise StoreError(trouble)


_NONE_FOUND = "no credentials were found"
_NO_PROJECT = "no project is set: GOOGLE_CLOUD_PROJECT, or `project` in the project's file"


def _made_client(host: str | None) -> tuple[Any, str | None]:
    """The client, and the project of the credentials where they have one."""
    import google.auth
    from google.api_core.gapic_v1.client_info import ClientInfo
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient

    scopes = SecretManagerServiceClient.get_transport_class().AUTH_SCOPES
    with warnings.catch_warnings():
        # It advises a service account where a person has logged in.
        warnings.simplefilter("ignore")
        credentials, project = google.auth.default(default_scopes=scopes)
    api = SecretManagerServiceClient(
        credentials=credentials,
        client_options={"api_endpoint": host},
        client_info=ClientInfo(user_agent=f"voxmint/{__version__}"),
    )
    return api, project


@contextmanager
def _quiet_core() -> Iterator[None]:
    """gRPC's core begins in here, which then writes no lines of its own to standard error.

    It tells there of each connection that a server ends, unless the operator says how much to tell.
    """
    is_said = _VERBOSITY in os.environ
    if not is_said:
        os.environ[_VERBOSITY] = "NONE"
    try:
        yield
    finally:
        if not is_said:
            os.environ.pop(_VERBOSITY, None)


def _host_of(options: "SecretManagerOptions", environ: Mapping[str, str]) -> str | None:
    """The host that is asked; `None`: the one that the client takes unless told otherwise."""
    if options.endpoint is not None:
        url = url_of(options.endpoint)
        return f"{url.host.name}:{url.host.port}" if url else None
    if options.location:
        universe = environ.get(_UNIVERSE) or "googleapis.com"
        return f"secretmanager.{options.location}.rep.{universe}"
    return None


# ── what errors mean ─────────────────────────────────────────────────────────────────────────────


def trouble_of(error: Exception) -> Trouble:
    """What an error means. What Google says of it is left out: it can name what was sent."""
    from google.api_core.exceptions import GoogleAPIError

    if isinstance(error, GoogleAPIError):
        # Further pages of a list are got by the client itself.
        error = RefusedError("list_secret_versions", error)
    if not isinstance(error, RefusedError):
        return unexpected(error)
    if not error.status:
        return _without_status(error.error)
    if _lacks_token(error.error):
        return Trouble(What.LOGIN, said="the credentials give no token")
    reason = str(getattr(error.error, "reason", None) or "")
    if reason in _REASONS:
        what, said = _REASONS[reason]
        return Trouble(what, reason, said=said)
    what = _what_of(error)
    said = _said_of(error.error) if what is What.UNREACHABLE else RIGHTS[error.call]
    return Trouble(what, error.status, said=said)


def _what_of(error: RefusedError) -> What:
    if error.is_out_of_place and error.call in _CONDITIONAL:
        return What.CHANGED
    if error.is_missing and error.call == "create_secret":
        return What.REFUSED
    return _WHAT.get(error.status, What.REFUSED)


def _said_of(error: Exception) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(getattr(error, "message", "")):
        return "its certificate cannot be trusted"
    return "no answer came, or it broke off"


def _without_status(error: Exception) -> Trouble:
    from google.auth.exceptions import GoogleAuthError, TransportError

    if isinstance(error, TransportError):
        return Trouble(What.UNREACHABLE, said="no token could be had for the credentials")
    if isinstance(error, GoogleAuthError):
        return Trouble(What.LOGIN, said="the credentials give no token")
    return unexpected(error)


def is_lost(error: Exception) -> bool:
    """Whether what was asked for may have been done all the same: no answer, or half of one."""
    if isinstance(error, RefusedError):
        return _WHAT.get(error.status) is What.UNREACHABLE and not _lacks_token(error.error)
    return isinstance(error, StoreError) and error.trouble.what is What.UNREACHABLE


def held(call: Callable[[], Result], seen: Callable[[], Result | None]) -> Result:
    """What a write gives; where its answer is lost, what can be seen of it, or a second write's."""
    try:
        return call()
    except (RefusedError, StoreError) as error:
        if not is_lost(error):
            raise
    found = seen()
    return call() if found is None else found

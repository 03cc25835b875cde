"""What the stores of AWS have in common: the client, and what its errors mean.

Credentials and the region come from where every program with AWS's SDK finds them: variables, the
shared files, SSO, a container's or an instance's role. So does an address of the operator's own
(`AWS_ENDPOINT_URL`); one in the project's files has to be allowed.
"""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from voxmint import __version__
from voxmint.engine.stores.asking import unexpected
from voxmint.engine.stores.contract import StoreError, Trouble, What, cut_short

EXTRA = "aws"
LOGGERS = ("boto3", "botocore")

_CONNECT = 10
_READ = 30

_CODES: Mapping[What, tuple[str, ...]] = MappingProxyType(
    {
        What.LOGIN: (
            *("AuthFailure", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature"),
            *("IncompleteSignatureException", "InvalidAccessKeyId", "InvalidClientTokenId"),
            *("InvalidSignatureException", "MissingAuthenticationToken", "RequestExpired"),
            *("MissingAuthenticationTokenException", "SignatureDoesNotMatch"),
            *("UnrecognizedClientException",),
        ),
        What.DENIED: (
            *("AccessDenied", "AccessDeniedException", "DecryptionFailure", "EncryptionFailure"),
            *("NotAuthorized", "OptInRequired"),
        ),
        What.BUSY: (
            *("RequestLimitExceeded", "SlowDown", "Throttling", "ThrottlingException"),
            *("TooManyRequestsException", "TooManyUpdates"),
        ),
        What.UNREACHABLE: (
            *("InternalFailure", "InternalServerError", "InternalServiceError"),
            *("ServiceUnavailable", "ServiceUnavailableException"),
        ),
    }
)
_WHAT = MappingProxyType({code: what for what, codes in _CODES.items() for code in codes})


def client_of(service: str, region: str | None, endpoint: str | None, workers: int) -> Any:
    """A client of boto3; `StoreError` where it cannot be set up.

    How often it tries, and how it waits, is what the user's own configuration of AWS says.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    config = Config(
        connect_timeout=_CONNECT,
        read_timeout=_READ,
        max_pool_connections=workers,
        user_agent_extra=f"voxmint/{__version__}",
    )
    try:
        core = Session()
        core.register_component("data_loader", _models())
        session = boto3.session.Session(botocore_session=core)
        client = session.client(service, region_name=region, endpoint_url=endpoint, config=config)
        has_credentials = session.get_credentials() is not None
    except (BotoCoreError, ValueError) as error:
        trouble = trouble_of(error)
    else:
        if has_credentials:
            return client
        trouble = Trouble(What.LOGIN, said=_NO_CREDENTIALS)
    raise StoreError(trouble)


@cache
def _models() -> Any:
    """The descriptions of AWS's services: each sink has its own client, and all read them once."""
    from botocore.loaders import create_loader

    return create_loader()


_NO_CREDENTIALS = "no credentials were found"


def answered(call: Callable[..., Any], *demanded: str, **given: Any) -> Any:
    """What a call of a client answers, with all that a whole answer has.

    Given a broken answer, the client takes what it could make of it, even nothing, for success.
    """
    answer = call(**given)
    if not all(answer.get(name) for name in demanded):
        raise cut_short()
    return answer


def code_of(error: Exception) -> str:
    """The code of an error that AWS answered; empty for one of another kind."""
    response = getattr(error, "response", None)
    found = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return str(found or "")


def trouble_of(error: Exception, more: Mapping[str, What] = MappingProxyType({})) -> Trouble:
    """What an error of boto3 means; `more` are codes of one service, before the usual ones.

    What AWS says of it is left out: it can name what was sent.
    """
    from botocore.exceptions import ClientError

    if not isinstance(error, ClientError):
        return _without_answer(error)
    code = code_of(error)
    about = error.response.get("ResponseMetadata", {})
    what = more.get(code) or _WHAT.get(code)
    if what is None:
        what = _by_status(about.get("HTTPStatusCode", 0))
    return Trouble(what, code, about.get("RequestId"), error.operation_name)


def _by_status(status: int) -> What:
    """What an answer with no code that is known means, as one of something in between."""
    known = {401: What.LOGIN, 403: What.DENIED, 429: What.BUSY}
    return What.UNREACHABLE if status >= 500 else known.get(status, What.REFUSED)


def _without_answer(error: Exception) -> Trouble:
    from botocore import exceptions as known
    from botocore.parsers import ResponseParserError

    said: tuple[tuple[type[Exception], What, str], ...] = (
        (known.NoCredentialsError, What.LOGIN, _NO_CREDENTIALS),
        (known.PartialCredentialsError, What.LOGIN, "the credentials are not complete"),
        (known.ProfileNotFound, What.LOGIN, "AWS_PROFILE names a profile that is not there"),
        (known.CredentialRetrievalError, What.LOGIN, "credentials could not be had"),
        (known.SSOError, What.LOGIN, "the SSO session has ended or is not there"),
        (known.TokenRetrievalError, What.LOGIN, "the SSO session has ended or is not there"),
        (known.NoRegionError, What.LOGIN, "no region is set: AWS_REGION, or `region` in the file"),
        (known.SSLError, What.UNREACHABLE, "its certificate cannot be trusted"),
        (known.ProxyConnectionError, What.UNREACHABLE, "the proxy cannot be reached"),
        (known.ConnectTimeoutError, What.UNREACHABLE, "no connection came about in time"),
        (known.ReadTimeoutError, What.UNREACHABLE, "no answer came in time"),
        (known.ConnectionError, What.UNREACHABLE, "the connection failed or broke off"),
        (known.HTTPClientError, What.UNREACHABLE, "the connection failed or broke off"),
        (ResponseParserError, What.UNREACHABLE, "its answer cannot be read"),
    )
    for kind, what, words in said:
        if isinstance(error, kind):
            return Trouble(what, said=words)
    return unexpected(error)

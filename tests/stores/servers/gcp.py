"""Google Secret Manager, faked: a gRPC server of the tests' own, over the messages of Google's SDK.

It was written by the reference of the API and the pages on etags, aliases, quotas and regional
secrets, and has never been held against Google's own service. What it leaves out, and so what
passing here does not show: changes are seen at once, where Google takes minutes for all but a
version that is asked for by its number; there are no quotas, no KMS, no conditions of IAM.

It knows one account, by the key that signs its tokens, and speaks TLS for the hosts it stands for:
the SDK reaches it in its usual settings, through the proxy of `connect.py`. What it says of errors
repeats what it was sent, which must not be shown.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

import google_crc32c
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.night.certificates import authority
from tests.stores.servers.connect import ConnectProxy, running_connect_proxy
from tests.stores.servers.processes import own_folder

PROJECT = "clinic-production"
REGION = "europe-west3"
ACCOUNT = f"minter@{PROJECT}.iam.gserviceaccount.com"
_SERVICE = "google.cloud.secretmanager.v1.SecretManagerService"
_HOSTS = {"secretmanager.googleapis.com": "", f"secretmanager.{REGION}.rep.googleapis.com": REGION}
_PARENT = re.compile(r"projects/[a-z0-9-]+(?:/locations/(?P<location>[a-z0-9-]+))?")
_LARGEST, _MOST_ALIASES, _LONGEST_ANNOTATIONS = 65536, 50, 16384
_RIGHTS = {
    "CreateSecret": "secrets.create",
    "GetSecret": "secrets.get",
    "UpdateSecret": "secrets.update",
    "DeleteSecret": "secrets.delete",
    "AddSecretVersion": "versions.add",
    "AccessSecretVersion": "versions.access",
    "ListSecretVersions": "versions.list",
    "DestroySecretVersion": "versions.destroy",
    "DisableSecretVersion": "versions.disable",
}


class Fault(StrEnum):
    """What is done with one call."""

    LOST = "lost"
    """Google cannot be reached, and nothing is done."""
    APPLIED = "applied"
    """It is done, and Google cannot be reached for the answer."""
    EMPTY = "empty"
    """It is done, and the answer has nothing in it."""
    BUSY = "busy"
    """It is refused for the number of requests."""
    FULL = "full"
    """It is refused for a quota of what there may be."""
    CORRUPT = "corrupt"
    """It is done, and one byte of a value that is answered is another."""
    STALE = "stale"
    """A secret is described as it was before its last update, as Google may for a while."""


Rule = Callable[[str], Fault | None]


class RefusalError(Exception):
    """An answer that is an error: the name of its status, and what says more than that."""

    def __init__(self, status: str, reason: str = "") -> None:
        super().__init__(status)
        self.status, self.reason = status, reason


@dataclass
class Version:
    """One version: its number, what it holds, and its state."""

    number: int
    data: bytes
    state: str = "ENABLED"


@dataclass
class Gcp:
    """What it holds, who may ask, what was asked, and the rule by which calls fail.

    `rights` are those of the account, without `secretmanager.`; `None`: all. `page` is how many
    versions it lists at once.
    """

    folder: Path
    proxy: ConnectProxy
    secrets: dict[str, Any] = field(default_factory=dict)
    earlier: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, list[Version]] = field(default_factory=dict)
    rights: frozenset[str] | None = None
    knows_account: bool = True
    page: int = 3
    calls: list[str] = field(default_factory=list)
    rule: Rule = lambda _: None
    lock: Lock = field(default_factory=Lock)
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def environ(self) -> dict[str, str | None]:
        """What its user's shell would hold, with nothing taken from a home or a machine's role."""
        return {
            "GOOGLE_APPLICATION_CREDENTIALS": str(self.folder / "account.json"),
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "GCLOUD_PROJECT": None,
            "CLOUDSDK_CONFIG": str(self.folder),
            "NO_GCE_CHECK": "true",
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(self.folder / "ca.pem"),
            "https_proxy": self.proxy.address,
            **dict.fromkeys(("grpc_proxy", "http_proxy", "no_grpc_proxy", "no_proxy")),
        }

    def reset(self) -> None:
        """Forgets all that it holds, and lets the account do everything again."""
        for one in (self.secrets, self.earlier, self.versions, self.calls):
            one.clear()
        self.rights, self.knows_account, self.rule = None, True, lambda _: None
        self.page = 3
        self.proxy.asked.clear()

    @contextmanager
    def unknown_account(self) -> Iterator[None]:
        """For a while it does not know who asks."""
        self.knows_account = False
        try:
            yield
        finally:
            self.knows_account = True

    @contextmanager
    def allowing(self, *rights: str) -> Iterator[None]:
        """For a while the account has these rights alone."""
        self.rights = frozenset(rights)
        try:
            yield
        finally:
            self.rights = None

    @contextmanager
    def failing(self, rule: Rule) -> Iterator[None]:
        """Calls fail by this rule for a while."""
        usual, self.rule = self.rule, rule
        try:
            yield
        finally:
            self.rule = usual

    def failing_number(self, number: int, fault: Fault) -> Rule:
        """The rule that fails one call alone, counted from now and from 0."""
        at = len(self.calls) + number
        return lambda _: fault if len(self.calls) - 1 == at else None

    def failing_call(self, call: str, fault: Fault, times: int = 1) -> Rule:
        """The rule that fails the next calls of a method."""
        left = iter(range(times))
        return lambda one: fault if one == call and next(left, None) is not None else None

    def new_etag(self) -> str:
        return f'"{next(self._numbers):x}"'

    # ── as an application, or somebody else, has it ──────────────────────────────────────────────

    def value(self, path: str, version: str) -> str | None:
        """What a reader gets of a version or alias; `None`: an error."""
        try:
            return self.version_of(f"{path}/versions/{version}").data.decode()
        except RefusalError:
            return None

    def put(self, path: str, *values: str) -> Any:
        """A secret as somebody else makes it, or adds versions to; what stands beside it."""
        from google.cloud.secretmanager_v1 import Secret

        found = self.versions.setdefault(path, [])
        found += [Version(len(found) + 1 + at, one.encode()) for at, one in enumerate(values)]
        return self.secrets.setdefault(path, Secret(name=path, etag=self.new_etag()))

    def states(self, path: str) -> dict[int, str]:
        """The states of a secret's versions, by number."""
        return {one.number: one.state for one in self.versions[path]}

    def version_of(self, path: str, *, must_be_enabled: bool = True) -> Version:
        """The version at a path, which may end in an alias."""
        secret, _, which = path.partition("/versions/")
        if secret not in self.secrets:
            raise RefusalError("NOT_FOUND")
        found = self.versions[secret]
        aliases = self.secrets[secret].version_aliases
        number = len(found) if which == "latest" else int(aliases.get(which, 0))
        number = int(which) if which.isdecimal() else number
        if not 1 <= number <= len(found):
            raise RefusalError("NOT_FOUND")
        if must_be_enabled and found[number - 1].state != "ENABLED":
            raise RefusalError("FAILED_PRECONDITION")
        return found[number - 1]


class _Service:
    """The methods that it knows, for one location, or for secrets of none."""

    def __init__(self, gcp: Gcp, location: str, key: bytes) -> None:
        self.gcp, self.location, self.key = gcp, location, key

    def handlers(self) -> Mapping[str, Any]:
        """The methods by their names, as gRPC has them."""
        import grpc
        from google.cloud.secretmanager_v1.types import service
        from google.iam.v1.iam_policy_pb2 import TestIamPermissionsRequest

        requests: dict[str, Any] = {
            one: getattr(service, f"{one}Request").deserialize for one in _RIGHTS
        }
        requests["TestIamPermissions"] = TestIamPermissionsRequest.FromString
        return {
            name: grpc.unary_unary_rpc_method_handler(
                lambda request, context, name=name: self._answer(name, request, context),
                request_deserializer=read,
                response_serializer=bytes,
            )
            for name, read in requests.items()
        }

    def _answer(self, name: str, request: Any, context: Any) -> bytes:
        gcp = self.gcp
        with gcp.lock:
            gcp.calls.append(name)
            fault = gcp.rule(name)
            if fault is not Fault.LOST:
                try:
                    answer = self._done(name, request, context, fault)
                except RefusalError as refusal:
                    context.abort_with_status(_status(refusal, request))
        if fault in (Fault.LOST, Fault.APPLIED):
            # As Google's front ends say it. The connection stays: when gRPC finds out that one is
            # broken is a matter of chance, and the next call may or may not be made on it.
            context.abort_with_status(_status(RefusalError("UNAVAILABLE"), request))
        if fault is Fault.CORRUPT and name == "AccessSecretVersion":
            answer.payload.data = b"?" + answer.payload.data[1:]
        if fault is Fault.STALE and name == "GetSecret":
            answer = gcp.earlier.get(request.name, answer)
        return b"" if answer is None or fault is Fault.EMPTY else _bytes(answer)

    def _done(self, name: str, request: Any, context: Any, fault: Fault | None) -> Any:
        if fault is Fault.BUSY:
            raise RefusalError("RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED")
        if fault is Fault.FULL:
            raise RefusalError("RESOURCE_EXHAUSTED", "RESOURCE_QUOTA_EXCEEDED")
        self._check_account(context)
        if name == "TestIamPermissions":
            return self.permissions(request)
        if not self._allows(_RIGHTS[name]):
            raise RefusalError("PERMISSION_DENIED", "IAM_PERMISSION_DENIED")
        self._check_place(getattr(request, "parent", "") or getattr(request, "name", ""), request)
        methods: dict[str, Callable[[Any], Any]] = {
            "CreateSecret": self.create,
            "GetSecret": lambda asked: self._secret(asked.name),
            "UpdateSecret": self.update,
            "DeleteSecret": self.delete,
            "AddSecretVersion": self.add,
            "AccessSecretVersion": self.access,
            "ListSecretVersions": self.list,
            "DestroySecretVersion": lambda asked: self.change_state(asked, "DESTROYED"),
            "DisableSecretVersion": lambda asked: self.change_state(asked, "DISABLED"),
        }
        return methods[name](request)

    def _allows(self, right: str) -> bool:
        return self.gcp.rights is None or right in self.gcp.rights

    def permissions(self, request: Any) -> Any:
        """Which of some rights the account has; to ask this takes none."""
        from google.iam.v1.iam_policy_pb2 import TestIamPermissionsResponse

        asked = {one: one.removeprefix("secretmanager.") for one in request.permissions}
        return TestIamPermissionsResponse(
            permissions=[one for one, right in asked.items() if self._allows(right)]
        )

    def _check_account(self, context: Any) -> None:
        """That the token is signed by the account's key, for this service."""
        from google.auth import jwt

        given = dict(context.invocation_metadata()).get("authorization", "")
        try:
            claims = jwt.decode(given.removeprefix("Bearer "), certs=self.key)
        except ValueError:
            raise RefusalError("UNAUTHENTICATED") from None
        if claims["sub"] != ACCOUNT or not self.gcp.knows_account:
            raise RefusalError("UNAUTHENTICATED")

    def _check_place(self, path: str, request: Any) -> None:
        """That what is asked for belongs to the host that was asked."""
        found = _PARENT.match(path or request.secret.name)
        if found is None or (found["location"] or "") != self.location:
            raise RefusalError("INVALID_ARGUMENT")

    def _secret(self, path: str) -> Any:
        if path not in self.gcp.secrets:
            raise RefusalError("NOT_FOUND")
        return self.gcp.secrets[path]

    def create(self, request: Any) -> Any:
        from google.cloud.secretmanager_v1 import Secret

        path = f"{request.parent}/secrets/{request.secret_id}"
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", request.secret_id):
            raise RefusalError("INVALID_ARGUMENT")
        has_replication = request.secret._pb.replication.WhichOneof("replication") is not None
        if has_replication == bool(self.location):
            raise RefusalError("INVALID_ARGUMENT")
        if path in self.gcp.secrets:
            raise RefusalError("ALREADY_EXISTS")
        made = Secret(request.secret)
        made.name, made.etag, made.create_time = path, self.gcp.new_etag(), datetime.now(UTC)
        self.gcp.secrets[path], self.gcp.versions[path] = made, []
        return made

    def update(self, request: Any) -> Any:
        given, secret = request.secret, self._secret(request.secret.name)
        self._check_etag(given.etag, secret)
        sizes = [len(text.encode()) for pair in given.annotations.items() for text in pair]
        numbers = set(self.gcp.states(secret.name))
        is_sound = (
            sum(sizes) < _LONGEST_ANNOTATIONS
            and len(given.version_aliases) <= _MOST_ALIASES
            and set(given.version_aliases.values()) <= numbers
        )
        if not is_sound:
            raise RefusalError("INVALID_ARGUMENT")
        self.gcp.earlier[secret.name] = type(secret)(secret)
        for name in request.update_mask.paths:
            setattr(secret, name, getattr(given, name))
        secret.etag = self.gcp.new_etag()
        return secret

    def _check_etag(self, etag: str, thing: Any) -> None:
        if etag and etag != thing.etag:
            raise RefusalError("FAILED_PRECONDITION")

    def delete(self, request: Any) -> None:
        self._check_etag(request.etag, self._secret(request.name))
        del self.gcp.secrets[request.name], self.gcp.versions[request.name]

    def add(self, request: Any) -> Any:
        self._secret(request.parent)
        data = request.payload.data
        has_checksum = "data_crc32c" in request.payload
        is_sound = not has_checksum or request.payload.data_crc32c == google_crc32c.value(data)
        if not (is_sound and 0 < len(data) <= _LARGEST):
            raise RefusalError("INVALID_ARGUMENT")
        found = self.gcp.versions[request.parent]
        found.append(Version(len(found) + 1, data))
        return self._described(request.parent, found[-1], has_checksum)

    def _described(self, secret: str, version: Version, has_checksum: bool = True) -> Any:
        from google.cloud.secretmanager_v1 import SecretVersion

        return SecretVersion(
            name=f"{secret}/versions/{version.number}",
            state=version.state,
            etag=f'"{version.number}"',
            client_specified_payload_checksum=has_checksum,
        )

    def access(self, request: Any) -> Any:
        from google.cloud.secretmanager_v1 import AccessSecretVersionResponse

        version = self.gcp.version_of(request.name)
        path = f"{request.name.rpartition('/')[0]}/{version.number}"
        payload = {"data": version.data, "data_crc32c": google_crc32c.value(version.data)}
        return AccessSecretVersionResponse(name=path, payload=payload)

    def list(self, request: Any) -> Any:
        from google.cloud.secretmanager_v1 import ListSecretVersionsResponse

        self._secret(request.parent)
        found = self.gcp.versions[request.parent][::-1]
        first = int(request.page_token or 0)
        # It may give fewer than it is asked for, and here always does.
        last = first + min(request.page_size or self.gcp.page, self.gcp.page)
        return ListSecretVersionsResponse(
            versions=[self._described(request.parent, one) for one in found[first:last]],
            next_page_token=str(last) if last < len(found) else "",
            total_size=len(found),
        )

    def change_state(self, request: Any, state: str) -> Any:
        version = self.gcp.version_of(request.name, must_be_enabled=False)
        if version.state == "DESTROYED":
            raise RefusalError("FAILED_PRECONDITION")
        version.state = state
        if state == "DESTROYED":
            version.data = b""
        return self._described(request.name.partition("/versions/")[0], version)


def _bytes(answer: Any) -> bytes:
    """A message of either kind as it goes over the wire."""
    is_plain = hasattr(answer, "SerializeToString")
    return bytes(answer.SerializeToString() if is_plain else type(answer).serialize(answer))


def _status(refusal: RefusalError, request: Any) -> Any:
    """An error as Google's libraries take it apart, with a text that repeats what was sent."""
    import grpc
    from google.protobuf.any_pb2 import Any as Packed
    from google.rpc.error_details_pb2 import ErrorInfo
    from google.rpc.status_pb2 import Status
    from grpc_status import rpc_status

    code = grpc.StatusCode[refusal.status]
    status = Status(code=code.value[0], message=f"refused: {request!r}")
    if refusal.reason:
        packed = Packed()
        packed.Pack(ErrorInfo(reason=refusal.reason, domain="googleapis.com"))
        status.details.append(packed)
    return rpc_status.to_status(status)


@contextmanager
def running_gcp() -> Iterator[Gcp]:
    """The fake, with a proxy that leads there, and the file of an account that it knows."""
    import grpc

    key = _new_key()
    with own_folder() as folder, ExitStack() as running:
        (folder / "ca.pem").write_bytes(authority().pem)
        ports: dict[str, int] = {}
        gcp = Gcp(folder, running.enter_context(running_connect_proxy(ports)))
        write_account(folder / "account.json", key)
        for host, location in _HOSTS.items():
            service = _Service(gcp, location, _public(key))
            server = grpc.server(ThreadPoolExecutor(16))
            server.add_registered_method_handlers(_SERVICE, service.handlers())
            authority().server(folder, host)
            [file] = folder.glob(f"{host}*.pem")
            pair = (file.read_bytes(), file.read_bytes())
            ports[host] = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
            server.start()
            running.callback(_stop, server)
        yield gcp


def _stop(server: Any) -> None:
    server.stop(None).wait()


def write_account(file: Path, key: rsa.RSAPrivateKey | None = None) -> None:
    """Write the file of the account, signed by this key; without one by a key that nobody knows."""
    private = (key or _new_key()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    about = {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "made-up",
        "private_key": private.decode(),
        "client_email": ACCOUNT,
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    file.write_text(json.dumps(about))


def _new_key() -> rsa.RSAPrivateKey:
    # As short as it may be: each client that is set up looks first whether its key is sound.
    return rsa.generate_private_key(public_exponent=65537, key_size=1024)


def _public(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )

"""The part of Kubernetes' API that holds Secrets, as its client sends requests there.

An answer's text is never kept: a refusal of a value repeats it, and other values of the Secret with
it. What is taken from it are codes, and names of fields and of field managers.
"""

import json
import re
import ssl
import time
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from voxmint.engine.stores.asking import unexpected
from voxmint.engine.stores.contract import StoreError, Trouble, What, cut_short
from voxmint.engine.stores.kubernetes_fields import MANAGER

if TYPE_CHECKING:
    from httpx2 import Response
    from lightkube.core.generic_client import GenericSyncClient

Body = Mapping[str, Any]

METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
_ATTEMPTS = 4
_LONGEST_WAIT = 10
"""Seconds; the server asks for one, or a few."""
_FIXED = frozenset({"data", "immutable"})
"""The fields of an immutable Secret that cannot be changed."""
_HOLDER = re.compile(r'conflict with "([A-Za-z0-9_.:/@ -]{1,128})"')
_FIELD = re.compile(r"\.?([A-Za-z0-9_.:/-]{1,300})")
_NO_CREDENTIALS = (
    "the program or the file that the kubeconfig names for credentials did not give any"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is known of an answer that is none, without its text.

    `causes` are pairs of a reason and a field; `holders` of a field manager and a field it holds.
    """

    status: int
    asked: str
    reason: str = ""
    kind: str = ""
    causes: tuple[tuple[str, str], ...] = ()
    holders: tuple[tuple[str, str], ...] = ()
    is_over_quota: bool = False
    request_id: str | None = None


class RefusedError(Exception):
    """An answer of Kubernetes that is a refusal."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


class Secrets:
    """The Secrets of one namespace. Each call gives the object that it is about."""

    def __init__(self, client: "GenericSyncClient", namespace: str) -> None:
        self._client = client
        self.namespace = namespace
        self._first = Lock()
        self._has_credentials = False
        # Connections that are not closed would complain when Python takes them away.
        weakref.finalize(self, client.close)

    def metadata(self, name: str) -> Body | None:
        """What describes a Secret; its data is not sent."""
        return self._got(name, METADATA_ONLY)

    def whole(self, name: str) -> Body | None:
        """A Secret with its data."""
        return self._got(name, "application/json")

    def apply(self, body: Body, *, dry: bool, force: bool) -> Body:
        """Set these fields of a Secret, and take away those that were applied before."""
        params = {"fieldManager": MANAGER, **({"force": "true"} if force else {}), **_dry(dry)}
        headers = {"Content-Type": "application/apply-patch+yaml"}
        return self._asked("PATCH", "patch", body["metadata"]["name"], body, params, headers)

    def make(self, body: Body) -> Body:
        """Make a Secret, where there is none of the name."""
        return self._asked("POST", "create", None, body, {"fieldManager": MANAGER}, {})

    def merge(self, name: str, body: Body) -> Body:
        """Change what stands in the body alone."""
        headers = {"Content-Type": "application/merge-patch+json"}
        return self._asked("PATCH", "patch", name, body, {"fieldManager": MANAGER}, headers)

    def delete(self, name: str, uid: str, version: str | None) -> None:
        """Delete a Secret, if it is still this one; no trouble where it is gone."""
        body = {"preconditions": {"uid": uid, "resourceVersion": version}}
        try:
            self._answer("DELETE", "delete", name, body, {}, {})
        except RefusedError as error:
            if not _is_missing(error.refusal):
                raise

    def _got(self, name: str, accept: str) -> Body | None:
        try:
            return self._asked("GET", "get", name, None, {}, {"Accept": accept})
        except RefusedError as error:
            if _is_missing(error.refusal):
                return None
            raise

    def _asked(self, *request: Any) -> Body:
        """The object in an answer; every whole one says which version of it that is."""
        found = self._answer(*request)
        metadata = found.get("metadata")
        if not isinstance(metadata, dict) or not metadata.get("uid"):
            raise cut_short()
        return found

    def _answer(
        self,
        method: str,
        verb: str,
        name: str | None,
        body: Body | None,
        params: Mapping[str, str],
        headers: Mapping[str, str],
    ) -> dict[str, Any]:
        from lightkube.core.generic_client import BasicRequest

        folder = f"api/v1/namespaces/{self.namespace}/secrets"
        url = folder if name is None else f"{folder}/{name}"
        request = BasicRequest(
            method, url, params=dict(params), data=body, headers=dict(headers) or None
        )
        answer = self._sent(request)
        if answer.status_code >= 300:
            asked = f"{verb} secrets in the namespace {self.namespace}"
            raise RefusedError(_refusal_of(answer, asked))
        return _object_in(answer)

    def _sent(self, request: Any) -> "Response":
        """The answer to a request, which waits where the server is asked too much.

        Its own clients do, too; what it turns away in this manner was not looked at.
        """
        for _ in range(_ATTEMPTS - 1):
            answer = self._in_turn(request)
            wait = answer.headers.get("Retry-After", "1") if answer.status_code == 429 else None
            if wait is None:
                return answer
            time.sleep(min(int(wait) if wait.isdecimal() else 1, _LONGEST_WAIT))
        return self._in_turn(request)

    def _in_turn(self, request: Any) -> "Response":
        """The answer to a request; none is sent beside the first.

        A program for credentials may ask a person, and each request without any would run it.
        """
        if self._has_credentials:
            return self._once(request)
        with self._first:
            answer = self._once(request)
            self._has_credentials = True
            return answer

    def _once(self, request: Any) -> "Response":
        from httpx2 import TransportError

        client = self._client
        try:
            answer: Response = client.send(client.build_adapter_request(request))
        except TransportError:
            raise
        except Exception:  # noqa: BLE001  # a plugin for credentials, or their file, can fail in any way
            trouble = Trouble(What.LOGIN, said=_NO_CREDENTIALS)
        else:
            return answer
        raise StoreError(trouble)


def _dry(dry: bool) -> dict[str, str]:  # only handed on
    return {"dryRun": "All"} if dry else {}


def _object_in(answer: "Response") -> dict[str, Any]:
    try:
        found = json.loads(answer.content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise cut_short("its answer is none of Kubernetes")
    return found


def _is_missing(refusal: Refusal) -> bool:
    return refusal.reason == "NotFound" and refusal.kind == "secrets"


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────


def _refusal_of(answer: "Response", asked: str) -> Refusal:
    try:
        found = _object_in(answer)
    except StoreError:
        found = {}
    details = found.get("details") or {}
    causes = [one for one in details.get("causes") or () if isinstance(one, dict)]
    return Refusal(
        answer.status_code,
        asked,
        str(found.get("reason") or ""),
        str(details.get("kind") or ""),
        tuple(map(_cause, causes)),
        tuple(_holders(causes)),
        # Only its text tells this from a right that is missing.
        "exceeded quota: " in str(found.get("message")),
        answer.headers.get("audit-id"),
    )


def _cause(cause: Mapping[str, Any]) -> tuple[str, str]:
    """The reason of a cause, and its field as far as nobody but Kubernetes named it."""
    field = str(cause.get("field")).partition("[")[0]
    return str(cause.get("reason")), field if field in _FIXED else ""


def _holders(causes: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for cause in causes:
        holder = _HOLDER.match(str(cause.get("message")))
        held = _FIELD.fullmatch(str(cause.get("field")))
        if cause.get("reason") == "FieldManagerConflict":
            yield (holder[1] if holder else "another"), (held[1] if held else "one of its fields")


def trouble_of_refusal(refusal: Refusal) -> Trouble:
    """What a refusal means."""
    what, said = _meaning(refusal)
    return Trouble(what, refusal.reason or str(refusal.status), refusal.request_id, said)


def _meaning(refusal: Refusal) -> tuple[What, str]:
    reasons = {reason for reason, _ in refusal.causes}
    fixed = {field for reason, field in refusal.causes if reason == "FieldValueForbidden"}
    is_of_the_namespace = refusal.reason == "NotFound" and refusal.kind == "namespaces"
    is_too_large = "FieldValueTooLong" in reasons or refusal.status == 413
    known = (
        (refusal.is_over_quota, What.FULL, "a ResourceQuota of the namespace is used up"),
        (is_of_the_namespace, What.REFUSED, "there is no such namespace"),
        ("NamespaceTerminating" in reasons, What.REFUSED, "the namespace is being deleted"),
        (fixed & _FIXED, What.REFUSED, "it is immutable, and no value in it can be changed"),
        (_is_missing(refusal), What.CHANGED, "it is gone"),
        (is_too_large, What.TOO_LARGE, refusal.asked),
    )
    found = ((what, said) for applies, what, said in known if applies)
    return next(found, (_by_status(refusal.status), refusal.asked))


def _by_status(status: int) -> What:
    known = {401: What.LOGIN, 403: What.DENIED, 409: What.CHANGED, 429: What.BUSY}
    return What.UNREACHABLE if status >= 500 else known.get(status, What.REFUSED)


def trouble_of(error: Exception) -> Trouble:
    """What an error of the client means."""
    import httpx2

    if isinstance(error, RefusedError):
        return trouble_of_refusal(error.refusal)
    if _is_untrusted(error):
        return Trouble(What.UNREACHABLE, said="its certificate cannot be trusted")
    said: tuple[tuple[type[Exception], str], ...] = (
        (httpx2.ProxyError, "the proxy cannot be reached"),
        (httpx2.ConnectTimeout, "no connection came about in time"),
        (httpx2.TimeoutException, "no answer came in time"),
        (httpx2.TransportError, "the connection failed or broke off"),
    )
    for kind, words in said:
        if isinstance(error, kind):
            return Trouble(What.UNREACHABLE, said=words)
    return unexpected(error)


def _is_untrusted(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
